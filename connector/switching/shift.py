"""One process at work on one run: lease, client, journal, crew, and the leads that come next. Knows no phase and decides no outcome."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import select

from connector.bitrix.batch import Command as BatchCommand
from connector.bitrix.batch import Outcome as BatchOutcome
from connector.bitrix.client import BitrixClient
from connector.clock import Clock
from connector.errors import BitrixError, RunNotFound
from connector.planning.model import CrmMode
from connector.planning.options import Options
from connector.store.database import Database
from connector.store.models import Plan, PlanLead, Run, RunLead
from connector.switching import looks, modes
from connector.switching.book import ENDED, RunBook
from connector.switching.calls import COMPANY, CONTACT, DEAL, LEAD, Program, Row
from connector.switching.clientwire import ClientWire
from connector.switching.crew import SETTLE_SECONDS, Crew
from connector.switching.journal import Journal
from connector.switching.lease import LEASE_SECONDS, Lease
from connector.switching.reverse import BACK
from connector.switching.tasks import Turn

OpenClient: TypeAlias = Callable[[int, Callable[[], bool]], BitrixClient]
"""(portal id, cancel) → client with the portal's stored credential; see `connector.portals.access.open_client`."""

SAMPLE = 100
"""So many leads are looked through for two that own activities."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard a run works. `in_flight` leads at once, slices of about `slice_seconds`, and the waits explained where they are used."""

    in_flight: int = 100
    slice_seconds: float = 30.0
    settle_seconds: float = SETTLE_SECONDS
    lease_seconds: float = LEASE_SECONDS
    longest_idle: float = 1.0
    same_failures: int = 5
    trouble_seconds: float = 120.0
    poll_watched: float = 3.0
    poll_unwatched: float = 60.0
    poll_hours: float = 72.0


@dataclass(slots=True)
class Work:
    """A lead to be taken in: its program (told whether the journal knows writes of this attempt), the clients that it may change, and about
    how many rounds it will take.
    """

    lead_id: int
    program: Callable[[bool], Program]
    claims: frozenset[str] = frozenset()
    prefix: str = ""
    length: int = 0


@dataclass(slots=True)
class Shift:
    """Everything that belongs to working on one run; kept between slices as long as the lease is."""

    db: Database
    clock: Clock
    effort: Effort
    run: Run
    plan: Plan
    lease: Lease
    journal: Journal
    book: RunBook
    client: BitrixClient
    crew: Crew
    stop: Callable[[], bool]
    preset: int = 0
    mode: CrmMode | None = None
    seen: modes.Look | None = None
    until: float = 0.0
    trouble_since: float | None = None
    streak: list[str] = field(default_factory=list)
    resumed: bool = False
    cursor: int = -1
    _claims: dict[int, frozenset[str]] = field(default_factory=dict)
    _put_off: list[Work] = field(default_factory=list)

    @property
    def options(self) -> Options:
        """The choices of the plan."""
        return Options.model_validate(self.plan.options)

    @property
    def target(self) -> CrmMode:
        """The mode that the plan leads to."""
        return CrmMode(self.plan.direction)

    @property
    def tag(self) -> str:
        """What makes markers of this run unlike those of any other."""
        return self.run.id[:8]

    @property
    def time_is_up(self) -> bool:
        """Whether this slice should end."""
        return self.stop() or self.clock.monotonic() >= self.until

    def prepare(self) -> None:
        """What must be known before anything is created, in one request: the highest ids, a requisite preset, the mode.

        What we create later has a higher id; every requisite needs a preset, even one that only carries an address (crm.requisite.add).
        """
        if self.mode is not None:
            return
        pair = self._two_with_activities()
        found = self.client.batch([*_first_look(), *_joint_question(pair)])
        for kind in (DEAL, CONTACT, COMPANY):
            rows: Any = _need(found[f"t{kind}"], self.client.portal)["items"]
            self.crew.nothing_above(kind, max((int(row["id"]) for row in rows), default=0))
        presets = found["presets"].result
        self.preset = int(presets[0]["ID"]) if isinstance(presets, list) and presets else 0
        self.mode = modes.mode_of(_need(found["mode"], self.client.portal))
        if pair and found["joint"].ok and pair <= {looks.owning_lead(row) for row in _rows(found["joint"])}:
            self.crew.choice.joint.add("lead-activities")

    def _two_with_activities(self) -> set[int]:
        """Two leads still to be converted that own activities, as far as the plan knows; empty if there are none among the next ones."""
        ids = [row.lead_id for row in self.lead_rows(("pending",), SAMPLE)]
        found: set[int] = set()
        for id_, document in self.documents(ids).items():
            if any(activity["owner_type_id"] == LEAD for activity in document["snapshot"]["activities"]):
                found.add(id_)
            if len(found) == 2:
                return found
        return set()

    # ------------------------------------------------------------------------------------------------- leads

    def take_in(self, works: Iterable[Work]) -> None:
        """Give leads to the crew; one that would change a client which another is changing just now comes later."""
        works = [*self._put_off, *works]
        self._put_off = []
        entries = self.journal.load(work.lead_id for work in works)
        for work in works:
            holding = {lead_id for lead_id, held in self._claims.items() if work.claims & held}
            if holding:
                self.crew.choice.urgent |= holding
                self._put_off.append(work)
                continue
            self._claims[work.lead_id] = work.claims
            known = entries[work.lead_id]
            touched = any(key.startswith(work.prefix) and not key.startswith(BACK) for key in known)
            self.crew.admit(work.lead_id, work.program(touched), known, work.prefix, work.length)

    def leave_untouched(self) -> None:
        """The run is being cancelled: leads that nothing was written for are let go."""
        for lead_id in self.crew.let_untouched_go():
            self._claims.pop(lead_id, None)
        self._put_off = []

    @property
    def busy(self) -> int:
        """Leads in flight."""
        return len(self.crew) + len(self._put_off)

    def turn(self) -> Turn:
        """One turn of the crew; sleeps when there was nothing to do."""
        turn = self.crew.turn()
        for lead_id in (*turn.written, *turn.finished):
            self._claims.pop(lead_id, None)
        if (turn.written or turn.finished) and self._put_off:
            self.take_in(())
        if turn.idle is not None and not turn.finished:
            self.clock.sleep(min(turn.idle, self.effort.longest_idle))
        return turn

    def lead_rows(self, states: Sequence[str], limit: int, after: int = -1) -> list[RunLead]:
        """Leads of this run in these states, in order."""
        with self.db.read() as session:
            return list(
                session.scalars(
                    select(RunLead)
                    .where(RunLead.run_id == self.run.id, RunLead.state.in_(states), RunLead.position > after)
                    .order_by(RunLead.position)
                    .limit(limit)
                )
            )

    def documents(self, lead_ids: Sequence[int]) -> dict[int, Row]:
        """The plan of these leads, as in the plan file."""
        with self.db.read() as session:
            rows = session.scalars(
                select(PlanLead).where(PlanLead.plan_id == self.plan.id, PlanLead.lead_id.in_(lead_ids))
            )
            return {row.lead_id: row.document for row in rows}


