"""crm.item.import and crm.item.batchImport: adding without automation, with times of the past (universal/import)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.crm import items
from connector.sandbox.errors import RestError
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, method
from connector.sandbox.rest.entity import IMPORT_ONLY, parse_item
from connector.sandbox.rest.methods.items import entity_type, require_standard
from connector.sandbox.rest.php import as_list, as_map

MAX_ITEMS = 20
_OPTIONS = items.Options(automation=False, convert=False)


@method("crm.item.import")
def import_item(call: Call) -> Any:
    kind = entity_type(call)
    _require_right(call)
    return {"item": {"id": _import(call, kind, call.map("fields"))}}


@method("crm.item.batchImport")
def batch_import(call: Call) -> Any:
    kind = entity_type(call)
    _require_right(call)
    data = as_list(call.get("data"))
    if len(data) > MAX_ITEMS:
        raise RestError("MAX_IMPORT_BATCH_SIZE_EXCEEDED", f"Maximum import batch size is {MAX_ITEMS}")
    call.notes["weight"] = max(1, len(data))
    outcome: list[dict[str, Any]] = []
    for fields in data:
        try:
            outcome.append({"item": {"id": _import(call, kind, as_map(fields))}})
        except RestError as error:
            outcome.append(error.body())
    return {"items": outcome}


def _require_right(call: Call) -> None:
    if not access.sees_all(call):
        raise RestError("INVALID_CREDENTIALS", "You do not have permission to import", 401)


def _import(call: Call, kind: int, fields: Mapping[str, Any]) -> int:
    world, now = call.world, call.world.now()
    values = parse_item(call, kind, fields, None, importing=True)
    given = IMPORT_ONLY & values.keys()
    if given and not call.user.is_admin:
        raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", f"Invalid value of the field {sorted(given)[0]}")
    table = world.entities(kind)
    created = values.get("DATE_CREATE")
    if created is not None:
        last = max((table.rows[i]["DATE_CREATE"] for i in table.ids[-200:]), default=0)
        if created > now or created < last:
            raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", "Invalid value of the field Created on")
    changed = values.get("DATE_MODIFY")
    if changed is not None and changed < (created or now):
        raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", "Invalid value of the field Modified on")
    require_standard(kind, values, None)
    return items.create(world, kind, values, call.actor, options=_OPTIONS)
