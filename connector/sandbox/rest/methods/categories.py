"""crm.category.*: deal pipelines (universal/category)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.crm import stages
from connector.sandbox.errors import RestError
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, to_int
from connector.sandbox.tables import Row
from connector.sandbox.world import DEAL

# Types that have pipelines at all; leads do not.
_KNOWN = {1, 2, 3, 4, 7}
# Clients have one category each on this portal.
_CLIENTS = {3: "Contacts", 4: "Companies"}
LONGEST_NAME = 255


def _require_deals(call: Call) -> None:
    kind = call.integer("entityTypeId")
    if kind not in _KNOWN:
        raise RestError("NOT_FOUND", "Smart process not found")
    if kind != DEAL:
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {kind} is not supported")


def show(row: Row) -> dict[str, Any]:
    """A pipeline as crm.category.* answers it."""
    answer: dict[str, Any] = {
        "id": row["ID"],
        "name": row["NAME"],
        "sort": row["SORT"],
        "entityTypeId": DEAL,
        "isDefault": "Y" if row["ID"] == 0 else "N",
    }
    if row["ID"]:
        answer.update({"originId": row["ORIGIN_ID"] or "", "originatorId": row["ORIGINATOR_ID"] or ""})
    return answer


def _load(call: Call) -> Row:
    _require_deals(call)
    row = call.world.categories.get(call.integer("id"))
    if row is None:
        raise RestError("NOT_FOUND", "Element not found")
    return row


def _name(fields: Mapping[str, Any]) -> str:
    """A name may be neither empty nor blank nor longer than 255 characters (crm-category-add.md)."""
    name = str(fields.get("name") or "").strip()
    if not name:
        raise RestError(0, "Field 'NAME' is required")
    if len(name) > LONGEST_NAME:
        raise RestError(0, "Field 'NAME' is too long")
    return name


def _sort(fields: Mapping[str, Any], otherwise: int) -> int:
    """The place; what is below zero counts as zero (crm-category-add.md)."""
    return max(0, to_int(fields["sort"])) if fields.get("sort") not in (None, "") else otherwise


@method("crm.category.list")
def list_categories(call: Call) -> Page:
    kind = call.integer("entityTypeId")
    if kind in _CLIENTS:
        name = _CLIENTS[kind]
        only = {
            "id": 0,
            "name": name,
            "sort": 500,
            "entityTypeId": kind,
            "isDefault": "Y",
            "isSystem": "N",
            "code": "",
        }
        return Page({"categories": [only]}, 1)
    _require_deals(call)
    rows = [show(row) for row in stages.categories(call.world)]
    return Page({"categories": rows}, len(rows))


@method("crm.category.get")
def get(call: Call) -> Any:
    return {"category": show(_load(call))}


@method("crm.category.add")
def add(call: Call) -> Any:
    _require_deals(call)
    access.require_settings(call)
    fields = call.map("fields")
    name = _name(fields)
    row = stages.add_category(call.world, name, _sort(fields, 500))
    values = {"ORIGIN_ID": fields.get("originId"), "ORIGINATOR_ID": fields.get("originatorId")}
    call.world.categories.change(row["ID"], {k: str(v) for k, v in values.items() if v})
    return {"category": show(row)}


@method("crm.category.update")
def update(call: Call) -> Any:
    row = _load(call)
    access.require_settings(call)
    fields = call.map("fields")
    values: dict[str, Any] = {}
    if "name" in fields:
        values["NAME"] = _name(fields)
    values["SORT"] = _sort(fields, row["SORT"])
    call.world.categories.change(row["ID"], values)
    call.world.directory_version += 1
    return {"category": show(row)}


@method("crm.category.delete")
def delete(call: Call) -> Any:
    row = _load(call)
    access.require_settings(call)
    stages.delete_category(call.world, row["ID"])


@method("crm.category.fields")
def fields(call: Call) -> Any:
    _require_deals(call)
    table = (
        ("id", "integer", False, True, "ID"),
        ("name", "string", True, False, "Name"),
        ("sort", "integer", False, False, "Sorting"),
        ("entityTypeId", "integer", True, True, "Entity type ID"),
        ("isDefault", "boolean", False, True, "Default"),
        ("originId", "string", False, False, "Origin ID"),
        ("originatorId", "string", False, False, "Originator ID"),
    )
    return {
        "fields": {
            name: {
                "type": kind,
                "isRequired": required,
                "isReadOnly": read_only,
                "isImmutable": name == "entityTypeId",
                "isMultiple": False,
                "isDynamic": False,
                "title": title,
            }
            for name, kind, required, read_only, title in table
        }
    }
