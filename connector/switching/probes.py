"""How to find out whether a write happened whose answer was lost: one table method → what to read, and what proves it. Sends nothing.

Decided from the journal line alone (design decision 5): created records by our marker above the id that was the highest before, deals
also by their lead; everything else by reading what the write would have left behind. A proof of absence counts only after the portal can
no longer be working on the request; that wait is `crew.py`'s.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.switching.calls import COPY_FILES, DEAL, ORIGINATOR, Params, Read, Row


@dataclass(frozen=True, slots=True)
class Sent:
    """What the journal knows of a write whose outcome is open."""

    method: str
    params: Params
    marker: str = ""
    high_water: int = 0
    previous: Row = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Probe:
    """`read` builds the question; `judge` gets its answer (None: refused as not found) and returns the write's result, or None: absent."""

    read: Callable[[Sent], Read]
    judge: Callable[[Sent, Any], Row | None]


def text_of(value: Any) -> str:
    """A field value as Bitrix24 would show it, whatever family it came from: `5`, `"5"`, `5.0` and `"5.00"` are one."""
    if value is None or value is False or value in ("", [], {}):
        return ""
    if value is True:
        return "Y"
    if isinstance(value, list | tuple):
        return "|".join(text_of(item) for item in value)
    text = str(value)
    try:
        number = float(text)
    except ValueError:
        return text
    return f"{number:.4f}".rstrip("0").rstrip(".")


def same(wanted: Any, found: Any) -> bool:
    """Whether two field values mean the same."""
    return text_of(wanted) == text_of(found)


def phones_and_mails(rows: Any) -> set[tuple[str, str]]:
    """(type, value) of multifield rows, in the forms of `crm.item.*` and of the old families."""
    values = rows.values() if isinstance(rows, Mapping) else rows or ()
    return {
        (str(row.get("typeId") or row.get("TYPE_ID") or ""), str(row.get("value") or row.get("VALUE") or ""))
        for row in values
    }


def _created(sent: Sent) -> Read:
    params = {
        "entityTypeId": sent.params["entityTypeId"],
        "select": ["id", "leadId"],
        "filter": {">id": sent.high_water, "=originatorId": ORIGINATOR, "=originId": sent.marker},
        "order": {"id": "ASC"},
    }
    return Read("crm.item.list", params, whole=True, rows="items")


def _created_id(sent: Sent, rows: Sequence[Row]) -> Row | None:
    # Robots may copy a record together with its marker, but never with our lead; the oldest one is the one that we made.
    wanted = sent.params["fields"].get("leadId") if sent.params["entityTypeId"] == DEAL else None
    ids = [int(row["id"]) for row in rows if wanted is None or same(wanted, row.get("leadId"))]
    return {"id": min(ids)} if ids else None


def _first_id(sent: Sent, rows: Sequence[Row]) -> Row | None:  # noqa: ARG001
    return {"id": int(rows[0].get("id") or rows[0]["ID"])} if rows else None


def _item_get(sent: Sent) -> Read:
    return Read("crm.item.get", {"entityTypeId": sent.params["entityTypeId"], "id": sent.params["id"]})


def _updated(sent: Sent, answer: Any) -> Row | None:
    if answer is None:
        return None
    item, fields = answer["item"], dict(sent.params["fields"])
    wanted = fields.pop("fm", None)
    if isinstance(wanted, Mapping):
        return {} if _fm_applied(wanted, item.get("fm") or []) else None
    return {} if all(same(value, item.get(name)) for name, value in fields.items()) else None


def _fm_applied(wanted: Mapping[str, Any], rows: Sequence[Row]) -> bool:
    # An update is one transaction: once its phones and e-mails are there (or gone), the rest of it is there too.
    present = phones_and_mails(rows)
    ids = {str(row.get("id")) for row in rows}
    added = [row for key, row in wanted.items() if key.startswith("n")]
    removed = [key for key, row in wanted.items() if not key.startswith("n") and not row.get("value")]
    return phones_and_mails(added) <= present and not ids.intersection(removed)


def _old_get(sent: Sent) -> Read:
    return Read(sent.method.rsplit(".", 1)[0] + ".get", {"id": sent.params["id"]})


def _old_updated(sent: Sent, answer: Any) -> Row | None:
    if answer is None:
        return None
    return {} if all(same(v, answer.get(name)) for name, v in sent.params["fields"].items()) else None


def _deleted(sent: Sent, answer: Any) -> Row | None:  # noqa: ARG001
    return {} if answer is None else None


