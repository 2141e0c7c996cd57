"""What was read back after a lead was converted: does it fit the plan, and what must still be so before it may be undone. Pure."""

from collections.abc import Mapping
from typing import Any

from connector.planning.files import without_links
from connector.planning.model import Do
from connector.switching.calls import DEAL, Row
from connector.switching.fresh import VOLATILE
from connector.switching.hand import Hand
from connector.switching.parts import resolve
from connector.switching.probes import same, text_of
from connector.switching.reverse import rows_text

CHECKED = ("leadId", "stageId", "categoryId", "contactIds", "companyId", "assignedById", "currencyId")
"""Fields of a created deal that must be as planned; others the portal may complete or compute by its own rules."""


def deviations(hand: Hand, seen: Mapping[str, Any]) -> list[Row]:
    """Where the portal did otherwise than planned: `{"what", "wanted", "found"}` each; empty when all is well."""
    wrong = _deal(hand, seen) + _lead(hand, seen) + _activities(hand, seen)
    if hand.ids.get("deal") and seen.get("deal") is None:
        wrong.append({"what": "deal", "wanted": hand.ids["deal"], "found": None})
    return wrong


def _compare(what: str, wanted: Any, found: Any) -> list[Row]:
    return [] if same(wanted, found) else [{"what": what, "wanted": wanted, "found": found}]


def _deal(hand: Hand, seen: Mapping[str, Any]) -> list[Row]:
    row = seen.get("deal")
    if row is None:
        return []
    wrong: list[Row] = []
    for action in hand.plan.managed:
        if action.do is Do.CREATE_DEAL:
            fields = resolve(action.params["fields"], hand.ids)
            for name in CHECKED:
                if name in fields:
                    wrong += _compare(f"deal.{name}", fields[name], row.get(name))
        if action.do is Do.SET_PRODUCTS:
            wrong += _compare("deal.products", len(action.params["rows"]), len(seen.get("deal-rows") or ()))
    return wrong


def _lead(hand: Hand, seen: Mapping[str, Any]) -> list[Row]:
    row, before = seen.get("lead"), hand.plan.snapshot.fields
    if row is None:
        return [{"what": "lead", "wanted": hand.lead_id, "found": None}]
    wrong: list[Row] = []
    for action in hand.plan.managed:
        if action.do is Do.CLOSE_LEAD:
            wrong += _compare("lead.stageId", action.params["stage"], row.get("stageId"))
    if "isReturnCustomer" in before and _flag(before["isReturnCustomer"]) != _flag(
        row.get("isReturnCustomer")
    ):
        wrong.append(
            {
                "what": "lead.isReturnCustomer",
                "wanted": before["isReturnCustomer"],
                "found": row.get("isReturnCustomer"),
            }
        )
    return wrong


def _flag(value: Any) -> bool:
    return text_of(value) in ("Y", "1")


def _activities(hand: Hand, seen: Mapping[str, Any]) -> list[Row]:
    """An activity that the plan moves must be as open as it was, and must not belong to the lead any more."""
    before = {activity.id: activity for activity in hand.plan.snapshot.activities}
    completed = {a.params["activity"] for a in hand.plan.managed if a.do is Do.COMPLETE_ACTIVITY}
    moved = {a.params["activity"] for a in hand.plan.managed if a.do is Do.UNBIND_ACTIVITY}
    wrong: list[Row] = []
    for id_ in sorted(moved - completed):
        row, was = seen.get(f"activity:{id_}"), before.get(id_)
        if row is None or was is None or was.completed:
            continue
        if text_of(row.get("OWNER_TYPE_ID")) == "1":
            wrong.append({"what": f"activity.{id_}.owner", "wanted": DEAL, "found": 1})
    return wrong


def remember(hand: Hand, seen: Mapping[str, Any]) -> Row:
    """What undo compares with: the created records as they were left, without what is empty or changes by itself."""
    made: Row = {
        entity: {
            name: value
            for name, value in without_links(seen[entity]).items()
            if name not in VOLATILE and text_of(value)
        }
        for entity in ("deal", "contact", "company")
        if seen.get(entity) is not None and entity in hand.ids
    }
    return {**made, "rows": rows_text(seen.get("deal-rows") or ())}
