"""The sandbox's OAuth server: 30-second codes, one-hour access tokens, refresh tokens that rotate.

Answers and errors follow settings/oauth/{index,auto-renewal,error-codes}.md. Where the documentation is silent
this room assumes, and says so: HTTP statuses of errors (401 for `invalid_client`, 402 for
`PAYMENT_REQUIRED`, 403 for `insufficient_scope`, 400 otherwise), that a `scope` may be asked for at all, and the shape of
the trusted `app.info` (the keys that the official b24pysdk 1.3.2 reads, next to those of the portal's `app.info`).
Never hands a token to an app that is not on the portal, and never shows a client secret.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from connector.sandbox.clock import iso
from connector.sandbox.scopes import ALL_SCOPES
from connector.sandbox.world import PLANS, App, Token, World

CODE_SECONDS = 30
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 180 * 24 * 3600

ERRORS: Mapping[str, tuple[int, str]] = {
    "invalid_request": (400, "The request is missing a required parameter"),
    "unsupported_grant_type": (400, "The grant type is not supported"),
    "invalid_client": (401, "The client credentials are invalid or the application is not installed"),
    "invalid_grant": (400, "The code or refresh token is wrong, used or expired"),
    "PAYMENT_REQUIRED": (402, "Payment required"),
    "insufficient_scope": (403, "The permissions requested exceed those of the application card"),
    "invalid_scope": (400, "The permissions requested do not exist"),
    "expired_token": (401, "The access token provided has expired."),
    "NO_AUTH_FOUND": (401, "Wrong authorization data"),
}


class OAuthError(Exception):
    """A refusal of the OAuth server; `code` is one of ERRORS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.status, self.description = ERRORS[code]


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time authorisation code; `expires_at` in portal time."""

    client_id: str
    user_id: int
    expires_at: float
    domain: str
    scheme: str


class OAuthServer:
    """Issues and renews tokens over `world.tokens`. All times are portal time, in seconds."""

    def __init__(self, world: World, secret: Callable[[int], str] = secrets.token_hex) -> None:
        self._world = world
        self._secret = secret
        self._codes: dict[str, Code] = {}

    def issue(self, client_id: str, user_id: int, domain: str = "", scheme: str = "") -> Token:
        """A new pair for this user of an app that is on the portal; OAuthError `invalid_client` otherwise."""
        world = self._world
        with world.lock:
            app = self._present(client_id)
            now = world.clock.now()
            token = Token(
                access=self._secret(35),
                refresh=self._secret(35),
                client_id=client_id,
                user_id=user_id,
                expires_at=now + ACCESS_SECONDS,
                refresh_expires_at=now + REFRESH_SECONDS,
                scopes=app.scopes,
                domain=domain or world.host,
                scheme=scheme or world.scheme,
            )
            world.tokens[token.access] = token
            world.refresh_tokens[token.refresh] = token
            return token

    def code_for(
        self, client_id: str, user_id: int, domain: str = "", scheme: str = "", scope: str = ""
    ) -> str:
        """A code for the redirect back to the app, valid once and for 30 seconds."""
        with self._world.lock:
            self._may_have_tokens(self._present(client_id), scope)
            code = self._secret(16)
            ends = self._world.clock.now() + CODE_SECONDS
            world = self._world
            self._codes[code] = Code(client_id, user_id, ends, domain or world.host, scheme or world.scheme)
            return code

    def exchange(self, client_id: str, client_secret: str, code: str, scope: str = "") -> Token:
        """`grant_type=authorization_code`."""
        with self._world.lock:
            self._may_have_tokens(self._authenticate(client_id, client_secret), scope)
            known = self._codes.pop(code, None)
            if known is None or known.client_id != client_id or known.expires_at < self._world.clock.now():
                raise OAuthError("invalid_grant")
            return self.issue(client_id, known.user_id, known.domain, known.scheme)

    def renew(self, client_id: str, client_secret: str, refresh: str, scope: str = "") -> Token:
        """`grant_type=refresh_token`: the old pair ends here, both halves; a refusal leaves it as it was."""
        with self._world.lock:
            self._may_have_tokens(self._authenticate(client_id, client_secret), scope)
            old = self._world.refresh_tokens.get(refresh)
            if (
                old is None
                or old.revoked
                or old.client_id != client_id
                or old.refresh_expires_at < self._world.clock.now()
            ):
                raise OAuthError("invalid_grant")
            old.revoked = True
            self._world.count("oauth.renewals")
            return self.issue(client_id, old.user_id, old.domain, old.scheme)

    def revoke_app(self, client_id: str) -> None:
        """Deleting the app kills all its tokens (security-recommendations.md)."""
        with self._world.lock:
            for token in list(self._world.tokens.values()):
                if token.client_id == client_id:
                    token.revoked = True

    def resolve(self, access: str) -> Token:
        """The living token, or OAuthError `expired_token` / `NO_AUTH_FOUND`."""
        with self._world.lock:
            token = self._world.tokens.get(access)
            if token is None or token.revoked:
                raise OAuthError("NO_AUTH_FOUND")
            if token.expires_at < self._world.clock.now():
                raise OAuthError("expired_token")
            return token

    def answer(self, token: Token) -> dict[str, Any]:
        """The documented token JSON; `domain` is the OAuth host, not the portal."""
        app = self._world.apps[token.client_id]
        return {
            "access_token": token.access,
            "client_endpoint": endpoint(token, self._world),
            "domain": urlsplit(self._world.oauth_url or self._world.base_url).netloc,
            "expires": int(token.expires_at),
            "expires_in": ACCESS_SECONDS,
            "member_id": self._world.member_id,
            "refresh_token": token.refresh,
            "scope": ",".join(token.scopes),
            "server_endpoint": server_endpoint(self._world),
            "status": app.status,
            "user_id": token.user_id,
        }

    def _present(self, client_id: str) -> App:
        app = self._world.apps.get(client_id)
        if app is None or not app.present:
            raise OAuthError("invalid_client")
        return app

    @staticmethod
    def _may_have_tokens(app: App, scope: str) -> None:
        """Refuse an app whose payment has expired, or one that asks for more than its card has."""
        if app.payment_expired:
            raise OAuthError("PAYMENT_REQUIRED")
        more = set(scope.replace(",", " ").split()) - set(app.scopes)
        if more:
            raise OAuthError("insufficient_scope" if more <= set(ALL_SCOPES) else "invalid_scope")

    def _authenticate(self, client_id: str, client_secret: str) -> App:
        app = self._present(client_id)
        if not secrets.compare_digest(app.client_secret.encode(), client_secret.encode()):
            raise OAuthError("invalid_client")
        return app


def endpoint(token: Token, world: World) -> str:
    """`client_endpoint`: the portal's REST as the token's owner reaches it, ending in `/rest/`."""
    return f"{token.scheme or world.scheme}://{token.domain or world.host}/rest/"


def server_endpoint(world: World) -> str:
    """`server_endpoint`: the OAuth server's REST, ending in `/rest/`."""
    return f"{world.oauth_url or world.base_url}/rest/"


