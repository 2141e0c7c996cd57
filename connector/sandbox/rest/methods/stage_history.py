"""crm.stagehistory.list: through which stages leads and deals went (crm-stage-history-list.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.errors import RestError
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method
from connector.sandbox.rest.filters import parse, parse_order
from connector.sandbox.rest.listing import Source, page, paged
from connector.sandbox.rest.small import only
from connector.sandbox.tables import Row
from connector.sandbox.world import DEAL, LEAD

_COMMON = {"ID": "integer", "TYPE_ID": "integer", "OWNER_ID": "integer", "CREATED_TIME": "datetime"}
_OWN = {
    LEAD: {"STATUS_ID": "string", "STATUS_SEMANTIC_ID": "string"},
    DEAL: {"STAGE_ID": "string", "STAGE_SEMANTIC_ID": "string", "CATEGORY_ID": "integer"},
}
_STORED = {
    "STATUS_ID": "STAGE",
    "STAGE_ID": "STAGE",
    "STATUS_SEMANTIC_ID": "SEMANTIC",
    "STAGE_SEMANTIC_ID": "SEMANTIC",
}


def _value(row: Row, field: str) -> Any:
    if field == "OWNER_ID":
        return row["OWNER"][0][1]
    if field == "OWNER_TYPE":
        return row["OWNER"][0][0]
    return row[_STORED.get(field, field)]


def _show(kind: int, row: Row) -> dict[str, Any]:
    answer: dict[str, Any] = {name: _value(row, name) for name in _COMMON}
    answer["CREATED_TIME"] = iso(row["CREATED_TIME"])
    answer.update({name: _value(row, name) for name in _OWN[kind]})
    return answer


@method("crm.stagehistory.list")
def list_history(call: Call) -> Page:
    kind = call.integer("entityTypeId")
    if kind not in _OWN:
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {kind} is not supported")
    types = {**_COMMON, **_OWN[kind]}

    def resolve(name: str) -> tuple[str, str] | None:
        return (name.upper(), types[name.upper()]) if name.upper() in types else None

    def refuse(name: str) -> None:
        raise RestError("INVALID_ARG_VALUE", f"Invalid filter or order: field '{name}' is not allowed")

    table = call.world.stage_history
    owners = call.world.entities(kind)
    sees_all = access.sees_all(call)

    def visible(row: Row) -> bool:
        owner_type, owner_id = row["OWNER"][0]
        if owner_type != kind:
            return False
        owner = owners.get(owner_id)
        return sees_all or (owner is not None and access.may_touch(call, owner))

    def of_owner(value: Any) -> Sequence[int]:
        return table.indexes["OWNER"].get((kind, value), ())

    audience = (kind, None if sees_all else call.user.id)
    source = Source(table, _value, {"OWNER_ID": of_owner}, visible, audience)
    found = page(
        call,
        source,
        parse(call.get("filter"), resolve, refuse),
        parse_order(call.get("order"), resolve, refuse),
        whole_pages=False,
    )
    return paged(
        found, lambda rows: {"items": [only(_show(kind, row), call.get("select"), ()) for row in rows]}
    )
