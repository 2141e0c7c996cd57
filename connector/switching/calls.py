"""What a program may ask for, and what it is told: reads, looks, writes, marks. Data only; sends nothing, stores nothing.

A *program* is a generator over one lead: it yields calls that may run side by side and is handed their answers in the same order. It
does no I/O of its own and keeps no clock, so that it can be played again from the journal after a crash: a write that the journal knows
as done is answered from there and not sent.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from connector.errors import BitrixError

Params: TypeAlias = Mapping[str, Any]
Row: TypeAlias = dict[str, Any]
T = TypeVar("T")

ORIGINATOR = "leadswitch"
"""`originatorId` of everything we create; `originId` is the write's marker."""

COPY_FILES = "files.copy"
"""A write of ours that is no method: files of a lead are downloaded and, in one `crm.item.update`, uploaded to another record. Its params
name the files, never their addresses or contents; its result is `{"left": [{"id", "why"}]}`.
"""

LEAD, DEAL, CONTACT, COMPANY, REQUISITE = 1, 2, 3, 4, 8
ENTITY_TYPES: Mapping[str, int] = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}


@dataclass(frozen=True, slots=True)
class Read:
    """One REST read. With `whole`, `rows` says where a list keeps its rows (empty: the result itself) and all its pages are read.

    `above` names the id by which the next page is asked for, where rows may leave the list between two pages; empty: by its start.
    """

    method: str
    params: Params
    whole: bool = False
    rows: str = ""
    above: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One record, or the rows of one owner, read together with others of its kind; `kind` is a row of `looks.LOOKS`."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class Write:
    """One REST write. `key` names its journal line within the lead; `marker` finds what it created; `previous` is what it overwrites.

    `once`: it must not be repeated without proof although its method usually may be (an update that adds phones).
    """

    key: str
    method: str
    params: Params
    marker: str = ""
    previous: Row = field(default_factory=dict)
    once: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to remember with the lead before anything else is sent for it; merged into `run_lead.detail`."""

    detail: Row


@dataclass(frozen=True, slots=True)
class Await:
    """Another lead of the same run must have come to the end of its write `key` first (it creates a shared client)."""

    lead_id: int
    key: str


@dataclass(frozen=True, slots=True)
class Written:
    """Everything is written for this lead, what follows only reads: it does not count as a lead in flight any more."""


@dataclass(frozen=True, slots=True)
class History:
    """What this run has done for this lead so far: answered with a list of `Line`, oldest first, without what was taken back."""


Call: TypeAlias = Read | Look | Write | Mark | Await | Written | History


@dataclass(frozen=True, slots=True)
class Line:
    """One write that took effect, as the journal has it."""

    key: str
    method: str
    params: Params
    result: Row
    previous: Row


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` of a read is what was read (a Look of a missing record: None), of a write its small result such as `{"id": 5}`.

    `error` is set when the portal refused; `replayed` when the journal answered in its place.
    """

    value: Any = None
    error: BitrixError | None = None
    replayed: bool = False

    @property
    def ok(self) -> bool:
        """True unless the portal refused."""
        return self.error is None

    @property
    def code(self) -> str:
        """Bitrix24's error code, lower case; its description where the code is empty."""
        if self.error is None:
            return ""
        return (self.error.code or self.error.description).casefold()


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a lead ended: `state` and `reason` of `run_lead`, more in `detail`, and what exists now because of it."""

    state: str
    reason: str = ""
    detail: Row = field(default_factory=dict)
    deal_id: int | None = None
    contact_id: int | None = None
    company_id: int | None = None


Program: TypeAlias = Generator[Sequence[Call], Sequence[Answer], Verdict]
Part: TypeAlias = Generator[Sequence[Call], Sequence[Answer], T]
"""A piece of a program that yields like one and returns something else than a verdict."""
