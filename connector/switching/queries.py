"""What pages, reports and the shell ask about runs. Reads only; must never hold a session while its caller works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from connector.errors import RunNotFound
from connector.store.database import Database
from connector.store.models import LIVE_STATES, PlanLead, Run, RunLead

FINE = ("done", "undone")


@dataclass(frozen=True, slots=True)
class RunHeader:
    """A run without its leads; fields as in the table `run`. `direction` is the CRM mode that its plan leads to."""

    id: str
    portal_id: int
    plan_id: str
    kind: str
    undo_of: str | None
    state: str
    phase: str
    counters: Mapping[str, Any]
    waiting_for: Mapping[str, Any]
    created_by: Mapping[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    report: Mapping[str, Any]
    error: str


@dataclass(frozen=True, slots=True)
class LeftLead:
    """A lead that a run did not bring to its end, with the code of the reason and what is known besides."""

    id: int
    title: str
    state: str
    reason: str
    detail: Mapping[str, Any]


def header(db: Database, run_id: str, *, portal_id: int | None = None) -> RunHeader:
    """One run; `portal_id` makes sure that it belongs to that portal. Raises `RunNotFound`."""
    with db.read() as session:
        run = session.get(Run, run_id)
        if run is None or (portal_id is not None and run.portal_id != portal_id):
            raise RunNotFound(run=run_id)
        return _header(run)


def recent(db: Database, portal_id: int, *, limit: int = 50) -> list[RunHeader]:
    """The newest runs of a portal, newest first."""
    query = select(Run).where(Run.portal_id == portal_id).order_by(Run.created_at.desc(), Run.id).limit(limit)
    with db.read() as session:
        return [_header(run) for run in session.scalars(query)]


def live(db: Database, portal_id: int) -> RunHeader | None:
    """The one run of a portal that is not at its end."""
    with db.read() as session:
        run = session.scalar(select(Run).where(Run.portal_id == portal_id, Run.state.in_(LIVE_STATES)))
        return _header(run) if run is not None else None


def of_plan(db: Database, plan_id: str) -> str | None:
    """The run that carries out or has carried out a plan."""
    with db.read() as session:
        return session.scalar(select(Run.id).where(Run.plan_id == plan_id, Run.kind == "apply").limit(1))


def undo_of(db: Database, run_id: str) -> str | None:
    """The newest run that undoes another."""
    query = select(Run.id).where(Run.undo_of == run_id).order_by(Run.created_at.desc()).limit(1)
    with db.read() as session:
        return session.scalar(query)


def left(db: Database, run_id: str, *, limit: int = 50) -> list[LeftLead]:
    """Leads that are not fine after a run, in the order of the plan; leads that arrived meanwhile have their title in their own plan."""
    with db.read() as session:
        plan_id = session.scalar(select(Run.plan_id).where(Run.id == run_id))
        query = (
            select(RunLead, PlanLead.title)
            .outerjoin(PlanLead, (PlanLead.plan_id == plan_id) & (PlanLead.lead_id == RunLead.lead_id))
            .where(RunLead.run_id == run_id, RunLead.state.not_in(FINE))
            .order_by(RunLead.position)
            .limit(limit)
        )
        return [_left(lead, title) for lead, title in session.execute(query)]


def _left(lead: RunLead, title: str | None) -> LeftLead:
    detail: Mapping[str, Any] = lead.detail or {}
    own = (detail.get("plan") or {}).get("title", "")
    return LeftLead(lead.lead_id, title or own, lead.state, lead.reason, detail)


def _header(run: Run) -> RunHeader:
    return RunHeader(
        id=run.id,
        portal_id=run.portal_id,
        plan_id=run.plan_id,
        kind=run.kind,
        undo_of=run.undo_of,
        state=str(run.state),
        phase=run.phase,
        counters=run.counters or {},
        waiting_for=run.waiting_for or {},
        created_by=run.created_by,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        report=run.report or {},
        error=run.error or "",
    )
