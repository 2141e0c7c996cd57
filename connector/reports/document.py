"""A report before it has a format: facts, charts and tables, their rows made while they are written. Must never hold all rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.i18n import _

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `key` is its stable English name (CSV), `label` what people read; `words` translate its codes for people."""

    key: str
    label: str
    width: int = 14
    number: bool = False
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. `rows` starts a new pass each time it is called; a row has as many cells as there are columns."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Callable[[], Iterable[Sequence[Cell]]]

    def for_people(self) -> Iterator[tuple[Cell, ...]]:
        """The rows with codes turned into words of the current language."""
        tables = [column.words for column in self.columns]
        for row in self.rows():
            yield tuple(
                _(words[cell]) if isinstance(cell, str) and cell in words else cell
                for words, cell in zip(tables, row, strict=True)
            )


@dataclass(frozen=True, slots=True)
class Flow:
    """How many leads go from each stage on the left to each stage on the right; `edges` are (left, right, count)."""

    title: str
    left: str
    right: str
    edges: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Counts by name; `tone` is one of error, data-loss, warning, info, plain."""

    title: str
    bars: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a reader of a plan or a run wants, in reading order.

    `main` is the table that a format with only one table (CSV) shows. `raw` yields the JSON form: the head first, then named streams.
    """

    title: str
    subtitle: str
    language: str
    facts: tuple[tuple[str, Cell], ...]
    notes: tuple[str, ...]
    charts: tuple[Flow | Bars, ...]
    main: Sheet
    others: tuple[Sheet, ...] = ()
    head: Mapping[str, Any] = field(default_factory=dict)
    streams: Mapping[str, Callable[[], Iterable[Mapping[str, Any]]]] = field(default_factory=dict)
