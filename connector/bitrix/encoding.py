"""How values travel: one normal form for JSON calls, and PHP query strings for the commands of a batch.

A call must mean the same whether it is sent alone or in a batch. So booleans are turned into what Bitrix24's fields
expect in both; and what a query string cannot carry (null, an empty list or map) is never guessed: such a command is
not `fits_query` and the wire sends it alone.

PHP side: parse_str and http_build_query rules; doc page settings/how-to-call-rest-api/data-encoding.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from urllib.parse import quote

from connector.errors import BadCall

_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# PHP substitutes this anywhere in a command; in somebody's lead title it would be an injection.
_PLACEHOLDER = "$result["


@dataclass(frozen=True, slots=True, init=False)
class Ref:
    """A place in the result of an earlier command of the same batch: Ref("found", 0, "ID") is $result[found][0][ID].

    For reads only: if the earlier command failed, the portal passes this very text on as the value.
    """

    label: str
    path: tuple[str | int, ...]

    def __init__(self, label: str, *path: str | int) -> None:
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "path", path)

    def __str__(self) -> str:
        return f"$result[{self.label}]" + "".join(f"[{step}]" for step in self.path)


def is_label(label: str) -> bool:
    """Whether a batch label is safe: never numeric, because PHP would answer with a list and positions are lost."""
    return _LABEL.match(label) is not None


def normalise(value: object, key: str = "") -> object:
    """The JSON form of a value, the same for single calls and batches.

    Booleans become Y/N, in custom fields (UF_…, ufCrm…) 1/0. Dates become ISO 8601, decimals their digits.
    Raises BadCall for anything that has no faithful form (NaN, sets, bytes, arbitrary objects).
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        if key.upper().startswith(("UF_", "UFCRM")):
            return "1" if value else "0"
        return "Y" if value else "N"
    if value is None or isinstance(value, str | int | Ref):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BadCall(f"{key}: not a number", method=key)
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        # A list inside a field keeps the field's name, so that [True] in a custom field is still 1.
        return {str(name): normalise(item, str(name)) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [normalise(item, key) for item in value]
    raise BadCall(f"{key}: {type(value).__name__} has no form on the wire", method=key)


def fits_query(value: object, *, top: bool = True) -> bool:
    """Whether normalised parameters survive as a query string: no null, no empty list or map, no foreign $result[."""
    if isinstance(value, Mapping):
        return (top or bool(value)) and all(fits_query(item, top=False) for item in value.values())
    if isinstance(value, list):
        return bool(value) and all(fits_query(item, top=False) for item in value)
    if isinstance(value, str):
        return _PLACEHOLDER not in value
    return value is not None


def refs_in(value: object) -> Iterator[Ref]:
    """Every reference inside parameters."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from refs_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from refs_in(item)


def php_query(params: Mapping[str, object]) -> str:
    """Normalised parameters as PHP reads them back: filter[>ID]=5&select[0]=ID, percent-encoded, in the given order.

    Raises BadCall for what `fits_query` refuses.
    """
    return "&".join(f"{name}={text}" for name, text in _pairs(params, ""))


def command_text(method: str, params: Mapping[str, object]) -> str:
    """One command of a batch: method?query."""
    query = php_query(params)
    return f"{method}?{query}" if query else method


def _pairs(value: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Ref):
        yield name, quote(str(value), safe="$[]")
    elif isinstance(value, Mapping) and (value or not name):
        for key, item in value.items():
            part = quote(str(key), safe="")
            yield from _pairs(item, f"{name}[{part}]" if name else part)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _pairs(item, f"{name}[{index}]")
    elif isinstance(value, str) and _PLACEHOLDER not in value:
        yield name, quote(value, safe="")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, _number(value)
    else:
        raise BadCall(f"{name}: cannot be sent in a query string", method=name)


def _number(value: int | float) -> str:
    return repr(value) if isinstance(value, int) else format(Decimal(repr(value)), "f")
