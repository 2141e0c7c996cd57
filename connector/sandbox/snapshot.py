"""The whole portal as plain data, and the difference between two such pictures. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.sandbox.world import World

Picture = dict[str, dict[str, Any]]
# Fields that say when and by whom something was last touched, not what it is.
VOLATILE = (
    "DATE_MODIFY",
    "MODIFY_BY_ID",
    "LAST_ACTIVITY_TIME",
    "LAST_ACTIVITY_BY",
    "LAST_UPDATED",
    "EDITOR_ID",
    "CHANGED_DATE",
    "CHANGED_BY",
)


def take(world: World, tables: Iterable[str] = ()) -> Picture:
    """Table → id (text) → stored fields; values are as JSON has them. Without names: every table, and the set-up."""
    wanted = set(tables)
    picture: Picture = {}
    for name, table in world.tables.items():
        if not wanted or name in wanted:
            picture[name] = {
                str(row["ID"]): {key: _plain(value) for key, value in row.items()} for row in table
            }
    if not wanted or "settings" in wanted:
        picture["settings"] = {"crm": {"MODE": world.mode, "PLAN": world.settings.plan}}
    return picture


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(inner) for inner in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return value


def diff(before: Picture, after: Picture, ignore: Iterable[str] = ()) -> dict[str, dict[str, Any]]:
    """Per table: `added` and `removed` rows by id, and `changed`: id → field → [before, after]."""
    skip = set(ignore)
    answer: dict[str, dict[str, Any]] = {}
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, {}), after.get(name, {})
        changed: dict[str, Any] = {}
        for row_id in old.keys() & new.keys():
            fields = {
                field: [old[row_id].get(field), new[row_id].get(field)]
                for field in old[row_id].keys() | new[row_id].keys()
                if field not in skip and old[row_id].get(field) != new[row_id].get(field)
            }
            if fields:
                changed[row_id] = fields
        entry = {
            "added": {row_id: new[row_id] for row_id in new.keys() - old.keys()},
            "removed": {row_id: old[row_id] for row_id in old.keys() - new.keys()},
            "changed": changed,
        }
        filled = {key: value for key, value in entry.items() if value}
        if filled:
            answer[name] = filled
    return answer
