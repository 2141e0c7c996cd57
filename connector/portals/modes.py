"""The CRM mode of a portal as it was read: every reading, every change, and what was last seen. Asks no portal; claims nothing unread."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector.occurrences import Kind, Mode, ModeChanged, occurred
from connector.store.database import Database
from connector.store.models import ModeChange, ModeReading, Portal

Source = Literal["run", "watch", "event", "shell"]
SUBJECT = "mode"
"""What changes of the mode are about: their deliveries keep the order of the changes."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the mode: it happened after `after` (None: nothing was read before) and was noticed at `noticed_at`.

    `run` is the run that waited for it; `report` what became of the leads when it came without one:
    `{"left", "converted", "deals", "left_ids", "converted_ids"}`.
    """

    id: int
    from_mode: str
    to_mode: str
    after: datetime | None
    noticed_at: datetime
    noticed_by: str
    run: str | None
    report: Mapping[str, Any] | None


def note_reading(
    session: Session,
    portal_id: int,
    mode: Mode,
    *,
    at: datetime,
    source: Source,
    run_id: str | None = None,
) -> Change | None:
    """Keep a reading in the caller's transaction. When it differs from the one before, that is a change, and it occurs."""
    portal = session.get_one(Portal, portal_id, with_for_update=True)
    before, last = portal.mode, portal.mode_seen_at
    if last is not None and last > at:
        return None
    session.add(ModeReading(portal_id=portal_id, at=at, mode=mode, source=source))
    portal.mode, portal.mode_seen_at = mode, at
    if before is None or before == mode:
        return None
    row = ModeChange(
        portal_id=portal_id,
        from_mode=before,
        to_mode=mode,
        after=last,
        noticed_at=at,
        run_id=run_id,
        source=source,
        report_due=None if run_id else at,
    )
    session.add(row)
    session.flush()
    data = ModeChanged.model_validate(
        {
            "from": before,
            "to": mode,
            "after": last,
            "noticed_at": at,
            "noticed_by": source,
            "run": run_id,
            "change": row.id,
        }
    )
    occurred(session, portal_id, Kind.MODE_CHANGED, data, at=at, subject=SUBJECT, key=f"mode:{row.id}")
    return _change(row)


def changes(db: Database, portal_id: int, *, before: int | None = None, limit: int = 50) -> list[Change]:
    """Changes of the mode, newest first; `before` is the id of the last one that is known already."""
    query = (
        select(ModeChange)
        .where(ModeChange.portal_id == portal_id)
        .order_by(ModeChange.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(ModeChange.id < before)
    with db.read() as session:
        return [_change(row) for row in session.scalars(query)]


def last_seen(db: Database, portal_id: int) -> tuple[str | None, datetime | None]:
    """The mode as it was read last, and when; None when it never was."""
    with db.read() as session:
        portal = session.get(Portal, portal_id)
        return (None, None) if portal is None else (portal.mode, portal.mode_seen_at)


def _change(row: ModeChange) -> Change:
    return Change(
        id=row.id,
        from_mode=row.from_mode,
        to_mode=row.to_mode,
        after=row.after,
        noticed_at=row.noticed_at,
        noticed_by=row.source,
        run=row.run_id,
        report=row.report,
    )
