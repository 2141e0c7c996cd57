"""The OAuth server as our application sees it: code and refresh grants, and the trusted app.info.

The client secret goes only to a server on the allow-list, in the body of a POST.

Sources: doc pages settings/oauth/index.md, auto-renewal.md, error-codes.md. The documentation shows GET for the token
endpoint, the official JavaScript SDK posts a form; we post, so that secrets stay out of URLs and server logs.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from pydantic import ValidationError

from connector.bitrix.calls import Kind
from connector.bitrix.client import BitrixClient
from connector.bitrix.credentials import CredentialSource, OAuthToken, is_loopback, portal_of
from connector.bitrix.policy import STATUSES
from connector.bitrix.records.portal import TokenAnswer, TrustedAppInfo
from connector.bitrix.retry import Patience
from connector.bitrix.transport import USER_AGENT, Transport, Where, WireSettings, error_of, new_session
from connector.clock import Clock, SystemClock
from connector.errors import (
    AuthError,
    BadAnswer,
    BitrixError,
    InsecureAddress,
    LaunchRefused,
    TransportError,
    UntrustedHost,
)

_IN_BODY = "client_secret_post"
KNOWN_SERVERS = ("https://oauth.bitrix.info", "https://oauth.bitrix24.tech")


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """Our application: its public id, its secret, and the servers that may see the secret.

    `server` is the one we use; `allowed` are base addresses (scheme://host[:port]). http only for this machine.
    """

    client_id: str
    client_secret: str = field(repr=False)
    server: str = KNOWN_SERVERS[0]
    allowed: tuple[str, ...] = KNOWN_SERVERS
    method: Literal["POST", "GET"] = "POST"

    def trusted(self, address: str) -> str:
        """The base of an address if its server is allowed. Raises UntrustedHost."""
        base = _base(address)
        if base is None or base not in {_base(server) for server in self.allowed}:
            raise UntrustedHost(host=_shown(address))
        return base


class OAuthClient:
    """Talks to the OAuth server as our application."""

    def __init__(
        self,
        app: OAuthApp,
        *,
        session: requests.Session | None = None,
        settings: WireSettings | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.app = app
        self._clock = clock or SystemClock()
        # A person is waiting in front of an opening app: few tries, short patience.
        self._settings = settings or WireSettings(attempts=3, budget_seconds=30.0, read_timeout=20.0)
        self._session = session or new_session()
        self._transport = Transport(self._session, self._settings, self._clock)
        self._rng = rng or random.Random()  # noqa: S311  (jitter)
        self._patience = Patience(self._settings, self._clock, self._rng)

    def now(self) -> datetime:
        """The clock by which lifetimes are counted."""
        return self._clock.now()

    def client_for(self, source: CredentialSource) -> BitrixClient:
        """A client with this one's connections and short patience."""
        return BitrixClient(
            source, session=self._session, settings=self._settings, clock=self._clock, rng=self._rng
        )

    # ---- grants

    def exchange(self, code: str) -> OAuthToken:
        """A callback's code (one use, 30 s) for a token. Raises GrantRevoked for a bad code, OAuthRefused, TransportError."""
        return self._grant("authorization_code", code=code)

    def refresh(self, token: OAuthToken) -> OAuthToken:
        """A new token pair for the same portal; the old refresh token must be overwritten.

        Raises a DeadCredential leaf, OAuthRefused, LaunchRefused (another portal answered), TransportError.
        """
        new = self._grant("refresh_token", portal=token.portal, refresh_token=token.refresh_token)
        if new.member_id != token.member_id:
            raise LaunchRefused("the OAuth server answered for another portal", portal=token.portal)
        return replace(new, user_id=new.user_id or token.user_id, version=token.version)

    def _grant(self, grant_type: str, *, portal: str = "", **params: str) -> OAuthToken:
        base = self.app.trusted(self.app.server)
        raw = self._fetch(f"{base}/oauth/token/", grant_type, portal or portal_of(base), params)
        now = self._clock.now()
        problem = ""
        try:
            answer = TokenAnswer.model_validate(raw)
            portal_of(answer.client_endpoint)
        except (ValidationError, ValueError):
            problem = "the token answer lacks what it must have"
        except InsecureAddress:
            problem = "the token answer names an unprotected portal address"
        if problem:
            raise BadAnswer(problem, portal=portal or portal_of(base), method="oauth.token")
        return OAuthToken(
            member_id=answer.member_id,
            client_endpoint=answer.client_endpoint,
            access_token=answer.access_token,
            refresh_token=answer.refresh_token,
            expires_at=now + timedelta(seconds=answer.expires_in),
            user_id=answer.user_id,
            scope=answer.scope,
            status=answer.status,
        )

    def _fetch(self, url: str, grant_type: str, portal: str, params: dict[str, str]) -> Mapping[str, object]:
        """One token request through Authlib. Never repeated: a code is used up, a refresh token may be."""
        secrets = (self.app.client_secret, *params.values())
        where = Where(portal, "oauth.token", secrets)
        session = OAuth2Session(
            self.app.client_id, self.app.client_secret, token_endpoint_auth_method=_IN_BODY
        )
        session.adapters = self._session.adapters
        session.verify = self._session.verify
        extra: dict[str, object] = {"headers": {"Accept": "application/json", "User-Agent": USER_AGENT}}
        if self.app.method == "GET":
            extra["auth"] = _unchanged
            params = {"client_id": self.app.client_id, "client_secret": self.app.client_secret, **params}
        failure: BitrixError
        try:
            answer = session.fetch_token(
                url,
                method=self.app.method,
                grant_type=grant_type,
                timeout=(self._settings.connect_timeout, self._settings.read_timeout),
                allow_redirects=False,
                **extra,
                **params,
            )
            return dict(answer)
        except OAuthError as error:
            failure = error_of(
                error.error or "",
                error.description or "",
                portal=portal,
                method="oauth.token",
                secrets=secrets,
            )
            if not isinstance(failure, AuthError | TransportError):
                failure = _as_auth(failure)
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else 500
            failure = STATUSES.get(status, STATUSES[500]).error(
                "the OAuth server failed", portal=portal, method="oauth.token", http_status=status
            )
        except requests.RequestException as error:
            failure = where.lost(error)
        except ValueError:
            failure = BadAnswer("the OAuth server sent no JSON", portal=portal, method="oauth.token")
        raise failure

    # ---- the trusted word

    def app_info(self, access_token: str, server_endpoint: str = "") -> TrustedAppInfo:
        """Which app, portal and address a token belongs to, as the OAuth server says. The client secret is not sent.

        Source: settings/oauth/index.md names the call; its answer is undocumented, the shape is b24pysdk's.
        Raises UntrustedHost, LaunchRefused if the server does not know the token, TokenExpired, TransportError.
        """
        base = self.app.trusted(server_endpoint or self.app.server)
        deadline = self._patience.deadline()
        reply = self._patience.run(
            lambda: self._transport.post(
                f"{base}/rest/app.info",
                {"auth": access_token},
                portal=portal_of(base),
                method="app.info",
                secrets=(access_token,),
                form=True,
            ),
            Kind.READ,
            deadline,
        )
        problem = ""
        try:
            return TrustedAppInfo.model_validate(reply.body["result"])
        except ValidationError:
            problem = "app.info of the OAuth server lacks what it must have"
        raise BadAnswer(problem, portal=portal_of(base), method="app.info")

    def named_endpoint(self, token: OAuthToken) -> str:
        """The portal address that the OAuth server names for this token's member_id. Raises as `app_info` does, and
        LaunchRefused if it names another portal.
        """
        info = self.app_info(token.access_token)
        if info.install.member_id != token.member_id:
            raise LaunchRefused("the OAuth server names another portal", portal=token.portal)
        return info.install.client_endpoint


def _as_auth(error: BitrixError) -> AuthError:
    """Whatever else the token endpoint refuses with, it is our credential that it refused."""
    return AuthError(
        portal=error.portal,
        method=error.method,
        code=error.code,
        http_status=error.http_status,
        description=error.description,
    )


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _base(address: str) -> str | None:
    """scheme://host[:port] of https addresses and of http ones of this machine; None for anything else."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
        if (
            not host
            or parts.username
            or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
        ):
            return None
        return f"{parts.scheme}://{portal_of(address)}"
    except ValueError:
        return None


def _shown(address: str) -> str:
    """The host of an address that is not used, for a message."""
    try:
        return urlsplit(address).netloc.rpartition("@")[2][:100] or "(nothing)"
    except ValueError:
        return "(nothing)"


def allow(servers: Iterable[str]) -> tuple[str, ...]:
    """Known servers plus configured ones, each checked. Raises InsecureAddress for http elsewhere than this machine."""
    extra = tuple(servers)
    for server in extra:
        if _base(server) is None:
            raise InsecureAddress(host=_shown(server))
    return tuple(dict.fromkeys((*KNOWN_SERVERS, *extra)))
