"""crm.activity.{fields,list,get,add,update,delete} and crm.activity.communication.fields (activity-base)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.sandbox.clock import parse_moment
from connector.sandbox.crm import activities, userfields
from connector.sandbox.errors import RestError, old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.activity_view import (
    EXTRA,
    FIELDS,
    MOMENTS,
    NUMBERS,
    OBJECTS,
    TYPES,
    show,
    value_of,
)
from connector.sandbox.rest.call import Call, Page, method, to_int, yes
from connector.sandbox.rest.filters import Condition, Group, parse, parse_order
from connector.sandbox.rest.listing import PAGE_SIZE, Source, page, paged, select_ids
from connector.sandbox.rest.php import as_list, as_map
from connector.sandbox.rest.small import describe
from connector.sandbox.tables import Row

_WRITABLE = {name for name, _, flags, _ in FIELDS if "ro" not in flags.split() and "imm" not in flags.split()}
PROVIDERS = {
    1: ("CRM_MEETING", "MEETING"),
    2: ("VOXIMPLANT_CALL", "CALL"),
    3: ("CRM_TASKS_TASK", "TASKS_TASK"),
}
PROVIDERS[4] = ("CRM_EMAIL", "EMAIL")


def may_read(call: Call, row: Row) -> bool:
    """Whether the caller may read a record it is bound to, or is responsible for it."""
    if access.sees_all(call) or row["RESPONSIBLE_ID"] == call.user.id:
        return True
    for kind, row_id in row["BINDINGS"]:
        owner = call.world.entities(kind).get(row_id) if kind in {1, 2, 3, 4, 7} else None
        if owner is not None and access.may_touch(call, owner):
            return True
    return False


def source(call: Call) -> Source:
    """What a list of activities reads. OWNER_ID alone has no index; a pair of owner or binding conditions has."""
    table = call.world.activities

    def bound(value: Any) -> Sequence[int]:
        return table.indexes["BINDINGS"].get(value, ())

    visible = None if access.sees_all(call) else (lambda row: may_read(call, row))
    audience = None if visible is None else (call.user.id, call.world.leads.version, call.world.deals.version)
    return Source(table, value_of, {"BINDINGS": bound}, visible, audience)


@method("crm.activity.fields")
def fields(_: Call) -> Any:
    return describe((*FIELDS, *EXTRA))


@method("crm.activity.communication.fields")
def communication_fields(_: Call) -> Any:
    return describe(
        (
            ("ID", "integer", "ro", "ID"),
            ("ACTIVITY_ID", "integer", "ro", "Activity"),
            ("ENTITY_ID", "integer", "", "Entity item ID"),
            ("ENTITY_TYPE_ID", "integer", "", "Entity type"),
            ("TYPE", "string", "", "Type"),
            ("VALUE", "string", "", "Value"),
        )
    )


def _resolve(name: str) -> tuple[str, str] | None:
    name = name.upper()
    return (name, TYPES[name]) if name in TYPES else None


def _ignore(name: str) -> None:
    """Unknown names are ignored."""


def _group(call: Call) -> Group:
    """The filter; BINDINGS and an owner pair become a look-up in the index of bindings."""
    raw = call.map("filter")
    wanted = _pairs(raw)
    raw.pop("BINDINGS", None)
    group = parse(raw, _resolve, _ignore)
    parts = list(group.parts)
    if wanted:
        parts.append(Condition("BINDINGS", "=", wanted))
    types = _equal(parts, "OWNER_TYPE_ID")
    owners = _equal(parts, "OWNER_ID")
    if types and owners and not group.any_of:
        parts.append(Condition("BINDINGS", "=", tuple((kind, owner) for kind in types for owner in owners)))
    return Group(tuple(parts), group.any_of)


def _equal(parts: Sequence[Condition | Group], field: str) -> tuple[Any, ...]:
    for part in parts:
        if isinstance(part, Condition) and part.field == field and part.op == "=" and None not in part.values:
            return part.values
    return ()


@method("crm.activity.list")
def list_activities(call: Call) -> Page:
    order = parse_order(call.get("order"), _resolve, _ignore) or (("START_TIME", False),)
    wanted = [str(name).upper() for name in as_list(call.get("select"))]
    everything = [name for name, *_ in FIELDS]
    names = everything if not wanted or "*" in wanted else []
    known = {*everything, "COMMUNICATIONS", "FILES", "STORAGE_ELEMENT_IDS", "IS_INCOMING_CHANNEL"}
    names = list(dict.fromkeys([*names, *(name for name in wanted if name in known)]))
    if "ID" not in names:
        names.insert(0, "ID")
    pairs = _pairs(call.map("filter"))
    group = _group(call)
    found = _repeated(call, group, order, pairs) if len(pairs) > 1 else page(call, source(call), group, order)
    return paged(found, lambda rows: [show(call.world, row, names) for row in rows])


def _pairs(raw: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    pairs = [as_map(pair) for pair in as_list(raw.get("BINDINGS"))]
    return tuple((to_int(p.get("OWNER_TYPE_ID")), to_int(p.get("OWNER_ID"))) for p in pairs)


def _repeated(
    call: Call, group: Group, order: tuple[tuple[str, bool], ...], pairs: tuple[tuple[int, int], ...]
) -> tuple[list[Row], int, int | None]:
    """With several pairs an activity comes once for each that it is bound to (crm-activity-list.md, note on BINDINGS), and one pair is
    enough (get-activity-list-by-deals.md). The page about the method can be read otherwise: see the setting `bindings_filter`.
    """
    table = call.world.activities
    ids = select_ids(source(call), group, order)
    if call.world.settings.bindings_filter == "all":
        ids = [id_ for id_ in ids if set(pairs) <= set(table.rows[id_]["BINDINGS"])]
    ids = [id_ for id_ in ids for pair in pairs if pair in table.rows[id_]["BINDINGS"]]
    start = to_int(call.get("start", 0))
    offset = max(0, start - start % PAGE_SIZE)
    following = offset + PAGE_SIZE if offset + PAGE_SIZE < len(ids) and start >= 0 else None
    rows = [table.rows[id_] for id_ in ids[offset : offset + PAGE_SIZE]]
    if call.short_page:
        rows = rows[:-1]
    return rows, len(ids) if start >= 0 else 0, following


def load(call: Call) -> Row:
    """The activity of a call in the old form. Raises the documented texts."""
    row_id = call.integer("id")
    if row_id <= 0:
        raise old_error("ID is not defined or invalid.")
    row = call.world.activities.get(row_id)
    if row is None:
        raise old_error("Activity is not found.")
    if not may_read(call, row):
        raise old_error("Access denied.")
    return row


@method("crm.activity.get")
def get(call: Call) -> Any:
    return show(call.world, load(call), [name for name, *_ in FIELDS])


def _native(fields: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in fields.items():
        name = key.upper()
        if name not in names:
            continue
        if name in MOMENTS:
            values[name] = parse_moment(str(value)) if value else None
        elif name == "COMPLETED":
            values[name] = yes(value)
        elif name in NUMBERS:
            values[name] = to_int(value)
        elif name in OBJECTS:
            values[name] = as_map(value) or None
        else:
            values[name] = str(value) if value is not None else None
    return values


@method("crm.activity.add")
def add(call: Call) -> Any:
    fields = {key.upper(): value for key, value in call.map("fields").items()}
    kind, owner = to_int(fields.get("OWNER_TYPE_ID")), to_int(fields.get("OWNER_ID"))
    if not owner or not kind:
        raise old_error("OWNER_ID and OWNER_TYPE_ID must be specified.")
    if not str(fields.get("SUBJECT") or ""):
        raise old_error("SUBJECT is not defined.")
    record = call.world.entities(kind).get(owner) if kind in {1, 2, 3, 4, 7} else None
    if record is None:
        raise old_error("Owner was not found.")
    if not access.may_touch(call, record):
        raise old_error("Access denied.")
    values = _native(fields, _WRITABLE | {"TYPE_ID"})
    type_id = values.get("TYPE_ID") or 6
    if type_id in PROVIDERS:
        values.setdefault("PROVIDER_ID", PROVIDERS[type_id][0])
        values.setdefault("PROVIDER_TYPE_ID", PROVIDERS[type_id][1])
    communications = tuple(
        (
            str(c.get("TYPE") or ""),
            str(c.get("VALUE") or ""),
            to_int(c.get("ENTITY_TYPE_ID")) or kind,
            to_int(c.get("ENTITY_ID")) or owner,
        )
        for c in map(as_map, as_list(fields.get("COMMUNICATIONS")))
    )
    bindings = [(kind, owner)]
    bindings += [
        (to_int(b.get("OWNER_TYPE_ID")), to_int(b.get("OWNER_ID")))
        for b in map(as_map, as_list(fields.get("BINDINGS")))
    ]
    files = tuple(
        userfields.store_file(call.world, str(as_list(data)[0]), str(as_list(data)[1]))
        for data in (as_map(f).get("fileData") for f in as_list(fields.get("FILES")))
        if len(as_list(data)) == 2
    )
    values.update(
        {"TYPE_ID": type_id, "COMMUNICATIONS": communications, "BINDINGS": tuple(dict.fromkeys(bindings))}
    )
    values.setdefault("START_TIME", call.world.now())
    values.setdefault("DEADLINE", values.get("END_TIME") or values["START_TIME"])
    if files:
        values["FILES"] = files
    return activities.create(call.world, values, call.actor)


@method("crm.activity.update")
def update(call: Call) -> Any:
    row = load(call)
    activities.update(call.world, row["ID"], _native(call.map("fields"), _WRITABLE), call.actor)
    return True


@method("crm.activity.call.getTranscript")
def transcript(call: Call) -> Any:
    """What AI call processing wrote down; this portal has none unless a row was given a TRANSCRIPT."""
    row = call.world.activities.get(call.integer("activityId"))
    if row is None:
        raise RestError("NOT_FOUND", "Element not found")
    if not may_read(call, row):
        raise RestError("ACCESS_DENIED", "Access denied", 403)
    return {"transcription": row["TRANSCRIPT"]} if row["TRANSCRIPT"] else None


@method("crm.activity.delete")
def delete(call: Call) -> Any:
    activities.delete(call.world, load(call)["ID"], call.actor)
    return True
