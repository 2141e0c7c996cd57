"""Lets a request of the API in: by an API key in `Authorization: Bearer`, within its limit, with the scope that is needed.

Must never look at cookies, forms or addresses for who asks, and never let one portal's key see another portal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, g, request

from connector import i18n
from connector.errors import KeyRefused, NoKey, ScopeNeeded, TooLarge, TooManyCalls
from connector.portals import api_keys
from connector.portals.api_keys import Admitted, KeyCard, Scope
from connector.portals.refs import PortalRef, portal_ref
from connector.web.api.fitting import LARGEST_BODY
from connector.web.context import web

SECONDS = int(api_keys.WINDOW.total_seconds())


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a key, and the one portal that it opens."""

    key: KeyCard
    portal: PortalRef

    @property
    def actor(self) -> dict[str, Any]:
        """As plans, runs and the audit log keep it."""
        return self.key.actor


def caller() -> Caller:
    """The caller of this request, let in by `enter`."""
    found: Caller = g.caller
    return found


def enter(scope: Scope | None) -> None:
    """Let the request in. Raises `KeyRefused` leaves, `TooManyCalls`, `ScopeNeeded`, `TooLarge`."""
    admitted = api_keys.admit(
        web().db, _bearer(), per_minute=web().settings.api_requests_per_minute, clock=web().clock
    )
    g.admitted = admitted
    if admitted.exceeded:
        raise TooManyCalls(seconds=admitted.resets_in)
    if scope is not None and scope.value not in admitted.card.scopes:
        raise ScopeNeeded(name=admitted.card.name, scope=scope.value)
    if (request.content_length or 0) > LARGEST_BODY:
        raise TooLarge
    g.caller = Caller(admitted.card, portal_ref(web().db, admitted.card.portal_id))


def speak() -> None:
    """The language that the request asks for."""
    i18n.speak(i18n.pick(*request.accept_languages.values()))


def tell_limit(response: Response) -> Response:
    """The limit of the key, as draft-ietf-httpapi-ratelimit-headers writes it; `Retry-After` where it was exceeded."""
    admitted: Admitted | None = g.get("admitted")
    if admitted is not None:
        response.headers["RateLimit-Policy"] = f'"key";q={admitted.limit};w={SECONDS}'
        response.headers["RateLimit"] = f'"key";r={admitted.remaining};t={admitted.resets_in}'
        if admitted.exceeded:
            response.headers["Retry-After"] = str(admitted.resets_in)
    return response


def _bearer() -> str:
    given = request.headers.get_all("Authorization")
    if not given or not given[0].strip():
        raise NoKey
    scheme, _, text = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer":
        raise KeyRefused
    return text.strip()
