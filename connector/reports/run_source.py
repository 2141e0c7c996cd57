"""What a report of a run needs beyond its header: portal and plan in words, leads by state, every lead. Reads only, streams."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from connector.errors import RunNotFound
from connector.plans import queries as plan_queries
from connector.portals.refs import portal_ref
from connector.store.database import Database
from connector.store.models import PlanLead, Run, RunLead
from connector.switching import queries
from connector.switching.queries import RunHeader

CHUNK = 500
BEHIND = ("skipped", "failed", "kept")
"""States of leads that did not come through: left out, refused, or with records that had to stay."""


@dataclass(frozen=True, slots=True)
class RunSource:
    """A run with the words around it. `leads` counts its leads by state."""

    header: RunHeader
    host: str
    direction: str
    digest: str
    leads: Mapping[str, int]

    @property
    def behind(self) -> int:
        """How many leads did not come through."""
        return sum(self.leads.get(state, 0) for state in BEHIND)


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
    detail: Mapping[str, Any]


def run_source(db: Database, run_id: str, *, portal_id: int | None = None) -> RunSource:
    """Everything about a run but its leads. Raises `RunNotFound`."""
    header = queries.header(db, run_id, portal_id=portal_id)
    plan = plan_queries.header(db, header.plan_id)
    query = select(RunLead.state, func.count()).where(RunLead.run_id == run_id).group_by(RunLead.state)
    with db.read() as session:
        states = {str(state): int(count) for state, count in session.execute(query).all()}
    return RunSource(header, portal_ref(db, header.portal_id).host, plan.direction, plan.digest, states)


def find_run(db: Database, portal_id: int, start: str) -> str:
    """The id of the one run of a portal whose id begins so. Raises `RunNotFound` when there is none or more than one."""
    query = (
        select(Run.id).where(Run.portal_id == portal_id, Run.id.startswith(start, autoescape=True)).limit(2)
    )
    with db.read() as session:
        found = list(session.scalars(query)) if start else []
    if len(found) != 1:
        raise RunNotFound(run=start)
    return found[0]


def run_leads(db: Database, run_id: str, *, behind_only: bool = False) -> Iterator[RunLeadRow]:
    """Leads of a run in its order, streamed; with `behind_only` those that did not come through."""
    with db.read() as session:
        plan_id = session.scalar(select(Run.plan_id).where(Run.id == run_id))
    position = -1
    while True:
        query = (
            select(RunLead, PlanLead.title)
            .outerjoin(PlanLead, (PlanLead.plan_id == plan_id) & (PlanLead.lead_id == RunLead.lead_id))
            .where(RunLead.run_id == run_id, RunLead.position > position)
            .order_by(RunLead.position)
            .limit(CHUNK)
        )
        if behind_only:
            query = query.where(RunLead.state.in_(BEHIND))
        with db.read() as session:
            rows = session.execute(query).all()
        if not rows:
            return
        position = rows[-1][0].position
        yield from (_row(lead, title) for lead, title in rows)


def _row(lead: RunLead, title: str | None) -> RunLeadRow:
    detail: Mapping[str, Any] = lead.detail or {}
    # A lead that arrived while the run worked has its title in a plan of its own.
    own = (detail.get("plan") or {}).get("title", "")
    return RunLeadRow(
        lead.lead_id,
        title or own,
        lead.state,
        lead.reason,
        lead.deal_id,
        lead.contact_id,
        lead.company_id,
        detail,
    )
