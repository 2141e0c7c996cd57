"""Filters and orders of list methods: prefixes, nested groups, comparison. Pure: knows values, not tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.clock import parse_moment
from connector.sandbox.rest.call import to_int, yes
from connector.sandbox.rest.php import as_map

# Longest first. The canonical operator is what Condition.op holds.
PREFIXES: tuple[tuple[str, str], ...] = (
    ("!=%", "!like"),
    ("!%=", "!like"),
    (">=", ">="),
    ("<=", "<="),
    ("=%", "like"),
    ("%=", "like"),
    ("!%", "!contains"),
    ("!@", "!="),
    ("!=", "!="),
    (">", ">"),
    ("<", "<"),
    ("@", "="),
    ("%", "contains"),
    ("!", "!="),
    ("=", "="),
)
INTEGERS = {
    "integer",
    "user",
    "employee",
    "enumeration",
    "crm_company",
    "crm_contact",
    "crm_lead",
    "crm_deal",
    "crm_quote",
    "crm_category",
    "iblock_element",
    "iblock_section",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One test. `values` are native; None among them stands for "not filled"."""

    field: str
    op: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Tests joined by AND or OR."""

    parts: tuple[Condition | Group, ...]
    any_of: bool = False


def split_prefix(key: str) -> tuple[str, str]:
    """`>=ID` → (">=", "ID"); without a prefix the operator is "="."""
    for prefix, op in PREFIXES:
        if key.startswith(prefix):
            return op, key[len(prefix) :]
    return "=", key


Resolve = Callable[[str], tuple[str, str] | None]
"""Name in a filter → (canonical field, type), or None for an unknown one."""


def parse(raw: Any, resolve: Resolve, unknown: Callable[[str], None]) -> Group:
    """A filter from the wire. Unknown names are reported to `unknown`, which raises or ignores."""
    source = as_map(raw)
    any_of = str(source.get("logic") or source.get("LOGIC") or "AND").upper() == "OR"
    parts: list[Condition | Group] = []
    for key, value in source.items():
        if key.lower() == "logic":
            continue
        if key.isdigit() or key == "":
            parts.append(parse(value, resolve, unknown))
            continue
        op, name = split_prefix(key)
        found = resolve(name)
        if found is None:
            unknown(name)
            continue
        field, kind = found
        listed = isinstance(value, (list, tuple, Mapping))
        items = list(as_map(value).values()) if listed else [value]
        parts.append(Condition(field, op, tuple(cast(kind, item, op) for item in items)))
    return Group(tuple(parts), any_of)


def cast(kind: str, value: Any, op: str = "=") -> Any:
    """A filter value as the field's own type; None for an empty one."""
    if op in {"like", "!like", "contains", "!contains"}:
        return str(value).lower()
    if value is None or value == "" or (value is False and kind not in {"char", "boolean"}):
        return None
    if kind in INTEGERS:
        return to_int(str(value).lstrip("+"))
    if kind == "double":
        try:
            return float(value)
        except (TypeError, ValueError):
            return 0.0
    if kind in {"char", "boolean"}:
        return yes(value)
    if kind in {"datetime", "date"}:
        return parse_moment(str(value))
    return str(value)


def matches(group: Group, value_of: Callable[[str], Any]) -> bool:
    """Whether a record passes; `value_of` answers for a canonical field (a tuple for a multiple one)."""
    tests = (
        matches(part, value_of) if isinstance(part, Group) else _test(part, value_of(part.field))
        for part in group.parts
    )
    return (any(tests) if group.parts else True) if group.any_of else all(tests)


def _test(condition: Condition, value: Any) -> bool:
    op, wanted = condition.op, condition.values
    held = value if isinstance(value, tuple) else (value,)
    if op == "=":
        return bool(wanted) and _in(held, wanted)
    if op == "!=":
        return not (bool(wanted) and _in(held, wanted))
    if op in {"contains", "!contains"}:
        found = any(w in str(v).lower() for v in held if v is not None for w in wanted)
        return found if op == "contains" else not found
    if op in {"like", "!like"}:
        found = any(_like(str(v).lower(), w) for v in held if v is not None for w in wanted)
        return found if op == "like" else not found
    return any(_compare(op, v, w) for v in held if v is not None for w in wanted if w is not None)


def _in(held: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    for want in wanted:
        if want is None:
            if not held or all(_empty(v) for v in held):
                return True
        elif any(_same(v, want) for v in held):
            return True
    return False


def _empty(value: Any) -> bool:
    return value is None or value == "" or (value == 0 and not isinstance(value, bool))


def _same(value: Any, want: Any) -> bool:
    if isinstance(value, str) and isinstance(want, str):
        return value.lower() == want.lower()
    if value is None:
        return want is False or (want == 0 and not isinstance(want, str))
    return bool(value == want)


def _like(value: str, pattern: str) -> bool:
    expression = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _compare(op: str, value: Any, want: Any) -> bool:
    if isinstance(value, str) != isinstance(want, str):
        value, want = str(value), str(want)
    if op == ">":
        return bool(value > want)
    if op == "<":
        return bool(value < want)
    if op == ">=":
        return bool(value >= want)
    return bool(value <= want)


def parse_order(raw: Any, resolve: Resolve, unknown: Callable[[str], None]) -> tuple[tuple[str, bool], ...]:
    """An order from the wire as ((field, descending), …)."""
    order = []
    for name, direction in as_map(raw).items():
        found = resolve(name)
        if found is None:
            unknown(name)
            continue
        order.append((found[0], str(direction).strip().upper().startswith("DESC")))
    return tuple(order)


def sort_key(value: Any) -> tuple[int, Any]:
    """Sorts unfilled values first and never compares different types."""
    if isinstance(value, tuple):
        value = value[0] if value else None
    if value is None:
        return (0, 0)
    if isinstance(value, str):
        return (2, value.lower())
    return (1, value)


def bounds(group: Group) -> tuple[int | None, int | None]:
    """(above, below) that the AND conditions on ID set, both exclusive."""
    above: int | None = None
    below: int | None = None
    for condition in plain(group):
        if condition.field != "ID" or len(condition.values) != 1 or condition.values[0] is None:
            continue
        value = condition.values[0]
        if condition.op in {">", ">="}:
            limit = value if condition.op == ">" else value - 1
            above = limit if above is None else max(above, limit)
        elif condition.op in {"<", "<="}:
            limit = value if condition.op == "<" else value + 1
            below = limit if below is None else min(below, limit)
    return above, below


def plain(group: Group) -> Iterable[Condition]:
    """The conditions that must all hold."""
    if group.any_of and len(group.parts) > 1:
        return
    for part in group.parts:
        if isinstance(part, Condition):
            yield part
        else:
            yield from plain(part)
