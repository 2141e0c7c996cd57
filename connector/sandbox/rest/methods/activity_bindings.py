"""crm.activity.binding.{list,add,delete,move} (timeline/activities/binding)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.crm import activities
from connector.sandbox.errors import RestError
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, method
from connector.sandbox.rest.methods.activity_methods import may_read
from connector.sandbox.tables import Row

_TYPES = {1, 2, 3, 4, 7}


def _activity(call: Call) -> Row:
    if call.get("activityId") in (None, ""):
        raise RestError(100, "Could not find value for parameter {activityId}")
    row = call.world.activities.get(call.integer("activityId"))
    if row is None:
        raise RestError("NOT_FOUND", "Element not found")
    if not may_read(call, row):
        raise RestError("ACCESS_DENIED", "Access denied")
    return row


def _target(
    call: Call, kind_name: str = "entityTypeId", id_name: str = "entityId", *, exists: bool = True
) -> tuple[int, int]:
    for name in (kind_name, id_name):
        if call.get(name) in (None, ""):
            raise RestError(100, f"Could not find value for parameter {{{name}}}")
    kind, row_id = call.integer(kind_name), call.integer(id_name)
    owner = call.world.entities(kind).get(row_id) if kind in _TYPES else None
    if exists:
        if owner is None:
            raise RestError("OWNER_NOT_FOUND", "Owner was not found")
        if not access.may_touch(call, owner):
            raise RestError("ACCESS_DENIED", "Access denied")
    return kind, row_id


@method("crm.activity.binding.list")
def list_bindings(call: Call) -> Any:
    row = _activity(call)
    answer = []
    for kind, row_id in row["BINDINGS"]:
        owner = call.world.entities(kind).get(row_id) if kind in _TYPES else None
        if owner is None or access.may_touch(call, owner):
            answer.append({"entityTypeId": kind, "entityId": row_id})
    return answer


@method("crm.activity.binding.add")
def add(call: Call) -> Any:
    row, target = _activity(call), _target(call)
    activities.bind(call.world, row["ID"], target, call.actor)
    return True


@method("crm.activity.binding.delete")
def delete(call: Call) -> Any:
    row, target = _activity(call), _target(call, exists=False)
    activities.unbind(call.world, row["ID"], target, call.actor)
    return True


@method("crm.activity.binding.move")
def move(call: Call) -> Any:
    row = _activity(call)
    source = _target(call, "sourceEntityTypeId", "sourceEntityId", exists=False)
    target = _target(call, "targetEntityTypeId", "targetEntityId")
    activities.move(call.world, row["ID"], source, target, call.actor)
    return True
