"""Stage history of leads and deals (crm.stagehistory.list): one compact row per stage a record entered."""

from __future__ import annotations

from connector.sandbox.tables import Row
from connector.sandbox.world import LEAD, World

CREATED, INTERMEDIATE, FINAL, MOVED = 1, 2, 3, 5


def note(world: World, entity_type: int, row: Row, type_id: int, moment: int | None = None) -> None:
    """The record is in a new stage."""
    lead = entity_type == LEAD
    world.stage_history.insert(
        {
            "ID": world.next_id("stage_history"),
            "TYPE_ID": type_id,
            "OWNER": ((entity_type, row["ID"]),),
            "CREATED_TIME": moment if moment is not None else world.now(),
            "STAGE": row["STATUS_ID"] if lead else row["STAGE_ID"],
            "SEMANTIC": row["STATUS_SEMANTIC_ID"] if lead else row["STAGE_SEMANTIC_ID"],
            "CATEGORY_ID": 0 if lead else row["CATEGORY_ID"],
        }
    )


def cascade(world: World, entity_type: int, entity_id: int) -> None:
    """The record is gone, and its history with it."""
    for row_id in world.stage_history.find("OWNER", (entity_type, entity_id)):
        world.stage_history.remove(row_id)
