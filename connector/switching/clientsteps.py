"""The steps that give a lead its contact and company: created, linked, shared with another lead; and which clients a lead changes.

Fields of a linked client are only filled where they are empty, phones and e-mails only added. Builds calls; never sends.
"""

from collections.abc import Callable, Sequence

from connector.planning.model import Action, Do
from connector.switching.calls import ENTITY_TYPES, ORIGINATOR, REQUISITE, Await, Look, Row, Write
from connector.switching.hand import Doing, Hand
from connector.switching.parts import Problem, ask, problem_of, resolve
from connector.switching.probes import phones_and_mails, text_of


def create(entity: str) -> Callable[[Action, Hand], Doing]:
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


def link(entity: str) -> Callable[[Action, Hand], Doing]:
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


def reuse(entity: str) -> Callable[[Action, Hand], Doing]:
    def part(action: Action, hand: Hand) -> Doing:
        answer = yield from ask(Await(int(action.params["lead"]), entity))
        if answer.value is not None:
            return (
                yield from linking(Action(action.key, action.do, {**action.params, **answer.value}), hand)
            )
        # The lead that was to create it was left behind, so this one creates it.
        return (yield from creating(action, hand))

    linking, creating = link(entity), create(entity)
    return part


def add_address(action: Action, hand: Hand) -> Doing:
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
