"""Rows and tables of the portal: compact dicts, sorted ids and secondary indexes. No CRM rule lives here."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

NO_IDS: tuple[int, ...] = ()


class Row(dict[str, Any]):
    """One record: only values that differ from the defaults are stored, `row[name]` answers for the rest.

    Keys are Bitrix24's upper-case names. Values are Python's own: ids int, money float, Y/N bool, moments int
    (seconds since the epoch), custom fields by their type (see crm/userfields.py), multi-values tuples.
    """

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {}

    def __missing__(self, key: str) -> Any:
        return self.defaults.get(key)


class Table:
    """Rows by id, kept sorted; `indexed` names the fields that can be looked up by value without a scan.

    A field whose value is a tuple is indexed by each of its members (bindings, contact ids).
    """

    def __init__(self, name: str, row_type: type[Row] = Row, indexed: Iterable[str] = ()) -> None:
        self.name = name
        self.row_type = row_type
        self.rows: dict[int, Row] = {}
        self.ids: list[int] = []
        self.version = 0
        self.indexes: dict[str, dict[Hashable, list[int]]] = {field: {} for field in indexed}

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, row_id: object) -> bool:
        return row_id in self.rows

    def __iter__(self) -> Iterator[Row]:
        return (self.rows[row_id] for row_id in list(self.ids))

    def get(self, row_id: int) -> Row | None:
        """The row, or None."""
        return self.rows.get(row_id)

    def insert(self, values: Mapping[str, Any]) -> Row:
        """Store a new row; `values["ID"]` must be set and unused. Values equal to the default are left out."""
        defaults = self.row_type.defaults
        row = self.row_type({k: v for k, v in values.items() if k not in defaults or defaults[k] != v})
        row_id = int(row["ID"])
        if self.ids and row_id < self.ids[-1]:
            insort(self.ids, row_id)
        else:
            self.ids.append(row_id)
        self.rows[row_id] = row
        for field, index in self.indexes.items():
            for key in _keys(row[field]):
                _index_add(index, key, row_id)
        self.version += 1
        return row

    def change(self, row_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write these values; returns the previous values of the fields that really changed."""
        row = self.rows[row_id]
        before: dict[str, Any] = {}
        for name, value in values.items():
            old = row[name]
            if old == value and type(old) is type(value):
                continue
            before[name] = old
            if name in self.indexes:
                for key in _keys(old):
                    _index_remove(self.indexes[name], key, row_id)
                for key in _keys(value):
                    _index_add(self.indexes[name], key, row_id)
            if name in row.defaults and row.defaults[name] == value:
                row.pop(name, None)
            else:
                row[name] = value
        if before:
            self.version += 1
        return before

    def remove(self, row_id: int) -> Row | None:
        """Delete the row; returns it, or None when there was none."""
        row = self.rows.pop(row_id, None)
        if row is None:
            return None
        del self.ids[bisect_left(self.ids, row_id)]
        for field, index in self.indexes.items():
            for key in _keys(row[field]):
                _index_remove(index, key, row_id)
        self.version += 1
        return row

    def find(self, field: str, value: Hashable) -> list[int]:
        """Sorted ids of the rows with this value of an indexed field (a copy)."""
        return list(self.indexes[field].get(value, NO_IDS))

    def ids_between(self, above: int | None = None, below: int | None = None) -> list[int]:
        """Sorted ids strictly between the two bounds."""
        lo = 0 if above is None else bisect_right(self.ids, above)
        hi = len(self.ids) if below is None else bisect_left(self.ids, below)
        return self.ids[lo:hi]


def _keys(value: Any) -> Iterable[Hashable]:
    if value is None:
        return NO_IDS
    return value if isinstance(value, tuple) else (value,)


def _index_add(index: dict[Hashable, list[int]], key: Hashable, row_id: int) -> None:
    ids = index.get(key)
    if ids is None:
        index[key] = [row_id]
    elif row_id > ids[-1]:
        ids.append(row_id)
    else:
        at = bisect_left(ids, row_id)
        if ids[at] != row_id:
            ids.insert(at, row_id)


def _index_remove(index: dict[Hashable, list[int]], key: Hashable, row_id: int) -> None:
    ids = index.get(key)
    if not ids:
        return
    at = bisect_left(ids, row_id)
    if at < len(ids) and ids[at] == row_id:
        del ids[at]
        if not ids:
            del index[key]
