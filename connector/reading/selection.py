"""Which leads a plan is about, as a filter of `crm.item.list`. Must never widen: only leads in work, ever."""

from collections.abc import Mapping
from typing import Any

from connector.planning.model import PortalFacts
from connector.planning.options import Selection
from connector.planning.stages import in_work

MOST_IDS = 500
"""IDs that a filter names; longer lists are compared here."""


def lead_filter(facts: PortalFacts, selection: Selection) -> dict[str, Any]:
    """The filter. Active means `stageSemanticId = P` where the portal can filter by it, else the in-work stages by name."""
    condition: dict[str, Any] = {}
    if "stageSemanticId" in facts.item_fields.get("lead", {}):
        condition["stageSemanticId"] = "P"
        if selection.stages:
            condition["@stageId"] = list(selection.stages)
    else:
        condition["@stageId"] = list(selection.stages) or [s.id for s in in_work(facts.lead_stages)]
    if selection.sources:
        condition["@sourceId"] = list(selection.sources)
    if selection.responsible:
        condition["@assignedById"] = list(selection.responsible)
    if selection.created_from:
        condition[">=createdTime"] = f"{selection.created_from.isoformat()}T00:00:00"
    if selection.created_to:
        condition["<=createdTime"] = f"{selection.created_to.isoformat()}T23:59:59"
    if 0 < len(selection.ids) <= MOST_IDS:
        condition["@id"] = list(selection.ids)
    return condition


def wanted(row: Mapping[str, Any], selection: Selection) -> bool:
    """What the filter could not say. A lead that is excluded by name stays in, to be named in the plan."""
    if row.get("stageSemanticId") not in (None, "P"):
        return False
    return int(row["id"]) in selection.exclude or selection.takes(row)
