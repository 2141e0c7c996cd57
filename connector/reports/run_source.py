"""What reports and the shell ask about runs. Reads only; must never hold a session while its caller works."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select

from connector.errors import RunNotFound
from connector.store.database import Database
from connector.store.models import Plan, PlanLead, Portal, Run, RunLead

CHUNK = 500
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run without its leads. `leads` counts them by state; `report` is what the last phase has written, if it came to that."""

    id: str
    kind: str
    state: str
    phase: str
    undo_of: str | None
    plan_id: str
    plan_digest: str
    direction: str
    host: str
    waiting_for: Json
    counters: Json
    leads: Mapping[str, int]
    report: Json
    created_by: Json
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str

    @property
    def behind(self) -> int:
        """Leads that did not come through: skipped, failed, or records of theirs that had to stay."""
        return sum(self.leads.get(state, 0) for state in ("skipped", "failed", "kept"))


@dataclass(frozen=True, slots=True)
class RunLeadRow:
    """What became of one lead."""

    lead_id: int
    title: str
    state: str
    reason: str
    deal_id: int | None
    contact_id: int | None
    company_id: int | None
    detail: Json


def run_head(db: Database, run_id: str, *, portal_id: int | None = None) -> RunHead:
    """A run by its id or the beginning of it, if only one run begins so. Raises `RunNotFound`."""
    with db.read() as session:
        query = select(Run).where(Run.id.startswith(run_id, autoescape=True)).limit(2)
        if portal_id is not None:
            query = query.where(Run.portal_id == portal_id)
        found = list(session.scalars(query)) if run_id else []
        exact = [run for run in found if run.id == run_id] or found
        if len(exact) != 1:
            raise RunNotFound(run=run_id)
        run = exact[0]
        states = session.execute(
            select(RunLead.state, func.count()).where(RunLead.run_id == run.id).group_by(RunLead.state)
        ).all()
        plan, portal = session.get_one(Plan, run.plan_id), session.get_one(Portal, run.portal_id)
        return _head(run, plan, portal, {str(state): count for state, count in states})


def recent_runs(db: Database, portal_id: int, *, limit: int = 50) -> list[RunHead]:
    """The newest runs of a portal, newest first."""
    query = (
        select(Run.id).where(Run.portal_id == portal_id).order_by(Run.created_at.desc(), Run.id).limit(limit)
    )
    with db.read() as session:
        ids = list(session.scalars(query))
    return [run_head(db, run_id) for run_id in ids]


def _head(run: Run, plan: Plan, portal: Portal, leads: Mapping[str, int]) -> RunHead:
    return RunHead(
        id=run.id,
        kind=run.kind,
        state=str(run.state),
        phase=run.phase,
        undo_of=run.undo_of,
        plan_id=plan.id,
        plan_digest=plan.digest or "",
        direction=plan.direction,
        host=portal.host,
        waiting_for=run.waiting_for or {},
        counters=run.counters or {},
        leads=leads,
        report=run.report or {},
        created_by=run.created_by,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        error=run.error or "",
    )


def run_leads(db: Database, run_id: str, *, behind_only: bool = False) -> Iterator[RunLeadRow]:
    """Leads of a run in its order, streamed; with `behind_only` those that did not come through."""
    position = -1
    while True:
        query = (
            select(RunLead, PlanLead.title)
            .join(Run, Run.id == RunLead.run_id)
            .join(
                PlanLead,
                and_(PlanLead.plan_id == Run.plan_id, PlanLead.lead_id == RunLead.lead_id),
                isouter=True,
            )
            .where(RunLead.run_id == run_id, RunLead.position > position)
            .order_by(RunLead.position)
            .limit(CHUNK)
        )
        if behind_only:
            query = query.where(RunLead.state.in_(("skipped", "failed", "kept")))
        with db.read() as session:
            rows = session.execute(query).all()
        if not rows:
            return
        position = rows[-1][0].position
        for lead, title in rows:
            yield RunLeadRow(
                lead.lead_id,
                title or "",
                lead.state,
                lead.reason,
                lead.deal_id,
                lead.contact_id,
                lead.company_id,
                lead.detail or {},
            )
