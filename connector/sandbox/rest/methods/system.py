"""Methods about the portal itself: methods, scopes, features, time, app.info, CRM mode (common/system)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.errors import RestError
from connector.sandbox.oauth import portal_app_info
from connector.sandbox.rest.call import METHODS, Call, method, yes
from connector.sandbox.rest.event_codes import ALL_EVENTS, event_scope
from connector.sandbox.scopes import ALL_SCOPES

GROUPS = {"G2": ("All visitors", "other", ""), "AU": ("All authorized users", "other", "")}


def _available(call: Call, name: str) -> tuple[bool, bool]:
    entry = METHODS.get(name)
    if name == "batch":
        return True, True
    if entry is None or not entry.on(call.world):
        return False, False
    return True, not entry.scopes or any(scope in call.scopes for scope in entry.scopes)


@method("method.get", scope="")
def method_get(call: Call) -> Any:
    name = str(call.get("name") or "").lower()
    existing, available = _available(call, name)
    return {"isExisting": existing, "isAvailable": available}


@method("methods", scope="")
def methods(call: Call) -> Any:
    wanted = call.get("scope")
    names = ["batch"] if wanted in (None, "") else []
    for entry in METHODS.values():
        if not entry.on(call.world):
            continue
        if wanted not in (None, ""):
            if str(wanted) in entry.scopes:
                names.append(entry.name)
        elif yes(call.get("full", False)) or not entry.scopes or any(s in call.scopes for s in entry.scopes):
            names.append(entry.name)
    return names


@method("scope", scope="")
def scope(call: Call) -> Any:
    return list(ALL_SCOPES) if yes(call.get("full", False)) else list(call.scopes)


@method("events", scope="")
def events(call: Call) -> Any:
    call.require_app()
    wanted = call.get("SCOPE")
    full = yes(call.get("FULL", False))
    return [
        code
        for code in ALL_EVENTS
        if (not wanted and full)
        or (wanted and event_scope(code) == str(wanted))
        or (not wanted and (not event_scope(code) or event_scope(code) in call.scopes))
    ]


@method("server.time", scope="")
def server_time(call: Call) -> Any:
    return iso(call.world.clock.now())


@method("feature.get", scope="")
def feature_get(call: Call) -> Any:
    code = str(call.get("CODE") or "")
    if not code:
        raise RestError("CODE_EMPTY", "CODE can't be empty")
    settings = call.world.settings
    known = {
        "rest_offline_extended": settings.plan != "no-leads",
        "rest_auth_connector": settings.plan != "no-leads",
    }
    if settings.crm_feature:
        known["crm_leads"] = call.world.leads_available
    return {"value": "Y" if known.get(code, False) else "N"}


@method("app.info", scope="")
def app_info(call: Call) -> Any:
    app = call.require_app()
    return portal_app_info(call.world, app, call.user.language)


@method("crm.settings.mode.get")
def mode_get(call: Call) -> Any:
    return call.world.mode


@method("access.name", scope="")
def access_name(call: Call) -> Any:
    answer: dict[str, Any] = {}
    for code in call.map("ACCESS").values():
        text = str(code)
        if text in GROUPS:
            name, provider_id, provider = GROUPS[text]
            answer[text] = {"provider": provider, "name": name, "provider_id": provider_id}
        elif text.startswith("U") and text[1:].isdigit() and int(text[1:]) in call.world.users:
            user = call.world.users[int(text[1:])]
            answer[text] = {"provider": "", "name": f"{user.name} {user.last_name}", "provider_id": "user"}
    return answer or False
