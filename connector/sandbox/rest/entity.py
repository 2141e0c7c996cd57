"""Records of types 1-4 between the wire and the store: reading a field, resolving names, casting what is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from connector.sandbox.clock import parse_moment
from connector.sandbox.crm import addresses, links, multifields, userfields
from connector.sandbox.crm.fields import MULTIFIELD_TYPES, STANDARD, Field, item_names
from connector.sandbox.errors import RestError
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, to_int, yes
from connector.sandbox.rest.filters import INTEGERS
from connector.sandbox.rest.listing import Source
from connector.sandbox.rest.php import as_list
from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT, World

_HAS = {"HAS_PHONE": "PHONE", "HAS_EMAIL": "EMAIL", "HAS_IMOL": "IM"}


def reader(world: World, entity_type: int) -> Callable[[Row, str], Any]:
    """The function that answers a canonical field of a row, stored or worked out."""
    single, plural = (
        ("COMPANY_ID", "COMPANY_IDS") if entity_type == CONTACT else ("CONTACT_ID", "CONTACT_IDS")
    )

    def value_of(row: Row, field: str) -> Any:
        if field in row:
            return row[field]
        if field == single and entity_type != COMPANY:
            return row[plural] or None
        if field in _HAS:
            return any(entry[1] == _HAS[field] for entry in row["FM"])
        if field in MULTIFIELD_TYPES:
            return tuple(entry[3] for entry in row["FM"] if entry[1] == field)
        if field in {"CONTACT_ID", "CONTACT_IDS"} and entity_type == COMPANY:
            return tuple(links.contacts_of_company(world, row["ID"]))
        if field in addresses.OLD_NAMES:
            address = addresses.of_record(world, entity_type, row["ID"])
            return address[addresses.OLD_NAMES[field]] if address is not None else None
        return row[field]

    return value_of


def resolver(
    world: World, entity_type: int, *, item: bool, original: bool = False
) -> Callable[[str], tuple[str, str] | None]:
    """Filter and order names of a family → (canonical field, type)."""
    standard = STANDARD[entity_type]
    custom = userfields.by_name(world, entity_type)
    short = item_names(entity_type) if item else {}
    custom_short = userfields.item_names(world, entity_type) if item and not original else {}

    def resolve(name: str) -> tuple[str, str] | None:
        if item:
            field = standard.get(short.get(name, ""))
            if field is not None and not field.has("disabled"):
                return field.name, field.type
            definition = custom.get(custom_short.get(name, name if original or name in custom else ""))
        else:
            name = name.upper()
            field = standard.get(name)
            if field is not None and not field.has("item"):
                return field.name, field.type
            definition = custom.get(name)
        return (definition["FIELD_NAME"], definition["USER_TYPE_ID"]) if definition is not None else None

    return resolve


def source(call: Call, entity_type: int) -> Source:
    """What a list of this type reads, for this caller."""
    world = call.world
    table = world.entities(entity_type)
    lookups: dict[str, Callable[[Any], Sequence[int]]] = {}
    for field in table.indexes:
        lookups[field] = partial(_indexed, table.indexes[field])
    if "CONTACT_IDS" in lookups:
        lookups["CONTACT_ID"] = lookups["CONTACT_IDS"]
    if "COMPANY_IDS" in lookups:
        lookups["COMPANY_ID"] = lookups["COMPANY_IDS"]
    for kind in ("PHONE", "EMAIL"):
        lookups[kind] = partial(_by_communication, world, entity_type, kind)
    audience = None if access.sees_all(call) else call.user.id
    return Source(table, reader(world, entity_type), lookups, access.visible(call), audience)


def _indexed(index: Mapping[Any, Sequence[int]], value: Any) -> Sequence[int]:
    return index.get(value, ())


def _by_communication(world: World, entity_type: int, kind: str, value: Any) -> Sequence[int]:
    found = world.by_communication.get((kind, multifields.normalise(kind, str(value))), ())
    return sorted(row_id for found_type, row_id in found if found_type == entity_type)


def parse_old(call: Call, entity_type: int, raw: Mapping[str, Any], current: Row | None) -> dict[str, Any]:
    """Fields of an old-family write as native values; unknown and read-only ones are ignored silently."""
    world = call.world
    standard, custom = STANDARD[entity_type], userfields.by_name(world, entity_type)
    values: dict[str, Any] = {}
    fm = current["FM"] if current is not None else ()
    for key, value in raw.items():
        name = key.upper()
        field = standard.get(name)
        if field is not None:
            if field.has("ro") or field.has("ro_old") or field.has("item"):
                continue
            if current is not None and field.has("imm"):
                continue
            if field.type == "crm_multifield":
                if name == "EMAIL" and entity_type in {CONTACT, COMPANY}:
                    _check_emails(value)
                values["FM"] = fm = multifields.from_old(world, fm, name, value)
            elif entity_type == COMPANY and name == "CONTACT_ID":
                values["CONTACT_IDS"] = tuple(to_int(i) for i in as_list(value))
            else:
                values[name] = cast(field, value)
        elif name in custom:
            before = current[name] if current is not None else None
            values[name] = userfields.parse(world, custom[name], value, before)
    return values


def _check_emails(rows: Any) -> None:
    for row in as_list(rows):
        if isinstance(row, Mapping) and row.get("VALUE"):
            multifields.check_email(str(row["VALUE"]))


def parse_item(
    call: Call, entity_type: int, raw: Mapping[str, Any], current: Row | None, *, importing: bool = False
) -> dict[str, Any]:
    """Fields of a crm.item.* write as native values; unknown and read-only ones are ignored silently."""
    world = call.world
    standard, custom = STANDARD[entity_type], userfields.by_name(world, entity_type)
    short, custom_short = item_names(entity_type), userfields.item_names(world, entity_type)
    original = yes(call.get("useOriginalUfNames", False))
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key == "fm" and entity_type != 2:
            values["FM"] = multifields.from_item(world, current["FM"] if current is not None else (), value)
            continue
        if importing and key in MULTIFIELD_TYPES:
            values["FM"] = multifields.from_old(world, values.get("FM", ()), key, value)
            continue
        field = standard.get(short.get(key, ""))
        if field is not None:
            if field.has("ro") and not (importing and field.name in IMPORT_ONLY):
                continue
            values[field.name] = cast(field, value)
            continue
        name = key if original or key in custom else custom_short.get(key, "")
        if name in custom:
            before = current[name] if current is not None else None
            values[name] = userfields.parse(world, custom[name], value, before)
    return values


# What an administrator may set through import (universal/import/index.md).
IMPORT_ONLY = {"DATE_CREATE", "DATE_MODIFY", "MOVED_TIME", "CREATED_BY_ID", "MODIFY_BY_ID", "MOVED_BY_ID"}


def cast(field: Field, value: Any) -> Any:
    """A standard field's value from the wire as it is stored."""
    if field.has("multi"):
        if value in (None, "", False):
            return ()
        if isinstance(value, (str, int)):
            raise RestError(100, f"Value of the multiple field {field.item_name} must be iterable")
        return tuple(dict.fromkeys(to_int(i) for i in as_list(value) if to_int(i)))
    if isinstance(value, (list, tuple, dict)):
        value = as_list(value)[0] if as_list(value) else None
    if field.type in INTEGERS or field.type == "location":
        if field.name == "PROBABILITY" and value in (None, ""):
            return None
        return to_int(value)
    if field.type == "double":
        try:
            return round(float(str(value or 0).replace(",", ".")), 4)
        except ValueError:
            return 0.0
    if field.type == "char":
        return yes(value)
    if field.type in {"datetime", "date"}:
        return parse_moment(str(value)) if value else None
    if value is None or value == "":
        return None
    return str(value)


def require_filled(
    call: Call, entity_type: int, values: Mapping[str, Any], current: Row | None, *, stage: str
) -> None:
    """CRM_FIELD_ERROR_REQUIRED for a mandatory custom field, or one required from this stage on, that stays empty."""
    custom = userfields.by_name(call.world, entity_type)
    for name in userfields.required_names(call.world, entity_type, stage):
        value = values[name] if name in values else current[name] if current is not None else None
        if value in (None, (), ""):
            raise RestError(
                "CRM_FIELD_ERROR_REQUIRED", f"Required field is not filled: {userfields.label(custom[name])}"
            )
