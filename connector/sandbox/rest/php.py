"""PHP's rules for request data: query strings with brackets, arrays, and how empty and numbered maps are answered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus


def parse_query(text: str) -> dict[str, Any]:
    """`parse_str`: `a[b][]=1&c=2` → {"a": {"b": ["1"]}, "c": "2"}. The first `=` ends the name."""
    return from_pairs(
        (unquote_plus(name), unquote_plus(value))
        for name, _, value in (part.partition("=") for part in text.split("&") if part)
    )


def from_pairs(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Nest decoded name/value pairs by the brackets in their names."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        keys = _keys(name)
        if keys:
            _store(tree, keys, value)
    return {key: _arrays(value) for key, value in tree.items()}


def _keys(name: str) -> list[str]:
    name = name.lstrip(" ")
    base, bracket, rest = name.partition("[")
    if not base:
        return []
    if bracket and "]" not in rest:
        return [(base + "_" + rest).replace(".", "_").replace(" ", "_")]
    keys = [base.replace(".", "_").replace(" ", "_")]
    while bracket:
        key, closed, rest = rest.partition("]")
        if not closed:
            break
        keys.append(key)
        if not rest.startswith("["):
            break
        rest = rest[1:]
    return keys


def _store(tree: dict[str, Any], keys: list[str], value: Any) -> None:
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        if not key:
            numbers = [int(k) for k in tree if k.isdigit()]
            key = str(max(numbers) + 1 if numbers else 0)  # noqa: PLW2901
        if following is None:
            tree[key] = value
        else:
            if not isinstance(tree.get(key), dict):
                tree[key] = {}
            tree = tree[key]


def _arrays(value: Any) -> Any:
    """A map with the keys 0..n-1 in order is a list."""
    if not isinstance(value, dict):
        return value
    values = {key: _arrays(inner) for key, inner in value.items()}
    if list(values) == [str(i) for i in range(len(values))]:
        return list(values.values())
    return values


def numbered(section: Mapping[str, Any]) -> Any:
    """A section of a batch answer as PHP encodes it: empty → [], labels 0..n-1 → list, else the map."""
    if list(section) == [str(i) for i in range(len(section))]:
        return list(section.values())
    return dict(section)


def encode(body: Any) -> bytes:
    """JSON as PHP writes it: an empty map is `[]`."""
    text = json.dumps(body, separators=(",", ":"), default=str)
    if "{}" in text:
        text = json.dumps(_empties(body), separators=(",", ":"), default=str)
    return text.encode()


def _empties(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _empties(inner) for key, inner in value.items()} if value else []
    if isinstance(value, (list, tuple)):
        return [_empties(inner) for inner in value]
    return value


def as_list(value: Any) -> list[Any]:
    """A PHP array, list or map, as a list of its values; anything else as a list of one; None and "" as nothing."""
    if value is None or value == "":
        return []
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else [value]


def as_map(value: Any) -> dict[str, Any]:
    """A PHP array as a map with text keys; anything that is not an array as nothing."""
    if isinstance(value, Mapping):
        return {str(key): inner for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return {str(index): inner for index, inner in enumerate(value)}
    return {}
