"""crm.status.*: stages and other directories (status/*.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.sandbox.crm import stages
from connector.sandbox.errors import RestError, old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, to_int, yes
from connector.sandbox.rest.small import describe, select
from connector.sandbox.tables import Row

_TYPES = {
    "ID": "integer",
    "ENTITY_ID": "string",
    "STATUS_ID": "string",
    "NAME": "string",
    "NAME_INIT": "string",
    "SORT": "integer",
    "SYSTEM": "char",
    "CATEGORY_ID": "integer",
    "COLOR": "string",
    "SEMANTICS": "string",
}
_FIELDS = (
    ("ID", "integer", "ro", "ID"),
    ("ENTITY_ID", "string", "req imm", "Directory ID"),
    ("STATUS_ID", "string", "req imm", "Status"),
    ("SORT", "integer", "", "Sorting"),
    ("NAME", "string", "req", "Name"),
    ("NAME_INIT", "string", "ro", "Initial name"),
    ("SYSTEM", "char", "ro", "System"),
    ("COLOR", "string", "", "Colour"),
    ("SEMANTICS", "string", "imm", "Semantics"),
    ("CATEGORY_ID", "integer", "ro", "Pipeline"),
    ("EXTRA", "crm_status_extra", "ro", "Additional"),
)
_NAMES = {
    "STATUS": "Lead stages",
    "SOURCE": "Sources",
    "CONTACT_TYPE": "Contact type",
    "COMPANY_TYPE": "Company type",
    "EMPLOYEES": "Employees",
    "INDUSTRY": "Industry",
    "DEAL_TYPE": "Deal type",
    "HONORIFIC": "Salutations",
    "QUOTE_STATUS": "Estimate stages",
}


DEFAULT_SORT = 10


def _semantics(row: Row) -> str | None:
    return (
        None if row["SEMANTICS"] == "P" or not stages.is_stage_entity(row["ENTITY_ID"]) else row["SEMANTICS"]
    )


def _group(row: Row) -> str:
    if row["SEMANTICS"] == "S":
        return "success"
    if row["SEMANTICS"] == "F":
        return "apology" if row["STATUS_ID"].endswith("APOLOGY") else "failure"
    return "process"


def show(row: Row) -> dict[str, Any]:
    """A directory entry as crm.status.get and list answer it."""
    answer: dict[str, Any] = {
        "ID": str(row["ID"]),
        "ENTITY_ID": row["ENTITY_ID"],
        "STATUS_ID": row["STATUS_ID"],
        "NAME": row["NAME"],
        "NAME_INIT": row["NAME_INIT"] or "",
        "SORT": str(row["SORT"]),
        "SYSTEM": "Y" if row["SYSTEM"] else "N",
        "CATEGORY_ID": str(row["CATEGORY_ID"]) if row["CATEGORY_ID"] else None,
        "COLOR": row["COLOR"],
        "SEMANTICS": _semantics(row),
    }
    if stages.is_stage_entity(row["ENTITY_ID"]):
        answer["EXTRA"] = {"SEMANTICS": _group(row), "COLOR": row["COLOR"]}
    return answer


@method("crm.status.fields")
def fields(_: Call) -> Any:
    return describe(_FIELDS)


@method("crm.status.list")
def list_statuses(call: Call) -> Page:
    rows = select(
        call, ({**row, "SEMANTICS": _semantics(row), "row": row} for row in call.world.statuses), _TYPES
    )
    answers = [show(row["row"]) for row in rows]
    return Page(answers, len(answers))


@method("crm.status.entity.types")
def entity_types(call: Call) -> Any:
    answer: list[dict[str, Any]] = []
    for entity_id, name in _NAMES.items():
        answer.append(_entity_type(entity_id, name, None, ""))
        if entity_id == "STATUS":
            answer += [
                _entity_type(stages.stage_entity(row["ID"]), f"Deal stages ({row['NAME']})", 2, row["ID"])
                for row in stages.categories(call.world)
            ]
    return answer


def _entity_type(entity_id: str, name: str, kind: int | None, category: Any) -> dict[str, Any]:
    final = {"STATUS": ("NEW", "CONVERTED", "JUNK"), "QUOTE_STATUS": ("DRAFT", "APPROVED", "DECLAINED")}
    prefix = stages.stage_prefix(entity_id)
    codes = final.get(entity_id) or (("NEW", "WON", "LOSE") if kind == 2 else None)
    answer: dict[str, Any] = {"ID": entity_id, "NAME": name}
    answer["SEMANTIC_INFO"] = (
        {
            "START_FIELD": prefix + codes[0],
            "FINAL_SUCCESS_FIELD": prefix + codes[1],
            "FINAL_UNSUCCESS_FIELD": prefix + codes[2],
            "FINAL_SORT": 0,
        }
        if codes
        else []
    )
    if entity_id == "STATUS":
        answer["ENTITY_TYPE_ID"] = 1
    if kind == 2:
        answer.update({"ENTITY_TYPE_ID": 2, "PREFIX": prefix.rstrip(":")})
        if category:
            answer.update(
                {
                    "PARENT_ID": "DEAL_STAGE",
                    "CATEGORY_ID": category,
                    "FIELD_ATTRIBUTE_SCOPE": f"category_{category}",
                }
            )
    return answer


@method("crm.status.entity.items")
def entity_items(call: Call) -> Any:
    entity_id = str(call.get("entityId") or "")
    if not entity_id:
        raise RestError(
            "The parameter entityId is not defined or invalid.",
            "The directory ID is not specified or is incorrect.",
        )
    rows = stages.entries(call.world, entity_id)
    return [{"NAME": row["NAME"], "SORT": row["SORT"], "STATUS_ID": row["STATUS_ID"]} for row in rows]


def _load(call: Call) -> Row:
    row_id = call.integer("id")
    if row_id <= 0:
        raise RestError("Invalid identifier.", "An invalid identifier was passed.")
    row = call.world.statuses.get(row_id)
    if row is None:
        raise RestError("Status is not found.", "Directory item not found.")
    return row


@method("crm.status.get")
def get(call: Call) -> Any:
    return show(_load(call))


@method("crm.status.add")
def add(call: Call) -> Any:
    access.require_settings(call, old_error("Access denied."))
    if not isinstance(call.get("fields"), Mapping):
        raise old_error("Parameter 'fields' must be array.")
    values = call.map("fields")
    missing = [name for name in ("ENTITY_ID", "STATUS_ID") if not str(values.get(name) or "").strip()]
    if missing:
        raise old_error(", ".join(f"The field {name} is required." for name in missing))
    entity_id, code = str(values["ENTITY_ID"]), str(values["STATUS_ID"])
    world = call.world
    if not world.statuses.find("ENTITY_ID", entity_id):
        raise old_error("Specified entity type is not supported.")
    if not str(values.get("NAME") or "").strip():
        raise old_error("The field Title is required.")
    prefix = stages.stage_prefix(entity_id)
    code = code if prefix and code.startswith(prefix) else prefix + code
    limit = 22 if entity_id.startswith("DEAL_STAGE") else 21
    if len(code) > limit or not re.fullmatch(r"[A-Za-z0-9_:-]+", code):
        raise RestError("ERROR_CORE", "The field STATUS_ID contains invalid characters or is too long.")
    semantic = str(values.get("SEMANTICS") or "P").upper()
    semantic = (
        "F" if semantic in {"F", "FAILURE", "APOLOGY"} else "S" if semantic in {"S", "SUCCESS"} else "P"
    )
    sort = to_int(values["SORT"]) if values.get("SORT") not in (None, "") else DEFAULT_SORT
    if stages.is_stage_entity(entity_id):
        stages.check_order(world, entity_id, semantic, sort)
    if entity_id == "STATUS" or entity_id.startswith("DEAL_STAGE"):
        category = to_int(entity_id.removeprefix("DEAL_STAGE_")) if "_STAGE_" in entity_id else None
    else:
        category = None
    row = stages.add_entry(
        world,
        entity_id,
        code,
        str(values["NAME"]),
        SORT=sort,
        COLOR=values.get("COLOR") or None,
        SEMANTICS=semantic,
        CATEGORY_ID=category,
    )
    return row["ID"]


@method("crm.status.update")
def update(call: Call) -> Any:
    row = _load(call)
    access.require_settings(call, old_error("Access denied."))
    values = call.map("fields")
    changes: dict[str, Any] = {}
    if values.get("NAME"):
        changes["NAME"] = str(values["NAME"])
    if values.get("SORT") not in (None, ""):
        changes["SORT"] = to_int(values["SORT"])
    if "COLOR" in values:
        changes["COLOR"] = values["COLOR"] or None
    call.world.statuses.change(row["ID"], changes)
    call.world.directory_version += 1
    return True


@method("crm.status.delete")
def delete(call: Call) -> Any:
    row = _load(call)
    access.require_settings(call, old_error("Access denied."))
    if row["SYSTEM"] and not yes(call.map("params").get("FORCED", "N")):
        raise old_error(
            'CRM System Status can be deleted only if parameter FORCED is specified and equal to "Y".'
        )
    if stages.in_use(call.world, row):
        raise old_error("There are active items in this status.")
    call.world.statuses.remove(row["ID"])
    call.world.directory_version += 1
    return True
