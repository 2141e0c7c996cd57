"""crm.item.fields/list/get/add/update/delete for leads, deals, contacts, companies, quotes and one smart process (universal/*.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.crm import items, stages, userfields
from connector.sandbox.crm.fields import PARENT_TYPES, STANDARD, canonical_names
from connector.sandbox.errors import RestError
from connector.sandbox.rest import access, render
from connector.sandbox.rest.call import Call, Page, method, to_int, yes
from connector.sandbox.rest.entity import parse_item, require_filled, resolver, source
from connector.sandbox.rest.filters import parse, parse_order
from connector.sandbox.rest.listing import page, paged
from connector.sandbox.rest.php import as_list
from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT, DEAL, LEAD, PROJECT, QUOTE, World

TYPES = (LEAD, DEAL, CONTACT, COMPANY, QUOTE, PROJECT)
# Types that exist but that crm.item.* does not serve.
UNSUPPORTED = {5}
_BOOLEAN = {"char": "boolean"}


def entity_type(call: Call) -> int:
    """`entityTypeId` of a call. Raises NOT_FOUND or ENTITY_TYPE_NOT_SUPPORTED."""
    kind = call.integer("entityTypeId")
    if kind in UNSUPPORTED:
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {kind} is not supported")
    if kind not in TYPES:
        raise RestError("NOT_FOUND", "Smart process not found")
    return kind


def load(call: Call, kind: int, row_id: int) -> Row:
    """A record the caller may read. Raises NOT_FOUND or ACCESS_DENIED."""
    row = call.world.entities(kind).get(row_id)
    if row is None:
        raise RestError("NOT_FOUND", "Element not found")
    if not access.may_touch(call, row):
        raise RestError("ACCESS_DENIED", "Access denied")
    return row


def original_names(call: Call) -> bool:
    """Whether custom fields keep their own names."""
    return yes(call.get("useOriginalUfNames", False))


@method("crm.item.fields")
def fields(call: Call) -> Any:
    kind = entity_type(call)
    answer: dict[str, Any] = {}
    for canonical, name in canonical_names(kind).items():
        field = STANDARD[kind][canonical]
        entry: dict[str, Any] = {
            "type": _BOOLEAN.get(field.type, field.type),
            "isRequired": field.has("req"),
            "isReadOnly": field.has("ro"),
            "isImmutable": False,
            "isMultiple": field.has("multi"),
            "isDynamic": False,
            "title": field.title,
            "upperName": canonical,
        }
        if field.status:
            entry["statusType"] = field.status
        if field.type in PARENT_TYPES and not field.has("multi"):
            entry["settings"] = {"parentEntityTypeId": PARENT_TYPES[field.type]}
        answer[name] = entry
    if kind not in {DEAL, PROJECT}:
        answer["fm"] = {
            "type": "crm_multifield",
            "isRequired": False,
            "isReadOnly": False,
            "isImmutable": False,
            "isMultiple": True,
            "isDynamic": False,
            "title": "Communications",
            "upperName": "FM",
        }
    definitions = userfields.by_name(call.world, kind)
    for name, canonical in userfields.item_names(call.world, kind).items():
        answer[canonical if original_names(call) else name] = custom_field(definitions[canonical])
    return {"fields": answer}


def custom_field(row: Row) -> dict[str, Any]:
    """How fields methods describe a custom field."""
    text = userfields.label(row)
    entry: dict[str, Any] = {
        "type": row["USER_TYPE_ID"],
        "isRequired": row["MANDATORY"],
        "isReadOnly": False,
        "isImmutable": False,
        "isMultiple": row["MULTIPLE"],
        "isDynamic": True,
        "title": text,
        "listLabel": text,
        "formLabel": text,
        "filterLabel": text,
        "settings": dict(row["SETTINGS"]),
        "upperName": row["FIELD_NAME"],
    }
    if row["USER_TYPE_ID"] == "enumeration":
        entry["items"] = [{"ID": str(e["ID"]), "VALUE": e["VALUE"]} for e in row["LIST"]]
    return entry


@method("crm.item.list")
def list_items(call: Call) -> Page:
    kind = entity_type(call)
    world, original = call.world, original_names(call)
    resolve = resolver(world, kind, item=True, original=original)
    group = parse(call.get("filter"), resolve, _unknown("filter"))
    order = parse_order(call.get("order"), resolve, _unknown("order"))
    select = [str(name) for name in as_list(call.get("select"))]
    everything = not select or "*" in select
    names = None if everything else {"id", *select}

    def show(rows: list[Row]) -> dict[str, Any]:
        return {
            "items": [
                render.item(world, kind, row, names, original=original, full="*" in select) for row in rows
            ]
        }

    return paged(page(call, source(call, kind), group, order, whole_pages=False), show)


def _unknown(where: str) -> Any:
    def refuse(name: str) -> None:
        raise RestError("INVALID_ARG_VALUE", f"Invalid {where}: field '{name}' is not allowed in {where}")

    return refuse


@method("crm.item.get")
def get(call: Call) -> Any:
    kind = entity_type(call)
    return {
        "item": render.item(
            call.world, kind, load(call, kind, call.integer("id")), original=original_names(call)
        )
    }


@method("crm.item.add")
def add(call: Call) -> Any:
    kind = entity_type(call)
    values = parse_item(call, kind, _fields(call), None)
    _check(call.world, kind, values, None)
    require_standard(kind, values, None)
    require_filled(call, kind, values, None, stage=_stage(call.world, kind, values))
    row_id = items.create(call.world, kind, values, call.actor)
    row = call.world.entities(kind).rows[row_id]
    return {"item": render.item(call.world, kind, row, original=original_names(call))}


@method("crm.item.update")
def update(call: Call) -> Any:
    kind = entity_type(call)
    row = load(call, kind, call.integer("id"))
    values = parse_item(call, kind, _fields(call), row)
    _check(call.world, kind, values, row)
    require_standard(kind, values, row)
    name = items.STAGE_FIELD.get(kind)
    if name and values.get(name) and values[name] != row[name]:
        require_filled(call, kind, values, row, stage=values[name])
    items.update(call.world, kind, row["ID"], values, call.actor)
    return {"item": render.item(call.world, kind, row, original=original_names(call))}


@method("crm.item.delete")
def delete(call: Call) -> Any:
    kind = entity_type(call)
    row = load(call, kind, call.integer("id"))
    items.delete(call.world, kind, row["ID"], call.actor)
    return []


def _fields(call: Call) -> Mapping[str, Any]:
    fields = call.get("fields")
    if not isinstance(fields, (dict, list)):
        raise RestError(100, "Could not find value for parameter {fields}")
    return call.map("fields")


def _stage(world: World, kind: int, values: Mapping[str, Any]) -> str:
    name = items.STAGE_FIELD.get(kind)
    if name is None:
        return ""
    return str(values.get(name) or stages.first_stage(world, kind, to_int(values.get("CATEGORY_ID"))))


def require_standard(kind: int, values: Mapping[str, Any], row: Row | None) -> None:
    """A contact needs a name, a company a title."""

    def left(name: str) -> Any:
        return values[name] if name in values else row[name] if row is not None else None

    if kind == CONTACT and not (left("NAME") or left("LAST_NAME")):
        raise RestError("CRM_FIELD_ERROR_REQUIRED", "Required fields are not filled: First name, Last name")
    if kind == COMPANY and not left("TITLE"):
        raise RestError("CRM_FIELD_ERROR_REQUIRED", "Required field is not filled: Company name")


def _check(world: World, kind: int, values: Mapping[str, Any], row: Row | None) -> None:
    """CRM_FIELD_ERROR_VALUE_NOT_VALID for a pipeline or stage that does not exist, or a currency that is not set up."""
    category = to_int(values.get("CATEGORY_ID", row["CATEGORY_ID"] if row is not None else 0))
    if kind == DEAL and category not in world.categories:
        raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", "Invalid value of the field Pipeline")
    name = items.STAGE_FIELD.get(kind)
    if name and values.get(name):
        entity_id = "STATUS" if kind == LEAD else stages.stage_entity(category)
        if stages.find(world, entity_id, values[name]) is None:
            raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", "Invalid value of the field Stage")
    if values.get("CURRENCY_ID") and values["CURRENCY_ID"] not in world.currencies:
        raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", "Invalid value of the field Currency")
