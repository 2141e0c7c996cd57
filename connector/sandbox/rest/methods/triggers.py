"""crm.automation.trigger and crm.automation.trigger.* (automation/*.md)."""

from __future__ import annotations

import re
from typing import Any

from connector.sandbox.crm import automation
from connector.sandbox.errors import RestError, old_error
from connector.sandbox.rest.call import Call, method
from connector.sandbox.tables import Row
from connector.sandbox.world import DEAL, LEAD, QUOTE

_TARGETS = {"LEAD": LEAD, "DEAL": DEAL, "QUOTE": QUOTE}


def _client(call: Call) -> str:
    if call.app is None:
        raise RestError("ACCESS_DENIED", "Access denied! Application context required")
    if not call.user.is_admin:
        raise RestError("ACCESS_DENIED", "Access denied! Admin permissions required")
    return call.app.client_id


def _find(call: Call, client: str, code: str) -> Row | None:
    return next(
        (row for row in call.world.triggers if row["client_id"] == client and row["CODE"] == code), None
    )


@method("crm.automation.trigger")
def trigger(call: Call) -> Any:
    target = re.fullmatch(r"([A-Z]+)_(\d+)", str(call.get("target") or ""))
    if target is None or target[1] not in _TARGETS:
        raise old_error("Target is not set.")
    if not call.get("code"):
        raise old_error("Trigger code is not set.")
    kind, row_id = _TARGETS[target[1]], int(target[2])
    if row_id in call.world.entities(kind):
        automation.record(call.world, "trigger", kind, row_id, str(call.get("code")))
    return True


@method("crm.automation.trigger.add")
def add(call: Call) -> Any:
    client = _client(call)
    code, name = str(call.get("CODE") or ""), str(call.get("NAME") or "")
    if not re.fullmatch(r"[a-z0-9.\-_]+", code, re.IGNORECASE):
        raise old_error("Wrong trigger code!")
    if not name:
        raise old_error("Empty trigger name!")
    known = _find(call, client, code)
    if known is not None:
        call.world.triggers.change(known["ID"], {"NAME": name})
    else:
        call.world.triggers.insert(
            {"ID": call.world.next_id("trigger"), "CODE": code, "NAME": name, "client_id": client}
        )
    return True


@method("crm.automation.trigger.list")
def list_triggers(call: Call) -> Any:
    client = _client(call)
    return [
        {"NAME": row["NAME"], "CODE": row["CODE"]}
        for row in call.world.triggers
        if row["client_id"] == client
    ]


@method("crm.automation.trigger.delete")
def delete(call: Call) -> Any:
    known = _find(call, _client(call), str(call.get("CODE") or ""))
    if known is None:
        raise old_error("Trigger not found")
    call.world.triggers.remove(known["ID"])
    return True


@method("crm.automation.trigger.execute")
def execute(call: Call) -> Any:
    client = _client(call)
    code, kind, row_id = str(call.get("CODE") or ""), call.integer("OWNER_TYPE_ID"), call.integer("OWNER_ID")
    if _find(call, client, code) is None:
        raise old_error("Trigger not found")
    if kind not in _TARGETS.values():
        raise old_error("Incorrect parameter OWNER_TYPE_ID.")
    if row_id not in call.world.entities(kind):
        raise old_error("Incorrect parameter OWNER_ID.")
    automation.record(call.world, "trigger", kind, row_id, code)
    return True
