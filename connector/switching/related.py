"""Moving what else points at a lead to its deal, and back: tasks, quotes, smart-process records, custom fields. Asks and decides; sends
nothing.

What a record points at is read right before it is written, because tasks and custom fields hold several records in one value: only our
lead is exchanged for our deal, everything else stays. Sources: tasks.task.update (`UF_CRM_TASK`), crm.item.update (`dealId`, `parentId2`).
"""

from collections.abc import Sequence
from typing import Any

from connector.planning.model import Action
from connector.switching.calls import DEAL, Answer, Line, Part, Read, Row, Write
from connector.switching.parts import Problem, ask, problem_of
from connector.switching.probes import text_of

TASK = "task"
GONE = frozenset({"not_found", "error_not_found"})


def move(action: Action, lead: int, deal: int) -> Part[Problem | None]:
    """Let one record point at the deal. Nothing to do when it no longer points at the lead; a problem when it has another deal by now."""
    params = action.params
    if params["type"] == TASK:
        return (yield from _move_task(action.key, int(params["id"]), lead, deal))
    found = yield from ask(_item(int(params["type"]), int(params["id"])))
    if not found.ok:
        return None if found.code in GONE else problem_of(action.key, found)
    row, field, target = found.value["item"], str(params["field"]), str(params["target"])
    if field == target:
        plain = bool(params.get("plain"))
        new = swapped(row.get(field), _code("L", lead, plain=plain), _code("D", deal, plain=plain))
        if new is None:
            return None
        wanted: Row = {field: new}
    elif text_of(row.get(target)) not in ("", "0", str(deal)):
        return Problem(action.key, "related-taken", f"{target}={row[target]}")
    else:
        wanted = {target: deal}
    if all(text_of(row.get(name)) == text_of(value) for name, value in wanted.items()):
        return None
    write = Write(
        action.key,
        "crm.item.update",
        {"entityTypeId": int(params["type"]), "id": int(params["id"]), "fields": wanted},
        previous={"related": field, "fields": {name: row.get(name) for name in wanted}},
    )
    return problem_of(action.key, (yield from ask(write)))


def _move_task(key: str, task: int, lead: int, deal: int) -> Part[Problem | None]:
    found = yield from ask(_task(task))
    if not found.ok or records_of_task(found.value) is None:
        return None if found.ok or found.code in GONE else problem_of(key, found)
    held = records_of_task(found.value)
    new = swapped(held, f"L_{lead}", f"D_{deal}")
    if new is None:
        return None
    write = Write(
        key,
        "tasks.task.update",
        {"taskId": task, "fields": {"UF_CRM_TASK": new}},
        previous={"related": "UF_CRM_TASK", "fields": {"UF_CRM_TASK": held}},
    )
    return problem_of(key, (yield from ask(write)))


def is_move(line: Line) -> bool:
    """Whether a journal line is one of these writes."""
    return "related" in line.previous


def move_back(line: Line, lead: int, deal: int, key: str, kept: list[Row]) -> Part[None]:
    """Let the record point at the lead again, if it still points at our deal. What had to stay goes to `kept`."""
    task = line.method == "tasks.task.update"
    kind = TASK if task else str(line.params["entityTypeId"])
    id_ = int(line.params["taskId" if task else "id"])
    found = yield from ask(_task(id_) if task else _item(int(kind), id_))
    row = _row(found, task=task)
    if row is None:
        # Gone, and its reference with it; or the portal would not let us look.
        if not found.ok and found.code not in GONE:
            kept.append({"what": _name(kind), "id": id_, "why": "unreadable", "code": found.code})
        return
    back = _back(line, row, lead, deal)
    if back is None:
        kept.append({"what": _name(kind), "id": id_, "why": "changed", "fields": list(line.params["fields"])})
        return
    if not back:
        return
    params = {"taskId": id_} if task else {"entityTypeId": int(kind), "id": id_}
    answer = yield from ask(Write(key, line.method, {**params, "fields": back}))
    if not answer.ok:
        kept.append({"what": _name(kind), "id": id_, "why": "refused", "code": answer.code})


def _back(line: Line, row: Row, lead: int, deal: int) -> Row | None:
    """Fields to write; {} when nothing is left to do; None when somebody has let it point elsewhere."""
    ((name, _),) = line.params["fields"].items()
    old = line.previous["fields"].get(name)
    if name != line.previous["related"]:
        if text_of(row.get(name)) == str(deal):
            return {name: old or 0}
        return {} if text_of(row.get(name)) in ("", "0", text_of(old)) else None
    plain = not any(str(one).startswith("L_") for one in (old if isinstance(old, list | tuple) else [old]))
    new = swapped(row.get(name), _code("D", deal, plain=plain), _code("L", lead, plain=plain))
    if new is not None:
        return {name: new}
    return {} if _holds(row.get(name), _code("L", lead, plain=plain)) else None


def swapped(held: Any, old: str, new: str) -> Any | None:
    """`held` (one value or a list) with `new` in the place of `old`, nothing twice; None when `old` is not in it."""
    if not _holds(held, old):
        return None
    if not isinstance(held, list | tuple):
        return new
    return list(dict.fromkeys(new if str(one) == old else one for one in held))


def _holds(held: Any, code: str) -> bool:
    return code in [str(one) for one in (held if isinstance(held, list | tuple) else [held])]


def _code(short: str, id_: int, *, plain: bool) -> str:
    return str(id_) if plain else f"{short}_{id_}"


def _item(entity_type: int, id_: int) -> Read:
    return Read("crm.item.get", {"entityTypeId": entity_type, "id": id_})


def _task(id_: int) -> Read:
    return Read("tasks.task.get", {"taskId": id_, "select": ["ID", "UF_CRM_TASK"]})


def records_of_task(value: Any) -> Sequence[str] | None:
    """`UF_CRM_TASK` in an answer of `tasks.task.get`: no records come as false, a missing task as an empty list."""
    task = value.get("task") if isinstance(value, dict) else None
    if not isinstance(task, dict):
        return None
    held = task.get("ufCrmTask")
    return [str(one) for one in held] if isinstance(held, list) else []


def _row(answer: Answer, *, task: bool) -> Row | None:
    if not answer.ok:
        return None
    if not task:
        row: Row = answer.value["item"]
        return row
    held = records_of_task(answer.value)
    return None if held is None else {"UF_CRM_TASK": list(held)}


def _name(kind: str) -> str:
    return {TASK: "task", str(DEAL): "deal", "3": "contact", "4": "company", "7": "quote"}.get(kind, "record")
