"""Taking back what was done for one lead, from the journal's lines alone. Asks and decides; sends nothing.

Order (design decision 6): activities to the lead again → off the deal → the lead's clients and stage as they were → activities reopened →
comments off the deal → what pointed at the lead points at it again → created records deleted last. Undo (`careful`) deletes only what
nobody changed or used since; taking back a lead that failed a moment ago does not ask, but never deletes a client that other leads share.
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
    Answer,
    Call,
    Line,
    Look,
    Part,
    Row,
    Write,
)
from connector.switching.fresh import differs
from connector.switching.parts import ask, together
from connector.switching.probes import contact_ids, text_of
from connector.switching.steps import GONE, bind, complete, unbind

BACK = "back:"
"""Journal keys of what takes a step back start with this."""

ENTITIES: Mapping[int, str] = {number: name for name, number in ENTITY_TYPES.items()}
_FINE = GONE | {"activity_is_already_bound", "binding_not_found"}


def take_back(
    lead_id: int, lines: Sequence[Line], *, known: Mapping[str, Any] | None = None
) -> Part[list[Row]]:
    """Everything but the clients. Returns what had to stay, each as `{"what", "id", "why", …}`.

    `known` is what was read back after the conversion (`run_lead.detail["made"]`); None means: do not ask whether anybody changed it.
    """
    kept: list[Row] = []
    yield from _each(kept, [(line, _to_lead(line)) for line in lines if _is_unbinding(line, LEAD)])
    yield from _each(
        kept, [(line, _off(line)) for line in lines if line.method == "crm.activity.binding.add"]
    )
    if not (yield from _lead_back(lead_id, lines, kept)):
        # The lead stays closed: its activities must not stay on it alone, where nobody works any more.
        yield from _each(kept, [(line, _on_again(line)) for line in lines if _is_binding(line, DEAL)])
        return kept
    yield from _each(kept, [(line, _reopen(line)) for line in lines if line.method == "crm.activity.update"])
    yield from _each(
        kept, [(line, _off_timeline(line)) for line in lines if line.method == "crm.timeline.bindings.bind"]
    )
    deal = next((int(line.result["id"]) for line in lines if _is_creation(line, DEAL)), 0)
    backs = [
        related.move_back(line, lead_id, deal, BACK + line.key, kept)
        for line in lines
        if related.is_move(line)
    ]
    yield from together(backs)
    for line in lines:
        if _is_creation(line, DEAL):
            yield from _delete_deal(line, lines, kept, known)
    return kept


def _is_creation(line: Line, entity_type: int) -> bool:
    return line.method in ("crm.item.add", "crm.item.import") and line.params["entityTypeId"] == entity_type


def _is_binding(line: Line, entity_type: int) -> bool:
    return line.method == "crm.activity.binding.add" and line.params["entityTypeId"] == entity_type


def _is_unbinding(line: Line, entity_type: int) -> bool:
    return line.method == "crm.activity.binding.delete" and line.params["entityTypeId"] == entity_type


def _to_lead(line: Line) -> Write:
    return bind(
        BACK + line.key, line.params["activityId"], line.params["entityTypeId"], line.params["entityId"]
    )


def _off(line: Line) -> Write:
    return unbind(
        BACK + line.key, line.params["activityId"], line.params["entityTypeId"], line.params["entityId"]
    )


def _on_again(line: Line) -> Write:
    write = bind(
        "again:" + line.key, line.params["activityId"], line.params["entityTypeId"], line.params["entityId"]
    )
    return Write(BACK + write.key, write.method, write.params)


def _reopen(line: Line) -> Write:
    return complete(BACK + line.key, line.params["id"], done=line.previous["COMPLETED"] == "Y")


def _off_timeline(line: Line) -> Write:
    return Write(BACK + line.key, "crm.timeline.bindings.unbind", {"fields": dict(line.params["fields"])})


def _each(kept: list[Row], work: Sequence[tuple[Line, Write]]) -> Part[bool]:
    """Side by side; a refusal is noted in `kept` unless it says that there is nothing left to do. True if all went well."""
    if not work:
        return True
    answers = yield [write for _, write in work]
    refused = [
        _stays(line, answer)
        for (line, _), answer in zip(work, answers, strict=True)
        if not answer.ok and answer.code not in _FINE
    ]
    kept.extend(refused)
    return not refused


def _stays(line: Line, answer: Answer) -> Row:
    error = answer.error
    return {
        "what": line.key,
        "why": "refused",
        "code": error.code if error else "",
        "text": error.description if error else "",
    }


def _lead_back(lead_id: int, lines: Sequence[Line], kept: list[Row]) -> Part[bool]:
    """Old clients by the method that leaves the repeat indicator alone, then one update with the old stage. False: it stays closed."""
    closed = next((line for line in lines if line.method == "crm.lead.update"), None)
    if closed is None:
        return True
    found = yield from ask(Look("lead", lead_id))
    if found.value is None:
        kept.append({"what": "lead", "id": lead_id, "why": "gone"})
        return False
    stage, ours = text_of(found.value.get("stageId")), text_of(closed.params["fields"]["STATUS_ID"])
    old = closed.previous["STATUS_ID"]
    if stage not in (ours, text_of(old)):
        kept.append({"what": "lead", "id": lead_id, "why": "changed", "fields": ["stageId"]})
        return False
    links = [
        (line, _contacts_back(lead_id, line))
        for line in lines
        if line.method.startswith("crm.lead.contact.items.")
    ]
    yield from _each(kept, links)
    update = Write(
        BACK + closed.key,
        "crm.lead.update",
        {"id": lead_id, "fields": {"STATUS_ID": old}},
        previous={"STATUS_ID": ours},
    )
    return (yield from _each(kept, [(closed, update)]))


def _contacts_back(lead_id: int, line: Line) -> Write:
    items = line.previous.get("items") or []
    if contact_ids(items):
        return Write(BACK + line.key, "crm.lead.contact.items.set", {"id": lead_id, "items": items})
    return Write(BACK + line.key, "crm.lead.contact.items.delete", {"id": lead_id})


def _delete_deal(
    line: Line, lines: Sequence[Line], kept: list[Row], known: Mapping[str, Any] | None
) -> Part[None]:
    id_ = int(line.result["id"])
    if known is not None:
        why = yield from _used_deal(id_, lines, known)
        if why:
            kept.append({"what": "deal", "id": id_, **why})
            return
    yield from _each(kept, [(line, _delete(line))])


def _delete(line: Line) -> Write:
    return Write(
        BACK + line.key,
        "crm.item.delete",
        {"entityTypeId": line.params["entityTypeId"], "id": int(line.result["id"])},
    )


def _used_deal(id_: int, lines: Sequence[Line], known: Mapping[str, Any]) -> Part[Row]:
    """Why a created deal must stay, or {}: changed fields or products, activities or comments that are not the lead's."""
    calls: list[Call] = [
        Look("deal", id_),
        Look("deal-rows", id_),
        looks.activities_of(DEAL, id_),
        looks.comments_of("deal", id_),
    ]
    deal, rows, activities, comments = yield calls
    if deal.ok and deal.value is None:
        return {}
    for answer in (deal, rows, activities, comments):
        if answer.error is not None:
            return {"why": "unreadable", "code": answer.error.code}
    changed = differs(known.get("deal") or {}, deal.value)
    if rows_text(rows.value) != (known.get("rows") or ""):
        changed.append("products")
    if changed:
        return {"why": "changed", "fields": changed}
    ours = {int(line.params["activityId"]) for line in lines if _is_binding(line, DEAL)}
    if any(int(row["ID"]) not in ours for row in activities.value):
        return {"why": "used", "by": "activities"}
    noted = {
        int(line.params["fields"]["OWNER_ID"])
        for line in lines
        if line.method == "crm.timeline.bindings.bind"
    }
    if any(int(row["ID"]) not in noted for row in comments.value):
        return {"why": "used", "by": "comments"}
    return {}


