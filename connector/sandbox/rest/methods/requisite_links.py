"""crm.requisite.link.*: which requisites a deal or quote uses (requisites/links)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.crm import addresses
from connector.sandbox.errors import old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, to_int
from connector.sandbox.rest.small import describe, paged, select
from connector.sandbox.tables import Row

LINK_FIELDS = addresses.LINK_FIELDS


@method("crm.requisite.link.fields")
def link_fields(_: Call) -> Any:
    names = (
        ("ENTITY_TYPE_ID", "req imm"),
        ("ENTITY_ID", "req imm"),
        *((name, "req") for name in LINK_FIELDS),
    )
    return describe((name, "integer", flags, name) for name, flags in names)


def _link_owner(call: Call, kind: int, row_id: int) -> Row:
    if kind not in {2, 7}:
        raise old_error("entityTypeId is not defined or invalid.")
    if row_id <= 0:
        raise old_error("entityId is not defined or invalid.")
    owner = call.world.entities(kind).get(row_id)
    if owner is None:
        raise old_error("Entity is not found")
    if not access.may_touch(call, owner):
        raise old_error("Access denied.")
    return owner


@method("crm.requisite.link.register")
def link_register(call: Call) -> Any:
    values = call.map("fields")
    kind, row_id = to_int(values.get("ENTITY_TYPE_ID")), to_int(values.get("ENTITY_ID"))
    _link_owner(call, kind, row_id)
    link = {name: to_int(values.get(name)) for name in LINK_FIELDS}
    addresses.link(call.world, kind, row_id, link)
    return True


@method("crm.requisite.link.get")
def link_get(call: Call) -> Any:
    kind, row_id = call.integer("entityTypeId"), call.integer("entityId")
    owner = _link_owner(call, kind, row_id)
    if not owner["REQUISITE_LINK"]:
        raise old_error("Not found")
    link = {name: str(value) for name, value in owner["REQUISITE_LINK"].items()}
    return {"ENTITY_TYPE_ID": kind, "ENTITY_ID": row_id, **link}


@method("crm.requisite.link.list")
def link_list(call: Call) -> Page:
    rows = [
        {"ENTITY_TYPE_ID": kind, "ENTITY_ID": row["ID"], **row["REQUISITE_LINK"]}
        for kind in (2, 7)
        for row in call.world.entities(kind)
        if row["REQUISITE_LINK"] and access.may_touch(call, row)
    ]
    types = dict.fromkeys(("ENTITY_TYPE_ID", "ENTITY_ID", *LINK_FIELDS), "integer")
    found = select(call, rows, types, default_order="ENTITY_ID")
    return paged(call, [{name: str(value) for name, value in row.items()} for row in found])


@method("crm.requisite.link.unregister")
def link_unregister(call: Call) -> Any:
    kind, row_id = call.integer("entityTypeId"), call.integer("entityId")
    _link_owner(call, kind, row_id)
    call.world.entities(kind).change(row_id, {"REQUISITE_LINK": None})
    return True
