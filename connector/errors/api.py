"""Errors of the JSON API: a request that was refused before it did anything. The tree is drawn in the package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connector.errors.base import N_, LeadswitchError, Who
from connector.errors.told import Said


@dataclass(frozen=True, slots=True)
class Fault:
    """One value that does not fit. `place` is a JSON pointer into the body (`#/options/to`) or `query.NAME`; `code` is stable."""

    place: str
    code: str
    text: Said = field(default_factory=lambda: Said(""))


class RequestError(LeadswitchError):
    """A request to the JSON API that was refused; nothing was done for it."""

    key = "api"
    who = Who.USER
    what = N_("The request cannot be answered.")
    kept = N_("Nothing was changed.")
    todo = N_("Compare it with the description of the API.")


class KeyRefused(RequestError):
    """The API key opens nothing."""

    key = "api.key"
    what = N_("This is not an API key of Leadswitch.")
    todo = N_("Send a key that an administrator made in the app, as Authorization: Bearer KEY.")


class NoKey(KeyRefused):
    """The request carries no API key."""

    key = "api.key.missing"
    what = N_("The request carries no API key.")


class KeyExpired(KeyRefused):
    """The API key has come to its last day."""

    key = "api.key.expired"
    what = N_("The API key “%(name)s” has expired.")
    todo = N_("Ask an administrator of the portal for a new key.")


class KeyRevoked(KeyRefused):
    """An administrator has revoked the API key."""

    key = "api.key.revoked"
    what = N_("The API key “%(name)s” has been revoked.")
    todo = N_("Ask an administrator of the portal for a new key.")


class ScopeNeeded(RequestError):
    """The API key was made without this scope."""

    key = "api.scope"
    who = Who.ADMINISTRATOR
    what = N_("The API key “%(name)s” may not do this: it lacks the permission %(scope)s.")
    todo = N_("Use a key that has it; permissions of a key cannot be changed later.")


class TooManyCalls(RequestError):
    """The API key has used up its requests of this minute; `seconds` until it may go on."""

    key = "api.limit"
    what = N_("This API key has made too many requests.")
    todo = N_("Wait %(seconds)s s, then go on.")


class NotReadable(RequestError):
    """The body is no JSON, or the request contradicts HTTP."""

    key = "api.unreadable"
    what = N_("The request could not be read.")
    todo = N_("Send one JSON document in UTF-8.")


class NotJson(RequestError):
    """The body has another media type than JSON."""

    key = "api.media_type"
    what = N_("The body is not JSON.")
    todo = N_("Send JSON with Content-Type: application/json.")


class TooLarge(RequestError):
    """The body is larger than the API takes."""

    key = "api.too_large"
    what = N_("The request is too large.")
    todo = N_("Send less at once.")


class NotFitting(RequestError):
    """Values that the description of the API does not allow; `faults` name each of them."""

    key = "api.invalid"
    what = N_("The request does not fit the description of the API.")
    todo = N_("Correct the values that are named.")

    def __init__(self, message: str = "", *, faults: Sequence[Fault] = (), **details: object) -> None:
        super().__init__(message, **details)
        self.faults = tuple(faults)


class Contradiction(NotFitting):
    """Each value is allowed, but not together."""

    key = "api.contradiction"
    what = N_("The values of the request contradict each other.")


class NothingHere(RequestError):
    """There is nothing at this address for this key."""

    key = "api.not_found"
    what = N_("There is nothing at this address.")
    todo = N_("It may have been removed, or belong to another portal.")


class WrongMethod(RequestError):
    """The address exists, but not with this HTTP method."""

    key = "api.method"
    what = N_("This address does not take the method %(method)s.")


class NotAsSeen(RequestError):
    """`If-Match` names another state of the thing than the one that it has now."""

    key = "api.precondition"
    what = N_("It has changed since you read it.")
    todo = N_("Read it again, then decide anew.")


class StillAnswering(RequestError):
    """Another request with the same `Idempotency-Key` is being answered right now."""

    key = "api.idempotency.busy"
    what = N_("A request with this Idempotency-Key is still being answered.")
    kept = N_("It is not done twice.")
    todo = N_("Ask again in a moment with the same key.")


class KeyReused(RequestError):
    """The same `Idempotency-Key` was sent with another request."""

    key = "api.idempotency.reused"
    what = N_("This Idempotency-Key was used for another request.")
    todo = N_("Use a new key for a new request.")


class OutcomeOpen(RequestError):
    """A request with this `Idempotency-Key` was begun and never answered, so nobody knows whether it was done."""

    key = "api.idempotency.open"
    what = N_("A request with this Idempotency-Key was interrupted; whether it was done is not known.")
    kept = N_("It is not done twice.")
    todo = N_("Look whether it was done. If it was not, send it with a new key.")


class Unforeseen(RequestError):
    """A mistake of ours."""

    key = "api.bug"
    who = Who.US
    what = N_("Something went wrong.")
    kept = N_("A run that is in progress is not affected.")
    todo = N_("Try again. If it happens again, tell us the reference %(reference)s.")
