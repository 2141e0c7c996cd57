"""Which value of a lead goes where when Bitrix24 converts it: the default field map and the custom-field rules.

Facts: native_switch.md 2.5, 2.6 and 8. It computes values and creates missing custom fields; it writes no record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from connector.sandbox.crm import addresses, multifields, products, stages, userfields
from connector.sandbox.crm.fields import UF_ENTITY
from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT, DEAL, LEAD, Actor, World

NO_NAME = "No name"
"""The localized `initData.defaultName` of a contact whose lead has no name at all."""
UNSUPPORTED = frozenset({"resourcebooking"})

_UTM = ("UTM_SOURCE", "UTM_MEDIUM", "UTM_CAMPAIGN", "UTM_CONTENT", "UTM_TERM")
_ALL = ("COMMENTS", "OPENED", "ASSIGNED_BY_ID", "ORIGINATOR_ID", "ORIGIN_ID", *_UTM)
_NAMES = ("NAME", "SECOND_NAME", "LAST_NAME")
SAME_NAME: Mapping[int, tuple[str, ...]] = {
    CONTACT: (*_ALL, "HONORIFIC", *_NAMES, "BIRTHDATE", "POST", "SOURCE_ID", "SOURCE_DESCRIPTION"),
    COMPANY: _ALL,
    DEAL: (*_ALL, "TITLE", "SOURCE_ID", "SOURCE_DESCRIPTION", "OPPORTUNITY", "CURRENCY_ID", "WEBFORM_ID"),
}
"""Lead fields copied under their own name. Not in the map: observers, STATUS_DESCRIPTION, IS_MANUAL_OPPORTUNITY."""
_ADDRESS_PARTS = {old: part for old, part in addresses.OLD_NAMES.items() if part != "LOC_ADDR_ID"}
_ROW_IDENTITY = ("PRODUCT_ID", "PRODUCT_NAME", "PRICE", "QUANTITY")
_ROW_NOT_COPIED = ("ID", "OWNER")

# Type, multiplicity, normalised label: what makes two custom fields the same one (2.6; normalisation is assumed).
Code = tuple[str, bool, str]


def code_of(field: Row) -> Code:
    """What a custom field is recognised by on another entity."""
    return (
        field["USER_TYPE_ID"],
        bool(field["MULTIPLE"]),
        " ".join(userfields.label(field).split()).casefold(),
    )


def counterparts(world: World, target: int) -> dict[Code, Row]:
    """The custom fields of the target by code; of several with one code the first."""
    found: dict[Code, Row] = {}
    for field in userfields.of_entity(world, target):
        found.setdefault(code_of(field), field)
    return found


def missing(world: World, targets: Iterable[int]) -> dict[int, list[Row]]:
    """Per target the lead's custom fields that it has no counterpart for; one per code."""
    absent: dict[int, list[Row]] = {}
    for target in targets:
        known = set(counterparts(world, target))
        for field in userfields.of_entity(world, LEAD):
            code = code_of(field)
            if field["USER_TYPE_ID"] not in UNSUPPORTED and code not in known:
                known.add(code)
                absent.setdefault(target, []).append(field)
    return absent


def synchronize(world: World, targets: Iterable[int], actor: Actor) -> int:
    """Create the missing fields on the targets, as `synchronize` does: MANDATORY is copied too. Returns how many."""
    created = 0
    for target, fields in missing(world, targets).items():
        for field in fields:
            keep = (
                "USER_TYPE_ID",
                "SORT",
                "MULTIPLE",
                "MANDATORY",
                "SHOW_FILTER",
                "SHOW_IN_LIST",
                "SETTINGS",
            )
            spec = {
                name: field[name]
                for name in (*keep, "EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL")
            }
            spec["LIST"] = [{k: v for k, v in entry.items() if k != "ID"} for entry in field["LIST"] or ()]
            spec["FIELD_NAME"] = f"UF_CRM_{world.random.getrandbits(52):013X}"
            userfields.create(world, UF_ENTITY[target], spec, actor)
            created += 1
    return created


