"""crm.timeline.comment.* (timeline/comments)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.crm import timeline, userfields
from connector.sandbox.errors import RestError, old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, to_int
from connector.sandbox.rest.php import as_list
from connector.sandbox.rest.small import describe, only, paged, select
from connector.sandbox.tables import Row
from connector.sandbox.world import ENTITY_NAMES, World

TYPE_IDS = {name: kind for kind, name in ENTITY_NAMES.items()}
_TYPES = {"ID": "integer", "CREATED": "datetime", "AUTHOR_ID": "integer", "COMMENT": "string"}


@method("crm.timeline.comment.fields")
def fields(_: Call) -> Any:
    return describe(
        (
            ("ID", "integer", "ro", "ID"),
            ("CREATED", "datetime", "ro", "Created on"),
            ("ENTITY_ID", "integer", "req imm", "ID of the element"),
            ("ENTITY_TYPE", "string", "req imm", "Type of the element"),
            ("AUTHOR_ID", "integer", "imm", "Author"),
            ("COMMENT", "string", "", "Comment"),
            ("FILES", "attached_diskfile", "multi", "Files"),
        )
    )


def show(world: World, row: Row, binding: tuple[int, int]) -> dict[str, Any]:
    """A comment in the timeline of this record."""
    answer: dict[str, Any] = {
        "ID": str(row["ID"]),
        "ENTITY_ID": str(binding[1]),
        "ENTITY_TYPE": ENTITY_NAMES.get(binding[0], ""),
        "CREATED": iso(row["CREATED"]),
        "COMMENT": row["COMMENT"],
        "AUTHOR_ID": str(row["AUTHOR_ID"]),
    }
    if row["FILES"]:
        answer["FILES"] = {str(i): _file(world, row, i) for i in row["FILES"]}
    return answer


def _file(world: World, row: Row, file_id: int) -> dict[str, Any]:
    stored = world.files.rows[file_id]
    user = world.user(row["AUTHOR_ID"])
    url = f"{world.base_url}/disk/{{}}/{file_id}/?&ncc=1&filename={stored['NAME']}"
    return {
        "id": file_id,
        "date": iso(row["CREATED"]),
        "type": "file",
        "name": stored["NAME"],
        "size": stored["SIZE"],
        "authorId": row["AUTHOR_ID"],
        "authorName": f"{user.name} {user.last_name}" if user else "",
        "urlShow": url.format("showFile"),
        "urlDownload": url.format("downloadFile"),
    }


def owner_of(call: Call, kind_name: Any, row_id: Any) -> tuple[int, int]:
    """The record a timeline entry belongs to. Raises OWNER_NOT_FOUND or ACCESS_DENIED."""
    kind = TYPE_IDS.get(str(kind_name or ""))
    if kind is None:
        raise RestError("INVALID_ARG_VALUE", "Invalid ENTITY_TYPE")
    owner = call.world.entities(kind).get(to_int(row_id))
    if owner is None:
        raise RestError("OWNER_NOT_FOUND", "Owner was not found")
    if not access.may_touch(call, owner):
        raise RestError("ACCESS_DENIED", "Access denied.")
    return kind, owner["ID"]


@method("crm.timeline.comment.list")
def list_comments(call: Call) -> Page:
    raw = call.map("filter")
    kind = TYPE_IDS.get(str(raw.pop("ENTITY_TYPE", raw.pop("=ENTITY_TYPE", "")) or ""))
    row_id = to_int(raw.pop("ENTITY_ID", raw.pop("=ENTITY_ID", 0)))
    if not kind or not row_id:
        raise old_error("The filter fields ENTITY_ID and ENTITY_TYPE are required.")
    owner = call.world.entities(kind).get(row_id)
    if owner is None:
        return Page([], 0)
    if not access.may_touch(call, owner):
        raise old_error("Access denied.")
    binding = (kind, row_id)
    rows = select(call, timeline.bound_to(call.world, kind, row_id), _TYPES, filters=raw)
    table = call.world.comments.rows
    answers = [only(show(call.world, table[row["ID"]], binding), call.get("select")) for row in rows]
    return paged(call, answers)


@method("crm.timeline.comment.add")
def add(call: Call) -> Any:
    # Only the lower-case parameter name is accepted since crm 23.100.0 (crm-timeline-comment-add.md).
    values = call.map("fields") if "fields" in call.params else {}
    for name in ("ENTITY_ID", "ENTITY_TYPE", "COMMENT"):
        if values.get(name) in (None, ""):
            raise RestError(100, f"Could not find value for parameter {{{name}}}")
    binding = owner_of(call, values["ENTITY_TYPE"], values["ENTITY_ID"])
    return timeline.add_comment(
        call.world, binding, str(values["COMMENT"]), call.actor, _upload(call, values.get("FILES"))
    )


def _upload(call: Call, raw: Any) -> tuple[int, ...]:
    pairs = [as_list(entry) for entry in as_list(raw)]
    return tuple(userfields.store_file(call.world, str(p[0]), str(p[1])) for p in pairs if len(p) == 2)


def _load(call: Call) -> Row:
    row = call.world.comments.get(call.integer("id"))
    if row is None:
        raise RestError("NOT_FOUND", "Not found.")
    for kind, row_id in row["BINDINGS"]:
        owner = call.world.entities(kind).get(row_id)
        if owner is not None and access.may_touch(call, owner):
            return row
    raise RestError("ACCESS_DENIED", "Access denied.")


@method("crm.timeline.comment.get")
def get(call: Call) -> Any:
    if call.integer("id") <= 0:
        raise old_error("ID is not defined or invalid.")
    try:
        row = _load(call)
    except RestError as error:
        # This one method of the family answers with empty codes (crm-timeline-comment-get.md).
        raise old_error(error.description) from error
    return show(call.world, row, row["BINDINGS"][0])


@method("crm.timeline.comment.update")
def update(call: Call) -> Any:
    row = _load(call)
    values = call.map("fields")
    changes: dict[str, Any] = {}
    if values.get("COMMENT") is not None:
        changes["COMMENT"] = str(values["COMMENT"])
    if "FILES" in values:
        changes["FILES"] = _upload(call, values["FILES"])
    timeline.update_comment(call.world, row["ID"], changes, call.actor)
    return row["ID"]


@method("crm.timeline.comment.delete")
def delete(call: Call) -> Any:
    timeline.delete_comment(call.world, _load(call)["ID"], call.actor)
