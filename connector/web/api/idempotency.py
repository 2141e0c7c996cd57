"""A request with an `Idempotency-Key` is done once, however often it is sent. Must never do it again without knowing that it was not done.

The answer of a deed is kept for a day and given again. What was refused did nothing, so its key is free again. A request that was begun
and never answered (the process was killed) stays open: nobody knows whether it was done, and that is what the next one is told.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256

from flask import Response, request
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from connector.errors import (
    ChangeIncomplete,
    ChangeUnknown,
    Fault,
    KeyReused,
    LeadswitchError,
    NotFitting,
    NotTaken,
    OutcomeOpen,
    PipelineHalfMade,
    Said,
    StillAnswering,
)
from connector.store.models import ApiAnswer
from connector.web.api.caller import caller
from connector.web.api.fitting import OTHER
from connector.web.context import web

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
LONGEST = 255
PATIENCE = timedelta(minutes=5)
"""A request that has been begun so long ago is not being answered any more."""
UNPROVED = (ChangeUnknown, ChangeIncomplete, PipelineHalfMade, NotTaken)
"""Refusals of a change that Bitrix24 may have made, or has made in part: their key stays taken."""
_KEPT_HEADERS = ("Content-Type", "Location")


def once(act: Callable[[], Response]) -> Response:
    """Do `act`, or give the answer that it gave to the same request before.

    Raises `NotFitting` for an unusable key, `KeyReused`, `StillAnswering`, `OutcomeOpen`.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return act()
    if not (0 < len(key) <= LONGEST and all("!" <= letter <= "~" for letter in key)):
        raise NotFitting(faults=[Fault(f"header.{HEADER}", "idempotency_key", Said(OTHER))])
    before = _claim(key, _fingerprint())
    if before is not None:
        return before
    try:
        answer = act()
    except UNPROVED:
        raise
    except (LeadswitchError, HTTPException):
        _release(key)
        raise
    if answer.status_code < 300:
        _keep(key, answer)
    else:
        _release(key)
    return answer


def _claim(key: str, fingerprint: str) -> Response | None:
    """None: this request is the first. Else the kept answer."""
    row = ApiAnswer(
        key_id=caller().key.id, idempotency_key=key, fingerprint=fingerprint, begun_at=web().clock.now()
    )
    try:
        with web().db.begin() as session:
            session.add(row)
    except IntegrityError:
        return _before(key, fingerprint)
    return None


def _before(key: str, fingerprint: str) -> Response:
    with web().db.read() as session:
        row = session.scalar(select(ApiAnswer).where(*_mine(key)))
    if row is None:
        # Refused and released between our two looks.
        raise StillAnswering
    if row.fingerprint != fingerprint:
        raise KeyReused
    if row.status is None or row.answer is None:
        raise StillAnswering if web().clock.now() - row.begun_at < PATIENCE else OutcomeOpen
    answer = Response(row.answer["body"], row.status)
    answer.headers.update(row.answer["headers"])
    answer.headers[REPLAYED] = "true"
    return answer


def _keep(key: str, answer: Response) -> None:
    kept = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    values = {
        "status": answer.status_code,
        "answer": {"body": answer.get_data(as_text=True), "headers": kept},
    }
    with web().db.begin() as session:
        session.execute(update(ApiAnswer).where(*_mine(key)).values(values))


def _release(key: str) -> None:
    with web().db.begin() as session:
        session.execute(delete(ApiAnswer).where(*_mine(key)))


def _mine(key: str) -> tuple[ColumnElement[bool], ...]:
    return ApiAnswer.key_id == caller().key.id, ApiAnswer.idempotency_key == key


def _fingerprint() -> str:
    """The same for the same request: order of names and blanks in the body do not matter."""
    body = request.get_data()
    with suppress(ValueError, RecursionError):
        body = json.dumps(json.loads(body), sort_keys=True).encode()
    return sha256(b"\n".join((request.method.encode(), request.full_path.encode(), body))).hexdigest()
