"""Activities: adding, changing, completing, binding to records. The first binding is the owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.errors import RestError
from connector.sandbox.tables import Row
from connector.sandbox.world import Actor, World

Binding = tuple[int, int]
MAX_BINDINGS = 100
# Providers whose activities a closing lead completes (native_switch.md 2.8); a task is completed as a task.
COMPLETABLE = {
    "VOXIMPLANT_CALL",
    "CALL",
    "CRM_CALL",
    "CRM_MEETING",
    "CRM_EMAIL",
    "CRM_TODO",
    "IMOPENLINES_SESSION",
    "CRM_WEBFORM",
    "CRM_REQUEST",
    "CRM_SMS",
    "",
}


def create(world: World, values: Mapping[str, Any], actor: Actor) -> int:
    """Store an activity (canonical names, native values, BINDINGS required); returns its id."""
    now = world.now()
    row_id = world.next_id("activity")
    completed = bool(values.get("COMPLETED", False))
    world.activities.insert(
        {
            "CREATED": now,
            "LAST_UPDATED": now,
            "AUTHOR_ID": actor.user_id,
            "EDITOR_ID": actor.user_id,
            "RESPONSIBLE_ID": actor.user_id,
            "STATUS": 2 if completed else 1,
            **values,
            "ID": row_id,
        }
    )
    for kind, owner in values["BINDINGS"]:
        _touch(world, (kind, owner), actor, now)
    world.emit("ONCRMACTIVITYADD", {"ID": row_id}, actor)
    return row_id


def update(world: World, row_id: int, values: Mapping[str, Any], actor: Actor) -> None:
    """Change an activity; STATUS follows COMPLETED."""
    changes = dict(values)
    if "COMPLETED" in changes:
        changes["STATUS"] = 2 if changes["COMPLETED"] else 1
        if changes["COMPLETED"] and not world.activities.rows[row_id]["COMPLETED"]:
            changes.setdefault("END_TIME", world.now())
    if not world.activities.change(row_id, changes):
        return
    _updated(world, row_id, actor)


def _updated(world: World, row_id: int, actor: Actor) -> None:
    world.activities.change(row_id, {"LAST_UPDATED": world.now(), "EDITOR_ID": actor.user_id})
    world.emit("ONCRMACTIVITYUPDATE", {"ID": row_id}, actor)


def delete(world: World, row_id: int, actor: Actor) -> None:
    """Remove an activity."""
    if world.activities.remove(row_id) is not None:
        world.emit("ONCRMACTIVITYDELETE", {"ID": row_id}, actor)


def bound_to(world: World, entity_type: int, entity_id: int) -> list[Row]:
    """The activities with a binding to this record, by id."""
    return [world.activities.rows[i] for i in world.activities.find("BINDINGS", (entity_type, entity_id))]


def bind(world: World, row_id: int, target: Binding, actor: Actor) -> None:
    """Add a binding; the owner stays. Raises ACTIVITY_IS_ALREADY_BOUND and the limit of 100."""
    row = world.activities.rows[row_id]
    if target in row["BINDINGS"]:
        raise RestError("ACTIVITY_IS_ALREADY_BOUND", "The activity is already bound to this element")
    if len(row["BINDINGS"]) >= MAX_BINDINGS:
        raise RestError(100, f"The maximum number of bindings is {MAX_BINDINGS}")
    world.activities.change(row_id, {"BINDINGS": (*row["BINDINGS"], target)})
    _updated(world, row_id, actor)


def unbind(world: World, row_id: int, target: Binding, actor: Actor) -> None:
    """Remove a binding; the next one becomes the owner. The last one cannot be removed."""
    row = world.activities.rows[row_id]
    if target not in row["BINDINGS"]:
        raise RestError("BINDING_NOT_FOUND", "The activity is not bound to this element")
    if len(row["BINDINGS"]) == 1:
        raise RestError("LAST_BINDING_CANNOT_BE_DELETED", "The last binding cannot be deleted")
    world.activities.change(row_id, {"BINDINGS": tuple(b for b in row["BINDINGS"] if b != target)})
    _updated(world, row_id, actor)


def move(world: World, row_id: int, source: Binding, target: Binding, actor: Actor) -> None:
    """Replace one binding by another of the same type, in its place."""
    row = world.activities.rows[row_id]
    if source[0] != target[0]:
        raise RestError(
            "SOURCE_AND_TARGET_ENTITY_TYPES_ARE_NOT_EQUAL_ERROR",
            "Source and target entity types are not equal",
        )
    if source not in row["BINDINGS"]:
        raise RestError("BINDING_NOT_FOUND", "The activity is not bound to this element")
    if target in row["BINDINGS"]:
        raise RestError("ACTIVITY_IS_ALREADY_BOUND", "The activity is already bound to this element")
    world.activities.change(
        row_id, {"BINDINGS": tuple(target if b == source else b for b in row["BINDINGS"])}
    )
    _updated(world, row_id, actor)


def complete_of_closed(world: World, entity_type: int, entity_id: int, actor: Actor) -> list[int]:
    """A closing lead completes what is still bound to it, as the portal does by itself (STATUS 3). Returns the ids."""
    completed = []
    for row in bound_to(world, entity_type, entity_id):
        if not row["COMPLETED"] and row["PROVIDER_ID"] in COMPLETABLE:
            world.activities.change(row["ID"], {"COMPLETED": True, "STATUS": 3, "END_TIME": world.now()})
            _updated(world, row["ID"], actor)
            completed.append(row["ID"])
    return completed


def cascade(world: World, entity_type: int, entity_id: int, actor: Actor) -> None:
    """The record is gone: what was bound only to it goes too, the rest loses that binding."""
    gone = (entity_type, entity_id)
    for row in bound_to(world, entity_type, entity_id):
        if row["BINDINGS"] == (gone,):
            delete(world, row["ID"], actor)
        else:
            world.activities.change(row["ID"], {"BINDINGS": tuple(b for b in row["BINDINGS"] if b != gone)})


def _touch(world: World, owner: Binding, actor: Actor, now: int) -> None:
    try:
        table = world.entities(owner[0])
    except KeyError:
        return
    if owner[1] in table:
        table.change(owner[1], {"LAST_ACTIVITY_TIME": now, "LAST_ACTIVITY_BY": actor.user_id})
