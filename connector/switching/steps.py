"""What each planned action means in REST. One table: action → level, whether the lead stands or falls with it, and the piece that does it.

How to look for a write whose answer was lost is the row of its method in `probes.PROBES`; how to undo it is in `reverse.py`, by method as
well, so that both can work from the journal alone. Builds calls from literal ids only; never sends, never uses `$result`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from connector.planning.model import Action, Do, LeadPlan
from connector.switching import related
from connector.switching.calls import (
    COPY_FILES,
    DEAL,
    ENTITY_TYPES,
    LEAD,
    ORIGINATOR,
    REQUISITE,
    Answer,
    Await,
    Look,
    Part,
    Row,
    Write,
)
from connector.switching.parts import Problem, ask, problem_of, resolve, together
from connector.switching.probes import phones_and_mails, text_of

CLOSE = "crm.lead.update"
"""The method that closes a lead; nothing else of a plan uses it."""
GONE = frozenset({"not_found", "error_not_found", "activity is not found"})


@dataclass(slots=True)
class Hand:
    """What a program holds of its lead while it works: the plan, the run's tag, and the ids that its steps yielded so far.

    `comments` are the timeline comments found by the last look, `moved` the activities that the plan did not know. `quiet`: records are
    imported, which starts no automation on them. `made`: entity → step and planned fields of what this lead itself created.
    """

    plan: LeadPlan
    tag: str
    ids: dict[str, int] = field(default_factory=dict)
    preset: int = 0
    comments: list[int] = field(default_factory=list)
    moved: set[int] = field(default_factory=set)
    quiet: bool = False
    made: dict[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def lead_id(self) -> int:
        return self.plan.id

    def marker(self, key: str) -> str:
        """`originId` of what this step creates: run, lead, step."""
        return f"{self.tag}:lead:{self.plan.id}:{key}"


Doing: TypeAlias = Part[Problem | None]


def _create(entity: str) -> Callable[[Action, Hand], Doing]:
    def part(action: Action, hand: Hand) -> Doing:
        marker = hand.marker(action.key)
        fields = {
            **resolve(action.params["fields"], hand.ids),
            "originatorId": ORIGINATOR,
            "originId": marker,
        }
        method = "crm.item.import" if hand.quiet else "crm.item.add"
        params = {"entityTypeId": ENTITY_TYPES[entity], "fields": fields}
        answer = yield from ask(Write(action.key, method, params, marker))
        if answer.ok:
            hand.ids[action.key] = hand.ids[entity] = answer.value["id"]
            hand.made[entity] = action.key, action.params["fields"]
        return problem_of(action.key, answer)

    return part


def _link(entity: str) -> Callable[[Action, Hand], Doing]:
    def part(action: Action, hand: Hand) -> Doing:
        id_ = int(action.params["id"])
        found = yield from ask(Look(entity, id_))
        if found.value is None:
            return Problem(action.key, "NOT_FOUND", f"{entity} {id_}")
        hand.ids[action.key] = hand.ids[entity] = id_
        fields, previous = _additions(action, found.value)
        if not fields:
            return None
        params = {"entityTypeId": ENTITY_TYPES[entity], "id": id_, "fields": resolve(fields, hand.ids)}
        write = Write(action.key, "crm.item.update", params, previous=previous, once="fm" in fields)
        return problem_of(action.key, (yield from ask(write)))

    return part


def _additions(action: Action, row: Row) -> tuple[Row, Row]:
    """Fields to send to a linked client and what they replace: only fields that are still empty, only phones and e-mails not yet there."""
    fill = {
        name: value for name, value in action.params.get("fill", {}).items() if _empty(name, row.get(name))
    }
    present = phones_and_mails(row.get("fm"))
    missing = [
        item for item in action.params.get("add_fm", ()) if not phones_and_mails([item]).intersection(present)
    ]
    fields: Row = dict(fill)
    if missing:
        # crm.item.update takes new multifields under keys n0, n1, …; ids would change existing ones.
        fields["fm"] = {f"n{index}": dict(item) for index, item in enumerate(missing)}
    previous = {
        "fields": {name: row.get(name) for name in fill},
        "fm": [int(item["id"]) for item in row.get("fm") or ()],
    }
    return fields, previous


def _empty(name: str, value: object) -> bool:
    """Whether a field of a client holds nothing; a link to no record comes as 0."""
    return not text_of(value) or (name.endswith("Id") and text_of(value) == "0")


def _reuse(entity: str) -> Callable[[Action, Hand], Doing]:
    def part(action: Action, hand: Hand) -> Doing:
        answer = yield from ask(Await(int(action.params["lead"]), entity))
        if answer.value is not None:
            return (yield from link(Action(action.key, action.do, {**action.params, **answer.value}), hand))
        # The lead that was to create it was left behind, so this one creates it.
        return (yield from create(action, hand))

    link, create = _link(entity), _create(entity)
    return part


def _address(action: Action, hand: Hand) -> Doing:
    entity = str(action.params["entity"])
    if entity not in hand.ids:
        return Problem(action.key, "client-missing", entity)
    marker = hand.marker(action.key)
    # Contacts and companies keep addresses in a requisite; ADDRESS_ONLY hides it (crm.requisite.add).
    fields = {
        "ENTITY_TYPE_ID": ENTITY_TYPES[entity],
        "ENTITY_ID": hand.ids[entity],
        "PRESET_ID": hand.preset,
        "NAME": "Leadswitch",
        "XML_ID": marker,
        "ADDRESS_ONLY": "Y",
        "ACTIVE": "Y",
    }
    made = yield from ask(Write(action.key, "crm.requisite.add", {"fields": fields}, marker))
    if not made.ok:
        return problem_of(action.key, made)
    address = {
        "TYPE_ID": 1,
        **action.params["address"],
        "ENTITY_TYPE_ID": REQUISITE,
        "ENTITY_ID": made.value["id"],
    }
    key = f"{action.key}:place"
    answer = yield from ask(Write(key, "crm.address.add", {"fields": address}, marker))
    return problem_of(key, answer)


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
    Do.CREATE_COMPANY: Step(0, True, _create("company")),
    Do.LINK_COMPANY: Step(0, True, _link("company")),
    Do.REUSE_COMPANY: Step(0, True, _reuse("company")),
    Do.CREATE_CONTACT: Step(1, True, _create("contact")),
    Do.LINK_CONTACT: Step(1, True, _link("contact")),
    Do.REUSE_CONTACT: Step(1, True, _reuse("contact")),
    Do.CREATE_DEAL: Step(2, True, _create("deal")),
    Do.ADD_ADDRESS: Step(2, False, _address),
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


def client_claims(actions: Sequence[Action]) -> frozenset[str]:
    """Existing records that a lead would change; two leads that share one are not worked on at the same time."""
    names = {Do.LINK_CONTACT: "contact", Do.LINK_COMPANY: "company"}
    types = {number: name for name, number in ENTITY_TYPES.items()}
    return frozenset(
        f"{names.get(action.do) or types.get(action.params['type'], action.params['type'])}:{action.params['id']}"
        for action in actions
        if action.do is Do.MOVE_RELATED
        or (action.do in names and (action.params.get("fill") or action.params.get("add_fm")))
    )
