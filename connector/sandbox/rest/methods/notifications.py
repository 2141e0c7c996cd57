"""im.notify.*: notifications of employees (chats/notifications)."""

from __future__ import annotations

import json
from typing import Any

from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call, method, to_int
from connector.sandbox.rest.php import as_list

MAX_ATTACH = 60_000


def _add(call: Call, kind: str) -> Any:
    user_id = to_int(call.get("USER_ID", call.get("TO")))
    if user_id <= 0:
        raise RestError("USER_ID_EMPTY", "User ID can't be empty")
    message = str(call.get("MESSAGE") or "").strip()
    if not message:
        raise RestError("MESSAGE_EMPTY", "Message can't be empty")
    attach = call.get("ATTACH")
    if attach not in (None, "") and len(json.dumps(attach)) > MAX_ATTACH:
        raise RestError("ATTACH_OVERSIZE", "You have exceeded the maximum allowable size of attach")
    world = call.world
    if user_id not in world.users or not world.users[user_id].active:
        return False
    client = call.app.client_id if call.app is not None else f"webhook:{call.webhook_code}"
    tag = str(call.get("TAG") or "")
    if tag:
        for row_id in world.notifications.find("USER_ID", user_id):
            row = world.notifications.rows[row_id]
            if row["TAG"] == tag and row["CLIENT"] == client:
                world.notifications.remove(row_id)
    row_id = world.next_id("notification")
    world.notifications.insert(
        {
            "ID": row_id,
            "USER_ID": user_id,
            "KIND": kind,
            "AUTHOR_ID": 0 if kind == "SYSTEM" else call.user.id,
            "MESSAGE": message,
            "TAG": tag,
            "SUB_TAG": str(call.get("SUB_TAG") or ""),
            "CLIENT": client,
            "ATTACH": attach or None,
            "DATE": world.now(),
            "READ": False,
        }
    )
    return row_id


@method("im.notify", scope="im")
def notify(call: Call) -> Any:
    return _add(call, "SYSTEM" if str(call.get("TYPE") or "USER").upper() == "SYSTEM" else "USER")


method("im.notify.personal.add", scope="im")(lambda call: _add(call, "USER"))
method("im.notify.system.add", scope="im")(lambda call: _add(call, "SYSTEM"))


@method("im.notify.delete", scope="im")
def delete(call: Call) -> Any:
    world = call.world
    row_id, tag, sub_tag = call.integer("ID"), str(call.get("TAG") or ""), str(call.get("SUB_TAG") or "")
    gone = [
        row["ID"]
        for row in world.notifications
        if (row_id and row["ID"] == row_id)
        or (not row_id and tag and row["TAG"] == tag)
        or (not row_id and sub_tag and row["SUB_TAG"] == sub_tag)
    ]
    for found in gone:
        world.notifications.remove(found)
    return bool(gone)


def _read(call: Call, ids: list[int]) -> bool:
    for row_id in ids:
        row = call.world.notifications.get(row_id)
        if row is not None and row["USER_ID"] == call.user.id:
            call.world.notifications.change(row_id, {"READ": True})
    return True


@method("im.notify.read", scope="im")
def read(call: Call) -> Any:
    first = call.integer("ID")
    only = str(call.get("ONLY_CURRENT") or "N").upper() == "Y"
    mine = call.world.notifications.find("USER_ID", call.user.id)
    return _read(call, [first] if only else [i for i in mine if i <= first])


@method("im.notify.read.list", scope="im")
def read_list(call: Call) -> Any:
    return _read(call, [to_int(i) for i in as_list(call.get("IDS"))])


@method("im.notify.read.all", scope="im")
def read_all(call: Call) -> Any:
    _read(call, call.world.notifications.find("USER_ID", call.user.id))
    return {"result": True, "newCounter": 0}


@method("im.notify.get", scope="im")
def get(call: Call) -> Any:
    rows = [call.world.notifications.rows[i] for i in call.world.notifications.find("USER_ID", call.user.id)]
    return {
        "notifications": [
            {
                "id": row["ID"],
                "author_id": row["AUTHOR_ID"],
                "text": row["MESSAGE"],
                "notify_tag": row["TAG"],
                "notify_read": "Y" if row["READ"] else "N",
            }
            for row in reversed(rows)
        ],
        "total_unread_count": sum(1 for row in rows if not row["READ"]),
        "total_count": len(rows),
    }


@method("im.notify.answer", scope="im")
def answer(call: Call) -> Any:
    if not str(call.get("ANSWER_TEXT") or "").strip():
        raise RestError("ANSWER_TEXT_ERROR", "ANSWER_TEXT can't be empty")
    return {"result_message": ["Your response has been successfully sent."]}


@method("im.notify.confirm", scope="im")
def confirm(call: Call) -> Any:
    if not str(call.get("NOTIFY_VALUE") or "").strip():
        raise RestError("NOTIFY_VALUE_ERROR", "Notification Value can't be empty")
    return {"result_message": ["Accepted"]}


@method("im.notify.schema.get", scope="im")
def schema(_: Call) -> Any:
    events = [{"ID": "crm|other", "NAME": "Other notifications"}]
    return {"crm": {"NAME": "CRM", "MODULE_ID": "crm", "LIST": events}}
