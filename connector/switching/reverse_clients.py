"""Giving clients back what a lead changed in them, and deleting those that were created for it, from the journal's lines. Sends nothing.

Comes after `reverse.take_back`: leads may share a client. One that somebody changed or uses since stays and is named.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.switching import looks, related
from connector.switching.calls import (
    COMPANY,
    CONTACT,
    DEAL,
    ENTITY_TYPES,
    LEAD,
    Call,
    Line,
    Look,
    Part,
    Row,
    Write,
)
from connector.switching.fresh import differs
from connector.switching.parts import ask
from connector.switching.probes import text_of
from connector.switching.reverse import BACK, ENTITIES, deletion, is_creation, side_by_side


def restore_clients(lines: Sequence[Line]) -> Part[list[Row]]:
    """Give contacts and companies that existed before their old values back. Returns what had to stay."""
    kept: list[Row] = []
    made = _made_ids(lines)
    for line in lines:
        if line.method == "crm.requisite.add" and _owner(line) not in made:
            yield from _drop_requisite(line, kept)
        if (
            line.method == "crm.item.update"
            and not related.is_move(line)
            and line.params["entityTypeId"] in (CONTACT, COMPANY)
            and (line.params["entityTypeId"], int(line.params["id"])) not in made
        ):
            yield from _unfill(line, kept)
    return kept


def delete_clients(
    lead_id: int,
    lines: Sequence[Line],
    *,
    known: Mapping[str, Any] | None = None,
    shared: frozenset[str] = frozenset(),
) -> Part[list[Row]]:
    """Delete the contacts and companies that were created for one lead. Returns what had to stay.

    Comes after every deal of the run is gone and every client restored, because leads may share a client. `shared` names created clients
    that must stay (contact, company); contacts go before companies, since they point at them.
    """
    kept: list[Row] = []
    for entity_type in (CONTACT, COMPANY):
        for line in lines:
            if is_creation(line, entity_type):
                yield from _delete_client(lead_id, line, kept, known, shared)
    return kept


def _drop_requisite(line: Line, kept: list[Row]) -> Part[None]:
    """Delete a requisite of ours, unless its client is gone and took it along, as an earlier undo does."""
    fields = line.params["fields"]
    client = yield from ask(Look(ENTITIES[int(fields["ENTITY_TYPE_ID"])], int(fields["ENTITY_ID"])))
    if client.value is not None:
        delete = Write(BACK + line.key, "crm.requisite.delete", {"id": int(line.result["id"])})
        yield from side_by_side(kept, [(line, delete)])


def _owner(line: Line) -> tuple[int, int]:
    fields = line.params["fields"]
    return int(fields["ENTITY_TYPE_ID"]), int(fields["ENTITY_ID"])


def _made_ids(lines: Sequence[Line]) -> set[tuple[int, int]]:
    """(entityTypeId, id) of the clients that this lead created."""
    return {
        (entity_type, int(line.result["id"]))
        for line in lines
        for entity_type in (CONTACT, COMPANY)
        if is_creation(line, entity_type)
    }


def _unfill(line: Line, kept: list[Row]) -> Part[None]:
    """Give a linked client its old values back, where they are still the ones that we wrote."""
    entity, id_ = ENTITIES[line.params["entityTypeId"]], int(line.params["id"])
    found = yield from ask(Look(entity, id_))
    if found.value is None:
        return
    row, fields, changed = found.value, dict(line.params["fields"]), list[str]()
    fm = fields.pop("fm", None)
    back: Row = {}
    for name, value in fields.items():
        if text_of(row.get(name)) == text_of(value):
            back[name] = line.previous["fields"].get(name) or ""
        elif text_of(row.get(name)) != text_of(line.previous["fields"].get(name)):
            changed.append(name)
    if fm:
        added = {(str(item.get("typeId")), str(item.get("value"))) for item in fm.values()}
        rows = [item for item in row.get("fm") or () if int(item["id"]) not in line.previous["fm"]]
        gone = {
            str(item["id"]): {"value": ""}
            for item in rows
            if (str(item.get("typeId")), str(item.get("value"))) in added
        }
        if gone:
            back["fm"] = gone
    if changed:
        kept.append({"what": entity, "id": id_, "why": "changed", "fields": changed})
    if back:
        params = {"entityTypeId": line.params["entityTypeId"], "id": id_, "fields": back}
        yield from side_by_side(kept, [(line, Write(BACK + line.key, "crm.item.update", params))])


def _delete_client(
    lead_id: int, line: Line, kept: list[Row], known: Mapping[str, Any] | None, shared: frozenset[str]
) -> Part[None]:
    entity_type, id_ = line.params["entityTypeId"], int(line.result["id"])
    entity = ENTITIES[entity_type]
    if entity in shared:
        kept.append({"what": entity, "id": id_, "why": "shared"})
        return
    why = (yield from _used_client(lead_id, entity, id_, known)) if known is not None else {}
    if why:
        kept.append({"what": entity, "id": id_, **why})
        return
    yield from side_by_side(kept, [(line, deletion(line))])


_LINKS = ("contactIds", "companyIds")
"""Links between clients: those that we made go with the other end, foreign ones are found from the other end."""


def _used_client(lead_id: int, entity: str, id_: int, known: Mapping[str, Any]) -> Part[Row]:
    """Why a created client must stay, or {}: changed fields, deals or other leads that point at it, activities, comments."""
    field = "contactIds" if entity == "contact" else "companyId"
    calls: list[Call] = [
        Look(entity, id_),
        looks.pointing_at(DEAL, field, id_),
        looks.pointing_at(LEAD, field, id_),
        looks.activities_of(ENTITY_TYPES[entity], id_),
        looks.comments_of(entity, id_),
    ]
    if entity == "company":
        calls.append(looks.pointing_at(CONTACT, "companyId", id_))
    row, deals, leads, activities, comments, *contacts = yield calls
    if row.ok and row.value is None:
        return {}
    for answer in (row, deals, leads, activities, comments, *contacts):
        if answer.error is not None:
            return {"why": "unreadable", "code": answer.error.code}
    changed = differs(known.get(entity) or {}, row.value)
    changed = [name for name in changed if name not in _LINKS]
    if changed:
        return {"why": "changed", "fields": changed}
    users = {
        "deals": deals.value,
        "leads": [item for item in leads.value if int(item["id"]) != lead_id],
        "activities": activities.value,
        "comments": comments.value,
        "contacts": contacts[0].value if contacts else (),
    }
    by = next((name for name, rows in users.items() if rows), "")
    return {"why": "used", "by": by} if by else {}
