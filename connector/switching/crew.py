"""Works on many leads at once: takes from their programs whatever can be asked now, sends it in batches, hands the answers back.

One turn is one batch: choose → store intents → send → let programs go on → store outcomes. Both stores are one transaction each, done by
the `Book` that the runner passes in, together with whatever else the run must keep. Nothing is sent whose intent is not stored; nothing is
sent twice that is not proved absent (design decision 5).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

from connector.clock import Clock
from connector.errors import AccessDenied, BadAnswer, BitrixError, MethodError, RecordNotFound
from connector.store.models import JournalState
from connector.switching import looks, probes
from connector.switching.calls import (
    Answer,
    Await,
    Call,
    History,
    Look,
    Mark,
    Params,
    Program,
    Read,
    Row,
    Verdict,
    Write,
    Written,
)
from connector.switching.journal import Entry, Journal, standing
from connector.switching.packing import Load, full_first
from connector.switching.results import result_of
from connector.switching.reverse import BACK
from connector.switching.wire import Command, Outcome, State, Wire

SETTLE_SECONDS = 65.0
"""A portal cuts a request after 60 s (settings/performance/limits.md): only then is what is absent certain to stay absent."""

ENOUGH = 1.0
"""From this part of what one look can be for it is asked at once; before, only if there is nothing else to fill the batch."""

FILL = 42
"""Rows that a joint look should bring: a page holds fifty, and leads differ."""

Shared: TypeAlias = Callable[[int, str], Row | bool | None]
"""(lead, entity) → `{"id"}` of a client that lead has created, None when it will not create one, False when it is not known yet."""


@dataclass(slots=True)
class Turn:
    """What one turn brought. `idle`: seconds until something can be asked again, when nothing could be sent; `halt`: why the portal
    would not take something that has nothing to do with a single lead; `ok`: commands that it carried out; `written`: leads that are
    only read any more.
    """

    settled: list[Entry] = field(default_factory=list)
    marks: dict[int, Row] = field(default_factory=dict)
    written: list[int] = field(default_factory=list)
    finished: dict[int, Verdict] = field(default_factory=dict)
    commands: int = 0
    ok: int = 0
    idle: float | None = None
    stopped: bool = False
    halt: BitrixError | None = None


class Book(Protocol):
    """Where a turn keeps what it must not forget; each method is one transaction and may raise LeaseLost."""

    def intend(self, entries: Sequence[Entry]) -> bool:
        """Store intents before sending; False: somebody wants the run to stop, so nothing was stored and nothing may be sent."""

    def settle(self, turn: Turn) -> None:
        """Store everything that a turn brought."""


@dataclass(slots=True)
class Slot:
    """One call of a program on its way. `entry`: the open journal line that it asks about; `since`: when (monotonic) that write had
    certainly left us, if it ever did; `busy`: more pages of its list are coming; `alone`: a joint answer was not clear.
    """

    call: Call
    answer: Answer | None = None
    entry: Entry | None = None
    busy: bool = False
    not_before: float = 0.0
    since: float = 0.0
    tries: int = 0
    alone: bool = False


@dataclass(slots=True)
class Task:
    """One lead at work."""

    lead_id: int
    program: Program
    entries: dict[str, Entry]
    prefix: str
    length: int = 0
    slots: list[Slot] = field(default_factory=list)
    probing: list[Slot] = field(default_factory=list)
    rounds: int = 0
    begun: bool = False
    written: bool = False

    @property
    def wants_to_write(self) -> bool:
        """Whether a write of its program waits to be sent."""
        return any(slot.answer is None and isinstance(slot.call, Write) for slot in self.slots)


@dataclass(frozen=True, slots=True)
class Ask:
    """One command of a batch and the calls that its answer is for; `pages` are the rows of a list so far."""

    command: Command
    slots: tuple[tuple[Task, Slot], ...]
    read: Read | None = None
    entry: Entry | None = None
    pages: tuple[Any, ...] = ()


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
        self._size, self._settle, self._shared = size, settle_seconds, shared
        self._high: dict[int, int] = {}
        self._seen: dict[str, tuple[int, int]] = {}
        self._final = denied_is_final
        self._tasks: dict[int, Task] = {}
        self._more: list[Ask] = []
        self._turn = Turn()
        self.writers = writers
        """So many leads may be written to at once; the others are only looked at until one of those is through."""
        self.ending = False
        """The run is being cancelled: no lead begins to be written to any more."""
        self.joint: set[str] = set()
        """Kinds of looks in doubt (`looks.LookKind`) that this portal was seen to answer jointly."""
        self.urgent: set[int] = set()
        """Leads that others wait for: they come first, and at the end their looks do not wait for company."""
        self.last = False
        """No more leads will come: those with the longest way to go come first, so that they end together and not one by one."""

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
        self.urgent.discard(lead_id)
        self._more = [ask for ask in self._more if all(task.lead_id != lead_id for task, _ in ask.slots)]

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
        asks = self._choose()
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
            self.urgent.discard(task.lead_id)

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
            self.urgent.discard(task.lead_id)
            self._turn.written.append(task.lead_id)
            return Answer()
        if isinstance(call, Await):
            known = self._client_of(call)
            return None if known is False else Answer(known)
        if isinstance(call, Write):
            entry = task.entries.get(_key(task, call))
            if entry is not None and entry.state in (JournalState.DONE, JournalState.FAILED):
                return _replay(entry)
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

    # ------------------------------------------------------------------------------------------------- choosing

    def _choose(self) -> list[Ask]:
        """Up to one batch of what can be asked now: begun lists, then the leads that are furthest back; joint looks fill what is left.

        Looks that wait for a while cost less: more leads share one command. They come first when there are many.
        """
        asks, self._more = self._more[: self._size], self._more[self._size :]
        now = self._clock.monotonic()
        ready = [pair for pair in self._waiting() if pair[1].not_before <= now]
        joint = self._joint(ready)
        asks += [ask for ask in joint if self._is_full(ask)][: self._size - len(asks)]
        load = Load(self._size, len(asks))
        single = [(task, slot) for task, slot in ready if not self._shares(slot)]
        commands = [_command_of(slot.call) for _, slot in single]
        for place in full_first(commands):
            if not load.takes(*commands[place]):
                return asks
            asks.append(self._ask(*single[place]))
        return asks + [ask for ask in joint if not self._is_full(ask)][: self._size - load.used]

    def _waiting(self) -> Iterator[tuple[Task, Slot]]:
        tasks = list(self._tasks.values())
        if self.last:
            tasks.sort(key=lambda task: task.rounds - task.length)
        if self.urgent:
            tasks.sort(key=lambda task: task.lead_id not in self.urgent)
        free = self.writers - sum(task.begun and not task.written for task in tasks)
        awaited = self._awaited(tasks)
        for task in tasks:
            if not task.begun and task.wants_to_write:
                if free <= 0 and task.lead_id not in awaited:
                    continue
                free -= 1
            for slot in task.probing or task.slots:
                if (
                    slot.answer is None
                    and not slot.busy
                    and not isinstance(slot.call, Mark | History | Await | Written)
                ):
                    yield task, slot

    @staticmethod
    def _awaited(tasks: Sequence[Task]) -> set[int]:
        """Leads whose client another one that has begun waits for: they may always begin, or both might wait for ever."""
        calls = (slot.call for task in tasks if task.begun for slot in task.slots if slot.answer is None)
        return {call.lead_id for call in calls if isinstance(call, Await)}

    def _shares(self, slot: Slot) -> bool:
        """Whether this is a look that others may share."""
        call = slot.call
        if not isinstance(call, Look) or slot.alone:
            return False
        return not looks.LOOKS[call.kind].in_doubt or call.kind in self.joint

    def _joint(self, ready: Sequence[tuple[Task, Slot]]) -> list[Ask]:
        """Looks of one kind share a list command for up to fifty ids."""
        by_kind: dict[str, dict[int, list[tuple[Task, Slot]]]] = {}
        for task, slot in ready:
            if isinstance(slot.call, Look) and self._shares(slot):
                by_kind.setdefault(slot.call.kind, {}).setdefault(slot.call.id, []).append((task, slot))
        asks: list[Ask] = []
        for kind, by_id in by_kind.items():
            ids, share = sorted(by_id), self._share(kind)
            for first in range(0, len(ids), share):
                some = ids[first : first + share]
                read = looks.LOOKS[kind].read(some)
                slots = tuple(pair for id_ in some for pair in by_id[id_])
                asks.append(Ask(Command(read.method, read.params), slots, read))
        return asks

    def _is_full(self, ask: Ask) -> bool:
        if self.last and any(task.lead_id in self.urgent for task, _ in ask.slots):
            return True
        call = ask.slots[0][1].call
        return isinstance(call, Look) and len(ask.slots) >= ENOUGH * self._share(call.kind)

    def _share(self, kind: str) -> int:
        """How many ids one look of this kind is for: as many as fill one page, as far as the answers so far tell."""
        if not looks.LOOKS[kind].many:
            return looks.PAGE
        ids, rows = self._seen.get(kind, (1, 1))
        return max(1, min(looks.PAGE, int(FILL * ids / max(1, rows))))

    def _ask(self, task: Task, slot: Slot) -> Ask:
        call = _alone(slot.call)
        if isinstance(call, Read):
            return Ask(Command(call.method, call.params), ((task, slot),), call, slot.entry)
        assert isinstance(call, Write)
        key = _key(task, call)
        high = self._high.get(int(call.params.get("entityTypeId") or 0), 0)
        before = task.entries.get(key)
        if before is not None and before.state != JournalState.NOT_RUN:
            raise AssertionError(f"{key} of lead {task.lead_id} is {before.state} and would be sent again")
        entry = self._journal.draft(task.lead_id, key, call, high, before)
        task.begun = True
        return Ask(Command(call.method, call.params, call.once), ((task, slot),), None, entry)

    def _idle(self) -> float:
        now = self._clock.monotonic()
        times = [slot.not_before - now for _, slot in self._waiting()]
        return max(0.02, min(times, default=0.02))

    # ------------------------------------------------------------------------------------------------- answers

    def _take(self, ask: Ask, outcome: Outcome) -> None:
        self._turn.ok += outcome.state is State.OK
        if ask.read is None:
            self._written(ask, outcome)
            return
        for _, slot in ask.slots:
            slot.busy = False
        if outcome.state is not State.OK and not _is_refusal(outcome):
            self._later(ask, outcome.error)
        elif outcome.state is State.OK and ask.read.whole and not _has_rows(ask.read, outcome.value):
            self._later(ask, BadAnswer("the answer holds no rows", method=ask.read.method))
        elif outcome.state is State.OK and outcome.next and ask.read.whole:
            for _, slot in ask.slots:
                slot.busy = True
            pages = (*ask.pages, *_page(ask.read, outcome.value))
            command = Command(ask.read.method, _next_page(ask.read, pages, outcome.next))
            self._more.append(replace(ask, command=command, pages=pages))
        else:
            self._answer(ask, outcome)

    def _answer(self, ask: Ask, outcome: Outcome) -> None:
        assert ask.read is not None
        value = outcome.value
        if outcome.state is State.OK and ask.read.whole:
            value = [*ask.pages, *_page(ask.read, outcome.value)]
        if ask.entry is not None:
            self._probed(ask, ask.entry, outcome, value)
            return
        first = ask.slots[0][1].call
        if outcome.state is State.OK and isinstance(first, Look):
            ids = [slot.call.id for _, slot in ask.slots if isinstance(slot.call, Look)]
            before = self._seen.get(first.kind, (0, 0))
            self._seen[first.kind] = before[0] + len(ids), before[1] + len(value)
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
            entry.state, entry.result = JournalState.UNKNOWN, _said(error)
            task.probing.append(self._probe(entry))
        elif not _is_refusal(outcome) or (isinstance(error, AccessDenied) and not self._final):
            # Refused for reasons that have nothing to do with this lead: it stays wanted, and the run decides.
            entry.state, entry.result = JournalState.NOT_RUN, _said(error)
            self._later(ask, error)
        else:
            entry.state, entry.result = JournalState.FAILED, _said(error)
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


def _is_refusal(outcome: Outcome) -> bool:
    """Whether the portal has considered this command and said no, as against not taking anything from us just now."""
    return outcome.state is State.FAILED and isinstance(outcome.error, MethodError | AccessDenied)


def _key(task: Task, write: Write) -> str:
    return write.key if write.key.startswith(BACK) else task.prefix + write.key


def _rows(read: Read, value: Any) -> Any:
    return value.get(read.rows) if read.rows and isinstance(value, Mapping) else value


def _has_rows(read: Read, value: Any) -> bool:
    """Whether this is a list at all: what is something else must not pass for an empty one, which would prove an absence."""
    return isinstance(_rows(read, value), list | Mapping)


def _page(read: Read, value: Any) -> Sequence[Any]:
    """The rows of one page; PHP sends an empty map as a list, and a list with gaps as a map."""
    rows = _rows(read, value)
    return list(rows.values()) if isinstance(rows, Mapping) else rows


def _alone(call: Call) -> Call:
    """A look as a read of its own."""
    return looks.LOOKS[call.kind].read([call.id]) if isinstance(call, Look) else call


def _command_of(call: Call) -> tuple[str, Params]:
    sent = _alone(call)
    assert isinstance(sent, Read | Write)
    return sent.method, sent.params


def _next_page(read: Read, rows: Sequence[Any], start: int) -> Params:
    if not read.above or not rows:
        return {**read.params, "start": start}
    return {**read.params, "filter": {**read.params["filter"], f">{read.above}": rows[-1][read.above]}}


def _said(error: BitrixError | None) -> Row:
    """What the portal said, for the journal. `refused`: it did answer for this very command, with a code that proves nothing by itself."""
    if error is None:
        return {}
    cause = getattr(error, "cause", error)
    said: Row = {"code": cause.code, "text": cause.description or str(cause)}
    return {**said, "refused": True} if isinstance(cause, MethodError) else said


def _replay(entry: Entry) -> Answer:
    """The journal's answer to a write that was settled before."""
    if entry.state == JournalState.DONE:
        return Answer(entry.result, replayed=True)
    code, text = str(entry.result.get("code", "")), str(entry.result.get("text", ""))
    return Answer(error=MethodError(method=entry.method, code=code, description=text), replayed=True)
