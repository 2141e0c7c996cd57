"""Links of contacts: crm.{lead,deal,company}.contact.* and crm.contact.company.*. They never touch the repeat mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connector.sandbox.crm import items, links
from connector.sandbox.errors import RestError, old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, method, to_int, yes
from connector.sandbox.rest.php import as_list, as_map
from connector.sandbox.rest.small import describe
from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT, DEAL, LEAD, World


@dataclass(frozen=True, slots=True)
class Link:
    """One family of links: whose, to what, and the documented code of a missing owner."""

    prefix: str
    owner: int
    target: int
    key: str
    stored: str
    missing: str
    missing_text: str = "Not found."


FAMILIES = (
    Link("crm.lead.contact", LEAD, CONTACT, "CONTACT_ID", "CONTACT_IDS", "NOT_FOUND"),
    Link("crm.deal.contact", DEAL, CONTACT, "CONTACT_ID", "CONTACT_IDS", ""),
    Link("crm.contact.company", CONTACT, COMPANY, "COMPANY_ID", "COMPANY_IDS", ""),
    Link("crm.company.contact", COMPANY, CONTACT, "CONTACT_ID", "", ""),
)


def _load(call: Call, link: Link) -> Row:
    row_id = call.integer("id")
    if row_id <= 0:
        raise old_error("The parameter ownerEntityID is invalid or not defined.")
    row = call.world.entities(link.owner).get(row_id)
    if row is None:
        raise RestError(link.missing, link.missing_text)
    if not access.may_touch(call, row):
        raise RestError("ACCESS_DENIED", "Access denied.")
    return row


def linked(world: World, link: Link, row: Row) -> list[int]:
    """Ids of the linked records, the primary one first."""
    return list(row[link.stored]) if link.stored else links.contacts_of_company(world, row["ID"])


def _store(call: Call, link: Link, row: Row, ids: list[int], sorts: dict[int, int]) -> None:
    world = call.world
    if link.stored:
        table = world.entities(link.owner)
        changed = table.change(row["ID"], {link.stored: tuple(ids), "LINK_SORT": sorts or None})
        if link.stored not in changed:
            return
    elif not links.set_company_contacts(world, row["ID"], ids):
        return
    items.touch(world, link.owner, row["ID"], call.actor)


def _get(call: Call, link: Link) -> list[dict[str, Any]]:
    row = _load(call, link)
    sorts = row["LINK_SORT"] or {}
    return [
        {link.key: i, "SORT": sorts.get(i, (n + 1) * 10), "ROLE_ID": 0, "IS_PRIMARY": "Y" if n == 0 else "N"}
        for n, i in enumerate(linked(call.world, link, row))
    ]


def _set(call: Call, link: Link) -> bool:
    row = _load(call, link)
    given = [as_map(entry) for entry in as_list(call.get("items"))]
    chosen: list[tuple[bool, int, int]] = []
    for index, entry in enumerate(given):
        target = to_int(entry.get(link.key))
        if target in call.world.entities(link.target):
            chosen.append(
                (not yes(entry.get("IS_PRIMARY", "N")), to_int(entry.get("SORT")) or (index + 1) * 10, target)
            )
    chosen.sort(key=lambda entry: entry[:2])
    ids = list(dict.fromkeys(target for _, _, target in chosen))
    _store(call, link, row, ids, {target: sort for _, sort, target in chosen})
    return True


def _add(call: Call, link: Link) -> bool:
    row = _load(call, link)
    fields = call.map("fields")
    target = to_int(fields.get(link.key))
    if target <= 0:
        raise old_error(f"The parameter {link.key} is invalid or not defined.")
    if target not in call.world.entities(link.target):
        raise RestError(link.missing, link.missing_text)
    ids = linked(call.world, link, row)
    if target in ids:
        return False
    sorts = dict(row["LINK_SORT"] or {})
    sorts[target] = to_int(fields.get("SORT")) or 10
    ids = [target, *ids] if yes(fields.get("IS_PRIMARY", "N")) else [*ids, target]
    _store(call, link, row, ids, sorts)
    return True


def _delete(call: Call, link: Link) -> bool:
    row = _load(call, link)
    target = to_int(call.map("fields").get(link.key))
    ids = linked(call.world, link, row)
    if target not in ids:
        return False
    _store(call, link, row, [i for i in ids if i != target], dict(row["LINK_SORT"] or {}))
    return True


def _clear(call: Call, link: Link) -> bool:
    _store(call, link, _load(call, link), [], {})
    return True


def _fields(link: Link) -> dict[str, Any]:
    title = "Company" if link.key == "COMPANY_ID" else "Contact"
    return describe(
        (
            ("SORT", "integer", "", "Sorting"),
            ("IS_PRIMARY", "char", "", "Primary"),
            (link.key, "integer", "req", title),
        )
    )


def _register(link: Link) -> None:
    method(f"{link.prefix}.items.get")(lambda call: _get(call, link))
    method(f"{link.prefix}.items.set")(lambda call: _set(call, link))
    method(f"{link.prefix}.items.delete")(lambda call: _clear(call, link))
    method(f"{link.prefix}.add")(lambda call: _add(call, link))
    method(f"{link.prefix}.delete")(lambda call: _delete(call, link))
    method(f"{link.prefix}.fields")(lambda _: _fields(link))


for _link in FAMILIES:
    _register(_link)
