"""Ways in which one lead could become two deals: an answer that comes late, a retry of a lead whose first deal had to stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from connector.clock import FakeClock
from connector.errors import AnswerLost
from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import METHODS
from connector.store.database import Database
from connector.switching import service
from connector.switching.calls import DEAL, Program, Verdict, Write
from connector.switching.crew import SETTLE_SECONDS, Crew
from connector.switching.journal import Entry, Journal
from connector.switching.tasks import Turn
from connector.switching.wire import Command, Outcome, State
from tests.switching.harness import ACTOR, Stage

LATE = 40.0
"""Seconds that the portal goes on working on a request whose connection was cut."""


@dataclass
class SlowPortal:
    """Every request waits for its turn at the limits; the first write is cut off and takes effect `LATE` seconds after that."""

    clock: FakeClock
    waits: float
    sent: int = 0
    there_at: float = field(default=float("inf"))
    strange: list[Any] = field(default_factory=list)

    def send(self, commands: Sequence[Command]) -> list[Outcome]:
        return [self._one(command) for command in commands]

    def _one(self, command: Command) -> Outcome:
        if command.method == "crm.item.add":
            self.clock.advance(self.waits)
            self.sent += 1
            self.there_at = min(self.there_at, self.clock.monotonic() + LATE)
            return Outcome(State.UNKNOWN, error=AnswerLost(portal="p", method=command.method))
        there = self.clock.monotonic() >= self.there_at
        if there and self.strange:
            return Outcome(State.OK, self.strange.pop())
        return Outcome(State.OK, {"items": [{"id": 7, "leadId": 1}] if there else []})


class KeepsNothing:
    """A book for a crew whose journal nobody reads again."""

    def intend(self, entries: Sequence[Entry]) -> bool:
        return True

    def settle(self, turn: Turn) -> None:
        """Nothing is stored."""


def _adding() -> Program:
    write = Write("deal", "crm.item.add", {"entityTypeId": DEAL, "fields": {"leadId": 1}}, "m")
    (answer,) = yield [write]
    return Verdict("done", deal_id=answer.value["id"])


def _crew(database: Database, clock: FakeClock, portal: SlowPortal) -> Crew:
    return Crew(portal, Journal(database, "r", clock), KeepsNothing(), clock)


def _work(crew: Crew, clock: FakeClock) -> Verdict:
    for _ in range(10_000):
        turn = crew.turn()
        if 1 in turn.finished:
            return turn.finished[1]
        clock.advance(turn.idle or 0.0)
    raise AssertionError("the lead came to no end")


@pytest.mark.parametrize("waits", [0.0, 30.0, 300.0])
def test_a_write_that_waited_for_its_turn_is_not_taken_for_absent_too_soon(
    database: Database, waits: float
) -> None:
    clock = FakeClock()
    portal = SlowPortal(clock, waits)
    crew = _crew(database, clock, portal)
    crew.admit(1, _adding(), {})
    assert _work(crew, clock).deal_id == 7
    assert portal.sent == 1


def test_who_takes_over_waits_for_what_the_former_process_may_have_sent_last(database: Database) -> None:
    clock = FakeClock()
    portal = SlowPortal(clock, 300.0)
    first = _crew(database, clock, portal)
    intents: list[Entry] = []

    def intend(entries: Sequence[Entry]) -> bool:
        intents.extend(entries)
        return True

    first._book.intend = intend  # type: ignore[method-assign]
    first.admit(1, _adding(), {})
    first.turn()
    intents[0].state = "intent"
    second = _crew(database, clock, portal)
    second.admit(1, _adding(), {entry.key: entry for entry in intents})
    assert _work(second, clock).deal_id == 7
    assert portal.sent == 1


@pytest.mark.parametrize("strange", [None, {}, {"items": None}, {"items": "x"}, True])
def test_an_answer_without_rows_proves_nothing(database: Database, strange: Any) -> None:
    clock = FakeClock()
    portal = SlowPortal(clock, 0.0, strange=[strange] * 8)
    crew = _crew(database, clock, portal)
    crew.admit(1, _adding(), {})
    crew.turn()
    clock.advance(2 * SETTLE_SECONDS)
    assert _work(crew, clock).deal_id == 7
    assert portal.sent == 1
    assert not portal.strange


def test_rows_in_a_map_are_rows(database: Database) -> None:
    clock = FakeClock()
    portal = SlowPortal(clock, 0.0, strange=[{"items": {"3": {"id": 9, "leadId": 1}}}])
    crew = _crew(database, clock, portal)
    crew.admit(1, _adding(), {})
    assert _work(crew, clock).deal_id == 9
    assert portal.sent == 1


def test_what_never_arrived_is_sent_again(database: Database) -> None:
    clock = FakeClock()
    portal = SlowPortal(clock, 0.0)
    crew = _crew(database, clock, portal)
    crew.admit(1, _adding(), {})
    crew.turn()
    portal.there_at = float("inf")
    assert _work(crew, clock).deal_id == 7
    assert portal.sent == 2
    assert clock.monotonic() >= SETTLE_SECONDS


@pytest.fixture
def refuse() -> Iterator[Callable[..., Any]]:
    """`refuse(method, when)`: the method answers with an error for calls that fit; returns how to end that."""
    ends: list[Callable[[], None]] = []

    def make(name: str, when: Callable[[Any], bool]) -> Callable[[], None]:
        entry = METHODS[name]
        original = entry.handler

        def handler(call: Any) -> Any:
            if when(call):
                raise RestError("ERROR_CORE", "Not now.", 400)
            return original(call)

        def end() -> None:
            object.__setattr__(entry, "handler", original)

        object.__setattr__(entry, "handler", handler)
        ends.append(end)
        return end

    yield make
    for end in ends:
        end()


def test_a_lead_whose_deal_had_to_stay_is_not_converted_again(
    stage: Callable[..., Stage], refuse: Callable[..., Any]
) -> None:
    portal = stage(leads=12)
    lead_id = portal.active()[4]
    closing = refuse(
        "crm.lead.update",
        lambda call: call.integer("id") == lead_id and call.map("fields").get("STATUS_ID") == "CONVERTED",
    )
    deleting = refuse("crm.item.delete", lambda call: call.integer("entityTypeId") == DEAL)
    run_id = portal.start()
    portal.drive(run_id)
    lead = next(lead for lead in portal.leads(run_id) if lead.lead_id == lead_id)
    assert lead.state == "failed"
    assert [kept["what"] for kept in (lead.detail or {})["kept"]] == ["deal"]
    closing()
    deleting()
    assert service.retry(portal.db, run_id, ACTOR) == 0
    portal.drive(run_id)
    assert sum(deal["LEAD_ID"] == lead_id for deal in portal.world.deals) == 1
    service.undo(portal.db, run_id, ACTOR)
