"""Addresses: of a lead directly, of contacts and companies through a requisite; and requisites with what hangs on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT, LEAD, REQUISITE, Actor, World

PARTS = (
    "ADDRESS_1",
    "ADDRESS_2",
    "CITY",
    "POSTAL_CODE",
    "REGION",
    "PROVINCE",
    "COUNTRY",
    "COUNTRY_CODE",
    "LOC_ADDR_ID",
)
# Field of the old families → part of an address record.
OLD_NAMES: Mapping[str, str] = {
    "ADDRESS": "ADDRESS_1",
    "ADDRESS_2": "ADDRESS_2",
    "ADDRESS_CITY": "CITY",
    "ADDRESS_POSTAL_CODE": "POSTAL_CODE",
    "ADDRESS_REGION": "REGION",
    "ADDRESS_PROVINCE": "PROVINCE",
    "ADDRESS_COUNTRY": "COUNTRY",
    "ADDRESS_COUNTRY_CODE": "COUNTRY_CODE",
    "ADDRESS_LOC_ADDR_ID": "LOC_ADDR_ID",
}
LEAD_ADDRESS_TYPE = 1
LINK_FIELDS = ("REQUISITE_ID", "BANK_DETAIL_ID", "MC_REQUISITE_ID", "MC_BANK_DETAIL_ID")
"""What a deal or quote remembers of requisites: the client's and my company's (MC); 0 means none."""


def find(world: World, entity_type: int, entity_id: int, type_id: int | None = None) -> list[Row]:
    """The addresses of a record, optionally of one TYPE_ID."""
    rows = [world.addresses.rows[i] for i in world.addresses.find("OWNER", (entity_type, entity_id))]
    return [row for row in rows if type_id is None or row["TYPE_ID"] == type_id]


def write(
    world: World,
    entity_type: int,
    entity_id: int,
    parts: Mapping[str, Any],
    actor: Actor,
    *,
    type_id: int = LEAD_ADDRESS_TYPE,
) -> None:
    """Create or change the address with this key. With LOC_ADDR_ID and no text, the parts of that location are copied."""
    known = {name: value for name, value in parts.items() if name in PARTS}
    location = int(known.get("LOC_ADDR_ID") or 0)
    if location and not any(known.get(name) for name in PARTS if name != "LOC_ADDR_ID"):
        source = next((row for row in world.addresses if row["LOC_ADDR_ID"] == location), None)
        if source is not None:
            known.update({name: source[name] for name in PARTS if name != "LOC_ADDR_ID" and source[name]})
            known["LOC_ADDR_ID"] = world.next_id("location")
    rows = find(world, entity_type, entity_id, type_id)
    if rows:
        world.addresses.change(rows[0]["ID"], known)
    elif any(known.values()):
        known["LOC_ADDR_ID"] = int(known.get("LOC_ADDR_ID") or 0) or world.next_id("location")
        anchor = _anchor(world, entity_type, entity_id)
        world.addresses.insert(
            {
                "ID": world.next_id("address"),
                "TYPE_ID": type_id,
                "ENTITY_TYPE_ID": entity_type,
                "ENTITY_ID": entity_id,
                "ANCHOR_TYPE_ID": anchor[0],
                "ANCHOR_ID": anchor[1],
                "OWNER": ((entity_type, entity_id),),
                **known,
            }
        )
    else:
        return
    world.emit("ONCRMADDRESSREGISTER", _key(world, entity_type, entity_id, type_id), actor)


def remove(world: World, row: Row, actor: Actor) -> None:
    """Delete one address."""
    world.addresses.remove(row["ID"])
    key = _key(world, row["ENTITY_TYPE_ID"], row["ENTITY_ID"], row["TYPE_ID"])
    world.emit("ONCRMADDRESSUNREGISTER", key, actor)


def _key(world: World, entity_type: int, entity_id: int, type_id: int) -> dict[str, Any]:
    anchor = _anchor(world, entity_type, entity_id)
    return {
        "TYPE_ID": type_id,
        "ENTITY_TYPE_ID": entity_type,
        "ENTITY_ID": entity_id,
        "ANCHOR_ID": anchor[1],
        "ANCHOR_TYPE_ID": anchor[0],
    }


def _anchor(world: World, entity_type: int, entity_id: int) -> tuple[int, int]:
    if entity_type == REQUISITE and entity_id in world.requisites:
        requisite = world.requisites.rows[entity_id]
        return requisite["ENTITY_TYPE_ID"], requisite["ENTITY_ID"]
    return entity_type, entity_id


def of_record(world: World, entity_type: int, entity_id: int) -> Row | None:
    """The address a card shows: the lead's own, or the first one of the client's requisites."""
    rows = find(world, entity_type, entity_id)
    if rows or entity_type not in {CONTACT, COMPANY}:
        return rows[0] if rows else None
    for requisite in world.requisites.find("OWNER", (entity_type, entity_id)):
        rows = find(world, REQUISITE, requisite)
        if rows:
            return rows[0]
    return None


def write_old_fields(
    world: World, entity_type: int, entity_id: int, fields: Mapping[str, Any], actor: Actor
) -> None:
    """ADDRESS* of the old families: the lead's own address, or an address-only requisite of a client."""
    parts = {OLD_NAMES[name]: value for name, value in fields.items() if name in OLD_NAMES}
    if not parts:
        return
    if entity_type == LEAD:
        write(world, LEAD, entity_id, parts, actor)
        return
    if not any(parts.values()):
        return
    owned = world.requisites.find("OWNER", (entity_type, entity_id))
    requisite = (
        owned[0] if owned else add_requisite(world, entity_type, entity_id, {"ADDRESS_ONLY": True}, actor)
    )
    write(world, REQUISITE, requisite, parts, actor)


