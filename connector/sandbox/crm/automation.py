"""What would run by itself: robots of a stage, workflows started by creating or changing, triggers. Only recorded."""

from __future__ import annotations

from connector.sandbox.clock import iso
from connector.sandbox.world import DEAL, ENTITY_NAMES, LEAD, World

# AUTO_EXECUTE of a template is a bit mask (bizproc-workflow-template-list.md): 1 on creation, 2 on change.
ON_CREATE, ON_CHANGE = 1, 2
DOCUMENTS = {"CCrmDocumentLead": 1, "CCrmDocumentDeal": 2, "CCrmDocumentContact": 3, "CCrmDocumentCompany": 4}


def record(world: World, kind: str, entity_type: int, entity_id: int, what: str) -> None:
    """Note that something would have run."""
    world.automation_log.append(
        {
            "moment": iso(world.now()),
            "kind": kind,
            "entity": ENTITY_NAMES[entity_type],
            "id": entity_id,
            "what": what,
        }
    )


def run(world: World, entity_type: int, entity_id: int, *, created: bool, stage_changed: bool) -> None:
    """A record was created or changed: note its workflows, and the robots of the stage it entered."""
    wanted = ON_CREATE if created else ON_CHANGE
    for template in world.workflow_templates:
        if DOCUMENTS.get(template["DOCUMENT_TYPE"][1]) == entity_type and template["AUTO_EXECUTE"] & wanted:
            record(world, "workflow", entity_type, entity_id, template["NAME"])
    if entity_type not in {LEAD, DEAL} or not (created or stage_changed):
        return
    row = world.entities(entity_type).rows[entity_id]
    stage = row["STATUS_ID" if entity_type == LEAD else "STAGE_ID"]
    for robot in world.stage_robots:
        if robot["entity"] == ENTITY_NAMES[entity_type] and robot["stage"] == stage:
            record(world, "robot", entity_type, entity_id, robot["name"])
