"""im.notify.history.search: the caller's own notifications by text, kind, date, author and tag (chats/notifications)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.clock import iso, parse_moment
from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call, method, to_int
from connector.sandbox.rest.php import as_list
from connector.sandbox.tables import Row
from connector.sandbox.world import User

MOST = 50
_DAY = 86_400
SHORTEST_TEXT = 3
KIND = "crm|other"
"""The only kind this portal has (im.notify.schema.get)."""
_NOTIFY_TYPES = {"SYSTEM": 4, "USER": 2}
_CRITERIA = ("SEARCH_TYPE", "SEARCH_DATE", "SEARCH_TYPES", "SEARCH_AUTHORS")


@method("im.notify.history.search", scope="im")
def search(call: Call) -> Any:
    text = str(call.get("SEARCH_TEXT") or "")
    between = call.get("SEARCH_DATE_FROM") and call.get("SEARCH_DATE_TO")
    if len(text) < SHORTEST_TEXT and not between and not any(call.get(name) for name in _CRITERIA):
        raise RestError("SEARCH_TEXT_ERROR", "SEARCH_TEXT can't be less than 3 symbols")
    last = str(call.get("LAST_ID") or "")
    if last and not last.isdigit():
        raise RestError("LAST_ID_STRING", "Last notification ID can't be string")
    world = call.world
    rows = [world.notifications.rows[i] for i in world.notifications.find("USER_ID", call.user.id)]
    found = sorted(
        (row for row in rows if _fits(call, row, text)),
        key=lambda row: (row["DATE"] or 0, row["ID"]),
        reverse=True,
    )
    total = len(found)
    if last:
        start = next((i + 1 for i, row in enumerate(found) if row["ID"] == int(last)), None)
        found = found[start:] if start is not None else [row for row in found if row["ID"] < int(last)]
    limit = call.integer("LIMIT") or MOST
    page = found[: min(max(limit, 1), MOST)]
    authors = dict.fromkeys(row["AUTHOR_ID"] for row in page)
    known = (world.users.get(author) for author in authors)
    answer: dict[str, Any] = {
        "chat_id": call.user.id,
        "notifications": [_show(call, row) for row in page],
        "users": [_person(user) for user in known if user is not None],
    }
    # Only the first page of a search tells the total.
    return answer if last else {"chat_id": answer["chat_id"], "total_results": total, **answer}


def _fits(call: Call, row: Row, text: str) -> bool:
    kinds = [str(kind) for kind in (*as_list(call.get("SEARCH_TYPE")), *as_list(call.get("SEARCH_TYPES")))]
    authors = {to_int(author) for author in as_list(call.get("SEARCH_AUTHORS"))}
    tag = str(call.get("GROUP_TAG") or "")
    moment = row["DATE"] or 0
    day = _moment(call, "SEARCH_DATE")
    start, end = _moment(call, "SEARCH_DATE_FROM"), _moment(call, "SEARCH_DATE_TO")
    return (
        text.lower() in str(row["MESSAGE"]).lower()
        and (not kinds or any(kind in {KIND, KIND.partition("|")[0]} for kind in kinds))
        and (not authors or row["AUTHOR_ID"] in authors)
        and (not tag or row["TAG"] == tag)
        and (day is None or moment // _DAY == day // _DAY)
        and (start is None or end is None or start <= moment <= end)
    )


def _moment(call: Call, name: str) -> int | None:
    raw = call.get(name)
    return parse_moment(str(raw)) if raw else None


def _show(call: Call, row: Row) -> dict[str, Any]:
    module, _, event = KIND.partition("|")
    return {
        "id": row["ID"],
        "chat_id": call.user.id,
        "author_id": row["AUTHOR_ID"],
        "date": iso(row["DATE"]) if row["DATE"] else None,
        "notify_type": _NOTIFY_TYPES.get(row["KIND"], 2),
        "notify_module": module,
        "notify_event": event,
        "notify_tag": row["TAG"] or "",
        "notify_sub_tag": row["SUB_TAG"] or "",
        "notify_title": "",
        "setting_name": KIND,
        "text": row["MESSAGE"],
        "notify_read": "Y" if row["READ"] else "N",
        "params": None,
    }


def _person(user: User) -> dict[str, Any]:
    nothing = dict.fromkeys(("idle", "mobile_last_date", "desktop_last_date", "absent"), False)
    flags = dict.fromkeys(("extranet", "network", "bot", "connector"), False)
    texts = dict.fromkeys(
        ("work_position", "avatar", "avatar_hr", "birthday", "external_auth_id", "website"), ""
    )
    return {
        "id": user.id,
        "active": user.active,
        "name": f"{user.name} {user.last_name}",
        "first_name": user.name,
        "last_name": user.last_name,
        "color": "#1eb4aa",
        "gender": "M",
        **texts,
        **flags,
        **nothing,
        "status": "online",
        "last_activity_date": None,
        "departments": [user.department],
        "phones": {"work_phone": "", "inner_phone": str(100 + user.id)},
        "bot_data": None,
        "type": "user",
        "email": user.email,
    }
