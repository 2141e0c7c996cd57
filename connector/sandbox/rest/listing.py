"""The list engine: which rows of a table a list call answers, in which order, which page, and how many there are.

A page by `>ID` without counting reads only what it answers; offsets reuse the matched ids until the table changes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from connector.sandbox.rest.call import Call, Page, to_int
from connector.sandbox.rest.filters import Group, bounds, matches, plain, sort_key
from connector.sandbox.tables import Row, Table
from connector.sandbox.world import World

PAGE_SIZE = 50
_CACHED = 64


@dataclass(frozen=True, slots=True)
class Source:
    """A table to list. `value_of(row, field)` answers canonical values; `lookups` are the fields with an index, each a
    function value → sorted ids; `visible` hides rows from the caller (None = all are visible)."""

    table: Table
    value_of: Callable[[Row, str], Any]
    lookups: Mapping[str, Callable[[Any], Sequence[int]]]
    visible: Callable[[Row], bool] | None = None
    audience: Hashable = None
    """What `visible` depends on, for the cache."""


def select_ids(
    source: Source, group: Group, order: tuple[tuple[str, bool], ...], limit: int | None = None
) -> list[int]:
    """Ids that match, in order. `limit` stops early when the order is by ID."""
    descending = bool(order) and order[0] == ("ID", True)
    by_id = not order or order[0][0] == "ID"
    candidates, exact = _candidates(source, group)
    if by_id and exact and source.visible is None:
        if limit is not None:
            chosen = candidates[-limit:] if descending else candidates[:limit]
            return list(reversed(chosen)) if descending else list(chosen)
        return list(reversed(candidates)) if descending else list(candidates)
    found: list[int] = []
    rows, value_of, visible = source.table.rows, source.value_of, source.visible
    for row_id in reversed(candidates) if by_id and descending else candidates:
        row = rows[row_id]
        if (visible is None or visible(row)) and (exact or matches(group, partial(value_of, row))):
            found.append(row_id)
            if by_id and limit is not None and len(found) >= limit:
                return found
    if not by_id:
        for field, falling in reversed(order):
            keys = {row_id: sort_key(value_of(rows[row_id], field)) for row_id in found}
            found.sort(key=keys.__getitem__, reverse=falling)
    return found[:limit] if limit is not None else found


def _candidates(source: Source, group: Group) -> tuple[Sequence[int], bool]:
    """(ids worth testing, whether they are already the answer)."""
    above, below = bounds(group)
    best: Sequence[int] | None = None
    used = 0
    conditions = list(plain(group))
    for condition in conditions:
        if condition.op != "=" or not condition.values or None in condition.values:
            continue
        if condition.field == "ID":
            ids: Sequence[int] = sorted({v for v in condition.values if v in source.table.rows})
        elif condition.field in source.lookups:
            lookup = source.lookups[condition.field]
            if len(condition.values) == 1:
                ids = lookup(condition.values[0])
            else:
                ids = sorted({i for value in condition.values for i in lookup(value)})
        else:
            continue
        if best is None or len(ids) < len(best):
            best, used = ids, 1
    if best is None:
        best = source.table.ids
    low = 0 if above is None else bisect_right(best, above)
    high = len(best) if below is None else bisect_left(best, below)
    if low or high < len(best):
        best = best[low:high]
    ranges = sum(
        1
        for c in conditions
        if c.field == "ID"
        and c.op in {">", ">=", "<", "<="}
        and len(c.values) == 1
        and c.values[0] is not None
    )
    total = _size(group)
    return best, total == ranges + used and total == len(conditions)


def _size(group: Group) -> int:
    return sum(_size(part) if isinstance(part, Group) else 1 for part in group.parts)


def page(
    call: Call,
    source: Source,
    group: Group,
    order: tuple[tuple[str, bool], ...],
    *,
    whole_pages: bool = True,
    size: int = PAGE_SIZE,
) -> tuple[list[Row], int, int | None]:
    """(rows, total, next) for the call's `start`. `start=-1` does not count: total 0, no next.

    `whole_pages`: the old families round `start` down to a page.
    """
    world = call.world
    start = to_int(call.get("start", 0))
    if call.ignore_cursor:
        start = min(start, 0)
        group = _without_cursor(group)
    rows = source.table.rows
    if start < 0:
        ids: Sequence[int] = select_ids(source, group, order, limit=size)
        total, following = 0, None
    else:
        everything: Sequence[int] = _matched(world, source, group, order)
        offset = start - start % size if whole_pages else start
        ids = everything[offset : offset + size]
        total = len(everything)
        following = offset + size if offset + size < total else None
    if call.short_page and ids:
        ids = ids[:-1]
    return [rows[row_id] for row_id in ids], total, following


def paged(outcome: tuple[list[Row], int, int | None], render: Callable[[list[Row]], Any]) -> Page:
    """The list answer of these rows."""
    rows, total, following = outcome
    return Page(render(rows), total, following)


def _without_cursor(group: Group) -> Group:
    return Group(
        tuple(
            part for part in group.parts if isinstance(part, Group) or part.field != "ID" or part.op == "="
        ),
        group.any_of,
    )


def _matched(
    world: World, source: Source, group: Group, order: tuple[tuple[str, bool], ...]
) -> Sequence[int]:
    if not group.parts and (not order or order[0] == ("ID", False)) and source.visible is None:
        return source.table.ids
    cache: OrderedDict[Any, list[int]] = world.caches.setdefault("list", OrderedDict())
    # Children of other tables can be part of a filter, but only own columns are cached: the version is the table's.
    key = (source.table.name, source.table.version, world.directory_version, group, order, source.audience)
    if key in cache:
        cache.move_to_end(key)
        return cache[key]
    cache[key] = found = select_ids(source, group, order)
    while len(cache) > _CACHED:
        cache.popitem(last=False)
    return found
