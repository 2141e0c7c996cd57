"""What opens a portal: an incoming webhook or an OAuth token, and where they come from.

Renewal is single-flight per portal over all threads and processes: `RenewingToken` holds the algorithm, a `TokenStore`
(the store room) the shared state. Secrets never show in repr, and never travel over http except to this very machine.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from connector.clock import Clock, SystemClock
from connector.errors import (
    DeadCredential,
    InsecureAddress,
    LaunchRefused,
    NotAWebhook,
    PortalMoved,
    TokenExpired,
    TokenRefused,
)

_WEBHOOK_PATH = re.compile(r"/rest/(\d+)/([A-Za-z0-9_-]+)(?:/[a-z0-9_.]*)?/?\Z", re.IGNORECASE)


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine itself, without asking any name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def portal_of(url: str) -> str:
    """host or host:port of an address, lower case: how a portal is shown and how its bucket is keyed.

    Raises InsecureAddress for http to a host that is not this machine, ValueError if there is no host.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if not host:
        raise ValueError("no host")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise InsecureAddress(host=host)
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{parts.port}" if parts.port else shown


@dataclass(frozen=True, slots=True)
class Webhook:
    """An incoming webhook. It never expires, is never renewed and never followed elsewhere; it is its own source."""

    portal: str
    user_id: int
    base: str = field(repr=False)  # https://portal/rest/1/key/
    key: str = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Webhook:
        """From the address as Bitrix24 shows it, with or without a method at the end.

        Raises NotAWebhook, or InsecureAddress for http to a host that is not this machine. Neither shows the address.
        """
        url = url.strip()
        try:
            parts = urlsplit(url)
            match = _WEBHOOK_PATH.match(re.sub(r"/{2,}", "/", parts.path))
            if match is None or parts.scheme not in {"http", "https"} or parts.username or parts.query:
                raise NotAWebhook
            portal = portal_of(url)
        except ValueError:
            raise NotAWebhook from None
        user_id, key = int(match[1]), match[2]
        if user_id == 0:
            raise NotAWebhook
        return cls(portal, user_id, f"{parts.scheme}://{portal}/rest/{user_id}/{key}/", key)

    @property
    def member_id(self) -> str | None:
        """A webhook has no application context, so its portal is known by host only."""
        return None

    def secrets(self) -> tuple[str, ...]:
        return (self.key,)

    def url(self, method: str) -> str:
        return f"{self.base}{method}"

    def current(self) -> Webhook:
        return self

    def newest(self, seen: OAuthToken) -> Credential:  # noqa: ARG002
        return self

    def renew(self, seen: OAuthToken) -> OAuthToken:  # noqa: ARG002
        raise TokenRefused(portal=self.portal)

    def moved(self, seen: Credential, location: str) -> Credential:  # noqa: ARG002
        raise PortalMoved(portal=self.portal, location=location)

    def bury(self, seen: Credential, error: DeadCredential) -> None:
        """A webhook has no stored state; the error itself says enough."""


@dataclass(frozen=True, slots=True)
class OAuthToken:
    """An access token with its refresh token. `version` grows with every stored change and is the compare-and-swap key."""

    member_id: str
    client_endpoint: str  # https://portal/rest/
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    user_id: int | None = None
    scope: tuple[str, ...] = ()
    status: str = ""
    version: int = 0

    @property
    def portal(self) -> str:
        return portal_of(self.client_endpoint)

    def secrets(self) -> tuple[str, ...]:
        return (self.access_token, self.refresh_token)

    def url(self, method: str) -> str:
        return f"{self.client_endpoint.rstrip('/')}/{method}"


Credential = Webhook | OAuthToken


class CredentialSource(Protocol):
    """Where the wire gets its credential from. All methods are safe to call from many threads."""

    @property
    def portal(self) -> str:
        """host[:port], for people and for the bucket."""

    def current(self) -> Credential:
        """The newest known credential, renewed already if it is known to have run out."""

    def newest(self, seen: OAuthToken) -> Credential:
        """The stored credential after any renewal that is under way; called when the portal does not know `seen`,
        because the OAuth server may end the older token before the newer one is stored. Renews nothing.
        """

    def renew(self, seen: OAuthToken) -> OAuthToken:
        """A token newer than `seen`, which the portal has called expired.

        One renewal per portal at a time; who comes second gets the first one's result without calling. Stored before
        returned. Raises DeadCredential, TransportError.
        """

    def moved(self, seen: Credential, location: str) -> Credential:
        """The portal answered 302 to `location`. Returns the credential for the new address once the OAuth host has
        named it for the same member_id, stored; otherwise raises PortalMoved. Sends nothing to `location`.
        """

    def bury(self, seen: Credential, error: DeadCredential) -> None:
        """The portal itself says that this access has ended: remember the named state of `error`."""


