"""Directories, stages and pipelines (`crm.status`, `crm.category`): looking them up and changing them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.sandbox.errors import RestError, old_error
from connector.sandbox.tables import Row
from connector.sandbox.world import LEAD, PLANS, World

# STATUS_ID, name, semantics, colour of the stages every new pipeline starts with (crm-category-add.md).
NEW_PIPELINE_STAGES = (
    ("NEW", "New", "P", "#39A8EF"),
    ("PREPARATION", "Preparation", "P", "#2FC6F6"),
    ("PREPAYMENT_INVOICE", "Invoice for prepayment", "P", "#55D0E0"),
    ("EXECUTING", "In progress", "P", "#47E4C2"),
    ("FINAL_INVOICE", "Final invoice", "P", "#FFA900"),
    ("WON", "Deal won", "S", "#7BD500"),
    ("LOSE", "Deal lost", "F", "#FF5752"),
    ("APOLOGY", "Analyse failure", "F", "#FF5752"),
)


def stage_entity(category_id: int) -> str:
    """`DEAL_STAGE` of the default pipeline, `DEAL_STAGE_7` of the others."""
    return f"DEAL_STAGE_{category_id}" if category_id else "DEAL_STAGE"


def entries(world: World, entity_id: str) -> list[Row]:
    """The entries of one directory in their order."""
    rows = [world.statuses.rows[i] for i in world.statuses.find("ENTITY_ID", entity_id)]
    return sorted(rows, key=lambda row: (row["SORT"], row["ID"]))


def find(world: World, entity_id: str, status_id: str) -> Row | None:
    """One entry of a directory, cached per directory version."""
    cache: dict[Any, Any] = world.caches.setdefault("stages", {})
    key = (entity_id, world.directory_version)
    if key not in cache:
        if len(cache) > 60:
            cache.clear()
        cache[key] = {row["STATUS_ID"]: row for row in entries(world, entity_id)}
    found: Row | None = cache[key].get(status_id)
    return found


def semantics(world: World, entity_type: int, stage: str, category_id: int = 0) -> str:
    """P, S or F of a lead's or deal's stage; P for an unknown one."""
    row = find(world, "STATUS" if entity_type == LEAD else stage_entity(category_id), stage)
    return row["SEMANTICS"] if row is not None else "P"


def first_stage(world: World, entity_type: int, category_id: int = 0) -> str:
    """The stage a record starts in."""
    rows = entries(world, "STATUS" if entity_type == LEAD else stage_entity(category_id))
    return str(rows[0]["STATUS_ID"]) if rows else "NEW"


def add_entry(world: World, entity_id: str, status_id: str, name: str, **values: Any) -> Row:
    """Store a directory entry; refuses a duplicate (ERROR_CORE)."""
    if find(world, entity_id, status_id) is not None:
        raise RestError("ERROR_CORE", "The specified status ID already exists.")
    row = world.statuses.insert(
        {
            "ID": world.next_id("status"),
            "ENTITY_ID": entity_id,
            "STATUS_ID": status_id,
            "NAME": name,
            "NAME_INIT": name if values.get("SYSTEM") else "",
            "SEMANTICS": "P",
            **values,
        }
    )
    world.directory_version += 1
    return row


def is_stage_entity(entity_id: str) -> bool:
    """Whether the entries of this directory are stages with semantics."""
    return entity_id == "STATUS" or entity_id.startswith(("DEAL_STAGE", "QUOTE_STATUS"))


def stage_prefix(entity_id: str) -> str:
    """`C7:` for `DEAL_STAGE_7`, else nothing; the portal adds it to every stage id of that pipeline."""
    match = re.fullmatch(r"DEAL_STAGE_(\d+)", entity_id)
    return f"C{match[1]}:" if match and match[1] != "0" else ""


def check_order(world: World, entity_id: str, semantic: str, sort: int) -> None:
    """A stage in progress may not be sorted after the final ones (crm-status-add.md)."""
    success = [row["SORT"] for row in entries(world, entity_id) if row["SEMANTICS"] == "S"]
    if success and semantic == "P" and sort >= max(success):
        raise old_error(
            "Cannot create more stages after the final stage because the final successful stage already exists. "
            "Try using sort order values less than that of the final stage."
        )


def in_use(world: World, row: Row) -> bool:
    """Whether a record is in this stage."""
    stage, entity_id = row["STATUS_ID"], row["ENTITY_ID"]
    if entity_id == "STATUS":
        return bool(world.leads.find("STATUS_ID", stage))
    return entity_id.startswith("DEAL_STAGE") and bool(world.deals.find("STAGE_ID", stage))


def add_category(world: World, name: str, sort: int = 500, **values: Any) -> Row:
    """A new deal pipeline with the default stages. The plan limits how many there may be; what a portal answers then is not documented."""
    if len(world.categories) >= int(PLANS[world.settings.plan]["categories"]):
        raise RestError(0, "The maximum number of pipelines for your plan has been reached.")
    row_id = world.next_id("category")
    row = world.categories.insert(
        {"ID": row_id, "NAME": name, "SORT": sort, "DATE_CREATE": world.now(), **values}
    )
    fill_stages(world, row_id)
    return row


def fill_stages(world: World, category_id: int) -> None:
    """Give a pipeline its stages."""
    entity_id = stage_entity(category_id)
    for index, (code, name, semantic, color) in enumerate(NEW_PIPELINE_STAGES):
        add_entry(
            world,
            entity_id,
            stage_prefix(entity_id) + code,
            name,
            SEMANTICS=semantic,
            SORT=(index + 1) * 10,
            COLOR=color,
            SYSTEM=code in {"NEW", "WON", "LOSE"},
            CATEGORY_ID=category_id or None,
        )


def delete_category(world: World, category_id: int) -> None:
    """Remove an empty pipeline with its stages."""
    if category_id == 0:
        raise RestError(0, "Default deal category cannot be deleted")
    if world.deals.find("CATEGORY_ID", category_id):
        name = world.categories.rows[category_id]["NAME"]
        raise RestError(0, f"Deals related to the funnel {name} found")
    world.categories.remove(category_id)
    for row in entries(world, stage_entity(category_id)):
        world.statuses.remove(row["ID"])
    world.directory_version += 1


def categories(world: World) -> list[Row]:
    """All deal pipelines in their order."""
    return sorted(world.categories, key=lambda row: (row["SORT"], row["ID"]))


def status_name(world: World, entity_id: str, status_id: str) -> str:
    """What people read for a directory entry; the id itself when there is none."""
    row = find(world, entity_id, status_id)
    return str(row["NAME"]) if row is not None else status_id


def lead_stages(world: World) -> Mapping[str, Row]:
    """STATUS_ID → lead stage."""
    return {row["STATUS_ID"]: row for row in entries(world, "STATUS")}
