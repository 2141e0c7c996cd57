"""What each planned action means in REST. One table: action → level, whether the lead stands or falls with it, and the piece that does it.

How to look for a write whose answer was lost is the row of its method in `probes.PROBES`; how to undo it is in `reverse.py`, by method as
well, so that both can work from the journal alone. Builds calls from literal ids only; never sends, never uses `$result`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connector.planning.model import Action, Do
from connector.switching import related
from connector.switching.calls import COPY_FILES, DEAL, ENTITY_TYPES, LEAD, Answer, Row, Write
from connector.switching.clientsteps import add_address, create, link, reuse
from connector.switching.hand import Doing, Hand
from connector.switching.parts import Problem, ask, problem_of, resolve, together

CLOSE = "crm.lead.update"
"""The method that closes a lead; nothing else of a plan uses it."""
GONE = frozenset({"not_found", "error_not_found", "activity is not found"})


def _products(action: Action, hand: Hand) -> Doing:
    params = {"ownerType": "D", "ownerId": hand.ids["deal"], "productRows": list(action.params["rows"])}
    answer = yield from ask(Write(action.key, "crm.item.productrow.set", params))
    return problem_of(action.key, answer)


def _copy_files(action: Action, hand: Hand) -> Doing:
    entity = str(action.params["entity"])
    if entity not in hand.ids:
        return Problem(action.key, "client-missing", entity)
    names = ("field", "target", "files", "multiple")
    params: Row = {
        "entityTypeId": ENTITY_TYPES[entity],
        "id": hand.ids[entity],
        "lead": hand.lead_id,
        **{name: action.params[name] for name in names},
    }
    answer = yield from ask(Write(action.key, COPY_FILES, params))
    left = answer.value.get("left") if answer.ok else None
    if left:
        return Problem(action.key, "file-left", ", ".join(f"#{one['id']} ({one['why']})" for one in left))
    return problem_of(action.key, answer)


def _note_history(action: Action, hand: Hand) -> Doing:
    fields = {
        "entityTypeId": DEAL,
        "entityId": hand.ids["deal"],
        "title": action.params["title"],
        "text": action.params["text"],
        "iconCode": "info",
    }
    answer = yield from ask(Write(action.key, "crm.timeline.logmessage.add", {"fields": fields}))
    return problem_of(action.key, answer)


def _origin(action: Action, hand: Hand) -> Doing:
    fields = {name: action.params.get(name) or "" for name in ("originatorId", "originId")}
    params = {"entityTypeId": DEAL, "id": hand.ids["deal"], "fields": fields}
    answer = yield from ask(Write(action.key, "crm.item.update", params))
    return problem_of(action.key, answer)


def bind(key: str, activity: int, entity_type: int, entity_id: int) -> Write:
    """Bind an activity to a record (`crm.activity.binding.add`)."""
    return Write(
        key,
        "crm.activity.binding.add",
        {"activityId": activity, "entityTypeId": entity_type, "entityId": entity_id},
    )


def unbind(key: str, activity: int, entity_type: int, entity_id: int) -> Write:
    """Take an activity off a record (`crm.activity.binding.delete`); the portal refuses to take the last binding."""
    return Write(
        key,
        "crm.activity.binding.delete",
        {"activityId": activity, "entityTypeId": entity_type, "entityId": entity_id},
    )


def complete(key: str, activity: int, *, done: bool) -> Write:
    """Complete an activity, or open it again (`crm.activity.update`)."""
    fields = {"COMPLETED": "Y" if done else "N"}
    return Write(
        key,
        "crm.activity.update",
        {"id": activity, "fields": fields},
        previous={"COMPLETED": "N" if done else "Y"},
    )


def _forgiving(key: str, answer: Answer, *codes: str) -> Problem | None:
    """The problem in an answer, unless it says that there is nothing (left) to do: the activity is gone, or is as wanted."""
    return None if answer.code in GONE or answer.code in codes else problem_of(key, answer)


def _bind_activity(action: Action, hand: Hand) -> Doing:
    answer = yield from ask(bind(action.key, int(action.params["activity"]), DEAL, hand.ids["deal"]))
    return _forgiving(action.key, answer, "activity_is_already_bound")


def _unbind_activity(action: Action, hand: Hand) -> Doing:
    answer = yield from ask(unbind(action.key, int(action.params["activity"]), LEAD, hand.lead_id))
    return _forgiving(action.key, answer, "binding_not_found")


def _complete_activity(action: Action, hand: Hand) -> Doing:  # noqa: ARG001
    answer = yield from ask(complete(action.key, int(action.params["activity"]), done=True))
    return _forgiving(action.key, answer)


def _comments(action: Action, hand: Hand) -> Doing:
    parts = [_bind_comment(f"{action.key}:{id_}", id_, "deal", hand.ids["deal"]) for id_ in hand.comments]
    problems = yield from together(parts)
    return next((problem for problem in problems if problem), None)


def _bind_comment(key: str, comment: int, entity: str, entity_id: int) -> Doing:
    fields = {"OWNER_ID": comment, "ENTITY_ID": entity_id, "ENTITY_TYPE": entity}
    answer = yield from ask(Write(key, "crm.timeline.bindings.bind", {"fields": fields}))
    return problem_of(key, answer)


def _move_related(action: Action, hand: Hand) -> Doing:
    return (yield from related.move(action, hand.lead_id, hand.ids["deal"]))


def _close(action: Action, hand: Hand) -> Doing:
    # By the stage only: clients in the same update would turn it into a repeat lead (crm.lead.update, IS_RETURN_CUSTOMER).
    params = {"id": hand.lead_id, "fields": {"STATUS_ID": action.params["stage"]}}
    previous = {"STATUS_ID": hand.plan.snapshot.fields.get("stageId") or hand.plan.stage}
    answer = yield from ask(Write(action.key, CLOSE, params, previous=previous))
    return problem_of(action.key, answer)


def _link_lead(action: Action, hand: Hand) -> Doing:
    contacts = resolve(action.params.get("contacts", ()), hand.ids)
    if not contacts:
        return None
    items = [
        {"CONTACT_ID": id_, "SORT": (index + 1) * 10, "IS_PRIMARY": "N" if index else "Y"}
        for index, id_ in enumerate(contacts)
    ]
    previous = {"items": [dict(link) for link in hand.plan.snapshot.contact_links]}
    answer = yield from ask(
        Write(
            action.key, "crm.lead.contact.items.set", {"id": hand.lead_id, "items": items}, previous=previous
        )
    )
    return problem_of(action.key, answer)


@dataclass(frozen=True, slots=True)
class Step:
    """`level` orders the work on one lead; with `vital`, a refusal takes the lead back to where it was, else it is reported."""

    level: int
    vital: bool
    part: Callable[[Action, Hand], Doing]


CLOSING = 5
"""From this level on the lead is looked at once more first."""

STEPS: Mapping[Do, Step] = {
    Do.CREATE_COMPANY: Step(0, True, create("company")),
    Do.LINK_COMPANY: Step(0, True, link("company")),
    Do.REUSE_COMPANY: Step(0, True, reuse("company")),
    Do.CREATE_CONTACT: Step(1, True, create("contact")),
    Do.LINK_CONTACT: Step(1, True, link("contact")),
    Do.REUSE_CONTACT: Step(1, True, reuse("contact")),
    Do.CREATE_DEAL: Step(2, True, create("deal")),
    Do.ADD_ADDRESS: Step(2, False, add_address),
    Do.SET_PRODUCTS: Step(3, True, _products),
    Do.COPY_FILES: Step(3, False, _copy_files),
    Do.NOTE_HISTORY: Step(3, False, _note_history),
    Do.RESTORE_ORIGIN: Step(3, False, _origin),
    Do.BIND_ACTIVITY: Step(3, True, _bind_activity),
    Do.MOVE_RELATED: Step(3, False, _move_related),
    Do.UNBIND_ACTIVITY: Step(4, True, _unbind_activity),
    Do.COMPLETE_ACTIVITY: Step(4, True, _complete_activity),
    Do.CLOSE_LEAD: Step(CLOSING, True, _close),
    Do.LINK_LEAD: Step(CLOSING + 1, False, _link_lead),
    Do.BIND_COMMENTS: Step(CLOSING + 1, False, _comments),
}


def levels(actions: Sequence[Action]) -> list[tuple[int, list[Action]]]:
    """The actions of a lead by level, lowest first. Raises KeyError for an action that this version does not know."""
    groups: dict[int, list[Action]] = {}
    for action in actions:
        groups.setdefault(STEPS[action.do].level, []).append(action)
    return sorted(groups.items())