def _rows_of(sent: Sent) -> Read:
    filter_ = {"=ownerType": sent.params["ownerType"], "=ownerId": sent.params["ownerId"]}
    return Read(
        "crm.item.productrow.list",
        {"filter": filter_, "order": {"id": "ASC"}},
        whole=True,
        rows="productRows",
    )


def product_key(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What makes two product rows equal, whatever the portal added of its own."""
    return tuple(
        text_of(row.get(name)) for name in ("productId", "productName", "price", "quantity", "taxRate")
    )


def _rows_set(sent: Sent, rows: Sequence[Row]) -> Row | None:
    wanted = sorted(product_key(row) for row in sent.params["productRows"])
    return {} if wanted == sorted(product_key(row) for row in rows) else None


def _bindings(sent: Sent) -> Read:
    return Read("crm.activity.binding.list", {"activityId": sent.params["activityId"]})


def is_bound(bindings: Any, entity_type: int, entity_id: int) -> bool:
    """Whether the answer of `crm.activity.binding.list` holds this record."""
    return any(
        int(row["entityTypeId"]) == entity_type and int(row["entityId"]) == entity_id
        for row in bindings or ()
    )


def _bound(sent: Sent, answer: Any) -> Row | None:
    return {} if is_bound(answer, sent.params["entityTypeId"], sent.params["entityId"]) else None


def _unbound(sent: Sent, answer: Any) -> Row | None:
    return None if is_bound(answer, sent.params["entityTypeId"], sent.params["entityId"]) else {}


def _timeline(sent: Sent) -> Read:
    return Read(
        "crm.timeline.bindings.list", {"filter": {"OWNER_ID": sent.params["fields"]["OWNER_ID"]}}, whole=True
    )


def _on_timeline(sent: Sent, rows: Sequence[Row]) -> bool:
    fields = sent.params["fields"]
    return any(
        row["ENTITY_TYPE"] == fields["ENTITY_TYPE"] and int(row["ENTITY_ID"]) == int(fields["ENTITY_ID"])
        for row in rows
    )


def _contacts(sent: Sent) -> Read:
    return Read("crm.lead.contact.items.get", {"id": sent.params["id"]})


def contact_ids(links: Any) -> list[int]:
    """Ids of linked contacts in their order, from `crm.lead.contact.items.get` or what is sent to `.items.set`."""
    rows = sorted(links or (), key=lambda row: int(row.get("SORT") or 0))
    return [int(row["CONTACT_ID"]) for row in rows]


def _contacts_set(sent: Sent, answer: Any) -> Row | None:
    wanted = contact_ids(sent.params.get("items"))
    return {} if sorted(wanted) == sorted(contact_ids(answer)) else None


def _requisites(sent: Sent) -> Read:
    fields = sent.params["fields"]
    filter_ = {
        "=XML_ID": sent.marker,
        "=ENTITY_TYPE_ID": fields["ENTITY_TYPE_ID"],
        "=ENTITY_ID": fields["ENTITY_ID"],
    }
    params = {"filter": filter_, "select": ["ID", "XML_ID"], "order": {"ID": "ASC"}}
    return Read("crm.requisite.list", params, whole=True)


def _addresses(sent: Sent) -> Read:
    keys = ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID")
    filter_ = {name: sent.params["fields"][name] for name in keys}
    return Read("crm.address.list", {"filter": filter_}, whole=True)


def _any(sent: Sent, rows: Sequence[Row]) -> Row | None:  # noqa: ARG001
    return {} if rows else None


def _log_messages(sent: Sent) -> Read:
    owner = {name: sent.params["fields"][name] for name in ("entityTypeId", "entityId")}
    return Read("crm.timeline.logmessage.list", owner)


def _log_message_there(sent: Sent, answer: Any) -> Row | None:
    # The deal is ours and new: its messages are on the first page.
    rows = answer.get("logMessages") if isinstance(answer, Mapping) else answer
    fields = sent.params["fields"]
    there = any(
        row.get("title") == fields["title"] and row.get("text") == fields["text"] for row in rows or ()
    )
    return {} if there else None


def _files_there(sent: Sent, answer: Any) -> Row | None:
    # The record is ours and its field was empty; all files come with one update, so any of them proves it.
    held = answer["item"].get(sent.params["target"]) if answer is not None else None
    return {} if text_of(held) else None


def _task(sent: Sent) -> Read:
    return Read("tasks.task.get", {"taskId": sent.params["taskId"], "select": ["ID", "UF_CRM_TASK"]})


def _task_updated(sent: Sent, answer: Any) -> Row | None:
    # An empty list is a missing task, no records at all come as false.
    task = answer.get("task") if isinstance(answer, Mapping) else None
    if not isinstance(task, Mapping):
        return None
    held = {str(one) for one in task.get("ufCrmTask") or ()}
    return {} if held == {str(one) for one in sent.params["fields"]["UF_CRM_TASK"]} else None


def _categories(sent: Sent) -> Read:
    return Read(
        "crm.category.list", {"entityTypeId": sent.params["entityTypeId"]}, whole=True, rows="categories"
    )


def _category_named(sent: Sent, rows: Sequence[Row]) -> Row | None:
    # Whether a pipeline keeps our marker is not documented; its name above the highest id before is as good.
    wanted, before = sent.params["fields"]["name"], int(sent.previous.get("highest") or 0)
    ids = sorted(int(row["id"]) for row in rows if row["name"] == wanted and int(row["id"]) > before)
    return {"id": ids[0]} if ids else None


def _absent_id(sent: Sent, rows: Sequence[Row]) -> Row | None:
    return None if any(int(row["id"]) == sent.params["id"] for row in rows) else {}


def _stages(sent: Sent) -> Read:
    filter_ = {"ENTITY_ID": sent.params["fields"]["ENTITY_ID"]}
    return Read("crm.status.list", {"filter": filter_, "order": {"SORT": "ASC"}}, whole=True)


def _stage_coded(sent: Sent, rows: Sequence[Row]) -> Row | None:
    wanted = str(sent.params["fields"]["STATUS_ID"])
    for row in rows:
        if str(row["STATUS_ID"]).rpartition(":")[2] == wanted:
            return {"id": int(row["ID"])}
    return None


def _custom_fields(sent: Sent) -> Read:
    params = {"filter": {"FIELD_NAME": "UF_CRM_" + _short_name(sent)}}
    return Read(sent.method.rsplit(".", 1)[0] + ".list", params, whole=True)


def _short_name(sent: Sent) -> str:
    return str(sent.params["fields"]["FIELD_NAME"]).removeprefix("UF_CRM_")


def _mode(sent: Sent) -> Read:  # noqa: ARG001
    return Read("crm.settings.mode.get", {})


def _mode_is(sent: Sent, answer: Any) -> Row | None:
    return {} if text_of(answer) == text_of(sent.params["mode"]) else None


_BINDING_ADD = Probe(_bindings, _bound)
PROBES: Mapping[str, Probe] = {
    "crm.item.add": Probe(_created, _created_id),
    "crm.item.import": Probe(_created, _created_id),
    "crm.item.update": Probe(_item_get, _updated),
    "crm.item.delete": Probe(_item_get, _deleted),
    "crm.lead.update": Probe(_old_get, _old_updated),
    "crm.activity.update": Probe(_old_get, _old_updated),
    "crm.item.productrow.set": Probe(_rows_of, _rows_set),
    "crm.activity.binding.add": _BINDING_ADD,
    "crm.activity.binding.delete": Probe(_bindings, _unbound),
    "crm.timeline.bindings.bind": Probe(_timeline, lambda s, rows: {} if _on_timeline(s, rows) else None),
    "crm.timeline.bindings.unbind": Probe(_timeline, lambda s, rows: None if _on_timeline(s, rows) else {}),
    "crm.lead.contact.items.set": Probe(_contacts, _contacts_set),
    "crm.lead.contact.items.delete": Probe(_contacts, _contacts_set),
    "crm.requisite.add": Probe(_requisites, _first_id),
    "crm.requisite.delete": Probe(_old_get, _deleted),
    "crm.address.add": Probe(_addresses, _any),
    "crm.category.add": Probe(_categories, _category_named),
    "crm.category.delete": Probe(_categories, _absent_id),
    "crm.timeline.logmessage.add": Probe(_log_messages, _log_message_there),
    COPY_FILES: Probe(_item_get, _files_there),
    "tasks.task.update": Probe(_task, _task_updated),
    "crm.status.add": Probe(_stages, _stage_coded),
    "crm.status.update": Probe(_old_get, _old_updated),
    "crm.status.delete": Probe(_old_get, _deleted),
    "crm.deal.userfield.add": Probe(_custom_fields, _first_id),
    "crm.contact.userfield.add": Probe(_custom_fields, _first_id),
    "crm.company.userfield.add": Probe(_custom_fields, _first_id),
    "crm.deal.userfield.delete": Probe(_old_get, _deleted),
    "crm.contact.userfield.delete": Probe(_old_get, _deleted),
    "crm.company.userfield.delete": Probe(_old_get, _deleted),
    "leadswitch.crm.mode.set": Probe(_mode, _mode_is),
}


def probe_of(method: str) -> Probe:
    """The row of a method; raises KeyError for a write that nobody knows how to look for, which therefore must not be sent."""
    return PROBES[method]