def portal_app_info(world: World, app: App, language: str) -> dict[str, Any]:
    """The documented result of the portal's own `app.info` (api-reference/common/system/app-info.md)."""
    license_code = str(PLANS[world.settings.plan]["license"])
    kind = license_code.split("_", 1)[-1]
    return {
        "ID": app.id,
        "CODE": app.code,
        "VERSION": app.version,
        "STATUS": app.status,
        "INSTALLED": app.installed,
        "PAYMENT_EXPIRED": "Y" if app.payment_expired else "N",
        "DAYS": None,
        "LANGUAGE_ID": language,
        "LICENSE": license_code,
        "LICENSE_TYPE": kind,
        "LICENSE_FAMILY": kind.rstrip("0123456789"),
    }


def trusted_app_info(world: World, token: Token) -> dict[str, Any]:
    """`app.info` on the OAuth side: which app, which portal, whose token. Assumed shape, see the top."""
    app = world.apps[token.client_id]
    scope = ",".join(token.scopes)
    user = world.user(token.user_id)
    return {
        **portal_app_info(world, app, user.language if user else world.settings.language),
        "client_id": app.client_id,
        "scope": scope,
        "expires": iso(token.expires_at),
        "install": {
            "installed": app.installed,
            "version": app.version,
            "status": app.status,
            "scope": scope,
            "domain": token.domain or world.host,
            "uri": app.app_url,
            "client_endpoint": endpoint(token, world),
            "member_id": world.member_id,
            "member_type": "box" if world.settings.self_hosted else "b24",
        },
        "user_id": token.user_id,
    }
