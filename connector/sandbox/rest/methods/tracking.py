"""crm.tracking.trace.*: sales intelligence traces; they can be written but not read back (tracking/*.md)."""

from __future__ import annotations

import json
from typing import Any

from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call, method
from connector.sandbox.rest.php import as_list, as_map


@method("crm.tracking.trace.add")
def add(call: Call) -> Any:
    raw = call.get("TRACE")
    if raw in (None, ""):
        raise RestError("ERROR_CORE", "Parameter `TRACE` required.")
    try:
        trace = json.loads(str(raw))
    except ValueError as error:
        raise RestError("ERROR_CORE", "Parameter `TRACE` must be a JSON string.") from error
    entities = [as_map(entity) for entity in as_list(call.get("ENTITIES"))]
    row_id = call.world.next_id("trace")
    call.world.traces.insert({"ID": row_id, "TRACE": trace, "ENTITIES": entities})
    return row_id


@method("crm.tracking.trace.delete")
def delete(call: Call) -> Any:
    row_id = call.integer("id")
    if not row_id:
        raise RestError("ERROR_CORE", "Parameter `id` required.")
    if call.world.traces.remove(row_id) is None:
        raise RestError("ERROR_CORE", "Trace not found.")
