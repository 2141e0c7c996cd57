"""crm.duplicate.findbycomm and crm.entity.mergeBatch (duplicates)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.crm import items, multifields
from connector.sandbox.errors import RestError
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, method, to_int
from connector.sandbox.rest.php import as_list
from connector.sandbox.world import COMPANY, CONTACT, LEAD

_TYPES = {"LEAD": LEAD, "CONTACT": CONTACT, "COMPANY": COMPANY}
MAX_VALUES = 20
ENOUGH = 20
"""So many hits of one type keep the later types out of the answer."""


@method("crm.duplicate.findbycomm")
def find_by_communication(call: Call) -> Any:
    kind = str(call.get("type") or "").upper()
    if not kind:
        raise RestError("Communication type is not defined.", "Communication type is not defined.")
    if kind not in {"PHONE", "EMAIL"}:
        raise RestError(
            f"Communication type '{kind}' is not supported in current context.",
            f"Communication type '{kind}' is not supported in current context.",
        )
    values = [str(value) for value in as_list(call.get("values")) if str(value).strip()]
    if not values:
        raise RestError("Communication values is not defined.", "Communication values is not defined.")
    wanted = str(call.get("entity_type") or "").upper()
    if wanted and wanted not in _TYPES:
        raise RestError(
            f"Entity type '{wanted}' is not supported.", f"Entity type '{wanted}' is not supported."
        )
    keys = [(kind, multifields.normalise(kind, value)) for value in values[:MAX_VALUES]]
    answer: dict[str, list[int]] = {}
    for name, entity_type in _TYPES.items():
        if wanted and wanted != name:
            continue
        table = call.world.entities(entity_type)
        hits = sorted(
            {
                row_id
                for key in keys
                for found, row_id in call.world.by_communication.get(key, ())
                if found == entity_type and access.may_touch(call, table.rows[row_id])
            }
        )
        if hits:
            answer[name] = hits[:ENOUGH]
        if len(hits) >= ENOUGH:
            break
    return answer


@method("crm.entity.mergeBatch")
def merge(call: Call) -> Any:
    params = call.map("params")
    kind = to_int(params.get("entityTypeId"))
    ids = [to_int(i) for i in as_list(params.get("entityIds"))]
    if len(ids) < 2:
        raise RestError(0, "The parameter entityIds must contains at least two elements.")
    if kind not in _TYPES.values():
        raise RestError(0, "The parameter entityTypeId is not supported.")
    table = call.world.entities(kind)
    rows = [table.get(i) for i in ids]
    if any(row is None or not access.may_touch(call, row) for row in rows):
        return {"STATUS": "ERROR", "ENTITY_IDS": []}
    kept = table.rows[ids[0]]
    fm = {entry[1:]: entry for i in ids for entry in table.rows[i]["FM"]}
    empty: dict[str, Any] = {}
    for row_id in ids[1:]:
        for name, value in table.rows[row_id].items():
            if name not in {"ID", "FM"} and kept[name] in (None, "") and value not in (None, ""):
                empty.setdefault(name, value)
    items.update(call.world, kind, ids[0], {**empty, "FM": tuple(fm.values())}, call.actor)
    for row_id in ids[1:]:
        items.delete(call.world, kind, row_id, call.actor)
    return {"STATUS": "SUCCESS", "ENTITY_IDS": ids[1:]}
