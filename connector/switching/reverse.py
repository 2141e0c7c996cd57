"""Taking back what was done for one lead, but for its clients (`reverse_clients`), from the journal's lines alone. Sends nothing.

Order (design decision 6): activities to the lead again → off the deal → the lead's clients and stage as they were → activities reopened →
comments off the deal → what pointed at the lead points at it again → created records deleted last. Undo (`careful`) deletes only what
nobody changed or used since; taking back a lead that failed a moment ago does not ask, but never deletes a client that other leads share.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.switching import looks, related
from connector.switching.calls import (
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
    yield from side_by_side(kept, [(line, _to_lead(line)) for line in lines if _is_unbinding(line, LEAD)])
    yield from side_by_side(
        kept, [(line, _off(line)) for line in lines if line.method == "crm.activity.binding.add"]
    )
    if not (yield from _lead_back(lead_id, lines, kept)):
        # The lead stays closed: its activities must not stay on it alone, where nobody works any more.
        yield from side_by_side(kept, [(line, _on_again(line)) for line in lines if _is_binding(line, DEAL)])
        return kept
    yield from side_by_side(
        kept, [(line, _reopen(line)) for line in lines if line.method == "crm.activity.update"]
    )
    yield from side_by_side(
        kept, [(line, _off_timeline(line)) for line in lines if line.method == "crm.timeline.bindings.bind"]
    )
    deal = next((int(line.result["id"]) for line in lines if is_creation(line, DEAL)), 0)
    backs = [
        related.move_back(line, lead_id, deal, BACK + line.key, kept)
        for line in lines
        if related.is_move(line)
    ]
    yield from together(backs)
    for line in lines:
        if is_creation(line, DEAL):
            yield from _delete_deal(line, lines, kept, known)
    return kept


def is_creation(line: Line, entity_type: int) -> bool:
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


def side_by_side(kept: list[Row], work: Sequence[tuple[Line, Write]]) -> Part[bool]:
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
    yield from side_by_side(kept, links)
    update = Write(
        BACK + closed.key,
        "crm.lead.update",
        {"id": lead_id, "fields": {"STATUS_ID": old}},
        previous={"STATUS_ID": ours},
    )
    return (yield from side_by_side(kept, [(closed, update)]))


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
    yield from side_by_side(kept, [(line, deletion(line))])


def deletion(line: Line) -> Write:
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
