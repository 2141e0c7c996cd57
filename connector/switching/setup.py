"""What a plan needs in the portal before its first lead: a new pipeline with its stages, custom fields. Programs; sends nothing.

Bitrix24 gives a new pipeline default stages of its own, so the wanted ones are matched by code: changed, added, and the rest removed.
"""

from collections.abc import Sequence

from connector.pipelines.model import directory
from connector.pipelines.shape import steps
from connector.planning.model import Action, Do
from connector.switching.calls import (
    DEAL,
    ENTITY_TYPES,
    ORIGINATOR,
    Line,
    Part,
    Program,
    Read,
    Row,
    Verdict,
    Write,
)
from connector.switching.parts import Problem, ask, problem_of
from connector.switching.reverse import BACK


def set_up(actions: Sequence[Action], tag: str) -> Program:
    """Create what is missing. Ends as done, or failed with the portal's words."""
    for action in actions:
        part = _pipeline(action, tag) if action.do is Do.CREATE_PIPELINE else _custom_field(action)
        problem = yield from part
        if problem:
            return Verdict("failed", problem.code, {"problem": problem.as_detail()})
    return Verdict("done")


def _categories() -> Read:
    return Read("crm.category.list", {"entityTypeId": DEAL}, whole=True, rows="categories")


def _pipeline(action: Action, tag: str) -> Part[Problem | None]:
    known = yield from ask(_categories())
    if not known.ok:
        return problem_of(action.key, known)
    highest = max((int(row["id"]) for row in known.value), default=0)
    marker = f"{tag}:{action.key}"
    fields = {"name": action.params["name"], "originatorId": ORIGINATOR, "originId": marker}
    made = yield from ask(
        Write(
            action.key,
            "crm.category.add",
            {"entityTypeId": DEAL, "fields": fields},
            marker,
            {"highest": highest},
        )
    )
    if not made.ok:
        return problem_of(action.key, made)
    return (yield from _stages(action, directory(int(made.value["id"]))))


def _stages(action: Action, entity_id: str) -> Part[Problem | None]:
    found = yield from ask(
        Read("crm.status.list", {"filter": {"ENTITY_ID": entity_id}, "order": {"SORT": "ASC"}}, whole=True)
    )
    if not found.ok:
        return problem_of(action.key, found)
    for step in steps(entity_id, found.value, action.params["stages"]):
        key = f"{action.key}:drop:{step.code}" if step.drops else f"{action.key}:{step.code}"
        answer = yield from ask(Write(key, step.method, step.params))
        if not answer.ok:
            return problem_of(key, answer)
    return None


def _custom_field(action: Action) -> Part[Problem | None]:
    method = f"crm.{action.params['entity']}.userfield.add"
    answer = yield from ask(Write(action.key, method, {"fields": dict(action.params["fields"])}))
    return problem_of(action.key, answer)


def tear_down(lines: Sequence[Line]) -> Program:
    """Take a set-up back: what is in use stays. Ends as undone or kept, with what had to stay."""
    kept: list[Row] = []
    for line in reversed(lines):
        if line.method == "crm.category.add":
            yield from _drop_pipeline(line, kept)
        elif line.method.endswith(".userfield.add"):
            yield from _drop_field(line, kept)
    return Verdict("kept" if kept else "undone", "used" if kept else "", {"kept": kept} if kept else {})


def _drop_pipeline(line: Line, kept: list[Row]) -> Part[None]:
    id_ = int(line.result["id"])
    answer = yield from ask(Write(BACK + line.key, "crm.category.delete", {"entityTypeId": DEAL, "id": id_}))
    if answer.error is not None:
        # The portal itself refuses to delete a pipeline that holds deals.
        kept.append({"what": "pipeline", "id": id_, "why": "used", "text": answer.error.description})


def _drop_field(line: Line, kept: list[Row]) -> Part[None]:
    id_, entity = int(line.result["id"]), line.method.split(".")[1]
    name = str(line.params["fields"]["FIELD_NAME"])
    name = name if name.startswith("UF_CRM_") else f"UF_CRM_{name}"
    params = {
        "entityTypeId": ENTITY_TYPES[entity],
        "select": ["id"],
        "filter": {f"!={name}": ""},
        "useOriginalUfNames": "Y",
    }
    used = yield from ask(Read("crm.item.list", params))
    if not used.ok or used.value["items"]:
        kept.append({"what": "field", "id": id_, "name": name, "why": "used"})
        return
    answer = yield from ask(Write(BACK + line.key, f"crm.{entity}.userfield.delete", {"id": id_}))
    if answer.error is not None:
        kept.append(
            {"what": "field", "id": id_, "name": name, "why": "refused", "text": answer.error.description}
        )
