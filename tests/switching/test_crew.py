"""The crew alone: which commands it sends for which calls, with a portal that is a list of answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.clock import FakeClock
from connector.errors import AnswerLost, MethodError, OutcomeUnknown
from connector.store.models import JournalState
from connector.switching.calls import Answer, Look, Program, Read, Verdict, Write
from connector.switching.crew import Crew
from connector.switching.journal import Entry
from connector.switching.tasks import Turn
from connector.switching.wire import Command, Outcome, State

LOST = Outcome(State.UNKNOWN, error=OutcomeUnknown(AnswerLost(method="crm.item.add")))


@dataclass
class Portal:
    """Answers by a function of the command; remembers what was sent."""

    answer: Callable[[Command], Outcome]
    sent: list[list[Command]] = field(default_factory=list)

    def send(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        self.sent.append(list(commands))
        return [self.answer(command) for command in commands]

    @property
    def methods(self) -> list[list[str]]:
        return [[command.method for command in batch] for batch in self.sent]


@dataclass
class Notes:
    """A book that keeps everything in memory, in the order in which it was told."""

    story: list[tuple[str, Any]] = field(default_factory=list)
    stopping: bool = False

    def intend(self, entries: Sequence[Entry]) -> bool:
        self.story.append(("intend", [entry.key for entry in entries]))
        return not self.stopping

    def settle(self, turn: Turn) -> None:
        self.story.append(("settle", [(entry.key, entry.state) for entry in turn.settled]))


class Lines:
    """A journal without a database."""

    def draft(self, lead_id: int, key: str, write: Write, high_water: int, before: Entry | None) -> Entry:
        attempt = before.attempt + 1 if before else 1
        at = datetime(2026, 11, 23, tzinfo=UTC)
        return Entry(
            lead_id, key, attempt, 0, write.method, write.params, write.marker, high_water, write.previous, at
        )


def item(key: str) -> Write:
    return Write(key, "crm.item.add", {"entityTypeId": 2, "fields": {"title": key}}, f"run:{key}")


def made(id_: int) -> Outcome:
    return Outcome(State.OK, {"item": {"id": id_}})


def rows(*found: dict[str, Any]) -> Outcome:
    return Outcome(State.OK, {"items": list(found)})


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def work(crew: Crew, clock: FakeClock, turns: int = 30) -> dict[int, Verdict]:
    ended: dict[int, Verdict] = {}
    for _ in range(turns):
        turn = crew.turn()
        ended |= turn.finished
        if not len(crew):
            return ended
        clock.advance(turn.idle or 0.0)
    raise AssertionError("the crew did not come to an end")


def crew_of(portal: Portal, clock: FakeClock, notes: Notes | None = None, **more: Any) -> Crew:
    return Crew(portal, Lines(), notes or Notes(), clock, **more)  # type: ignore[arg-type]


def both(*writes: Write) -> Program:
    answers = yield list(writes)
    return Verdict("done", detail={"answers": [answer.value for answer in answers]})


def test_of_two_lost_writes_only_the_absent_one_is_sent_again(clock: FakeClock) -> None:
    """The one that is found must not be sent again while the other one is still being waited for, whatever their order."""
    first = {"a": True, "b": True}

    def answer(command: Command) -> Outcome:
        if command.method == "crm.item.list":
            marker = command.params["filter"]["=originId"]
            return rows({"id": 7}) if marker == "run:b" else rows()
        key = command.params["fields"]["title"]
        lost, first[key] = first[key], False
        return LOST if lost else made(8)

    portal = Portal(answer)
    crew = crew_of(portal, clock, settle_seconds=65.0)
    crew.admit(1, both(item("a"), item("b")), {})
    ended = work(crew, clock)
    assert ended[1].detail["answers"] == [{"id": 8}, {"id": 7}]
    sent = [
        command.params["fields"]["title"]
        for batch in portal.sent
        for command in batch
        if "fields" in command.params
    ]
    assert sent == ["a", "b", "a"]
    assert sum(clock.slept) == 0
    assert clock.monotonic() >= 65.0


def test_an_intent_is_stored_before_it_is_sent_and_its_outcome_after(clock: FakeClock) -> None:
    notes = Notes()
    portal = Portal(lambda command: made(len(notes.story)))
    crew = crew_of(portal, clock, notes)
    crew.admit(1, both(item("a"), item("b")), {})
    ended = work(crew, clock)
    assert notes.story[0] == ("intend", ["a", "b"])
    assert notes.story[1] == ("settle", [("a", JournalState.DONE), ("b", JournalState.DONE)])
    assert ended[1].detail["answers"] == [{"id": 1}, {"id": 1}]


def test_nothing_is_sent_when_the_run_is_to_stop(clock: FakeClock) -> None:
    portal, notes = Portal(lambda _: made(1)), Notes(stopping=True)
    crew = crew_of(portal, clock, notes)
    crew.admit(1, both(item("a")), {})
    assert crew.turn().stopped
    assert portal.sent == []
    notes.stopping = False
    assert work(crew, clock)[1].state == "done"


def test_what_the_journal_knows_as_done_is_answered_from_there(clock: FakeClock) -> None:
    portal = Portal(lambda _: made(9))
    known = Lines().draft(1, "a", item("a"), 0, None)
    known.state, known.result = JournalState.DONE, {"id": 4}
    crew = crew_of(portal, clock)
    crew.admit(1, both(item("a"), item("b")), {"a": known})
    assert work(crew, clock)[1].detail["answers"] == [{"id": 4}, {"id": 9}]
    assert len(portal.sent[0]) == 1


@pytest.mark.parametrize("state", [JournalState.INTENT, JournalState.UNKNOWN])
def test_an_open_line_is_cleared_up_before_the_program_begins(clock: FakeClock, state: JournalState) -> None:
    known = Lines().draft(1, "a", item("a"), 40, None)
    known.state = state
    portal = Portal(lambda command: rows({"id": 44}) if command.method == "crm.item.list" else made(9))
    crew = crew_of(portal, clock, settle_seconds=65.0)
    crew.admit(1, both(item("a")), {"a": known})
    assert work(crew, clock)[1].detail["answers"] == [{"id": 44}]
    assert portal.methods == [["crm.item.list"]]
    assert portal.sent[0][0].params["filter"] == {
        ">id": 40,
        "=originatorId": "leadswitch",
        "=originId": "run:a",
    }


def test_a_code_that_proves_nothing_is_a_refusal_once_the_record_is_shown_to_be_absent(
    clock: FakeClock,
) -> None:
    strange = OutcomeUnknown(MethodError(method="crm.item.add", code="STRANGE", description="No"))

    def answer(command: Command) -> Outcome:
        return rows() if command.method == "crm.item.list" else Outcome(State.UNKNOWN, error=strange)

    def program() -> Program:
        (answer,) = yield [item("a")]
        return Verdict("failed", answer.code)

    portal = Portal(answer)
    crew = crew_of(portal, clock, settle_seconds=65.0)
    crew.admit(1, program(), {})
    assert work(crew, clock)[1].reason == "strange"
    assert portal.methods == [["crm.item.add"], ["crm.item.list"]]


def test_looks_of_many_leads_share_one_command_and_lists_are_read_to_their_end(clock: FakeClock) -> None:
    def answer(command: Command) -> Outcome:
        if command.method == "crm.item.list":
            return rows(*({"id": id_, "title": str(id_)} for id_ in command.params["filter"]["@id"]))
        if "start" in command.params:
            return Outcome(State.OK, [{"ID": "3"}])
        return Outcome(State.OK, [{"ID": "1"}, {"ID": "2"}], next=50)

    def program(lead_id: int) -> Program:
        lead, comments = yield [Look("lead", lead_id), Read("crm.timeline.comment.list", {}, whole=True)]
        return Verdict("done", lead.value["title"], {"comments": [row["ID"] for row in comments.value]})

    portal = Portal(answer)
    crew = crew_of(portal, clock)
    for lead_id in (5, 6, 7):
        crew.admit(lead_id, program(lead_id), {})
    ended = work(crew, clock)
    assert {lead_id: verdict.reason for lead_id, verdict in ended.items()} == {5: "5", 6: "6", 7: "7"}
    assert all(verdict.detail["comments"] == ["1", "2", "3"] for verdict in ended.values())
    assert sum(command.method == "crm.item.list" for batch in portal.sent for command in batch) == 1


def test_a_read_without_an_answer_is_asked_again(clock: FakeClock) -> None:
    failing = [3]

    def answer(command: Command) -> Outcome:
        failing[0] -= 1
        return Outcome(State.NOT_RUN, error=AnswerLost()) if failing[0] >= 0 else rows({"id": 5})

    def program() -> Program:
        (lead,) = yield [Look("lead", 5)]
        return Verdict("done", str(lead.value["id"]))

    crew = crew_of(Portal(answer), clock)
    crew.admit(5, program(), {})
    assert work(crew, clock)[5].reason == "5"


def test_answers_carry_the_portals_code_in_lower_case() -> None:
    assert Answer(error=MethodError(code="NOT_FOUND")).code == "not_found"
    assert Answer(error=MethodError(description="Activity is not found")).code == "activity is not found"
    assert Answer().code == ""