def add_requisite(
    world: World, entity_type: int, entity_id: int, values: Mapping[str, Any], actor: Actor
) -> int:
    """Store a requisite of a contact or company; returns its id."""
    row_id = world.next_id("requisite")
    world.requisites.insert(
        {
            "PRESET_ID": 1,
            "NAME": "Details",
            "ACTIVE": True,
            "ADDRESS_ONLY": False,
            "SORT": 500,
            "DATE_CREATE": world.now(),
            "CREATED_BY_ID": actor.user_id,
            **values,
            "ID": row_id,
            "ENTITY_TYPE_ID": entity_type,
            "ENTITY_ID": entity_id,
            "OWNER": ((entity_type, entity_id),),
        }
    )
    world.emit("ONCRMREQUISITEADD", {"ID": row_id}, actor)
    return row_id


def delete_requisite(world: World, row_id: int, actor: Actor) -> None:
    """Remove a requisite with its addresses and bank details."""
    if world.requisites.remove(row_id) is None:
        return
    for row in find(world, REQUISITE, row_id):
        remove(world, row, actor)
    for bank in world.bank_details.find("ENTITY_ID", row_id):
        world.bank_details.remove(bank)
    world.emit("ONCRMREQUISITEDELETE", {"ID": row_id}, actor)


def link(world: World, entity_type: int, entity_id: int, values: Mapping[str, int]) -> None:
    """Register which requisites a deal or quote uses (crm.requisite.link.register)."""
    record = {name: int(values.get(name, 0)) for name in LINK_FIELDS}
    world.entities(entity_type).change(entity_id, {"REQUISITE_LINK": record})


def default_link(world: World, entity_type: int, entity_id: int) -> dict[str, int] | None:
    """The client's default requisite with its first bank detail, or None: the lowest SORT, then the lowest id."""
    owned = [world.requisites.rows[i] for i in world.requisites.find("OWNER", (entity_type, entity_id))]
    shown = sorted(
        (row["SORT"] or 500, row["ID"]) for row in owned if row["ACTIVE"] and not row["ADDRESS_ONLY"]
    )
    if not shown:
        return None
    requisite = shown[0][1]
    details = [world.bank_details.rows[i] for i in world.bank_details.find("ENTITY_ID", requisite)]
    first = min(((row["SORT"] or 500, row["ID"]) for row in details if row["ACTIVE"]), default=(0, 0))
    return {"REQUISITE_ID": requisite, "BANK_DETAIL_ID": first[1]}


def cascade(world: World, entity_type: int, entity_id: int, actor: Actor) -> None:
    """The record is gone, and with it its addresses and requisites."""
    for row in find(world, entity_type, entity_id):
        remove(world, row, actor)
    for row_id in world.requisites.find("OWNER", (entity_type, entity_id)):
        delete_requisite(world, row_id, actor)
