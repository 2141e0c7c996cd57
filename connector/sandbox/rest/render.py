"""Records of types 1-4 as the two families answer them. Only formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connector.sandbox.clock import day, iso
from connector.sandbox.crm import addresses, links, multifields, userfields
from connector.sandbox.crm.fields import MULTIFIELD_TYPES, STANDARD, canonical_names
from connector.sandbox.rest.entity import reader
from connector.sandbox.rest.filters import INTEGERS
from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT, DEAL, LEAD, World

# Numbers that the old family answers as "0" and not as null when unset.
_ZERO = {"CATEGORY_ID", "ID"}
_TYPED_PHONES = (
    ("phoneMobile", "PHONE", "MOBILE"),
    ("phoneWork", "PHONE", "WORK"),
    ("phoneMailing", "PHONE", "MAILING"),
    ("emailHome", "EMAIL", "HOME"),
    ("emailWork", "EMAIL", "WORK"),
    ("emailMailing", "EMAIL", "MAILING"),
)


def old(world: World, entity_type: int, row: Row, names: Iterable[str] | None = None) -> dict[str, Any]:
    """A record as crm.lead.get and its kind answer it; `names` limits it (None = everything but CONTACT_IDS)."""
    value_of = reader(world, entity_type)
    custom = userfields.by_name(world, entity_type)
    wanted = list(names) if names is not None else [*old_names(entity_type), *custom]
    answer: dict[str, Any] = {}
    address: Row | None = None
    looked = False
    for name in wanted:
        field = STANDARD[entity_type].get(name)
        if field is None:
            if name in custom:
                answer[name] = userfields.render_old(custom[name], row[name], row["ID"])
            continue
        if field.type == "crm_multifield":
            values = multifields.of_kind(row, name)
            if values:
                answer[name] = [
                    {"ID": str(i), "VALUE_TYPE": sort, "VALUE": value, "TYPE_ID": kind}
                    for i, kind, sort, value in values
                ]
            continue
        if name in addresses.OLD_NAMES:
            if not looked:
                address, looked = addresses.of_record(world, entity_type, row["ID"]), True
            part = address[addresses.OLD_NAMES[name]] if address is not None else None
            answer[name] = str(part) if part else None
            continue
        answer[name] = _old_value(field.type, name, value_of(row, name))
    return answer


def old_names(entity_type: int) -> list[str]:
    """The standard fields an old `get` or `list` with `*` answers."""
    hidden = {"CONTACT_IDS", "COMPANY_IDS"} | ({"CONTACT_ID"} if entity_type == COMPANY else set())
    return [f.name for f in STANDARD[entity_type].values() if not f.has("item") and f.name not in hidden]


def _old_value(kind: str, name: str, value: Any) -> Any:
    if kind == "char":
        return "Y" if value else "N"
    if kind in {"datetime", "date"}:
        return (iso(value) if kind == "datetime" else day(value)) if value else ""
    if isinstance(value, tuple):
        value = value[0] if value else None
    if kind in INTEGERS:
        return str(value) if value or (name in _ZERO and value is not None) else None
    if kind == "double":
        return f"{value or 0:.2f}"
    return None if value is None else str(value)


def item(
    world: World,
    entity_type: int,
    row: Row,
    names: Iterable[str] | None = None,
    *,
    original: bool = False,
    full: bool = True,
) -> dict[str, Any]:
    """A record as crm.item.* answers it; `names` are crm.item names (None = everything). `full`: with `fm`, phones
    and the like, as get, add and `select: ['*']` answer."""
    answer: dict[str, Any] = {}
    custom = userfields.by_name(world, entity_type)
    wanted = set(names) if names is not None else None
    value_of = reader(world, entity_type)
    for canonical, name in canonical_names(entity_type).items():
        if wanted is None or name in wanted:
            answer[name] = _item_value(world, entity_type, row, canonical, value_of)
    for name, canonical in userfields.item_names(world, entity_type).items():
        shown = canonical if original else name
        if wanted is None or shown in wanted or canonical in wanted:
            answer[shown] = userfields.render_item(
                world, custom[canonical], row[canonical], entity_type, row["ID"]
            )
    if full and wanted is None:
        if entity_type != DEAL:
            answer.update(_communications(row))
        answer["entityTypeId"] = entity_type
    return answer


def _item_value(
    world: World, entity_type: int, row: Row, name: str, value_of: Callable[[Row, str], Any]
) -> Any:
    field = STANDARD[entity_type][name]
    if field.has("disabled"):
        return None
    if name == "SEARCH_CONTENT":
        return search_content(row)
    if name == "CATEGORY_ID" and entity_type in {CONTACT, COMPANY}:
        return 0
    if name == "CONTACT_IDS" and entity_type == COMPANY:
        return links.contacts_of_company(world, row["ID"])
    if field.has("multi"):
        return list(row[name] or ())
    if name == "CONTACT_ID" and entity_type in {LEAD, DEAL}:
        return row["CONTACT_IDS"][0] if row["CONTACT_IDS"] else 0
    if name == "COMPANY_ID" and entity_type == CONTACT:
        return row["COMPANY_IDS"][0] if row["COMPANY_IDS"] else 0
    value = value_of(row, name)
    if field.type == "char":
        return "Y" if value else "N"
    if field.type == "datetime":
        return iso(value) if value else None
    if field.type == "date":
        return day(value) if value else None
    if field.type == "double":
        return int(value) if float(value or 0).is_integer() else value
    if field.type in INTEGERS and value is None and name not in {"PROBABILITY", "QUOTE_ID"}:
        return 0
    return value


def _communications(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {name: multifields.first(row, kind, sort) for name, kind, sort in _TYPED_PHONES}
    values.update({"skype": None, "icq": None, "imol": multifields.first(row, "IM", "IMOL", "OPENLINE")})
    values["email"] = multifields.first(row, "EMAIL")
    values["phone"] = multifields.first(row, "PHONE")
    values["fm"] = [
        {"id": i, "valueType": sort, "value": value, "typeId": kind} for i, kind, sort, value in row["FM"]
    ]
    return values


def search_content(row: Row) -> str:
    """Everything a person could search the record by."""
    parts = [row["ID"], row["TITLE"], row["NAME"], row["LAST_NAME"], row["COMPANY_TITLE"], row["COMMENTS"]]
    parts += [entry[3] for entry in row["FM"] or ()]
    return " ".join(str(part) for part in parts if part)


def old_select(entity_type: int, select: Iterable[str], custom: Mapping[str, Row]) -> list[str]:
    """The fields a list of an old family answers: `*` standard, `UF_*` custom, multi-fields only by name, ID always."""
    chosen = [str(name).upper() for name in select]
    names: list[str] = []
    plain = [n for n in old_names(entity_type) if n not in MULTIFIELD_TYPES]
    if not chosen or "*" in chosen:
        names += plain
    if "UF_*" in chosen:
        names += custom
    known = {*plain, *custom, *MULTIFIELD_TYPES}
    names += [name for name in chosen if name in known]
    return list(dict.fromkeys(["ID", *names]))
