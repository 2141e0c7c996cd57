"""crm.dealcategory.*: the frozen family of pipelines (outdated/category-old)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.crm import stages
from connector.sandbox.errors import old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, to_int
from connector.sandbox.rest.small import describe, only, paged, select
from connector.sandbox.tables import Row

_TYPES = {
    "ID": "integer",
    "NAME": "string",
    "SORT": "integer",
    "IS_LOCKED": "char",
    "CREATED_DATE": "datetime",
}


def show(row: Row) -> dict[str, Any]:
    return {
        "ID": str(row["ID"]),
        "CREATED_DATE": iso(row["DATE_CREATE"] or 0),
        "NAME": row["NAME"],
        "IS_LOCKED": "N",
        "SORT": str(row["SORT"]),
    }


def _load(call: Call) -> Row:
    row = call.world.categories.get(call.integer("id"))
    if row is None or row["ID"] == 0:
        raise old_error("Not found")
    return row


def _allow(call: Call) -> None:
    access.require_settings(call, old_error("Access denied."))


@method("crm.dealcategory.fields")
def fields(_: Call) -> Any:
    return describe(
        (
            ("ID", "integer", "ro", "ID"),
            ("CREATED_DATE", "date", "ro", "Created on"),
            ("NAME", "string", "req", "Name"),
            ("IS_LOCKED", "char", "ro", "Locked"),
            ("SORT", "integer", "", "Sorting"),
        )
    )


@method("crm.dealcategory.list")
def list_categories(call: Call) -> Page:
    rows = [
        {**row, "IS_LOCKED": False, "CREATED_DATE": row["DATE_CREATE"]}
        for row in call.world.categories
        if row["ID"]
    ]
    found = select(call, rows, _TYPES)
    return paged(
        call, [only(show(call.world.categories.rows[row["ID"]]), call.get("select")) for row in found]
    )


@method("crm.dealcategory.get")
def get(call: Call) -> Any:
    return show(_load(call))


@method("crm.dealcategory.add")
def add(call: Call) -> Any:
    _allow(call)
    values = call.map("fields")
    if not values.get("NAME"):
        raise old_error("The field NAME is required.")
    return stages.add_category(call.world, str(values["NAME"]), to_int(values.get("SORT")) or 200)["ID"]


@method("crm.dealcategory.update")
def update(call: Call) -> Any:
    row = _load(call)
    _allow(call)
    values = call.map("fields")
    changes: dict[str, Any] = {}
    if values.get("NAME"):
        changes["NAME"] = str(values["NAME"])
    if values.get("SORT") not in (None, ""):
        changes["SORT"] = to_int(values["SORT"])
    call.world.categories.change(row["ID"], changes)
    return True


@method("crm.dealcategory.delete")
def delete(call: Call) -> Any:
    row = _load(call)
    _allow(call)
    stages.delete_category(call.world, row["ID"])
    return True


@method("crm.dealcategory.default.get")
def default_get(call: Call) -> Any:
    return {"ID": 0, "NAME": call.world.categories.rows[0]["NAME"]}


@method("crm.dealcategory.default.set")
def default_set(call: Call) -> Any:
    _allow(call)
    if call.get("name"):
        call.world.categories.change(0, {"NAME": str(call.get("name"))})
    return True


@method("crm.dealcategory.status")
def status(call: Call) -> Any:
    return stages.stage_entity(call.integer("id"))


@method("crm.dealcategory.stage.list", "crm.dealcategory.stages")
def stage_list(call: Call) -> Any:
    rows = stages.entries(call.world, stages.stage_entity(call.integer("id")))
    return [{"NAME": row["NAME"], "SORT": row["SORT"], "STATUS_ID": row["STATUS_ID"]} for row in rows]