def open_shift(
    db: Database,
    open_client: OpenClient,
    run_id: str,
    *,
    holder: str,
    clock: Clock,
    effort: Effort,
    stop: Callable[[], bool],
) -> Shift | None:
    """Take the lease and get ready; None when another process holds the run. Raises RunNotFound, and the error of a credential that
    cannot be used; the lease is then given back. Sends nothing.
    """
    lease = Lease(db, run_id, holder, clock, effort.lease_seconds)
    if not lease.take():
        with db.read() as session:
            if session.get(Run, run_id) is None:
                raise RunNotFound(run=run_id)
        return None
    try:
        with db.read() as session:
            run = session.get_one(Run, run_id)
            plan = session.get_one(Plan, run.plan_id)
            session.expunge_all()
        journal = Journal(db, run_id, clock)
        book = RunBook(db, run_id, journal, lease, clock, dict(run.counters), run.wanted)
        client = open_client(run.portal_id, lambda: stop() or lease.is_lost or _must_stop(db, run_id, holder))
        crew = Crew(
            ClientWire(client),
            journal,
            book,
            clock,
            settle_seconds=effort.settle_seconds,
            shared=lambda lead_id, entity: shared_client(db, run_id, lead_id, entity),
            denied_is_final=run.wanted == "cancel" or bool(run.counters.get("denied")),
        )
    except BaseException:
        lease.release()
        raise
    return Shift(db, clock, effort, run, plan, lease, journal, book, client, crew, stop)


def _must_stop(db: Database, run_id: str, holder: str) -> bool:
    """Asked before every request: somebody wants a pause, or another process has taken over while this one was held up."""
    with db.read() as session:
        found = session.execute(select(Run.wanted, Run.lease_holder).where(Run.id == run_id)).one_or_none()
    return found is None or found.wanted == "pause" or found.lease_holder != holder


def _first_look() -> list[BatchCommand]:
    newest = {"select": ["id"], "order": {"id": "DESC"}, "start": -1}
    return [
        *(
            BatchCommand(f"t{kind}", "crm.item.list", {"entityTypeId": kind, **newest})
            for kind in (DEAL, CONTACT, COMPANY)
        ),
        BatchCommand("presets", "crm.requisite.preset.list", {"select": ["ID"], "order": {"ID": "ASC"}}),
        BatchCommand("mode", "crm.settings.mode.get"),
    ]


def _joint_question(leads: set[int]) -> list[BatchCommand]:
    """Asks for the activities of two leads at once: who gets those of both may ask so for many."""
    if not leads:
        return []
    read = looks.bound_to(LEAD, sorted(leads))
    return [BatchCommand("joint", read.method, read.params)]


def _rows(found: BatchOutcome) -> Sequence[Any]:
    return found.result if isinstance(found.result, list) else ()


def _need(found: BatchOutcome, portal: str) -> Any:
    """The result of a command that must not fail."""
    if not found.ok:
        raise found.error or BitrixError(portal=portal, method=found.method)
    return found.result


def shared_client(db: Database, run_id: str, lead_id: int, entity: str) -> Row | bool | None:
    """See `tasks.Shared`: what became of the lead whose client another one wants to use."""
    with db.read() as session:
        lead = session.get(RunLead, (run_id, lead_id))
        if lead is None:
            return None
        if lead.state not in ENDED:
            return False
        id_ = lead.contact_id if entity == "contact" else lead.company_id
        return {"id": id_} if id_ is not None else None
