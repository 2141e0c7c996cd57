"""crm.activity.todo.*: universal activities (timeline/activities/todo)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.clock import parse_moment
from connector.sandbox.crm import activities
from connector.sandbox.errors import RestError
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, method
from connector.sandbox.rest.php import as_list
from connector.sandbox.tables import Row

_TYPES = {1, 2, 3, 4, 7}


def _owner(call: Call) -> tuple[int, int]:
    for name in ("ownerTypeId", "ownerId"):
        if call.get(name) in (None, ""):
            raise RestError(100, f"Could not find value for parameter {{{name}}}")
    kind, row_id = call.integer("ownerTypeId"), call.integer("ownerId")
    owner = call.world.entities(kind).get(row_id) if kind in _TYPES else None
    if owner is None:
        raise RestError("OWNER_NOT_FOUND", "Owner was not found")
    if not access.may_touch(call, owner):
        raise RestError("ACCESS_DENIED", "Access denied")
    return kind, row_id


def _deadline(call: Call) -> int:
    raw = call.get("deadline")
    if raw in (None, ""):
        raise RestError(100, "Could not find value for parameter {deadline}")
    moment = parse_moment(str(raw))
    if moment is None:
        raise RestError("WRONG_DATETIME_FORMAT", "Wrong date format")
    return moment


def _responsible(call: Call) -> int:
    user_id = call.integer("responsibleId")
    return user_id if user_id in call.world.users else call.user.id


@method("crm.activity.todo.add")
def add(call: Call) -> Any:
    owner = _owner(call)
    deadline = _deadline(call)
    description = str(call.get("description") or "")
    color = call.integer("colorId")
    values: dict[str, Any] = {
        "TYPE_ID": 6,
        "PROVIDER_ID": "CRM_TODO",
        "PROVIDER_TYPE_ID": "TODO",
        "SUBJECT": str(call.get("title") or "To-do"),
        "DESCRIPTION": description,
        "DEADLINE": deadline,
        "START_TIME": deadline,
        "END_TIME": deadline,
        "RESPONSIBLE_ID": _responsible(call),
        "BINDINGS": (owner,),
        "SETTINGS": {"PING_OFFSETS": as_list(call.get("pingOffsets")) or [0, 15]}
        | ({"COLOR": color} if color else {}),
    }
    if call.integer("parentActivityId"):
        values["PARENT_ID"] = call.integer("parentActivityId")
    return {"id": activities.create(call.world, values, call.actor)}


def _load(call: Call) -> Row:
    row = call.world.activities.get(call.integer("id"))
    owner = _owner(call)
    if row is None or row["PROVIDER_ID"] != "CRM_TODO" or owner not in row["BINDINGS"]:
        raise RestError("NOT_FOUND", "Not found.")
    if row["COMPLETED"]:
        raise RestError("CAN_NOT_UPDATE_COMPLETED_TODO", "A completed to-do cannot be changed")
    return row


def _change(call: Call, row: Row, values: dict[str, Any]) -> Any:
    activities.update(call.world, row["ID"], values, call.actor)
    return {"id": row["ID"]}


@method("crm.activity.todo.update")
def update(call: Call) -> Any:
    row = _load(call)
    deadline = _deadline(call)
    values: dict[str, Any] = {"DEADLINE": deadline, "START_TIME": deadline, "END_TIME": deadline}
    if call.get("title") is not None:
        values["SUBJECT"] = str(call.get("title"))
    if call.get("description") is not None:
        values["DESCRIPTION"] = str(call.get("description"))
    if call.get("responsibleId") not in (None, ""):
        values["RESPONSIBLE_ID"] = _responsible(call)
    return _change(call, row, values)


@method("crm.activity.todo.updateDeadline")
def update_deadline(call: Call) -> Any:
    raw = call.get("value", call.get("deadline"))
    moment = parse_moment(str(raw)) if raw else None
    if moment is None:
        raise RestError("WRONG_DATETIME_FORMAT", "Wrong date format")
    return _change(call, _load(call), {"DEADLINE": moment, "START_TIME": moment, "END_TIME": moment})


@method("crm.activity.todo.updateDescription")
def update_description(call: Call) -> Any:
    return _change(call, _load(call), {"DESCRIPTION": str(call.get("value") or "")})


@method("crm.activity.todo.updateResponsibleUser")
def update_responsible(call: Call) -> Any:
    user_id = call.integer("responsibleId")
    if user_id not in call.world.users:
        raise RestError("NOT_FOUND", "Not found.")
    return _change(call, _load(call), {"RESPONSIBLE_ID": user_id})


@method("crm.activity.todo.updateColor")
def update_color(call: Call) -> Any:
    row = _load(call)
    color = call.integer("colorId")
    if not 1 <= color <= 7:
        raise RestError(100, "Invalid colorId")
    return _change(call, row, {"SETTINGS": {**(row["SETTINGS"] or {}), "COLOR": color}})
