"""crm.timeline.logmessage.* (timeline/logmessage)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.crm import timeline
from connector.sandbox.errors import RestError
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, to_int
from connector.sandbox.rest.small import paged
from connector.sandbox.tables import Row


def _show(row: Row) -> dict[str, Any]:
    return {
        "id": row["ID"],
        "created": iso(row["CREATED"]),
        "authorId": row["AUTHOR_ID"],
        "title": row["TITLE"],
        "text": row["TEXT"],
        "iconCode": row["ICON"],
    }


def _owner(call: Call, kind: int, row_id: int) -> tuple[int, int]:
    owner = call.world.entities(kind).get(row_id) if kind in {1, 2, 3, 4, 7} else None
    if owner is None:
        raise RestError("OWNER_NOT_FOUND", "Owner was not found")
    if not access.may_touch(call, owner):
        raise RestError("ACCESS_DENIED", "Access denied")
    return kind, row_id


@method("crm.timeline.logmessage.add")
def add(call: Call) -> Any:
    values = call.map("fields")
    for name in ("entityTypeId", "entityId", "title", "text", "iconCode"):
        if values.get(name) in (None, ""):
            raise RestError("100", f"Could not find value for parameter {{{name}}}")
    binding = _owner(call, to_int(values["entityTypeId"]), to_int(values["entityId"]))
    row = call.world.log_messages.insert(
        {
            "ID": call.world.next_id("timeline"),
            "CREATED": call.world.now(),
            "AUTHOR_ID": call.user.id,
            "TITLE": str(values["title"]),
            "TEXT": str(values["text"]),
            "ICON": str(values["iconCode"]),
            "BINDINGS": (binding,),
            "CLIENT": call.app.client_id if call.app is not None else "",
        }
    )
    return {"logMessage": _show(row)}


def _load(call: Call) -> Row:
    row_id = call.integer("id")
    row = call.world.log_messages.get(row_id)
    if row is None:
        raise RestError("NOT_FOUND", f"Timeline logmessage not found for id {row_id}")
    return row


@method("crm.timeline.logmessage.get")
def get(call: Call) -> Any:
    return {"logMessage": _show(_load(call))}


@method("crm.timeline.logmessage.list")
def list_messages(call: Call) -> Page:
    for name in ("entityTypeId", "entityId"):
        if call.get(name) in (None, ""):
            raise RestError("100", f"Could not find value for parameter {{{name}}}")
    kind, row_id = _owner(call, call.integer("entityTypeId"), call.integer("entityId"))
    rows = timeline.bound_to(call.world, kind, row_id, call.world.log_messages)
    if "desc" in {str(value).lower() for value in call.map("order").values()}:
        rows.reverse()
    return paged(call, [_show(row) for row in rows])


@method("crm.timeline.logmessage.delete")
def delete(call: Call) -> Any:
    call.world.log_messages.remove(_load(call)["ID"])
    return True
