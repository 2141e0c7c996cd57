"""What a report of a run needs beyond its progress: portal and plan in words, leads by state. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from connector.errors import RunNotFound
from connector.plans import queries as plan_queries
from connector.portals.refs import portal_ref
from connector.store.database import Database
from connector.store.models import Run, RunLead
from connector.switching import queries
from connector.switching.progress import RunProgress

BEHIND = ("skipped", "failed", "kept")
"""States of leads that did not come through: left out, refused, or with records that had to stay."""
NEVER = ("pending", "running")


@dataclass(frozen=True, slots=True)
class RunSource:
    """A run with the words around it. `leads` counts its leads by state."""

    run: RunProgress
    host: str
    direction: str
    digest: str
    leads: Mapping[str, int]

    @property
    def behind(self) -> int:
        """How many leads did not come through; once the run has ended also those that it never came to."""
        states = BEHIND if self.run.is_live else (*BEHIND, *NEVER)
        return sum(self.leads.get(state, 0) for state in states)


def run_source(db: Database, run_id: str, *, portal_id: int | None = None) -> RunSource:
    """Everything about a run but its leads. Raises `RunNotFound`."""
    run = queries.run(db, run_id, portal_id=portal_id)
    plan = plan_queries.header(db, run.plan_id)
    query = select(RunLead.state, func.count()).where(RunLead.run_id == run_id).group_by(RunLead.state)
    with db.read() as session:
        states = {str(state): int(count) for state, count in session.execute(query).all()}
    return RunSource(run, portal_ref(db, run.portal_id).host, plan.direction, plan.digest, states)


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
