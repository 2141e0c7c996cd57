"""Start, pause, resume, cancel, kill, undo, edit a lead, add a lead, lose answers: in any order, and the promises hold at the end."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connector.errors import AlreadyRunning, WrongRunState
from connector.portals.webhook import register_webhook
from connector.sandbox.server import SandboxServer
from connector.store.database import Database
from connector.store.keyfile import new_key
from connector.store.models import LIVE_STATES, JournalState, Run
from connector.switching import runner, service
from connector.switching.book import RunBook
from connector.switching.journal import Entry
from connector.switching.shift import Effort
from connector.switching.tasks import Turn
from tests.switching.harness import ACTOR, Stage, settings_in

EFFORT = Effort(in_flight=5, slice_seconds=60, settle_seconds=0.0, longest_idle=0.01, trouble_seconds=30)
FAULTS = ("drop_after", "drop_before", "error_after", "truncated")

HOLDERS = ("first", "second")


class Killed(BaseException):
    """Stands for a process that is not there any more."""


class Switching(RuleBasedStateMachine):
    """One portal, one run after the other, and everything that people and machines do to it."""

    @initialize(seed=st.integers(1, 50))
    def begin(self, seed: int) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="leadswitch-machine-")
        folder = Path(self.folder.name)
        self.server = SandboxServer(leads=9, seed=seed, limits="off").start()
        db = Database(f"sqlite:///{folder / 'leadswitch.db'}", [new_key()])
        db.migrate()
        kept = settings_in(folder)
        self.stage = Stage(
            self.server, db, kept, register_webhook(db, kept, self.server.ready["webhook"]), EFFORT
        )
        self.before = {row["ID"] for row in self.stage.world.deals}
        self.run_id = self.stage.start(create="both")
        self.undo_id = ""
        self.process = 0

    @property
    def current(self) -> str:
        return self.undo_id or self.run_id

    @rule(place=st.integers(1, 40))
    def work_until_killed(self, place: int) -> None:
        """A process works on the run and dies at its place; the next one has another name."""
        self.process += 1
        left = [place]

        def step() -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        intend, settle = RunBook.intend, RunBook.settle

        def dying_intend(book: RunBook, entries: Sequence[Entry]) -> bool:
            step()
            answer = intend(book, entries)
            step()
            return answer

        def dying_settle(book: RunBook, turn: Turn) -> None:
            step()
            settle(book, turn)
            step()

        with (
            mock.patch.object(RunBook, "intend", dying_intend),
            mock.patch.object(RunBook, "settle", dying_settle),
        ):
            try:
                self.stage.drive(self.current, holder=f"process-{self.process}")
            except Killed:
                self._bury()

    def _bury(self) -> None:
        runner._shifts.clear()
        with self.stage.db.begin() as session:
            run = session.get_one(Run, self.current)
            run.lease_holder = run.lease_until = None

    @rule(order=st.sampled_from(["pause", "resume", "resume", "cancel"]))
    def order(self, order: str) -> None:
        try:
            getattr(service, order)(self.stage.db, self.current, ACTOR)
        except WrongRunState:
            return

    @rule()
    def start_another(self) -> None:
        """Refused while one lives; else what the last one left must be in order before the next begins."""
        plan_id = self.stage.plan(create="both")
        alive = self.stage.run(self.current).state in LIVE_STATES
        try:
            started = service.start(self.stage.db, plan_id, ACTOR)
        except AlreadyRunning:
            assert alive
            return
        assert not alive
        self._check()
        self.before = {row["ID"] for row in self.stage.world.deals}
        self.run_id, self.undo_id = started, ""

    @rule(name=st.sampled_from(HOLDERS))
    def work_for_a_moment(self, name: str) -> None:
        """A process works for one slice and comes to no harm; another one may find the run held."""
        self.stage.effort = replace(EFFORT, slice_seconds=0.0)
        try:
            self.stage.slice(self.current, holder=name)
        finally:
            self.stage.effort = EFFORT

    @precondition(lambda self: not self.undo_id)
    @rule()
    def undo(self) -> None:
        try:
            self.undo_id = self.stage.undo(self.run_id)
        except (WrongRunState, AlreadyRunning):
            return

    @precondition(lambda self: not self.undo_id)
    @rule(replan=st.booleans())
    def retry(self, replan: bool) -> None:
        try:
            service.retry(self.stage.db, self.run_id, ACTOR, replan=replan)
        except WrongRunState:
            return

    @rule(index=st.integers(0, 8), text=st.sampled_from(["Renamed", "Changed again"]))
    def edit_a_lead(self, index: int, text: str) -> None:
        active = self.stage.active()
        if active:
            fields = {"TITLE": f"{text} {index}"}
            lead_id = active[index % len(active)]
            self.stage.client().call("crm.lead.update", {"id": lead_id, "fields": fields})

    @rule()
    def add_a_lead(self) -> None:
        self.stage.client().call("crm.lead.add", {"fields": {"TITLE": "Came meanwhile", "NAME": "New"}})

    @rule(kind=st.sampled_from(FAULTS), nth=st.integers(1, 6))
    def lose_an_answer(self, kind: str, nth: int) -> None:
        self.server.rest.dispatcher.faults.add(method="batch", kind=kind, nth=(nth,), times=1)

    @invariant()
    def no_lead_has_two_deals(self) -> None:
        if not hasattr(self, "stage"):
            return
        leads = [row["LEAD_ID"] for row in self.stage.world.deals if row["ID"] not in self.before]
        assert len(leads) == len(set(leads))

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        try:
            self._to_the_end()
            self._check()
        finally:
            runner._shifts.clear()
            self.stage.db.close()
            self.server.stop()
            self.folder.cleanup()

    def _to_the_end(self) -> None:
        for name in HOLDERS:
            runner.let_go(name)
        self.server.rest.dispatcher.faults.clear()
        for _ in range(10):
            state = self.stage.run(self.current).state
            if state == "paused":
                service.resume(self.stage.db, self.current, ACTOR)
            self.stage.drive(self.current, holder="last")
            if self.stage.run(self.current).state in ("waiting", "done", "cancelled"):
                return
        raise AssertionError(f"never at rest: {self.stage.run(self.current).state}")

    def _check(self) -> None:
        """Every lead is converted exactly once, or untouched, or named with what had to stay."""
        deals = {row["LEAD_ID"]: row["ID"] for row in self.stage.world.deals if row["ID"] not in self.before}
        for run_id in filter(None, (self.run_id, self.undo_id)):
            states = {row.state for row in self.stage.journal(run_id)}
            if self.stage.run(run_id).state in ("waiting", "done") or run_id == self.current:
                assert not states & {JournalState.INTENT, JournalState.UNKNOWN}
        undone = {lead.lead_id: lead for lead in self.stage.leads(self.undo_id)} if self.undo_id else {}
        ended = self.undo_id and self.stage.run(self.undo_id).state == "done"
        for lead in self.stage.leads(self.run_id):
            self._check_lead(lead, deals, undone.get(lead.lead_id) if ended else None, bool(undone))

    def _check_lead(self, lead: Any, deals: dict[int, int], undo: Any, has_undo: bool) -> None:
        row = self.stage.world.leads.rows.get(lead.lead_id)
        kept = {item["what"] for item in ((undo or lead).detail or {}).get("kept", ())}
        if undo is not None:
            assert (lead.lead_id in deals) == ("deal" in kept)
            if undo.state == "undone":
                assert row is not None
                assert row["STATUS_SEMANTIC_ID"] == "P"
        elif not has_undo and lead.state == "done":
            assert deals[lead.lead_id] == lead.deal_id
            assert row is not None
            assert row["STATUS_SEMANTIC_ID"] == "S"
        elif not has_undo:
            assert lead.state in ("pending", "failed", "skipped"), lead.state
            assert (lead.lead_id in deals) == ("deal" in kept)


TestSwitching = Switching.TestCase
TestSwitching.settings = settings(
    max_examples=12,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
