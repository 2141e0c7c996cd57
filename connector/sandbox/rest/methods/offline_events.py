"""event.offline.*: the queue an application pulls (events/event-offline-*.md). Administrators only."""

from __future__ import annotations

from typing import Any

from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call, Page, method, to_int, yes
from connector.sandbox.rest.php import as_list
from connector.sandbox.rest.small import paged, select

_TYPES = {
    "ID": "integer",
    "TIMESTAMP_X": "string",
    "EVENT_NAME": "string",
    "MESSAGE_ID": "string",
    "PROCESS_ID": "string",
    "ERROR": "integer",
}
LIMIT = 50
_PUBLIC = ("ID", "TIMESTAMP_X", "EVENT_NAME", "EVENT_DATA", "EVENT_ADDITIONAL", "MESSAGE_ID")


def _client(call: Call) -> str:
    if call.app is None:
        raise RestError("WRONG_AUTH_TYPE", "Application context required", 403)
    call.require_admin()
    return call.app.client_id


def _mine(call: Call) -> list[dict[str, Any]]:
    client, connector = _client(call), str(call.get("auth_connector") or "")
    return [r for r in call.world.offline_queue if r["client_id"] == client and r["connector"] == connector]


def _show(record: Any) -> dict[str, Any]:
    return {name: str(record[name]) if name == "ID" else record[name] for name in _PUBLIC}


@method("event.offline.get", scope="")
def get(call: Call) -> Any:
    process = str(call.get("process_id") or "")
    failed = yes(call.get("error", 0))
    records = [
        r
        for r in _mine(call)
        if r["PROCESS_ID"] == process and (bool(r["ERROR"]) == failed or not (process or failed))
    ]
    limit = to_int(call.get("limit", LIMIT)) or LIMIT
    chosen = select(call, records, _TYPES)[:limit]
    ids = {record["ID"] for record in chosen}
    answer = [_show(record) for record in chosen]
    if process:
        return {"process_id": process, "events": answer}
    if yes(call.get("clear", 1)):
        call.world.offline_queue = [r for r in call.world.offline_queue if r["ID"] not in ids]
        return {"process_id": None, "events": answer}
    process = f"{call.world.random.getrandbits(128):032x}" if ids else ""
    for record in call.world.offline_queue:
        if record["ID"] in ids:
            record["PROCESS_ID"] = process
    return {"process_id": process or None, "events": answer}


@method("event.offline.list", scope="")
def list_events(call: Call) -> Page:
    rows = select(call, _mine(call), _TYPES)
    return paged(call, [{**_show(r), "PROCESS_ID": r["PROCESS_ID"], "ERROR": str(r["ERROR"])} for r in rows])


def _named(call: Call) -> list[dict[str, Any]]:
    process = str(call.get("process_id") or "")
    if not process:
        raise RestError("PROCESS_ID_REQUIRED", "Process ID is required")
    ids = {to_int(i) for i in as_list(call.get("id"))}
    messages = {str(i) for i in as_list(call.get("message_id"))}
    return [
        record
        for record in _mine(call)
        if record["PROCESS_ID"] == process
        and ((not ids and not messages) or record["ID"] in ids or record["MESSAGE_ID"] in messages)
    ]


@method("event.offline.clear", scope="")
def clear(call: Call) -> Any:
    gone = {record["ID"] for record in _named(call)}
    call.world.offline_queue = [r for r in call.world.offline_queue if r["ID"] not in gone]
    return True


@method("event.offline.error", scope="")
def error(call: Call) -> Any:
    for record in _named(call):
        record["ERROR"] = 1
    return True
