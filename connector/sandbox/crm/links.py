"""Which contacts and companies belong to which record. CONTACT_ID and COMPANY_ID are the first of their lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT, DEAL, LEAD, World


def settle(entity_type: int, values: dict[str, Any], row: Row | None) -> None:
    """Turn CONTACT_ID (leads, deals) or COMPANY_ID (contacts) of a write into the ordered list that is stored."""
    if entity_type in {LEAD, DEAL}:
        single, plural = "CONTACT_ID", "CONTACT_IDS"
    elif entity_type == CONTACT:
        single, plural = "COMPANY_ID", "COMPANY_IDS"
    else:
        values.pop("CONTACT_ID", None)
        return
    if single in values:
        chosen = values.pop(single)
        if plural not in values:
            current = tuple(row[plural]) if row is not None else ()
            # A client that is linked already becomes the first; a new one replaces them all.
            others = tuple(i for i in current if i != chosen) if chosen in current else ()
            values[plural] = (chosen, *others) if chosen else ()
    if plural in values:
        values[plural] = tuple(dict.fromkeys(int(i) for i in values[plural] or () if i))


def attach_company(world: World, contact_id: int, company_id: int) -> bool:
    """Add a company to a contact; False when there is nothing to add."""
    row = world.contacts.get(contact_id)
    if row is None or company_id in row["COMPANY_IDS"]:
        return False
    world.contacts.change(contact_id, {"COMPANY_IDS": (*row["COMPANY_IDS"], company_id)})
    return True


def detach_company(world: World, contact_id: int, company_id: int) -> bool:
    """Take a company from a contact; False when it is not there."""
    row = world.contacts.get(contact_id)
    if row is None or company_id not in row["COMPANY_IDS"]:
        return False
    world.contacts.change(
        contact_id, {"COMPANY_IDS": tuple(i for i in row["COMPANY_IDS"] if i != company_id)}
    )
    return True


def contacts_of_company(world: World, company_id: int) -> list[int]:
    """Ids of the contacts of a company."""
    return world.contacts.find("COMPANY_IDS", company_id)


def set_company_contacts(world: World, company_id: int, contact_ids: Iterable[int]) -> bool:
    """Make these the contacts of a company; whether anything changed."""
    wanted = [i for i in contact_ids if i in world.contacts]
    current = contacts_of_company(world, company_id)
    changed = [detach_company(world, i, company_id) for i in current if i not in wanted]
    changed += [attach_company(world, i, company_id) for i in wanted]
    return any(changed)


def cascade(world: World, entity_type: int, row_id: int) -> None:
    """The record is gone: nothing points to it any more."""
    for table_name, field in _POINTERS.get(entity_type, ()):
        table = world.tables[table_name]
        for other in table.find(field, row_id):
            held = table.rows[other][field]
            rest = tuple(i for i in held if i != row_id) if isinstance(held, tuple) else 0
            table.change(other, {field: rest})
    if entity_type == COMPANY:
        for contact_id in contacts_of_company(world, row_id):
            detach_company(world, contact_id, row_id)


# entity type → tables and their indexed fields that name its records
_POINTERS: Mapping[int, tuple[tuple[str, str], ...]] = {
    LEAD: (
        ("deals", "LEAD_ID"),
        ("contacts", "LEAD_ID"),
        ("companies", "LEAD_ID"),
        ("quotes", "LEAD_ID"),
        ("projects", "PARENT_ID_1"),
    ),
    DEAL: (("quotes", "DEAL_ID"), ("projects", "PARENT_ID_2")),
    CONTACT: (("leads", "CONTACT_IDS"), ("deals", "CONTACT_IDS")),
    COMPANY: (("leads", "COMPANY_ID"), ("deals", "COMPANY_ID")),
}
