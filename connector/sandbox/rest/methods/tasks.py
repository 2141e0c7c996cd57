"""tasks.task.{add,get,update,list,delete}: enough of tasks to see and move what hangs on a lead (tasks/*.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.sandbox.clock import iso, parse_moment
from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call, Page, method, to_int
from connector.sandbox.rest.filters import parse, parse_order
from connector.sandbox.rest.listing import Source, page, paged
from connector.sandbox.rest.php import as_list
from connector.sandbox.tables import Row

_SCOPE = "task tasks"
_TYPES = {
    "ID": "integer",
    "TITLE": "string",
    "DESCRIPTION": "string",
    "CREATED_BY": "integer",
    "RESPONSIBLE_ID": "integer",
    "STATUS": "integer",
    "PRIORITY": "integer",
    "GROUP_ID": "integer",
    "DEADLINE": "datetime",
    "CREATED_DATE": "datetime",
    "CHANGED_DATE": "datetime",
    "CLOSED_DATE": "datetime",
    "UF_CRM_TASK": "string",
}


def _camel(name: str) -> str:
    head, *rest = name.lower().split("_")
    return head + "".join(part.capitalize() for part in rest)


def _show(call: Call, row: Row) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for name, kind in _TYPES.items():
        value = row[name]
        if name == "UF_CRM_TASK":
            answer[_camel(name)] = list(value) or False
        elif kind == "datetime":
            answer[_camel(name)] = iso(value) if value else None
        else:
            answer[_camel(name)] = None if value is None else str(value)
    answer["changedBy"] = str(row["CHANGED_BY"] or row["CREATED_BY"])
    answer["parentId"] = None
    answer["group"] = []
    for role in ("creator", "responsible"):
        user = call.world.user(row["CREATED_BY" if role == "creator" else "RESPONSIBLE_ID"])
        answer[role] = {
            "id": str(user.id) if user else "0",
            "name": f"{user.name} {user.last_name}" if user else "",
            "link": f"/company/personal/user/{user.id if user else 0}/",
            "icon": "/bitrix/images/tasks/default_avatar.png",
            "workPosition": "",
        }
    return answer


def _native(fields: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in fields.items():
        name = key.upper()
        kind = _TYPES.get(name)
        if kind is None or name in {"ID", "CREATED_DATE", "CHANGED_DATE", "CLOSED_DATE"}:
            continue
        if name == "UF_CRM_TASK":
            values[name] = tuple(dict.fromkeys(str(code) for code in as_list(value) if code))
        elif kind == "datetime":
            values[name] = parse_moment(str(value)) if value else None
        elif kind == "integer":
            values[name] = to_int(value)
        else:
            values[name] = str(value) if value is not None else ""
    return values


def _may(call: Call, row: Row) -> bool:
    return call.user.is_admin or call.user.id in {row["CREATED_BY"], row["RESPONSIBLE_ID"]}


def _load(call: Call) -> Row | None:
    row = call.world.tasks.get(call.integer("taskId"))
    return row if row is not None and _may(call, row) else None


def _missing() -> RestError:
    return RestError("1048582", "TASKS_FAILED_TO_READ: the task is not found or not accessible")


@method("tasks.task.add", scope=_SCOPE)
def add(call: Call) -> Any:
    values = _native(call.map("fields"))
    if not values.get("TITLE"):
        raise RestError("ERROR_CORE", "The task title is required")
    if not values.get("RESPONSIBLE_ID"):
        raise RestError("ERROR_CORE", "The responsible person is required")
    now = call.world.now()
    row_id = call.world.next_id("task")
    values.setdefault("CREATED_BY", call.user.id)
    row = call.world.tasks.insert({**values, "ID": row_id, "CREATED_DATE": now, "CHANGED_DATE": now})
    call.world.emit("ONTASKADD", {"FIELDS_AFTER": {"ID": row_id}}, call.actor, flat=True)
    return {"task": _show(call, row)}


@method("tasks.task.get", scope=_SCOPE)
def get(call: Call) -> Any:
    row = _load(call)
    return {"task": _show(call, row)} if row is not None else []


@method("tasks.task.update", scope=_SCOPE)
def update(call: Call) -> Any:
    row = _load(call)
    if row is None:
        raise _missing()
    values = _native(call.map("fields"))
    if values.get("STATUS") == 5:
        values["CLOSED_DATE"] = call.world.now()
    values.update({"CHANGED_DATE": call.world.now(), "CHANGED_BY": call.user.id})
    call.world.tasks.change(row["ID"], values)
    call.world.emit("ONTASKUPDATE", {"FIELDS_AFTER": {"ID": row["ID"]}}, call.actor, flat=True)
    return {"task": _show(call, row)}


@method("tasks.task.delete", scope=_SCOPE)
def delete(call: Call) -> Any:
    row = _load(call)
    if row is None:
        raise _missing()
    call.world.tasks.remove(row["ID"])
    call.world.emit("ONTASKDELETE", {"FIELDS_BEFORE": {"ID": row["ID"]}}, call.actor, flat=True)
    return {"task": True}


def _resolve(name: str) -> tuple[str, str] | None:
    return (name.upper(), _TYPES[name.upper()]) if name.upper() in _TYPES else None


def _ignore(_: str) -> None:
    """Unknown names are ignored."""


def _value(row: Row, field: str) -> Any:
    return row[field]


@method("tasks.task.list", scope=_SCOPE)
def list_tasks(call: Call) -> Page:
    table = call.world.tasks

    def of_record(code: Any) -> Sequence[int]:
        return table.indexes["UF_CRM_TASK"].get(code, ())

    visible = None if call.user.is_admin else (lambda row: _may(call, row))
    source = Source(
        table, _value, {"UF_CRM_TASK": of_record}, visible, None if visible is None else call.user.id
    )
    group = parse(call.get("filter"), _resolve, _ignore)
    found = page(call, source, group, parse_order(call.get("order"), _resolve, _ignore))
    wanted = {_camel(str(name)) for name in as_list(call.get("select"))}

    def render(rows: list[Row]) -> dict[str, Any]:
        shown = [_show(call, row) for row in rows]
        if wanted and "*" not in wanted:
            shown = [{k: v for k, v in one.items() if k in wanted or k in {"id", "group"}} for one in shown]
        return {"tasks": shown}

    return paged(found, render)
