"""crm.address.* (requisites/addresses). The key of an address is (TYPE_ID, ENTITY_TYPE_ID, ENTITY_ID)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.crm import addresses
from connector.sandbox.errors import old_error
from connector.sandbox.rest.call import Call, Page, method, to_int
from connector.sandbox.rest.filters import parse, parse_order
from connector.sandbox.rest.listing import Source, page, paged
from connector.sandbox.rest.small import describe, only
from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT, LEAD, REQUISITE

_KEY = ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID")
_OLD_OWNERS = (CONTACT, COMPANY)
_TYPES: Mapping[str, str] = {
    **dict.fromkeys(_KEY, "integer"),
    **dict.fromkeys(addresses.PARTS[:-1], "string"),
    **dict.fromkeys(("LOC_ADDR_ID", "ANCHOR_TYPE_ID", "ANCHOR_ID"), "integer"),
}


def _show(row: Row) -> dict[str, Any]:
    return {name: None if row[name] in (None, "") else str(row[name]) for name in _TYPES}


@method("crm.address.fields")
def fields(_: Call) -> Any:
    def flags(name: str) -> str:
        return "req imm" if name in _KEY else "ro" if name.startswith("ANCHOR") else ""

    return describe((name, kind, flags(name), name) for name, kind in _TYPES.items())


@method("crm.address.list")
def list_addresses(call: Call) -> Page:
    table = call.world.addresses

    def of_owner(owner_id: Any) -> list[int]:
        return sorted(
            i for kind in (LEAD, REQUISITE, *_OLD_OWNERS) for i in table.find("OWNER", (kind, owner_id))
        )

    source = Source(table, _stored, {"ENTITY_ID": of_owner})
    group = parse(call.get("filter"), _resolve, _ignore)
    found = page(call, source, group, parse_order(call.get("order"), _resolve, _ignore))
    return paged(found, lambda rows: [only(_show(row), call.get("select"), ()) for row in rows])


def _stored(row: Row, field: str) -> Any:
    return row[field]


def _resolve(name: str) -> tuple[str, str] | None:
    return (name.upper(), _TYPES[name.upper()]) if name.upper() in _TYPES else None


def _ignore(_: str) -> None:
    """Unknown names are ignored."""


def _key(call: Call) -> tuple[int, int, int]:
    values = call.map("fields")
    key = tuple(to_int(values.get(name)) for name in _KEY)
    for name, value in zip(_KEY, key, strict=True):
        if value <= 0:
            raise old_error(f"{name} is not defined or invalid.")
    type_id, kind, owner = key
    table = call.world.requisites if kind == REQUISITE else call.world.leads if kind == LEAD else None
    if table is None:
        raise old_error("ENTITY_TYPE_ID is not defined or invalid.")
    if owner not in table:
        raise old_error("ENTITY_ID is not defined or invalid.")
    return type_id, kind, owner


def _write(call: Call) -> bool:
    type_id, kind, owner = _key(call)
    values = call.map("fields")
    parts: dict[str, Any] = {
        name: str(values[name]) if values[name] is not None else None
        for name in addresses.PARTS[:-1]
        if name in values
    }
    if to_int(values.get("LOC_ADDR_ID")):
        parts["LOC_ADDR_ID"] = to_int(values["LOC_ADDR_ID"])
    addresses.write(call.world, kind, owner, parts, call.actor, type_id=type_id)
    return True


@method("crm.address.add")
def add(call: Call) -> Any:
    return _write(call)


@method("crm.address.update")
def update(call: Call) -> Any:
    type_id, kind, owner = _key(call)
    if not addresses.find(call.world, kind, owner, type_id):
        raise old_error("TypeAddress not found.")
    return _write(call)


@method("crm.address.delete")
def delete(call: Call) -> Any:
    type_id, kind, owner = _key(call)
    rows = addresses.find(call.world, kind, owner, type_id)
    if not rows:
        raise old_error("TypeAddress not found.")
    addresses.remove(call.world, rows[0], call.actor)
    return True
