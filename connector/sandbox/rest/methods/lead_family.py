"""crm.{lead,deal,contact,company}.{fields,list,get,add,update,delete}: the old families, one table of differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.crm import items, userfields
from connector.sandbox.crm.fields import PARENT_TYPES, STANDARD
from connector.sandbox.errors import RestError, old_error
from connector.sandbox.rest import access, render
from connector.sandbox.rest.call import Call, Page, method, yes
from connector.sandbox.rest.entity import cast, parse_old, require_filled, resolver, source
from connector.sandbox.rest.filters import parse, parse_order
from connector.sandbox.rest.listing import page, paged
from connector.sandbox.rest.php import as_list
from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT, DEAL, LEAD


@dataclass(frozen=True, slots=True)
class Family:
    """What differs between the old families: the errors their pages document."""

    kind: int
    name: str
    missing: tuple[str, str] = ("", "Not found")
    missing_delete: tuple[str, str] = ("", "Not found")


FAMILIES = (
    Family(LEAD, "lead"),
    Family(DEAL, "deal"),
    Family(CONTACT, "contact", missing_delete=("ERROR_CORE", "Element not found")),
    Family(COMPANY, "company", missing_delete=("", "Company is not found")),
)


def _load(call: Call, family: Family, *, deleting: bool = False) -> Row:
    row_id = call.integer("id")
    if row_id <= 0:
        raise old_error("ID is not defined or invalid.")
    row = call.world.entities(family.kind).get(row_id)
    if row is None:
        code, text = family.missing_delete if deleting else family.missing
        raise RestError(code, text, 400)
    if not access.may_touch(call, row):
        raise old_error("Access denied.")
    return row


def _fields_of(call: Call) -> Mapping[str, Any]:
    raw = call.get("fields")
    if raw is not None and not isinstance(raw, (dict, list)):
        raise old_error("Parameter 'fields' must be array.")
    return call.map("fields")


def _describe(call: Call, family: Family) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for field in STANDARD[family.kind].values():
        if field.has("item"):
            continue
        entry: dict[str, Any] = {
            "type": field.type,
            "isRequired": field.has("req")
            or (family.kind == CONTACT and field.name in {"NAME", "LAST_NAME"}),
            "isReadOnly": field.has("ro") or field.has("ro_old"),
            "isImmutable": field.has("imm"),
            "isMultiple": field.has("multi"),
            "isDynamic": False,
        }
        if field.status:
            entry["statusType"] = field.status
        if field.has("dep"):
            entry["isDeprecated"] = True
        elif field.type in PARENT_TYPES and not field.has("multi"):
            entry["settings"] = {"parentEntityTypeId": PARENT_TYPES[field.type]}
        entry["title"] = field.title
        answer[field.name] = entry
    for name, row in userfields.by_name(call.world, family.kind).items():
        answer[name] = _custom(row)
    return answer


def _custom(row: Row) -> dict[str, Any]:
    text = userfields.label(row)
    entry: dict[str, Any] = {
        "type": row["USER_TYPE_ID"],
        "isRequired": row["MANDATORY"],
        "isReadOnly": False,
        "isImmutable": False,
        "isMultiple": row["MULTIPLE"],
        "isDynamic": True,
        "title": row["FIELD_NAME"],
        "listLabel": text,
        "formLabel": text,
        "filterLabel": text,
        "settings": dict(row["SETTINGS"]),
    }
    if row["USER_TYPE_ID"] == "enumeration":
        entry["items"] = [{"ID": str(e["ID"]), "VALUE": e["VALUE"]} for e in row["LIST"]]
    return entry


def _list(call: Call, family: Family) -> Page:
    world = call.world
    resolve = resolver(world, family.kind, item=False)
    group = parse(call.get("filter"), resolve, _ignore)
    order = parse_order(call.get("order"), resolve, _ignore)
    custom = userfields.by_name(world, family.kind)
    names = render.old_select(family.kind, as_list(call.get("select")), custom)
    found = page(call, source(call, family.kind), group, order)
    return paged(found, lambda rows: [render.old(world, family.kind, row, names) for row in rows])


def _ignore(name: str) -> None:
    """Unknown fields of a filter or an order are ignored by the old families."""


def _add(call: Call, family: Family) -> int:
    values = parse_old(call, family.kind, _fields_of(call), None)
    params = call.map("params")
    if family.kind == CONTACT and yes(params.get("IMPORT")):
        for name in ("DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID"):
            field = STANDARD[CONTACT][name]
            raw = call.map("fields").get(name)
            if raw is not None:
                values[name] = cast(field, raw)
    _require(call, family, values, None)
    return items.create(call.world, family.kind, values, call.actor)


def _update(call: Call, family: Family) -> bool:
    row = _load(call, family)
    values = parse_old(call, family.kind, _fields_of(call), row)
    _require(call, family, values, row)
    items.update(call.world, family.kind, row["ID"], values, call.actor)
    return True


def _require(call: Call, family: Family, values: Mapping[str, Any], row: Row | None) -> None:
    def left(name: str) -> Any:
        return values[name] if name in values else row[name] if row is not None else None

    if family.kind == CONTACT and not (left("NAME") or left("LAST_NAME")):
        raise old_error("The fields &quot;First name&quot; and &quot;Last name&quot; are empty.")
    if family.kind == COMPANY and not left("TITLE"):
        raise old_error("The field &quot;Company Name&quot; is required.")
    if values.get("CURRENCY_ID") and values["CURRENCY_ID"] not in call.world.currencies:
        raise old_error("Invalid currency.")
    if call.world.settings.strict_required:
        name = items.STAGE_FIELD.get(family.kind)
        stage = str(left(name) or "") if name else ""
        if row is None or (name and name in values):
            try:
                require_filled(call, family.kind, values, row, stage=stage)
            except RestError as error:
                raise old_error(error.description) from error


def _delete(call: Call, family: Family) -> bool:
    row = _load(call, family, deleting=True)
    items.delete(call.world, family.kind, row["ID"], call.actor)
    return True


def _register(family: Family) -> None:
    method(f"crm.{family.name}.fields")(lambda call: _describe(call, family))
    method(f"crm.{family.name}.list")(lambda call: _list(call, family))
    method(f"crm.{family.name}.get")(lambda call: render.old(call.world, family.kind, _load(call, family)))
    method(f"crm.{family.name}.add")(lambda call: _add(call, family))
    method(f"crm.{family.name}.update")(lambda call: _update(call, family))
    method(f"crm.{family.name}.delete")(lambda call: _delete(call, family))


for _family in FAMILIES:
    _register(_family)
