"""event.bind, event.unbind, event.get, event.test: subscriptions of an application (events/*.md)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call, method, to_int
from connector.sandbox.rest.event_codes import ALL_EVENTS, event_scope


def _client(call: Call) -> str:
    if call.app is None:
        raise RestError("WRONG_AUTH_TYPE", "Application context required", 403)
    return call.app.client_id


def _offline(call: Call) -> bool:
    return str(call.get("event_type") or "online").lower() == "offline"


@method("event.bind", scope="")
def bind(call: Call) -> Any:
    client = _client(call)
    code = str(call.get("event") or "").upper()
    if code not in ALL_EVENTS or (event_scope(code) and event_scope(code) not in call.scopes):
        raise RestError("ERROR_EVENT_NOT_FOUND", "Event not found!")
    offline = _offline(call)
    handler = str(call.get("handler") or "")
    auth_type = to_int(call.get("auth_type"))
    if offline and not call.user.is_admin:
        raise RestError(
            "ACCESS_DENIED", "Access denied! Offline events binding requires administrator access rights", 403
        )
    if auth_type and auth_type != call.user.id and not call.user.is_admin:
        raise RestError(
            "ACCESS_DENIED",
            "Access denied! Event binding with AUTH_TYPE requires administrator access rights",
            403,
        )
    if not offline:
        parts = urlsplit(handler)
        if not handler:
            raise RestError("ERROR_ARGUMENT", "Argument 'HANDLER' is null or empty", argument="HANDLER")
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise RestError("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    if not call.user.is_admin:
        auth_type = call.user.id
    connector = str(call.get("auth_connector") or "") if offline else ""
    same = {
        "event": code,
        "handler": handler,
        "auth_type": auth_type,
        "offline": offline,
        "connector": connector,
    }
    for known in call.world.event_handlers:
        if known["client_id"] == client and all(known[key] == value for key, value in same.items()):
            raise RestError("ERROR_CORE", "Unable to set event handler: Handler already binded")
    call.world.event_handlers.append(
        {**same, "id": call.world.next_id("handler"), "client_id": client, "options": call.map("options")}
    )
    return True


@method("event.unbind", scope="")
def unbind(call: Call) -> Any:
    client = _client(call)
    offline = _offline(call)
    if offline and not call.user.is_admin:
        raise RestError(
            "ACCESS_DENIED",
            "Access denied! Offline events unbinding requires administrator access rights",
            403,
        )
    code, handler = str(call.get("event") or "").upper(), str(call.get("handler") or "")
    auth_type, connector = call.get("auth_type"), str(call.get("auth_connector") or "")
    gone = [
        known
        for known in call.world.event_handlers
        if known["client_id"] == client
        and known["offline"] == offline
        and (not code or known["event"] == code)
        and (offline or not handler or known["handler"] == handler)
        and (auth_type in (None, "") or known["auth_type"] == to_int(auth_type))
        and (not offline or not connector or known["connector"] == connector)
        and (call.user.is_admin or known["auth_type"] == call.user.id)
    ]
    call.world.event_handlers = [known for known in call.world.event_handlers if known not in gone]
    return {"count": len(gone)}


@method("event.get", scope="")
def get(call: Call) -> Any:
    client = _client(call)
    answer = []
    for known in call.world.event_handlers:
        if known["client_id"] != client or not (call.user.is_admin or known["auth_type"] == call.user.id):
            continue
        entry: dict[str, Any] = {"event": known["event"]}
        if known["offline"]:
            entry["connector_id"] = known["connector"]
        else:
            entry["handler"] = known["handler"]
        answer.append({**entry, "auth_type": str(known["auth_type"]), "offline": int(known["offline"])})
    return answer


@method("event.test", scope="")
def test(call: Call) -> Any:
    _client(call)
    call.world.emit(
        "ONAPPTEST", {"QUERY": dict(call.params), "LANGUAGE_ID": call.user.language}, call.actor, flat=True
    )
    return 1