def rows_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Product rows in one comparable text; kept by `readback.remember`."""
    names = ("productName", "price", "quantity", "discountSum", "taxRate")
    return ";".join(sorted(",".join(text_of(row.get(name)) for name in names) for row in rows))


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
            if _is_creation(line, entity_type):
                yield from _delete_client(lead_id, line, kept, known, shared)
    return kept


def _drop_requisite(line: Line, kept: list[Row]) -> Part[None]:
    """Delete a requisite of ours, unless its client is gone and took it along, as an earlier undo does."""
    fields = line.params["fields"]
    client = yield from ask(Look(ENTITIES[int(fields["ENTITY_TYPE_ID"])], int(fields["ENTITY_ID"])))
    if client.value is not None:
        delete = Write(BACK + line.key, "crm.requisite.delete", {"id": int(line.result["id"])})
        yield from _each(kept, [(line, delete)])


def _owner(line: Line) -> tuple[int, int]:
    fields = line.params["fields"]
    return int(fields["ENTITY_TYPE_ID"]), int(fields["ENTITY_ID"])


def _made_ids(lines: Sequence[Line]) -> set[tuple[int, int]]:
    """(entityTypeId, id) of the clients that this lead created."""
    return {
        (entity_type, int(line.result["id"]))
        for line in lines
        for entity_type in (CONTACT, COMPANY)
        if _is_creation(line, entity_type)
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
        yield from _each(kept, [(line, Write(BACK + line.key, "crm.item.update", params))])


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
    yield from _each(kept, [(line, _delete(line))])


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
