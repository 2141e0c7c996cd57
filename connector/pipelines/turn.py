"""One change of pipelines at a time on one portal, across processes. Asks the portal nothing.

Whoever changes something holds the portal's turn until what was sent can no longer take effect unseen: so two clicks, or two people,
never create the same pipeline twice, and a change whose answer was lost is settled before the next one looks.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from connector.clock import Clock
from connector.errors import ChangeUnderWay
from connector.portals import audit
from connector.store.database import Database
from connector.store.models import PipelineChange, Portal, lock_key

SETTLE_SECONDS = 65.0
"""A portal cuts a request after 60 s (settings/performance/limits.md): only then is what is absent certain to stay absent."""

HOLD_SECONDS = 270.0
"""Longer than a change may take (`desk.PATIENCE`) with one more answer and its settling: a process that dies lets go by this."""


class Turn:
    """The right to change pipelines of one portal (by host, however it is connected)."""

    def __init__(self, db: Database, portal_id: int, clock: Clock) -> None:
        self._db, self._portal_id, self._clock = db, portal_id, clock
        self._holder = uuid.uuid4().hex
        self._key = ""

    def take(self, who: Mapping[str, Any], did: audit.Did, detail: Mapping[str, Any]) -> None:
        """Raises `ChangeUnderWay` while another change holds it. What a dead process left is written to the audit log as unknown."""
        now = self._clock.now()
        try:
            with self._db.begin() as session:
                self._key = lock_key(session.get_one(Portal, self._portal_id).host)
                left = session.get(PipelineChange, self._key, with_for_update=True)
                if left is not None:
                    if left.until > now:
                        raise ChangeUnderWay(seconds=_seconds(left, now))
                    _tell(session, left, now)
                    session.delete(left)
                    session.flush()
                session.add(
                    PipelineChange(
                        lock_key=self._key,
                        portal_id=self._portal_id,
                        holder=self._holder,
                        until=now + timedelta(seconds=HOLD_SECONDS),
                        at=now,
                        who=dict(who),
                        action=did.value,
                        detail=dict(detail),
                    )
                )
        except IntegrityError:
            raise ChangeUnderWay(seconds=int(HOLD_SECONDS)) from None

    def release(self, session: Session) -> None:
        """Let go: what was sent is known."""
        session.execute(delete(PipelineChange).where(*self._mine()))

    def settle(self, session: Session) -> None:
        """Let go by itself once what was sent can no longer take effect. Its line in the audit log is there already."""
        until = self._clock.now() + timedelta(seconds=SETTLE_SECONDS)
        session.execute(update(PipelineChange).where(*self._mine()).values(until=until, action=""))

    def _mine(self) -> tuple[Any, ...]:
        return PipelineChange.lock_key == self._key, PipelineChange.holder == self._holder


def is_taken(db: Database, portal_id: int, clock: Clock) -> bool:
    """Whether a change is under way or not yet settled."""
    with db.read() as session:
        key = lock_key(session.get_one(Portal, portal_id).host)
        until = session.scalar(select(PipelineChange.until).where(PipelineChange.lock_key == key))
        return until is not None and until > clock.now()


def _tell(session: Session, left: PipelineChange, now: datetime) -> None:
    if left.action:
        detail = {**left.detail, "outcome": "unknown"}
        action = audit.Did(left.action)
        audit.record(session, left.portal_id, at=left.at or now, who=left.who, action=action, detail=detail)


def _seconds(left: PipelineChange, now: datetime) -> int:
    return max(1, round((left.until - now).total_seconds()))
