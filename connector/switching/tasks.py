"""What a crew holds of the leads at work, and what a turn of it brings. Data only: sends nothing, stores nothing, decides nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from connector.errors import BitrixError
from connector.switching.calls import Answer, Call, Program, Read, Row, Verdict, Write
from connector.switching.journal import Entry
from connector.switching.reverse import BACK
from connector.switching.wire import Command

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


def key_of(task: Task, write: Write) -> str:
    """The journal key of a write: attempts at a lead are told apart, what takes a step back is not."""
    return write.key if write.key.startswith(BACK) else task.prefix + write.key
