"""Works on many leads at once: takes from their programs whatever can be asked now, sends it in batches, hands the answers back.

One turn is one batch: choose → store intents → send → let programs go on → store outcomes. Both stores are one transaction each, done by
the `Book` that the runner passes in, together with whatever else the run must keep. Nothing is sent whose intent is not stored; nothing is
sent twice that is not proved absent (design decision 5).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from connector.clock import Clock
from connector.errors import AccessDenied, BadAnswer, BitrixError, RecordNotFound
from connector.store.models import JournalState
from connector.switching import looks, probes
from connector.switching.answers import has_rows, is_refusal, next_page, page_of, replay, said
from connector.switching.calls import (
    Answer,
    Await,
    Call,
    History,
    Look,
    Mark,
    Program,
    Read,
    Row,
    Write,
    Written,
)
from connector.switching.choosing import Choice, alone
from connector.switching.journal import Entry, Journal, standing
from connector.switching.results import result_of
from connector.switching.reverse import BACK
from connector.switching.tasks import Ask, Book, Shared, Slot, Task, Turn, key_of
from connector.switching.wire import Command, Outcome, State, Wire

SETTLE_SECONDS = 65.0
"""A portal cuts a request after 60 s (settings/performance/limits.md): only then is what is absent certain to stay absent."""


class Crew:
    """Programs of the leads in flight. Not thread-safe; lives as long as one slice.

    `denied_is_final`: a refused right is the lead's problem (it is taken back) instead of the run's (it pauses).
    """

    def __init__(
        self,
        wire: Wire,
        journal: Journal,
        book: Book,
        clock: Clock,
        *,
        size: int = looks.PAGE,
        settle_seconds: float = SETTLE_SECONDS,
        shared: Shared = lambda _lead, _entity: None,
        denied_is_final: bool = False,
        writers: int = 1_000_000,
    ) -> None:
        self._wire, self._journal, self._book, self._clock = wire, journal, book, clock
        self._settle, self._shared = settle_seconds, shared
        self._high: dict[int, int] = {}
        self._final = denied_is_final
        self._tasks: dict[int, Task] = {}
        self._turn = Turn()
        self.choice = Choice(size, writers)
        self.ending = False
        """The run is being cancelled: no lead begins to be written to any more."""

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, lead_id: int) -> bool:
        return lead_id in self._tasks

    def let_untouched_go(self) -> list[int]:
        """From now on no lead begins to be written to. Drops those that have not begun and returns their ids."""
        self.ending = True
        untouched = [lead_id for lead_id, task in self._tasks.items() if not task.begun]
        for lead_id in untouched:
            self.drop(lead_id)
        return untouched

    @property
    def reading_back(self) -> int:
        """Leads that are only read any more: nothing is written for them."""
        return sum(task.written for task in self._tasks.values())

    def admit(
        self, lead_id: int, program: Program, entries: Mapping[str, Entry], prefix: str = "", length: int = 0
    ) -> None:
        """Take a lead in. Its open journal lines are cleared up before its program begins; `prefix` tells repeated attempts apart,
        `length` is about how many rounds it will take.
        """
        task = Task(lead_id, program, dict(entries), prefix, length, begun=bool(entries))
        task.probing = [self._probe(entry) for entry in task.entries.values() if entry.is_open]
        self._tasks[lead_id] = task

    def nothing_above(self, entity_type: int, id_: int) -> None:
        """The highest id of a type just now: whatever is created from here on has a higher one."""
        self._high[entity_type] = max(self._high.get(entity_type, 0), id_)

    def drop(self, lead_id: int) -> None:
        """Let a program go; the journal knows where it was."""
        self._tasks.pop(lead_id, None)
        self.choice.forget(lead_id)

    @contextmanager
    def judging_rights(self) -> Iterator[None]:
        """Inside the block a refused right is an answer like any other (see `denied_is_final`)."""
        before, self._final = self._final, True
        try:
            yield
        finally:
            self._final = before

    def turn(self) -> Turn:
        """One batch, or nothing if there is nothing to send now. Raises LeaseLost and database errors; then this crew is at its end."""
        turn = self._turn = Turn()
        self._go_on_all()
        asks = self.choice.choose(list(self._tasks.values()), self._clock.monotonic(), self._ask)
        if not asks:
            turn.idle = self._idle()
            self._book.settle(turn)
            return turn
        early, written = turn.finished, turn.written
        if turn.marks or early:
            # A decision such as "take it back" is kept before the first write that follows from it.
            self._book.settle(turn)
            turn = self._turn = Turn()
        new = [ask.entry for ask in asks if ask.entry is not None and ask.read is None]
        if not self._book.intend(new):
            return Turn(finished=early, written=written, stopped=True)
        for entry in new:
            self._tasks[entry.lead_id].entries[entry.key] = entry
        outcomes = self._wire.send([ask.command for ask in asks])
        turn.commands = len(asks)
        for ask, outcome in zip(asks, outcomes, strict=True):
            self._take(ask, outcome)
        self._go_on_all()
        self._book.settle(turn)
        turn.finished, turn.written = {**early, **turn.finished}, [*written, *turn.written]
        return turn

    # ------------------------------------------------------------------------------------------------- programs

    def _go_on_all(self) -> None:
        for task in list(self._tasks.values()):
            self._go_on(task)

    def _go_on(self, task: Task) -> None:
        """Let a program run until it needs something from the portal, or has come to its end."""
        task.probing = [slot for slot in task.probing if slot.entry is not None and slot.entry.is_open]
        if task.probing:
            return
        try:
            if not task.rounds:
                task.rounds = 1
                task.slots = [Slot(call) for call in next(task.program)]
            while self._all_answered(task):
                answers = [slot.answer for slot in task.slots if slot.answer is not None]
                task.rounds += 1
                task.slots = [Slot(call) for call in task.program.send(answers)]
        except StopIteration as stop:
            self._turn.finished[task.lead_id] = stop.value
            del self._tasks[task.lead_id]
            self.choice.urgent.discard(task.lead_id)

    def _all_answered(self, task: Task) -> bool:
        """Whether every call has its answer, from the portal or without asking it. Looks at all of them: one whose write the journal knows
        as done must not be left open because another one is.
        """
        for slot in task.slots:
            if slot.answer is None:
                slot.answer = self._without_asking(task, slot.call)
        return all(slot.answer is not None for slot in task.slots)

    def _without_asking(self, task: Task, call: Call) -> Answer | None:
        if isinstance(call, Mark):
            self._turn.marks.setdefault(task.lead_id, {}).update(call.detail)
            return Answer()
        if isinstance(call, History):
            return Answer(standing(task.entries.values()))
        if isinstance(call, Written):
            task.written = True
            self.choice.urgent.discard(task.lead_id)
            self._turn.written.append(task.lead_id)
            return Answer()
        if isinstance(call, Await):
            known = self._client_of(call)
            return None if known is False else Answer(known)
        if isinstance(call, Write):
            entry = task.entries.get(key_of(task, call))
            if entry is not None and entry.state in (JournalState.DONE, JournalState.FAILED):
                return replay(entry)
        return None

    def _client_of(self, call: Await) -> Row | bool | None:
        other = self._tasks.get(call.lead_id)
        if other is None:
            known = self._shared(call.lead_id, call.key)
            # A lead that will not be begun any more creates nothing.
            return None if known is False and self.ending else known
        entry = other.entries.get(other.prefix + call.key)
        if entry is not None and entry.state == JournalState.DONE and BACK + entry.key not in other.entries:
            return {"id": entry.result["id"]}
        return False

    # ------------------------------------------------------------------------------------------------- asking

    def _ask(self, task: Task, slot: Slot) -> Ask:
        call = alone(slot.call)
        if isinstance(call, Read):
            return Ask(Command(call.method, call.params), ((task, slot),), call, slot.entry)
        assert isinstance(call, Write)
        key = key_of(task, call)
        high = self._high.get(int(call.params.get("entityTypeId") or 0), 0)
        before = task.entries.get(key)
        if before is not None and before.state != JournalState.NOT_RUN:
            raise AssertionError(f"{key} of lead {task.lead_id} is {before.state} and would be sent again")
        entry = self._journal.draft(task.lead_id, key, call, high, before)
        task.begun = True
        return Ask(Command(call.method, call.params, call.once), ((task, slot),), None, entry)

    def _idle(self) -> float:
        now = self._clock.monotonic()
        times = [slot.not_before - now for _, slot in self.choice.waiting(list(self._tasks.values()))]
        return max(0.02, min(times, default=0.02))

    # ------------------------------------------------------------------------------------------------- answers

    def _take(self, ask: Ask, outcome: Outcome) -> None:
        self._turn.ok += outcome.state is State.OK
        if ask.read is None:
            self._written(ask, outcome)
            return
        for _, slot in ask.slots:
            slot.busy = False
        if outcome.state is not State.OK and not is_refusal(outcome):
            self._later(ask, outcome.error)
        elif outcome.state is State.OK and ask.read.whole and not has_rows(ask.read, outcome.value):
            self._later(ask, BadAnswer("the answer holds no rows", method=ask.read.method))
        elif outcome.state is State.OK and outcome.next and ask.read.whole:
            for _, slot in ask.slots:
                slot.busy = True
            pages = (*ask.pages, *page_of(ask.read, outcome.value))
            command = Command(ask.read.method, next_page(ask.read, pages, outcome.next))
            self.choice.more.append(replace(ask, command=command, pages=pages))
        else:
            self._answer(ask, outcome)

    def _answer(self, ask: Ask, outcome: Outcome) -> None:
        assert ask.read is not None
        value = outcome.value
        if outcome.state is State.OK and ask.read.whole:
            value = [*ask.pages, *page_of(ask.read, outcome.value)]
        if ask.entry is not None:
            self._probed(ask, ask.entry, outcome, value)
            return
        first = ask.slots[0][1].call
        if outcome.state is State.OK and isinstance(first, Look):
            ids = [slot.call.id for _, slot in ask.slots if isinstance(slot.call, Look)]
            self.choice.learn(first.kind, len(ids), len(value))
            value = looks.spread(first.kind, ids, value)
            if value is None:
                for _, slot in ask.slots:
                    slot.alone = True
                return
        for _, slot in ask.slots:
            if outcome.state is not State.OK:
                slot.answer = Answer(error=outcome.error)
            else:
                slot.answer = Answer(value[slot.call.id] if isinstance(slot.call, Look) else value)

    def _later(self, ask: Ask, error: BitrixError | None) -> None:
        """A question without an answer is asked again from its beginning, with growing pauses."""
        for _, slot in ask.slots:
            slot.tries += 1
            slot.not_before = self._clock.monotonic() + min(30.0, 0.25 * 2.0 ** min(slot.tries - 1, 7))
        self._note_halt(error)

    def _note_halt(self, error: BitrixError | None) -> None:
        if error is not None and self._turn.halt is None:
            self._turn.halt = error

    def _written(self, ask: Ask, outcome: Outcome) -> None:
        ((task, _),) = ask.slots
        entry, error = ask.entry, outcome.error
        assert entry is not None
        if outcome.state is State.OK:
            self._done(entry, result_of(entry.method, outcome.value))
        elif outcome.state is State.UNKNOWN:
            entry.state, entry.result = JournalState.UNKNOWN, said(error)
            task.probing.append(self._probe(entry))
        elif not is_refusal(outcome) or (isinstance(error, AccessDenied) and not self._final):
            # Refused for reasons that have nothing to do with this lead: it stays wanted, and the run decides.
            entry.state, entry.result = JournalState.NOT_RUN, said(error)
            self._later(ask, error)
        else:
            entry.state, entry.result = JournalState.FAILED, said(error)
        self._turn.settled.append(entry)

    def _probed(self, ask: Ask, entry: Entry, outcome: Outcome, value: Any) -> None:
        """The answer to whether a write has happened."""
        if outcome.state is not State.OK and not isinstance(outcome.error, RecordNotFound):
            self._later(ask, outcome.error)
            return
        if outcome.state is not State.OK:
            value = [] if ask.read is not None and ask.read.whole else None
        found = probes.probe_of(entry.method).judge(entry.sent(), value)
        if found is not None:
            self._done(entry, found)
        elif entry.result.get("refused"):
            entry.state = JournalState.FAILED
        else:
            settled = max(slot.since for _, slot in ask.slots) + self._settle
            if settled > self._clock.monotonic():
                for _, slot in ask.slots:
                    slot.not_before = settled
                return
            entry.state = JournalState.NOT_RUN
        self._turn.settled.append(entry)

    def _probe(self, entry: Entry) -> Slot:
        """The question whether a write has happened. Its intent may be much older than the request, which waited for its turn at the
        limits: what counts is that from now on nothing of it leaves us any more.
        """
        question = probes.probe_of(entry.method).read(entry.sent())
        return Slot(question, entry=entry, since=self._clock.monotonic())

    def _done(self, entry: Entry, result: Row) -> None:
        entry.state, entry.result = JournalState.DONE, result
        if "id" in result and entry.method.startswith("crm.item."):
            kind = int(entry.params["entityTypeId"])
            self._high[kind] = max(self._high.get(kind, 0), int(result["id"]))
