"""placement.{bind,unbind,get,list} (widgets/placement-*.md)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call, method, to_int
from connector.sandbox.rest.php import as_map

_ENTITIES = ("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE", "SMART_INVOICE")
CODES: tuple[str, ...] = (
    *(f"CRM_{kind}_LIST_TOOLBAR" for kind in _ENTITIES),
    *(f"CRM_{kind}_LIST_MENU" for kind in _ENTITIES),
    *(f"CRM_{kind}_DETAIL_TAB" for kind in _ENTITIES),
    *(f"CRM_{kind}_DETAIL_TOOLBAR" for kind in _ENTITIES),
    *(f"CRM_{kind}_DETAIL_ACTIVITY" for kind in _ENTITIES),
    *(f"CRM_{kind}_ACTIVITY_TIMELINE_MENU" for kind in ("LEAD", "DEAL", "QUOTE")),
    *(f"CRM_{kind}_ROBOT_DESIGNER_TOOLBAR" for kind in ("LEAD", "DEAL")),
    "CRM_FUNNELS_TOOLBAR",
    "CRM_ANALYTICS_MENU",
    "CRM_ANALYTICS_TOOLBAR",
)
BASIC = ("LEFT_MENU", "REST_APP_URI", "PAGE_BACKGROUND_WORKER")
_SINGLE = {"PAGE_BACKGROUND_WORKER", "REST_APP_URI"}
DENIED = "Current authorization type is denied for this method Application context required"


def _client(call: Call, *, admin: bool = True) -> str:
    if call.app is None:
        raise RestError("WRONG_AUTH_TYPE", DENIED, 403)
    if admin:
        call.require_admin()
    return call.app.client_id


def _mine(call: Call, client: str) -> list[dict[str, Any]]:
    return [bound for bound in call.world.placements if bound["client_id"] == client]


@method("placement.list", scope="placement crm")
def list_codes(call: Call) -> Any:
    _client(call, admin=False)
    wanted = call.get("SCOPE")
    if wanted:
        return list(CODES) if str(wanted) == "crm" else list(BASIC)
    return [*BASIC, *(CODES if "crm" in call.scopes else ())]


@method("placement.bind", scope="placement")
def bind(call: Call) -> Any:
    client = _client(call)
    code, handler = str(call.get("PLACEMENT") or "").upper(), str(call.get("HANDLER") or "")
    if not code:
        raise RestError("ERROR_ARGUMENT", "Argument 'PLACEMENT' is null or empty", argument="PLACEMENT")
    if not handler:
        raise RestError("ERROR_ARGUMENT", "Argument 'HANDLER' is null or empty", argument="HANDLER")
    if code not in {*CODES, *BASIC} or (code in CODES and "crm" not in call.scopes):
        raise RestError("ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    parts = urlsplit(handler)
    if parts.scheme not in {"http", "https"}:
        raise RestError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol")
    if not parts.netloc:
        raise RestError("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    options = call.map("OPTIONS")
    if code == "PAGE_BACKGROUND_WORKER" and not options.get("errorHandlerUrl"):
        raise RestError("EMPTY_ERROR_HANDLER_URL", "Option errorHandlerUrl is required", 200)
    user_id = to_int(call.get("USER_ID"))
    if user_id and code != "PAGE_BACKGROUND_WORKER":
        raise RestError("ERROR_PLACEMENT_USER_MODE", "User mode is not available for this placement", 200)
    same = [
        bound for bound in _mine(call, client) if bound["placement"] == code and bound["userId"] == user_id
    ]
    if code in _SINGLE and same:
        raise RestError("ERROR_PLACEMENT_MAX_COUNT", "The placement is bound already", 200)
    if any(bound["handler"] == handler for bound in same):
        raise RestError("ERROR_CORE", "Unable to set placement handler: Handler already binded")
    languages = {
        lang: {name: str(as_map(texts).get(name, "")) for name in ("TITLE", "DESCRIPTION", "GROUP_NAME")}
        for lang, texts in call.map("LANG_ALL").items()
    }
    call.world.placements.append(
        {
            "client_id": client,
            "placement": code,
            "userId": user_id,
            "handler": handler,
            "options": options or [],
            "title": str(call.get("TITLE") or ""),
            "description": str(call.get("DESCRIPTION") or ""),
            "group": str(call.get("GROUP_NAME") or ""),
            "langAll": languages,
        }
    )
    return True


@method("placement.unbind", scope="placement")
def unbind(call: Call) -> Any:
    client = _client(call)
    code, handler = str(call.get("PLACEMENT") or "").upper(), str(call.get("HANDLER") or "")
    if not code:
        raise RestError("ERROR_ARGUMENT", "Argument 'PLACEMENT' is null or empty", argument="PLACEMENT")
    user = call.get("USER_ID")
    gone = [
        bound
        for bound in _mine(call, client)
        if bound["placement"] == code
        and (not handler or bound["handler"] == handler)
        and (user in (None, "") or bound["userId"] == to_int(user))
    ]
    call.world.placements = [bound for bound in call.world.placements if bound not in gone]
    # The documented count adds those found and those removed (placement-unbind.md).
    return {"count": 2 * len(gone)}


@method("placement.get", scope="placement")
def get(call: Call) -> Any:
    client = _client(call)
    names = ("placement", "userId", "handler", "options", "title", "description", "langAll")
    return [{name: bound[name] for name in names} for bound in _mine(call, client)]
