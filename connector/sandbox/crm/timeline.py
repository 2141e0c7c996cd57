"""Timeline comments and log messages: adding, changing, binding to further records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.tables import Row, Table
from connector.sandbox.world import Actor, World

Binding = tuple[int, int]


def add_comment(
    world: World, binding: Binding, text: str, actor: Actor, files: tuple[int, ...] = (), **values: Any
) -> int:
    """Store a comment; returns its id. Raises ONCRMTIMELINECOMMENTADD."""
    row_id = world.next_id("timeline")
    row = {"ID": row_id, "COMMENT": text, "CREATED": world.now(), "AUTHOR_ID": actor.user_id, "FILES": files}
    world.comments.insert({**row, **values, "BINDINGS": (binding,)})
    _touch(world, binding, actor)
    world.emit("ONCRMTIMELINECOMMENTADD", {"ID": row_id}, actor, flat=True)
    return row_id


def update_comment(world: World, row_id: int, values: Mapping[str, Any], actor: Actor) -> None:
    """Change text or files of a comment."""
    if world.comments.change(row_id, values):
        world.emit("ONCRMTIMELINECOMMENTUPDATE", {"ID": row_id}, actor, flat=True)


def delete_comment(world: World, row_id: int, actor: Actor) -> None:
    """Remove a comment from every timeline."""
    if world.comments.remove(row_id) is not None:
        world.emit("ONCRMTIMELINECOMMENTDELETE", {"ID": row_id}, actor, flat=True)


def bound_to(world: World, entity_type: int, entity_id: int, table: Table | None = None) -> list[Row]:
    """The comments (or the rows of another timeline table) bound to this record, by id."""
    source = table if table is not None else world.comments
    return [source.rows[i] for i in source.find("BINDINGS", (entity_type, entity_id))]


def bind(world: World, row_id: int, binding: Binding) -> bool:
    """Show the entry in one more timeline; False when it is there already."""
    table = table_of(world, row_id)
    if table is None or binding in table.rows[row_id]["BINDINGS"]:
        return False
    table.change(row_id, {"BINDINGS": (*table.rows[row_id]["BINDINGS"], binding)})
    return True


def unbind(world: World, row_id: int, binding: Binding) -> bool:
    """Take the entry out of one timeline; False when it is not there."""
    table = table_of(world, row_id)
    if table is None or binding not in table.rows[row_id]["BINDINGS"]:
        return False
    table.change(row_id, {"BINDINGS": tuple(b for b in table.rows[row_id]["BINDINGS"] if b != binding)})
    return True


def table_of(world: World, row_id: int) -> Table | None:
    """Where the timeline record lives; comments and log messages share their ids."""
    for table in (world.comments, world.log_messages):
        if row_id in table:
            return table
    return None


def cascade(world: World, entity_type: int, entity_id: int) -> None:
    """The record is gone: entries bound only to it go too."""
    gone = (entity_type, entity_id)
    for table in (world.comments, world.log_messages):
        for row in bound_to(world, entity_type, entity_id, table):
            rest = tuple(b for b in row["BINDINGS"] if b != gone)
            if rest:
                table.change(row["ID"], {"BINDINGS": rest})
            else:
                table.remove(row["ID"])


def _touch(world: World, owner: Binding, actor: Actor) -> None:
    try:
        table = world.entities(owner[0])
    except KeyError:
        return
    if owner[1] in table:
        table.change(owner[1], {"LAST_ACTIVITY_TIME": world.now(), "LAST_ACTIVITY_BY": actor.user_id})