class TokenStore(Protocol):
    """What the store room implements for one portal. No transaction may stay open between these calls."""

    def load(self) -> OAuthToken:
        """The stored token. Raises the DeadCredential leaf of the portal's named state, if it is in one."""

    def take_lease(self, seen: OAuthToken, seconds: float) -> bool:
        """Atomically become the one who renews: only if the stored version is `seen.version` and no lease is running."""

    def save(self, seen: OAuthToken, new: OAuthToken) -> OAuthToken | None:
        """Compare-and-swap on `seen.version`: store `new` with the next version, end the lease, return it as stored.
        None if the stored version is another one.
        """

    def release(self, seen: OAuthToken) -> None:
        """End the lease without a change."""

    def bury(self, seen: OAuthToken, error: DeadCredential) -> None:
        """Put the portal into `error.state` and end the lease, unless the stored version is another one."""


class Renewer(Protocol):
    """The OAuth calls that renewal needs; connector.bitrix.oauth.OAuthClient is the one."""

    def refresh(self, token: OAuthToken) -> OAuthToken: ...

    def named_endpoint(self, token: OAuthToken) -> str: ...


class RenewingToken:
    """A CredentialSource over a stored token."""

    def __init__(
        self,
        store: TokenStore,
        oauth: Renewer,
        *,
        clock: Clock | None = None,
        lease_seconds: float = 30.0,
        poll_seconds: float = 0.05,
    ) -> None:
        self._store = store
        self._oauth = oauth
        self._clock = clock or SystemClock()
        self._lease = lease_seconds
        self._poll = poll_seconds

    @property
    def portal(self) -> str:
        return self._store.load().portal

    def current(self) -> OAuthToken:
        token = self._store.load()
        return self.renew(token) if token.expires_at <= self._clock.now() else token

    def newest(self, seen: OAuthToken) -> OAuthToken:
        give_up = self._clock.monotonic() + self._lease
        while True:
            stored = self._store.load()
            if stored.version != seen.version or self._clock.monotonic() >= give_up:
                return stored
            if self._store.take_lease(seen, self._lease):
                # Nobody is renewing, so this is the newest there is.
                self._store.release(seen)
                return stored
            self._clock.sleep(self._poll)

    def renew(self, seen: OAuthToken) -> OAuthToken:
        return self._change(seen, self._oauth.refresh)

    def moved(self, seen: Credential, location: str) -> Credential:
        if not isinstance(seen, OAuthToken):
            raise PortalMoved(portal=seen.portal, location=location)

        def confirmed(token: OAuthToken) -> OAuthToken:
            endpoint = self._oauth.named_endpoint(token)
            if not _same_portal(endpoint, location):
                raise PortalMoved(portal=token.portal, location=location)
            return replace(token, client_endpoint=endpoint)

        return self._change(seen, confirmed)

    def bury(self, seen: Credential, error: DeadCredential) -> None:
        if isinstance(seen, OAuthToken):
            self._store.bury(seen, error)

    def _change(self, seen: OAuthToken, change: Callable[[OAuthToken], OAuthToken]) -> OAuthToken:
        """Replace the stored token by `change(seen)`, one caller at a time; whoever comes later gets what is stored.

        Also a move takes the lease: a version that grew in the middle of a renewal would throw away its refresh token.
        """
        give_up = self._clock.monotonic() + 4 * self._lease
        while self._clock.monotonic() < give_up:
            stored = self._store.load()
            if stored.version != seen.version:
                return stored
            if not self._store.take_lease(seen, self._lease):
                self._clock.sleep(self._poll)
                continue
            saved = self._store.save(seen, self._checked(seen, change))
            if saved is not None:
                return saved
        raise TokenExpired("another process kept the renewal of the token to itself", portal=seen.portal)

    def _checked(self, seen: OAuthToken, change: Callable[[OAuthToken], OAuthToken]) -> OAuthToken:
        try:
            new = change(seen)
            if new.member_id != seen.member_id:
                raise LaunchRefused("the OAuth server answered for another portal", portal=seen.portal)
        except DeadCredential as error:
            self._store.bury(seen, error)
            raise
        except BaseException:
            self._store.release(seen)
            raise
        return new


def _same_portal(one: str, other: str) -> bool:
    try:
        return portal_of(one) == portal_of(other)
    except (ValueError, InsecureAddress):
        return False
