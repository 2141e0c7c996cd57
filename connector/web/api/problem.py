"""Every refusal of the API in one shape, `application/problem+json` (RFC 9457), made from our error tree. Must never show a secret.

Beside the members of the RFC: `key` is stable, `who` must act, `kept` says what was not lost, `todo` what to do next, and `errors` name
each value that does not fit. `type` is the place of the error in `/api/docs`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from http import HTTPStatus

from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.exceptions import HTTPException

from connector.errors import (
    AppUninstalled,
    BitrixError,
    Contradiction,
    DatabaseProblem,
    DeliveryNotFound,
    EndpointNotFound,
    Fault,
    KeyRefused,
    KeyReused,
    LeadswitchError,
    LimitError,
    NoSuchPipeline,
    NoSuchStage,
    NotAllowed,
    NotAsSeen,
    NotFitting,
    NothingHere,
    NotJson,
    NotReadable,
    PlanNotFound,
    PortalNotKnown,
    RuleNotFound,
    RunNotFound,
    ScopeNeeded,
    StillAnswering,
    TooLarge,
    TooManyCalls,
    Unforeseen,
    WrongMethod,
    sentences,
)
from connector.errors.told import as_json
from connector.i18n import _, language
from connector.redact import redact_text

MEDIA_TYPE = "application/problem+json"
DOCS = "/api/docs"

# The first row that fits; what is not named conflicts with the state of the portal, a plan or a run.
STATUS: tuple[tuple[type[LeadswitchError], HTTPStatus], ...] = (
    (KeyRefused, HTTPStatus.UNAUTHORIZED),
    (ScopeNeeded, HTTPStatus.FORBIDDEN),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (NothingHere, HTTPStatus.NOT_FOUND),
    (PlanNotFound, HTTPStatus.NOT_FOUND),
    (RunNotFound, HTTPStatus.NOT_FOUND),
    (PortalNotKnown, HTTPStatus.NOT_FOUND),
    (AppUninstalled, HTTPStatus.NOT_FOUND),
    (RuleNotFound, HTTPStatus.NOT_FOUND),
    (EndpointNotFound, HTTPStatus.NOT_FOUND),
    (DeliveryNotFound, HTTPStatus.NOT_FOUND),
    (NoSuchPipeline, HTTPStatus.NOT_FOUND),
    (NoSuchStage, HTTPStatus.NOT_FOUND),
    (WrongMethod, HTTPStatus.METHOD_NOT_ALLOWED),
    (NotAsSeen, HTTPStatus.PRECONDITION_FAILED),
    (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (NotJson, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (NotReadable, HTTPStatus.BAD_REQUEST),
    (Contradiction, HTTPStatus.CONFLICT),
    (NotFitting, HTTPStatus.UNPROCESSABLE_ENTITY),
    (KeyReused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (TooManyCalls, HTTPStatus.TOO_MANY_REQUESTS),
    (Unforeseen, HTTPStatus.INTERNAL_SERVER_ERROR),
    (DatabaseProblem, HTTPStatus.SERVICE_UNAVAILABLE),
    (LimitError, HTTPStatus.SERVICE_UNAVAILABLE),
    (BitrixError, HTTPStatus.BAD_GATEWAY),
)
_OF_HTTP: dict[int, type[LeadswitchError]] = {
    HTTPStatus.NOT_FOUND: NothingHere,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLarge,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: NotJson,
}
log = logging.getLogger(__name__)


class WrongValue(BaseModel):
    """One value that does not fit."""

    model_config = ConfigDict(extra="forbid")

    place: str = Field(description="JSON pointer into the body (`#/options/to`), or `query.NAME`.")
    code: str = Field(description="Stable code of what is wrong.")
    text: str = Field(description="The same in words.")


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="Where this kind of problem is described.")
    title: str = Field(description="What happened.")
    status: int
    detail: str = Field(description="What happened, what was not lost, what to do next.")
    instance: str = Field(description="The path that was asked for.")
    key: str = Field(description="Stable name of the problem.")
    who: str = Field(description="Who must act: nobody, user, administrator, us, bitrix24.")
    kept: str = Field(description="What was not lost.")
    todo: str = Field(description="What to do next.")
    errors: list[WrongValue] | None = Field(default=None, description="Each value that does not fit.")
    reference: str | None = Field(default=None, description="What finds it in a log.")


def is_api() -> bool:
    """Whether this request is one of the API, so that an error is told as a problem."""
    return request.path.startswith("/api/") and not request.path.startswith(DOCS)


def status_of(error: LeadswitchError) -> int:
    """The HTTP status that goes with an error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), HTTPStatus.CONFLICT)


def of_error(error: LeadswitchError) -> Response:
    """One of our errors in the language of the request."""
    status, said = status_of(error), list(sentences(error.told(), _))
    told = error.told()
    problem = Problem(
        type=f"{DOCS}#{error.key}",
        title=said[0] if said else error.key,
        status=status,
        detail=" ".join(said),
        instance=redact_text(request.path),
        key=error.key,
        who=str(error.who),
        kept=" ".join(sentences({**told, "what": told["kept"], "kept": "", "todo": ""}, _)),
        todo=" ".join(sentences({**told, "what": told["todo"], "kept": "", "todo": ""}, _)),
        errors=list(_faults(error)) or None,
        reference=_reference(error) or None,
    )
    text = json.dumps(problem.model_dump(exclude_none=True), ensure_ascii=False)
    answer = Response(text, status, mimetype=MEDIA_TYPE)
    answer.headers["Content-Language"] = language().replace("_", "-")
    answer.headers["Cache-Control"] = "no-store"
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="leadswitch"'
    if isinstance(error, StillAnswering):
        answer.headers["Retry-After"] = "1"
    if isinstance(error, LimitError):
        answer.headers["Retry-After"] = "60"
    return answer


def of_http(error: HTTPException) -> Response:
    """An error of the web server in our shape."""
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer = of_error(WrongMethod(method=request.method))
        answer.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
        return answer
    return of_error(_OF_HTTP.get(code, NotReadable)())


def of_bug(reference: str) -> Response:
    """Something that nobody foresaw; the log has it under `reference`."""
    return of_error(Unforeseen(reference=reference))


def _faults(error: LeadswitchError) -> Iterator[WrongValue]:
    if isinstance(error, NotFitting):
        yield from (_told(fault) for fault in error.faults)


def _told(fault: Fault) -> WrongValue:
    text = sentences({"what": "%(text)s", "params": {"text": as_json(fault.text)}}, _)
    return WrongValue(place=fault.place, code=fault.code, text=" ".join(text))


def _reference(error: LeadswitchError) -> str:
    if isinstance(error, BitrixError):
        return " · ".join(part for part in (error.method, error.code, error.request_id) if part)
    return str(error.details.get("reference") or "")
