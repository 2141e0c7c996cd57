"""What one process writes about a run while it holds the lease: intents, outcomes, states of leads, counters, phase. Calls no portal.

Every method is one transaction that renews the lease first, so that a process that has lost the run cannot write about it any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from connector.clock import Clock
from connector.occurrences import run_changed
from connector.store.database import Database
from connector.store.models import Run, RunLead, RunState
from connector.switching.calls import Row, Verdict
from connector.switching.journal import Entry, Journal
from connector.switching.lease import Lease
from connector.switching.tasks import Turn

INQUIRY = -1
"""`lead_id` of journal lines about a test inquiry, which no undo has to take back: it takes itself back."""
RUN = 0
"""`lead_id` of journal lines and programs that are about the run as a whole."""

SAMPLES = 24
SAMPLE_SECONDS = 5.0


@dataclass(slots=True)
class RunBook:
    """The `Book` of a crew, and the run's own columns."""

    db: Database
    run_id: str
    journal: Journal
    lease: Lease
    clock: Clock
    counters: Row = field(default_factory=dict)
    wanted: str = "go"
    _begun: set[int] = field(default_factory=set)

    def intend(self, entries: Sequence[Entry]) -> bool:
        """See `Book.intend`. A wish to cancel does not stop leads that are under way: those are brought to an end."""
        with self.db.begin() as session:
            self._renew(session)
            if self.wanted == "pause":
                return False
            self._begin(session, {entry.lead_id for entry in entries} - {RUN, INQUIRY})
            self.journal.intend(session, entries)
        return True

    def _begin(self, session: Session, lead_ids: set[int]) -> None:
        """A lead is under way from its first write on, in the transaction that stores it."""
        new = lead_ids - self._begun
        if new:
            session.execute(
                update(RunLead)
                .where(RunLead.run_id == self.run_id, RunLead.lead_id.in_(new), RunLead.state == "pending")
                .values(state="running", updated_at=self.clock.now())
            )
            self._begun |= new

    def settle(self, turn: Turn) -> None:
        """See `Book.settle`."""
        with self.db.begin() as session:
            self._renew(session)
            self.journal.settle(session, turn.settled)
            for lead_id, detail in turn.marks.items():
                if lead_id > RUN:
                    self._merge(session, lead_id, detail)
            for lead_id, verdict in turn.finished.items():
                if lead_id > RUN:
                    self._finish(session, lead_id, verdict)
            self._count(turn)
            self._keep_counters(session)

    def _renew(self, session: Session) -> None:
        self.lease.renew(session)
        self.wanted = session.scalar(select(Run.wanted).where(Run.id == self.run_id)) or "go"

    def _merge(self, session: Session, lead_id: int, detail: Mapping[str, Any]) -> None:
        lead = session.get_one(RunLead, (self.run_id, lead_id))
        lead.detail = {**(lead.detail or {}), **detail}

    def _finish(self, session: Session, lead_id: int, verdict: Verdict) -> None:
        lead = session.get_one(RunLead, (self.run_id, lead_id))
        self._begun.discard(lead_id)
        if lead.state in ENDED:
            self._add(lead.state, -1)
        self._add(verdict.state, 1)
        lead.state, lead.reason, lead.updated_at = verdict.state, verdict.reason, self.clock.now()
        lead.detail = {**(lead.detail or {}), **verdict.detail} or None
        if verdict.state == "done":
            lead.deal_id = verdict.deal_id
            lead.contact_id, lead.company_id = verdict.contact_id, verdict.company_id

    def _count(self, turn: Turn) -> None:
        if turn.commands:
            self._add("commands", turn.commands)
            self._add("batches", 1)
        self.sample()

    def _add(self, name: str, count: int) -> None:
        self.counters[name] = int(self.counters.get(name, 0)) + count

    def sample(self) -> None:
        """A few (seconds, leads finished) points, from which the rate is told; kept with the counters."""
        now = self.clock.now().timestamp()
        points: list[list[float]] = list(self.counters.get("points", []))
        ended = sum(int(self.counters.get(state, 0)) for state in ENDED)
        if not points or now - points[-1][0] >= SAMPLE_SECONDS:
            points.append([round(now, 1), ended])
        self.counters["points"] = points[-SAMPLES:]

    def _keep_counters(self, session: Session) -> None:
        session.execute(update(Run).where(Run.id == self.run_id).values(counters=dict(self.counters)))

    # ------------------------------------------------------------------------------------------------- the run

    def add_leads(self, rows: Iterable[RunLead]) -> None:
        """More leads for this run, after those that it has."""
        with self.db.begin() as session:
            self.lease.renew(session)
            session.add_all(rows)

    def note(self, **values: Any) -> None:
        """Set columns of the run: `phase`, `state`, `waiting_for`, `report`, … Counters are kept along."""
        with self.db.begin() as session:
            self.lease.renew(session)
            run = session.get_one(Run, self.run_id)
            before = run.state
            for name, value in values.items():
                setattr(run, name, value)
            run.counters = dict(self.counters)
            if run.state != before:
                run_changed(session, run, self.clock.now())

    def stop(self, state: RunState, waiting_for: Row | None = None, **values: Any) -> None:
        """The run comes to rest in `state`; a wish that has been met is forgotten."""
        ended = {"finished_at": self.clock.now()} if state in ENDS else {}
        self.note(
            state=state,
            waiting_for=waiting_for,
            **({"wanted": "go"} if state in RESTS else {}),
            **ended,
            **values,
        )

    def next_position(self) -> int:
        """Where a further lead would come in the order of this run."""
        with self.db.read() as session:
            last = session.scalar(select(func.max(RunLead.position)).where(RunLead.run_id == self.run_id))
        return 0 if last is None else last + 1


ENDED = ("done", "skipped", "failed", "undone", "kept")
ENDS = (RunState.DONE, RunState.CANCELLED, RunState.FAILED)
RESTS = (*ENDS, RunState.PAUSED)
