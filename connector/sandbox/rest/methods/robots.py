"""bizproc.robot.*: robots that an application offers (bizproc/bizproc-robot)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call, method
from connector.sandbox.rest.php import as_map
from connector.sandbox.tables import Row

_TEXTS = ("HANDLER", "NAME", "AUTH_USER_ID", "USE_SUBSCRIPTION", "PLACEMENT_HANDLER", "USE_PLACEMENT")
_MAPS = ("PROPERTIES", "RETURN_PROPERTIES", "FILTER", "DOCUMENT_TYPE")


def _client(call: Call) -> str:
    if call.app is None:
        raise RestError("ACCESS_DENIED", "Application context required")
    if not call.user.is_admin:
        raise RestError("ACCESS_DENIED", "Access denied!")
    return call.app.client_id


def _find(call: Call, client: str, code: str) -> Row | None:
    return next(
        (row for row in call.world.robots if row["client_id"] == client and row["CODE"] == code), None
    )


def _invalid(text: str) -> RestError:
    return RestError("ERROR_ACTIVITY_VALIDATION_FAILURE", text)


def _values(raw: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {name: raw[name] for name in _TEXTS if name in raw}
    for name in _MAPS:
        if name in raw:
            if not isinstance(raw[name], (dict, list)):
                raise _invalid("Wrong properties array!")
            values[name] = as_map(raw[name])
    if "HANDLER" in values:
        parts = urlsplit(str(values["HANDLER"]))
        if parts.scheme not in {"http", "https"}:
            raise RestError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol")
        if not parts.netloc:
            raise RestError("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    return values


@method("bizproc.robot.add", scope="bizproc")
def add(call: Call) -> Any:
    client = _client(call)
    code = str(call.get("CODE") or "")
    if not code:
        raise _invalid("Empty activity code!")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", code):
        raise _invalid("Wrong activity code!")
    if not call.get("NAME"):
        raise _invalid("Empty activity NAME!")
    if _find(call, client, code) is not None:
        raise RestError("ERROR_ACTIVITY_ALREADY_INSTALLED", "Activity or Robot already installed!")
    values = _values({"HANDLER": "", **call.params})
    row_id = call.world.next_id("robot")
    call.world.robots.insert({**values, "ID": row_id, "CODE": code, "client_id": client})
    return True


@method("bizproc.robot.update", scope="bizproc")
def update(call: Call) -> Any:
    known = _find(call, _client(call), str(call.get("CODE") or ""))
    if known is None:
        raise RestError("ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
    fields = call.map("FIELDS")
    if not fields:
        raise _invalid("No fields to update.")
    call.world.robots.change(known["ID"], _values(fields))
    return True


@method("bizproc.robot.list", scope="bizproc")
def list_robots(call: Call) -> Any:
    client = _client(call)
    return [row["CODE"] for row in call.world.robots if row["client_id"] == client]


@method("bizproc.robot.delete", scope="bizproc")
def delete(call: Call) -> Any:
    known = _find(call, _client(call), str(call.get("CODE") or ""))
    if known is None:
        raise RestError("ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
    call.world.robots.remove(known["ID"])
    return True


@method("bizproc.event.send", scope="bizproc")
def event_send(call: Call) -> Any:
    token = str(call.get("EVENT_TOKEN") or "")
    step = next((row for row in call.world.workflow_instances if token and row["EVENT_TOKEN"] == token), None)
    if step is None:
        raise RestError("ACCESS_DENIED", "Access denied!", 403)
    # The key is used up: a second answer finds nobody who waits.
    values = as_map(call.get("RETURN_VALUES") or {})
    call.world.workflow_instances.change(step["ID"], {"EVENT_TOKEN": None, "RETURNED": dict(values)})
    return True
