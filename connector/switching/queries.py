"""Runs, their leads and their journal, as pages and reports need them. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select

from connector.clock import Clock, SystemClock
from connector.errors import RunNotFound
from connector.store.database import Database
from connector.store.models import LIVE_STATES, Journal, PlanLead, Run, RunLead
from connector.switching.progress import RunProgress, progress_of, stale_of

PAGE = 500


@dataclass(frozen=True, slots=True)
class RunLeadRow:
    """What became of one lead. `state`: pending, running, done, skipped, failed, undone, kept; `reason` is a code; `title` the plan's."""

    lead_id: int
    position: int
    title: str
    state: str
    reason: str
    detail: Mapping[str, Any]
    deal_id: int | None
    contact_id: int | None
    company_id: int | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One write, as the journal has it; `lead_id` 0 is the run as a whole."""

    id: int
    lead_id: int
    key: str
    attempt: int
    method: str
    params: Mapping[str, Any]
    state: str
    result: Mapping[str, Any]
    at: datetime
    settled_at: datetime | None


def run(
    db: Database, run_id: str, *, portal_id: int | None = None, clock: Clock | None = None
) -> RunProgress:
    """One run. With `portal_id` only a run of that portal is found. Raises RunNotFound."""
    now = (clock or SystemClock()).now()
    with db.read() as session:
        row = session.get(Run, run_id)
        if row is None or portal_id not in (None, row.portal_id):
            raise RunNotFound(run=run_id)
        return progress_of(session, row, now)


def live(db: Database, portal_id: int, *, clock: Clock | None = None) -> RunProgress | None:
    """The run of a portal that is not at its end, if there is one."""
    now = (clock or SystemClock()).now()
    with db.read() as session:
        row = session.scalar(
            select(Run).where(Run.portal_id == portal_id, Run.state.in_(LIVE_STATES)).limit(1)
        )
        return progress_of(session, row, now) if row is not None else None


def recent(
    db: Database, portal_id: int, *, limit: int = 50, offset: int = 0, clock: Clock | None = None
) -> list[RunProgress]:
    """The newest runs of a portal first."""
    query = select(Run).where(Run.portal_id == portal_id).order_by(Run.created_at.desc(), Run.id)
    return _listed(db, query.limit(limit).offset(offset), clock)


def undos_of(db: Database, run_ids: Sequence[str], *, clock: Clock | None = None) -> list[RunProgress]:
    """The undo runs of any of these runs."""
    return _listed(db, select(Run).where(Run.undo_of.in_(run_ids)), clock)


def _listed(db: Database, query: Select[Run], clock: Clock | None) -> list[RunProgress]:
    """As many queries for many runs as for one."""
    now = (clock or SystemClock()).now()
    with db.read() as session:
        rows = session.scalars(query).all()
        stale = stale_of(session, [row.id for row in rows])
        return [progress_of(session, row, now, stale.get(row.id, 0)) for row in rows]


def page(
    db: Database,
    portal_id: int,
    *,
    after: Sequence[str] | None = None,
    states: Sequence[str] = (),
    limit: int = 50,
    clock: Clock | None = None,
) -> list[RunProgress]:
    """Runs of a portal, newest first, from behind the run whose `place_of` is `after`; those in `states` if given."""
    query = select(Run).where(Run.portal_id == portal_id)
    if states:
        query = query.where(Run.state.in_(states))
    if after is not None:
        at, run_id = datetime.fromisoformat(after[0]), after[1]
        query = query.where(or_(Run.created_at < at, and_(Run.created_at == at, Run.id > run_id)))
    return _listed(db, query.order_by(Run.created_at.desc(), Run.id).limit(limit), clock)


def place_of(run: RunProgress) -> list[str]:
    """Where a run stands among the runs of its portal, JSON-safe."""
    return [run.created_at.isoformat(), run.id]


def undone_by(db: Database, run_id: str) -> list[str]:
    """Ids of the undo runs of a run, oldest first."""
    with db.read() as session:
        return list(session.scalars(select(Run.id).where(Run.undo_of == run_id).order_by(Run.created_at)))


def leads(
    db: Database,
    run_id: str,
    *,
    states: Sequence[str] = (),
    reason: str = "",
    after: int = -1,
    limit: int = 50,
) -> list[RunLeadRow]:
    """Leads of a run in order, from behind position `after`; those in `states` and with `reason` if given."""
    query = (
        select(RunLead, PlanLead.title)
        .join(Run, Run.id == RunLead.run_id)
        .outerjoin(PlanLead, (PlanLead.plan_id == Run.plan_id) & (PlanLead.lead_id == RunLead.lead_id))
        .where(RunLead.run_id == run_id, RunLead.position > after)
        .order_by(RunLead.position)
        .limit(limit)
    )
    if states:
        query = query.where(RunLead.state.in_(states))
    if reason:
        query = query.where(RunLead.reason == reason)
    with db.read() as session:
        return [_lead(row, title) for row, title in session.execute(query)]


def all_leads(db: Database, run_id: str) -> Iterator[RunLeadRow]:
    """Every lead of a run in order, a page at a time; for reports."""
    after = -1
    while page := leads(db, run_id, after=after, limit=PAGE):
        yield from page
        after = page[-1].position


def _lead(row: RunLead, title: str | None) -> RunLeadRow:
    detail: dict[str, Any] = {
        name: value for name, value in (row.detail or {}).items() if name not in ("plan", "made")
    }
    swept: Mapping[str, Any] = (row.detail or {}).get("plan") or {}
    return RunLeadRow(
        lead_id=row.lead_id,
        position=row.position,
        title=title if title is not None else str(swept.get("title") or ""),
        state=row.state,
        reason=row.reason,
        detail=detail,
        deal_id=row.deal_id,
        contact_id=row.contact_id,
        company_id=row.company_id,
        updated_at=row.updated_at,
    )


def journal(db: Database, run_id: str, lead_id: int) -> list[JournalRow]:
    """What was written for one lead in a run, oldest first; lead 0 is the run as a whole."""
    query = select(Journal).where(Journal.run_id == run_id, Journal.lead_id == lead_id).order_by(Journal.id)
    with db.read() as session:
        return [_journal(row) for row in session.scalars(query)]


def journal_page(
    db: Database, run_id: str, *, lead_id: int | None = None, after: int = 0, limit: int = 50
) -> list[JournalRow]:
    """What was written in a run, oldest first, from behind the line with id `after`; for one lead if given."""
    query = select(Journal).where(Journal.run_id == run_id, Journal.id > after)
    if lead_id is not None:
        query = query.where(Journal.lead_id == lead_id)
    with db.read() as session:
        return [_journal(row) for row in session.scalars(query.order_by(Journal.id).limit(limit))]


def _journal(row: Journal) -> JournalRow:
    return JournalRow(
        id=row.id,
        lead_id=row.lead_id,
        key=row.key,
        attempt=row.attempt,
        method=row.method,
        params=row.params or {},
        state=row.state,
        result=row.result or {},
        at=row.at,
        settled_at=row.settled_at,
    )
