"""What makes a launch believable. Nothing that a page POST, install, event or redirect claims (DOMAIN, member_id,
SERVER_ENDPOINT) is used before an allowed OAuth server has confirmed it; the client secret is never involved.

Sources: doc pages settings/oauth/simple-way.md (the parameters), security-recommendations.md (verify with app.info).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from datetime import timedelta

from pydantic import ValidationError

from connector.bitrix.credentials import Credential, OAuthToken, portal_of
from connector.bitrix.oauth import OAuthClient
from connector.bitrix.records.portal import Profile, TrustedAppInfo
from connector.errors import (
    AuthError,
    DeadCredential,
    InsecureAddress,
    LaunchRefused,
    PortalMoved,
    TokenRefused,
    UntrustedHost,
)


@dataclass(frozen=True, slots=True)
class Launch:
    """What a page POST, an install or an event claims; nothing of it is believed yet. `user_id` is not among it."""

    auth_id: str = field(repr=False)
    refresh_id: str = field(repr=False)
    expires_in: int
    member_id: str
    domain: str
    server_endpoint: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class VerifiedLaunch:
    """What the OAuth server and the portal have confirmed."""

    token: OAuthToken
    app: TrustedAppInfo
    profile: Profile

    @property
    def domain(self) -> str:
        return self.token.portal


class OneToken:
    """A CredentialSource that never renews and never moves: for a launch token that is not ours to keep."""

    def __init__(self, token: OAuthToken) -> None:
        self._token = token

    @property
    def portal(self) -> str:
        return self._token.portal

    def current(self) -> OAuthToken:
        return self._token

    def newest(self, seen: OAuthToken) -> OAuthToken:  # noqa: ARG002
        return self._token

    def renew(self, seen: OAuthToken) -> OAuthToken:
        raise TokenRefused(portal=seen.portal)

    def moved(self, seen: Credential, location: str) -> Credential:
        raise PortalMoved(portal=seen.portal, location=location)

    def bury(self, seen: Credential, error: DeadCredential) -> None:
        """Nothing is stored for a token that is not ours."""


def verify_launch(oauth: OAuthClient, launch: Launch) -> VerifiedLaunch:
    """Believe a launch only after an allowed OAuth server named our client id, this member_id and this domain, and the
    portal at the address which *that server* named has said who the user is (`profile`).

    Raises LaunchRefused with a reason (nothing was sent to an address from the launch), TransportError. The refresh
    token cannot be checked without using it; renewal refuses one that turns out to belong to another portal.
    """
    info = _trusted(oauth, launch)
    refused = _mismatch(oauth.app.client_id, launch, info)
    if refused:
        raise LaunchRefused(refused, portal=launch.domain)
    token = OAuthToken(
        member_id=info.install.member_id,
        client_endpoint=info.install.client_endpoint,
        access_token=launch.auth_id,
        refresh_token=launch.refresh_id,
        expires_at=oauth.now() + timedelta(seconds=launch.expires_in),
        user_id=info.user_id,
        scope=info.scope,
        status=info.install.status or launch.status,
    )
    profile = _profile(oauth, token)
    return VerifiedLaunch(replace(token, user_id=profile.id), info, profile)


def _trusted(oauth: OAuthClient, launch: Launch) -> TrustedAppInfo:
    if not launch.auth_id or not launch.member_id or not launch.domain:
        raise LaunchRefused("the launch is incomplete", portal=launch.domain)
    reason = ""
    try:
        return oauth.app_info(launch.auth_id, launch.server_endpoint)
    except UntrustedHost as error:
        reason = str(error)
    except AuthError as error:
        reason = f"the OAuth server does not accept the token ({error.code})"
    raise LaunchRefused(reason, portal=launch.domain)


def _mismatch(client_id: str, launch: Launch, info: TrustedAppInfo) -> str:
    """Why the launch is not what the OAuth server says; empty if it is."""
    if not hmac.compare_digest(info.client_id.encode(), client_id.encode()):
        return "the token belongs to another app"
    if info.install.member_id != launch.member_id:
        return "the token belongs to another portal"
    try:
        named = portal_of(info.install.client_endpoint)
    except (ValueError, InsecureAddress):
        return "the OAuth server names no usable portal address"
    claimed = launch.domain.strip().lower().removeprefix("https://").removeprefix("http://").rstrip("/")
    if claimed not in {named, named.removesuffix(":443")}:
        return "the OAuth server names another domain"
    return ""


def _profile(oauth: OAuthClient, token: OAuthToken) -> Profile:
    reason = ""
    try:
        profile = Profile.model_validate(oauth.client_for(OneToken(token)).call("profile").result)
    except AuthError as error:
        reason = f"the portal does not accept the token ({error.code})"
    except ValidationError:
        reason = "the portal does not say who the user is"
    else:
        if token.user_id is None or profile.id == token.user_id:
            return profile
        reason = "the portal names another user than the OAuth server"
    raise LaunchRefused(reason, portal=token.portal)