def custom_values(world: World, lead: Row, target: int) -> dict[str, Any]:
    """The target's custom fields from the lead's, then the target's own defaults for what is still empty."""
    values: dict[str, Any] = {}
    known = counterparts(world, target)
    for field in userfields.of_entity(world, LEAD):
        match = known.get(code_of(field))
        value = lead[field["FIELD_NAME"]]
        if match is None or value in (None, ()):
            continue
        many = value if field["MULTIPLE"] else (value,)
        moved = tuple(one for one in (_move(world, field, match, part) for part in many) if one is not None)
        if moved:
            values[match["FIELD_NAME"]] = moved if match["MULTIPLE"] else moved[0]
    for field in userfields.of_entity(world, target):
        if field["FIELD_NAME"] not in values:
            default = _default(world, field)
            if default is not None:
                values[field["FIELD_NAME"]] = (default,) if field["MULTIPLE"] else default
    return values


def _move(world: World, source: Row, target: Row, value: Any) -> Any:
    """One value in the target's terms; None drops it. Enumerations by their text, files as copies."""
    if source["USER_TYPE_ID"] == "enumeration":
        text = next((entry["VALUE"] for entry in source["LIST"] if entry["ID"] == value), None)
        return next((entry["ID"] for entry in target["LIST"] if entry["VALUE"] == text), None)
    if source["USER_TYPE_ID"] == "file":
        stored = world.files.get(value)
        if stored is None:
            return None
        return world.files.insert({**stored, "ID": world.next_id("file")})["ID"]
    return value


def _default(world: World, field: Row) -> Any:
    if field["USER_TYPE_ID"] == "enumeration":
        return next((entry["ID"] for entry in field["LIST"] if entry.get("DEF") == "Y"), None)
    given = (field["SETTINGS"] or {}).get("DEFAULT_VALUE")
    if isinstance(given, Mapping):  # dates: {"TYPE": NONE | NOW | FIXED, "VALUE": …}
        if given.get("TYPE") == "NOW":
            return world.now()
        given = given.get("VALUE") if given.get("TYPE") == "FIXED" else None
    return None if given in (None, "", [], "0", 0) else userfields.parse(world, field, given)


def fields_for(world: World, lead: Row, target: int) -> dict[str, Any]:
    """The values of a new contact, company or deal made from this lead, without its links to other records."""
    values = {name: lead[name] for name in SAME_NAME[target] if lead[name] is not None}
    values["LEAD_ID"] = lead["ID"]
    values |= custom_values(world, lead, target)
    if target == DEAL:
        types = stages.entries(world, "DEAL_TYPE")
        return values | ({"TYPE_ID": types[0]["STATUS_ID"]} if types else {})
    if target == CONTACT and not any(str(lead[name] or "").strip() for name in _NAMES):
        values["NAME"] = NO_NAME
    if target == COMPANY:
        values["TITLE"] = lead["COMPANY_TITLE"] or lead["TITLE"]
    values["FM"] = multifields.build(world, [(kind, sort, value) for _id, kind, sort, value in lead["FM"]])
    address = addresses.of_record(world, LEAD, lead["ID"])
    if address is not None:
        values |= {old: address[part] for old, part in _ADDRESS_PARTS.items() if address[part]}
    return values


def product_rows(world: World, lead_id: int, deal_ids: Iterable[int]) -> list[dict[str, Any]]:
    """The lead's rows minus those that earlier deals of this lead already have (`CCrmProductRow::GetDiff`)."""
    taken: Counter[tuple[Any, ...]] = Counter()
    for deal_id in deal_ids:
        taken.update(_identity(row) for row in products.of_owner(world, "D", deal_id))
    rest = []
    for row in products.of_owner(world, "L", lead_id):
        if taken[_identity(row)] > 0:
            taken[_identity(row)] -= 1
        else:
            full = {**row.defaults, **row}
            rest.append({name: value for name, value in full.items() if name not in _ROW_NOT_COPIED})
    return rest


def _identity(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in _ROW_IDENTITY)
