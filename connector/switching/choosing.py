"""Which calls of the leads at work go into the next batch, so that few requests bring many leads far. Sends nothing, stores nothing."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from connector.switching import looks
from connector.switching.calls import Await, Call, History, Look, Mark, Params, Read, Write, Written
from connector.switching.packing import ONE, Load, full_first
from connector.switching.tasks import Ask, Slot, Task
from connector.switching.wire import Command

ENOUGH = 1.0
"""From this part of what one look can be for it is asked at once; before, only if there is nothing else to fill the batch."""

NEARLY = 0.9
"""The same when the stock of commands that are for one lead each runs low: below `STOCK` batches."""
STOCK = 3

FILL = 42
"""Rows that a joint look should bring: a page holds fifty, and leads differ."""

Asking: TypeAlias = Callable[[Task, Slot], Ask]


class Choice:
    """What to ask next. Remembers how many rows looks have brought, and which lists go on."""

    def __init__(self, size: int, writers: int) -> None:
        self._size = size
        self._seen: dict[str, tuple[int, int]] = {}
        self.writers = writers
        """So many leads may be written to at once; the others are only looked at until one of those is through."""
        self.joint: set[str] = set()
        """Kinds of looks in doubt (`looks.LookKind`) that this portal was seen to answer jointly."""
        self.urgent: set[int] = set()
        """Leads that others wait for: they come first, and at the end their looks do not wait for company."""
        self.last = False
        """No more leads will come: those with the longest way to go come first, so that they end together and not one by one."""
        self.more: list[Ask] = []
        """Lists of which there is another page."""

    def choose(self, tasks: Sequence[Task], now: float, ask: Asking) -> list[Ask]:
        """Up to one batch of what can be asked now: begun lists, then the leads that are furthest back; joint looks fill what is left.

        Looks that wait for a while cost less: more leads share one command. They come first when there are many. When few others are left,
        what brings many leads on at once (full packs of imports, nearly full looks) comes first, or the next batch would be short.
        """
        asks, self.more = self.more[: self._size], self.more[self._size :]
        ready = [pair for pair in self.waiting(tasks) if pair[1].not_before <= now]
        single = [(task, slot) for task, slot in ready if not self._shares(slot)]
        commands = [_command_of(slot.call) for _, slot in single]
        low = sum(method != ONE for method, _ in commands) < STOCK * self._size
        early: list[Ask] = []
        late: list[Ask] = []
        for look in self._joint(ready):
            (early if self._is_worth_it(look, low) else late).append(look)
        asks += early[: self._size - len(asks)]
        load = Load(self._size, len(asks))
        for place in full_first(commands, ahead=low):
            if not load.takes(*commands[place]):
                return asks
            asks.append(ask(*single[place]))
        return asks + late[: self._size - load.used]

    def waiting(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Slot]]:
        """Everything that may be asked, now or later, in the order in which it should be."""
        if self.last:
            tasks = sorted(tasks, key=lambda task: task.rounds - task.length)
        if self.urgent:
            tasks = sorted(tasks, key=lambda task: task.lead_id not in self.urgent)
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

    def _is_worth_it(self, ask: Ask, low: bool) -> bool:
        """Whether a joint look has waited for enough company."""
        if self.last and any(task.lead_id in self.urgent for task, _ in ask.slots):
            return True
        call = ask.slots[0][1].call
        return isinstance(call, Look) and len(ask.slots) >= (NEARLY if low else ENOUGH) * self._share(
            call.kind
        )

    def _share(self, kind: str) -> int:
        """How many ids one look of this kind is for: as many as fill one page, as far as the answers so far tell."""
        if not looks.LOOKS[kind].many:
            return looks.PAGE
        ids, rows = self._seen.get(kind, (1, 1))
        return max(1, min(looks.PAGE, int(FILL * ids / max(1, rows))))

    def learn(self, kind: str, ids: int, rows: int) -> None:
        """A joint look for so many ids has brought so many rows."""
        before = self._seen.get(kind, (0, 0))
        self._seen[kind] = before[0] + ids, before[1] + rows

    def forget(self, lead_id: int) -> None:
        """This lead is not at work any more."""
        self.urgent.discard(lead_id)
        self.more = [ask for ask in self.more if all(task.lead_id != lead_id for task, _ in ask.slots)]


def alone(call: Call) -> Call:
    """A look as a read of its own."""
    return looks.LOOKS[call.kind].read([call.id]) if isinstance(call, Look) else call


def _command_of(call: Call) -> tuple[str, Params]:
    sent = alone(call)
    assert isinstance(sent, Read | Write)
    return sent.method, sent.params
