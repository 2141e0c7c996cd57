"""Lists over a handful of ready-made answers (directories, custom fields, bindings): the same filters, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.sandbox.rest.call import Call, Page, to_int
from connector.sandbox.rest.filters import matches, parse, parse_order, sort_key
from connector.sandbox.rest.listing import PAGE_SIZE
from connector.sandbox.rest.php import as_list

Answer = dict[str, Any]


def select(
    call: Call,
    rows: Iterable[Mapping[str, Any]],
    types: Mapping[str, str],
    *,
    filters: Any = None,
    default_order: str = "ID",
) -> list[Mapping[str, Any]]:
    """The rows that pass the call's filter, in its order. Rows hold native values under the names of `types`."""
    lower = {name.lower(): name for name in types}

    def resolve(name: str) -> tuple[str, str] | None:
        known = lower.get(name.lower())
        return (known, types[known]) if known is not None else None

    group = parse(call.get("filter") if filters is None else filters, resolve, _ignore)
    order = parse_order(call.get("order"), resolve, _ignore) or ((default_order, False),)
    found = [row for row in rows if matches(group, lambda field, row=row: row.get(field))]  # type: ignore[misc]
    for field, falling in reversed(order):
        found.sort(key=lambda row, field=field: sort_key(row.get(field)), reverse=falling)  # type: ignore[misc]
    return found


def paged(call: Call, rows: list[Any], *, size: int = PAGE_SIZE) -> Page:
    """One page of these answers by the call's `start`; `start=-1` does not count."""
    start = to_int(call.get("start", 0))
    if call.ignore_cursor:
        start = min(start, 0)
    offset = max(start, 0)
    chosen = rows[offset : offset + size]
    if call.short_page and chosen:
        chosen = chosen[:-1]
    if start < 0:
        return Page(chosen, 0)
    return Page(chosen, len(rows), offset + size if offset + size < len(rows) else None)


def only(answer: Answer, wanted: Any, always: tuple[str, ...] = ("ID",)) -> Answer:
    """The answer reduced to the selected names; an empty selection or `*` leaves it whole."""
    names = {str(name) for name in as_list(wanted)}
    if not names or "*" in names:
        return answer
    return {key: value for key, value in answer.items() if key in names or key in always}


def describe(table: Iterable[tuple[str, str, str, str]]) -> Answer:
    """A `fields` answer from (name, type, flags, title); flags: req, ro, imm, multi, dep."""
    return {
        name: {
            "type": kind,
            "isRequired": "req" in flags.split(),
            "isReadOnly": "ro" in flags.split(),
            "isImmutable": "imm" in flags.split(),
            "isMultiple": "multi" in flags.split(),
            "isDynamic": False,
            **({"isDeprecated": True} if "dep" in flags.split() else {}),
            "title": title,
        }
        for name, kind, flags, title in table
    }


def _ignore(name: str) -> None:
    """Unknown names are ignored."""
