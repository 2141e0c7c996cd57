"""crm.timeline.bindings.* (timeline/bindings): OWNER_ID is the timeline record, ENTITY the CRM record."""

from __future__ import annotations

from typing import Any

from connector.sandbox.crm import timeline
from connector.sandbox.errors import old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, to_int
from connector.sandbox.rest.methods.comments import TYPE_IDS
from connector.sandbox.rest.small import describe, paged
from connector.sandbox.world import ENTITY_NAMES


@method("crm.timeline.bindings.fields")
def fields(_: Call) -> Any:
    return describe(
        (
            ("OWNER_ID", "integer", "req imm", "Timeline record ID"),
            ("ENTITY_ID", "integer", "req imm", "Element ID"),
            ("ENTITY_TYPE", "string", "req imm", "Element type"),
        )
    )


def _binding(call: Call) -> tuple[int, tuple[int, int]]:
    values = call.map("fields")
    owner = to_int(values.get("OWNER_ID"))
    if owner <= 0 or timeline.table_of(call.world, owner) is None:
        raise old_error("OWNER_ID is not defined or invalid.")
    kind = TYPE_IDS.get(str(values.get("ENTITY_TYPE") or "").lower())
    if kind is None:
        raise old_error("ENTITY_TYPE is not defined or invalid.")
    row_id = to_int(values.get("ENTITY_ID"))
    if row_id <= 0:
        raise old_error("ENTITY_ID is not defined or invalid.")
    return owner, (kind, row_id)


@method("crm.timeline.bindings.bind")
def bind(call: Call) -> Any:
    owner, binding = _binding(call)
    record = call.world.entities(binding[0]).get(binding[1])
    if record is None:
        raise old_error("ENTITY_ID is not defined or invalid.")
    if not access.may_touch(call, record):
        raise old_error("Access denied.")
    return timeline.bind(call.world, owner, binding)


@method("crm.timeline.bindings.unbind")
def unbind(call: Call) -> Any:
    owner, binding = _binding(call)
    return timeline.unbind(call.world, owner, binding)


@method("crm.timeline.bindings.list")
def list_bindings(call: Call) -> Page:
    owner = to_int(call.map("filter").get("OWNER_ID"))
    table = timeline.table_of(call.world, owner)
    if table is None:
        raise old_error("OWNER_ID is not defined or invalid.")
    answers = [
        {"OWNER_ID": str(owner), "ENTITY_ID": str(row_id), "ENTITY_TYPE": ENTITY_NAMES.get(kind, "")}
        for kind, row_id in table.rows[owner]["BINDINGS"]
    ]
    return paged(call, answers)
