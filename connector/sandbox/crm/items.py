"""Leads, deals, contacts and companies: creating, changing and deleting them with everything that follows from it.

Takes canonical names and native values (see `rest/parse.py` for the wire). Rights are checked by the callers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.crm import (
    activities,
    addresses,
    automation,
    history,
    links,
    multifields,
    stages,
    timeline,
    userfields,
)
from connector.sandbox.errors import RestError
from connector.sandbox.tables import Row
from connector.sandbox.world import (
    COMPANY,
    CONTACT,
    DEAL,
    ENTITY_NAMES,
    LEAD,
    SHORT_CODES,
    SIMPLE,
    Actor,
    World,
)

DAY = 86_400
STAGE_FIELD = {LEAD: "STATUS_ID", DEAL: "STAGE_ID"}
SEMANTIC_FIELD = {LEAD: "STATUS_SEMANTIC_ID", DEAL: "STAGE_SEMANTIC_ID"}
TITLES = {LEAD: "Lead #{}", DEAL: "Deal #{}"}
CLIENT_FIELDS = {"CONTACT_ID", "CONTACT_IDS", "COMPANY_ID"}


@dataclass(frozen=True, slots=True)
class Options:
    """How a write is done. `automation`: robots and workflows are recorded (import does not). `complete`: a closing
    lead completes its activities (the native converter may switch that off). `convert`: Simple mode converts it."""

    automation: bool = True
    complete: bool = True
    convert: bool = True


DEFAULT = Options()


def create(
    world: World, entity_type: int, fields: Mapping[str, Any], actor: Actor, *, options: Options = DEFAULT
) -> int:
    """Store a new record; returns its id. In Simple mode a lead with a NAME is converted before this returns."""
    table, now = world.entities(entity_type), world.now()
    values = dict(fields)
    row_id = world.next_id(ENTITY_NAMES[entity_type])
    base: dict[str, Any] = {
        "ID": row_id,
        "DATE_CREATE": now,
        "DATE_MODIFY": now,
        "CREATED_BY_ID": actor.user_id,
        "MODIFY_BY_ID": actor.user_id,
        "ASSIGNED_BY_ID": actor.user_id,
        "LAST_ACTIVITY_TIME": now,
        "LAST_ACTIVITY_BY": actor.user_id,
    }
    address = {name: values.pop(name) for name in list(values) if name in addresses.OLD_NAMES}
    company_contacts = values.pop("CONTACT_IDS", ()) if entity_type == COMPANY else ()
    links.settle(entity_type, values, None)
    if entity_type in TITLES and not str(values.get("TITLE") or "").strip():
        values["TITLE"] = TITLES[entity_type].format(row_id)
    if entity_type in STAGE_FIELD:
        base.update({"MOVED_TIME": now, "MOVED_BY_ID": actor.user_id})
        _PREPARE[entity_type](world, values, now)
    row = table.insert({**base, **values})
    multifields.index(world, entity_type, row_id, (), row["FM"])
    for contact_id in company_contacts:
        links.attach_company(world, contact_id, row_id)
    if address:
        addresses.write_old_fields(world, entity_type, row_id, address, actor)
    if entity_type in STAGE_FIELD:
        final = row[SEMANTIC_FIELD[entity_type]] != "P"
        history.note(world, entity_type, row, history.FINAL if final else history.CREATED, row["MOVED_TIME"])
    if options.automation:
        automation.run(world, entity_type, row_id, created=True, stage_changed=True)
    world.emit(f"ONCRM{ENTITY_NAMES[entity_type].upper()}ADD", {"ID": row_id}, actor)
    if entity_type == LEAD and options.convert and world.mode == SIMPLE and row["NAME"] and final is False:
        from connector.sandbox import native  # noqa: PLC0415  (the converter creates records through this module)

        native.convert_new_lead(world, row_id)
    return row_id


def _prepare_lead(world: World, values: dict[str, Any], now: int) -> None:
    if not values.get("STATUS_ID") or stages.find(world, "STATUS", values["STATUS_ID"]) is None:
        values["STATUS_ID"] = stages.first_stage(world, LEAD)
    values["STATUS_SEMANTIC_ID"] = stages.semantics(world, LEAD, values["STATUS_ID"])
    values["IS_RETURN_CUSTOMER"] = bool(values.get("COMPANY_ID") or values.get("CONTACT_IDS"))
    values["EVER_CONVERTED"] = values["STATUS_SEMANTIC_ID"] == "S"
    if values["STATUS_SEMANTIC_ID"] != "P":
        values.setdefault("DATE_CLOSED", now)


def _prepare_deal(world: World, values: dict[str, Any], now: int) -> None:
    category = int(values.get("CATEGORY_ID") or 0)
    values["CATEGORY_ID"] = category if category in world.categories else 0
    stage = values.get("STAGE_ID")
    if not stage or stages.find(world, stages.stage_entity(values["CATEGORY_ID"]), stage) is None:
        values["STAGE_ID"] = stages.first_stage(world, DEAL, values["CATEGORY_ID"])
    values["STAGE_SEMANTIC_ID"] = stages.semantics(world, DEAL, values["STAGE_ID"], values["CATEGORY_ID"])
    values["CLOSED"] = values["STAGE_SEMANTIC_ID"] != "P"
    values["IS_NEW"] = values["STAGE_ID"] == stages.first_stage(world, DEAL, values["CATEGORY_ID"])
    midnight = now - now % DAY
    values.setdefault("BEGINDATE", midnight)
    values.setdefault("CLOSEDATE", midnight + 7 * DAY)


_PREPARE: Mapping[int, Callable[[World, dict[str, Any], int], None]] = {
    LEAD: _prepare_lead,
    DEAL: _prepare_deal,
}


def update(
    world: World,
    entity_type: int,
    row_id: int,
    fields: Mapping[str, Any],
    actor: Actor,
    *,
    options: Options = DEFAULT,
) -> dict[str, Any]:
    """Change a record; returns the previous values of what changed. Nothing happens when nothing changes."""
    table, now = world.entities(entity_type), world.now()
    row = table.rows[row_id]
    values = dict(fields)
    address = {name: values.pop(name) for name in list(values) if name in addresses.OLD_NAMES}
    company_contacts = values.pop("CONTACT_IDS", None) if entity_type == COMPANY else None
    by_save = bool(CLIENT_FIELDS & values.keys())
    links.settle(entity_type, values, row)
    old_category = row["CATEGORY_ID"]
    if entity_type in STAGE_FIELD:
        _stage_changes(world, entity_type, row, values, actor=actor)
    if entity_type == LEAD and by_save:
        clients = values.get("COMPANY_ID", row["COMPANY_ID"]) or values.get("CONTACT_IDS", row["CONTACT_IDS"])
        values["IS_RETURN_CUSTOMER"] = bool(clients)
    old_fm = row["FM"]
    before = table.change(row_id, values)
    if "FM" in before:
        multifields.index(world, entity_type, row_id, old_fm, row["FM"])
    if company_contacts is not None and links.set_company_contacts(world, row_id, company_contacts):
        before["CONTACT_IDS"] = None
    if address:
        addresses.write_old_fields(world, entity_type, row_id, address, actor)
        before["ADDRESS"] = None
    if not before:
        return before
    table.change(row_id, {"DATE_MODIFY": now, "MODIFY_BY_ID": actor.user_id})
    moved = STAGE_FIELD.get(entity_type) in before
    if moved:
        _after_move(world, entity_type, row, before, actor=actor, options=options)
    if options.automation:
        automation.run(world, entity_type, row_id, created=False, stage_changed=moved)
    if entity_type == DEAL and row["CATEGORY_ID"] != old_category:
        data = {"ID": row_id, "CATEGORY_ID": row["CATEGORY_ID"], "STAGE_ID": row["STAGE_ID"]}
        world.emit("ONCRMDEALMOVETOCATEGORY", data, actor)
    else:
        world.emit(f"ONCRM{ENTITY_NAMES[entity_type].upper()}UPDATE", {"ID": row_id}, actor)
    return before


def _stage_changes(world: World, entity_type: int, row: Row, values: dict[str, Any], *, actor: Actor) -> None:
    """Work out what follows from a new stage or pipeline; a stage that is not of the pipeline is ignored."""
    now = world.now()
    name = STAGE_FIELD[entity_type]
    category = row["CATEGORY_ID"] or 0
    if entity_type == DEAL and "CATEGORY_ID" in values:
        wanted = int(values["CATEGORY_ID"] or 0)
        if wanted != category and wanted in world.categories:
            category = wanted
            stage = values.get(name)
            if not stage or stages.find(world, stages.stage_entity(category), stage) is None:
                values[name] = stages.first_stage(world, DEAL, category)
        else:
            values.pop("CATEGORY_ID")
    entity_id = "STATUS" if entity_type == LEAD else stages.stage_entity(category)
    stage = values.get(name)
    if stage is None or stage == row[name] or stages.find(world, entity_id, stage) is None:
        values.pop(name, None)
        return
    semantic = stages.semantics(world, entity_type, stage, category)
    values.update({SEMANTIC_FIELD[entity_type]: semantic, "MOVED_TIME": now, "MOVED_BY_ID": actor.user_id})
    if entity_type == LEAD:
        if semantic == "P":
            values["DATE_CLOSED"] = None
        elif row["STATUS_SEMANTIC_ID"] == "P":
            values["DATE_CLOSED"] = now
        if semantic == "S":
            values["EVER_CONVERTED"] = True
    else:
        values["CLOSED"] = semantic != "P"
        values["IS_NEW"] = stage == stages.first_stage(world, DEAL, category)


def _after_move(
    world: World, entity_type: int, row: Row, before: Mapping[str, Any], *, actor: Actor, options: Options
) -> None:
    semantic = row[SEMANTIC_FIELD[entity_type]]
    if "CATEGORY_ID" in before:
        kind = history.MOVED
    else:
        kind = history.INTERMEDIATE if semantic == "P" else history.FINAL
    history.note(world, entity_type, row, kind)
    closed = semantic != "P" and before.get(SEMANTIC_FIELD[entity_type]) == "P"
    settings = world.settings
    completes = {
        LEAD: settings.complete_activities_on_close,
        DEAL: settings.complete_activities_on_deal_close,
    }
    if closed and options.complete and completes[entity_type]:
        activities.complete_of_closed(world, entity_type, row["ID"], actor)


def touch(
    world: World, entity_type: int, row_id: int, actor: Actor, values: Mapping[str, Any] | None = None
) -> None:
    """Something of the record that is not a field of its own changed: new time of change and the update event."""
    changes = {**(values or {}), "DATE_MODIFY": world.now(), "MODIFY_BY_ID": actor.user_id}
    world.entities(entity_type).change(row_id, changes)
    world.emit(f"ONCRM{ENTITY_NAMES[entity_type].upper()}UPDATE", {"ID": row_id}, actor)


def delete(world: World, entity_type: int, row_id: int, actor: Actor) -> None:
    """Remove a record with what is bound only to it (crm-lead-delete.md). Raises NOT_FOUND."""
    table = world.entities(entity_type)
    row = table.remove(row_id)
    if row is None:
        raise RestError("NOT_FOUND", "Element not found")
    multifields.index(world, entity_type, row_id, row["FM"] or (), ())
    activities.cascade(world, entity_type, row_id, actor)
    timeline.cascade(world, entity_type, row_id)
    history.cascade(world, entity_type, row_id)
    addresses.cascade(world, entity_type, row_id, actor)
    links.cascade(world, entity_type, row_id)
    for name, field in userfields.by_name(world, entity_type).items():
        if field["USER_TYPE_ID"] == "file":
            held = row[name]
            for file_id in held if isinstance(held, tuple) else (held,):
                if file_id:
                    world.files.remove(file_id)
    short = SHORT_CODES[entity_type]
    for product_row in world.product_rows.find("OWNER", (short, row_id)):
        world.product_rows.remove(product_row)
    code = f"{short}_{row_id}"
    for task_id in world.tasks.find("UF_CRM_TASK", code):
        rest = tuple(c for c in world.tasks.rows[task_id]["UF_CRM_TASK"] if c != code)
        if rest:
            world.tasks.change(task_id, {"UF_CRM_TASK": rest})
        else:
            world.tasks.remove(task_id)
    world.emit(f"ONCRM{ENTITY_NAMES[entity_type].upper()}DELETE", {"ID": row_id}, actor)


def display_name(world: World, entity_type: int, row_id: int) -> str:
    """What people call the record: its title, or the person's name."""
    row = world.entities(entity_type).get(row_id)
    if row is None:
        return ""
    if entity_type == CONTACT:
        return " ".join(part for part in (row["NAME"], row["LAST_NAME"]) if part) or f"#{row_id}"
    return str(row["TITLE"] or f"#{row_id}")
