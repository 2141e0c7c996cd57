"""Phones, e-mails, sites and messengers of a record (`fm`), and the index over them for duplicate search.

Stored as ((id, TYPE_ID, VALUE_TYPE, VALUE), …). Never touches anything but the FM of the record it is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from connector.sandbox.crm.fields import MULTIFIELD_TYPES
from connector.sandbox.errors import RestError
from connector.sandbox.tables import Row
from connector.sandbox.world import World

Multi = tuple[int, str, str, str]
_EXTENSION = re.compile(r"(?:ext\.?|x|#|;|доб\.?|wew\.?).*$", re.IGNORECASE)


def normalise(kind: str, value: str) -> str:
    """The value as duplicate search compares it: digits of a phone without its extension, a lower-case e-mail."""
    if kind == "PHONE":
        return re.sub(r"\D", "", _EXTENSION.sub("", value))
    return value.strip().lower()


def check_email(value: str) -> None:
    """ERROR_CORE for an address that cannot be one (crm-contact-add.md)."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", value.strip()):
        raise RestError("ERROR_CORE", "The field &quot;Work e-mail&quot; contains an invalid address.")


def build(world: World, entries: Iterable[tuple[str, str, str]]) -> tuple[Multi, ...]:
    """New multi-values with fresh ids from (TYPE_ID, VALUE_TYPE, VALUE); empty values are left out."""
    return tuple(
        (world.next_id("multifield"), kind, sort, value) for kind, sort, value in entries if value.strip()
    )


def from_old(world: World, current: tuple[Multi, ...], kind: str, rows: Any) -> tuple[Multi, ...]:
    """Apply an old-family list: a row with ID changes or deletes that value, one without always adds."""
    if isinstance(rows, Mapping):
        rows = list(rows.values())
    if not isinstance(rows, list):
        return current
    values = {entry[0]: entry for entry in current}
    for row in rows:
        if not isinstance(row, Mapping):
            continue
        value, sort = str(row.get("VALUE") or ""), str(row.get("VALUE_TYPE") or "WORK")
        known = int(row["ID"]) if str(row.get("ID", "")).isdigit() else 0
        if known in values:
            if str(row.get("DELETE", "")).upper() == "Y" or ("VALUE" in row and not value.strip()):
                del values[known]
            else:
                old = values[known]
                values[known] = (known, old[1], row.get("VALUE_TYPE") or old[2], value or old[3])
        elif value.strip():
            new_id = world.next_id("multifield")
            values[new_id] = (new_id, kind, sort, value)
    return tuple(values.values())


def from_item(world: World, current: tuple[Multi, ...], fm: Any) -> tuple[Multi, ...]:
    """Apply `fm` of crm.item.*: an array adds; of an object, numeric keys change or delete, others (`n0`) add."""
    values = {entry[0]: entry for entry in current}
    pairs: Iterable[tuple[str, Any]] = (
        fm.items() if isinstance(fm, Mapping) else ((f"n{i}", row) for i, row in enumerate(fm or []))
    )
    for key, row in pairs:
        if not isinstance(row, Mapping):
            continue
        value = str(row.get("value") or row.get("VALUE") or "")
        known = int(key) if str(key).isdigit() else int(row["id"]) if str(row.get("id", "")).isdigit() else 0
        if known in values:
            old = values[known]
            if ("value" in row and not value.strip()) or str(row.get("delete", "")).upper() == "Y":
                del values[known]
            else:
                values[known] = (known, old[1], str(row.get("valueType") or old[2]), value or old[3])
        elif value.strip():
            kind = str(row.get("typeId") or row.get("TYPE_ID") or "PHONE").upper()
            if kind in MULTIFIELD_TYPES:
                new_id = world.next_id("multifield")
                values[new_id] = (
                    new_id,
                    kind,
                    str(row.get("valueType") or row.get("VALUE_TYPE") or "WORK"),
                    value,
                )
    return tuple(values.values())


def index(
    world: World, entity_type: int, row_id: int, old: tuple[Multi, ...], new: tuple[Multi, ...]
) -> None:
    """Keep the communication index right after FM of a record changed."""
    where = (entity_type, row_id)
    for entries, add in ((old, False), (new, True)):
        for _, kind, _, value in entries:
            if kind not in {"PHONE", "EMAIL"}:
                continue
            key = (kind, normalise(kind, value))
            if add:
                world.by_communication.setdefault(key, set()).add(where)
            elif key in world.by_communication:
                world.by_communication[key].discard(where)
                if not world.by_communication[key]:
                    del world.by_communication[key]


def of_kind(row: Row, kind: str) -> list[Multi]:
    """The values of one kind, in their order."""
    return [entry for entry in row["FM"] or () if entry[1] == kind]


def first(row: Row, kind: str, *sorts: str) -> str:
    """The first value of this kind (and of one of these VALUE_TYPEs), or an empty string."""
    for _, _, sort, value in of_kind(row, kind):
        if not sorts or sort in sorts:
            return value
    return ""
