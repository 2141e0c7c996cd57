"""userfieldconfig.*: the other door to custom fields, in camelCase (universal/userfieldconfig)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.crm import userfields
from connector.sandbox.crm.fields import camel
from connector.sandbox.errors import old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method
from connector.sandbox.rest.methods.userfield_methods import LABELS, field_name, native, settings_of
from connector.sandbox.rest.php import as_list, as_map
from connector.sandbox.rest.small import paged, select
from connector.sandbox.tables import Row

_SCOPE = "userfieldconfig"
_NAMES = (
    "ENTITY_ID",
    "FIELD_NAME",
    "USER_TYPE_ID",
    "XML_ID",
    "SORT",
    "MULTIPLE",
    "MANDATORY",
    "SHOW_FILTER",
    "SHOW_IN_LIST",
    "EDIT_IN_LIST",
    "IS_SEARCHABLE",
    "SETTINGS",
    *LABELS,
)
_UPPER = {camel(name): name for name in _NAMES}
# These are accepted and ignored on add (userfieldconfig-add.md).
_IGNORED = {"showInList", "listColumnLabel", "listFilterLabel", "errorMessage", "label"}
_TYPES = {
    "id": "integer",
    "entityId": "string",
    "fieldName": "string",
    "userTypeId": "string",
    "xmlId": "string",
    "sort": "integer",
    "multiple": "char",
    "mandatory": "char",
}


def _require(call: Call) -> None:
    if str(call.get("moduleId") or "") != "crm":
        raise old_error("The module is not specified or does not support custom fields.")
    if "crm" not in call.scopes:
        raise old_error("The current method required more scopes. (crm)")


def _show(row: Row, *, enum: bool = True, language: str | None = None) -> dict[str, Any]:
    languages = [language] if language else ["en", "pl"]
    answer: dict[str, Any] = {
        "id": str(row["ID"]),
        "entityId": row["ENTITY_ID"],
        "fieldName": row["FIELD_NAME"],
        "userTypeId": row["USER_TYPE_ID"],
        "xmlId": row["XML_ID"],
        "sort": str(row["SORT"]),
        "multiple": "Y" if row["MULTIPLE"] else "N",
        "mandatory": "Y" if row["MANDATORY"] else "N",
        "showFilter": row["SHOW_FILTER"],
        "showInList": "Y" if row["SHOW_IN_LIST"] else "N",
        "editInList": "Y" if row["EDIT_IN_LIST"] else "N",
        "isSearchable": "Y" if row["IS_SEARCHABLE"] else "N",
        "settings": settings_of(row["USER_TYPE_ID"], row["SETTINGS"]),
        "languageId": {code: code for code in languages},
    }
    for name in LABELS:
        answer[camel(name)] = {code: (row[name] or {}).get(code) for code in languages}
    if enum and row["USER_TYPE_ID"] == "enumeration":
        answer["enum"] = [
            {
                "id": str(e["ID"]),
                "userFieldId": str(row["ID"]),
                "value": e["VALUE"],
                "def": e["DEF"],
                "sort": str(e["SORT"]),
                "xmlId": e["XML_ID"],
            }
            for e in row["LIST"]
        ]
    return answer


def _upper(field: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
    values = {_UPPER[k]: v for k, v in field.items() if k in _UPPER and not (creating and k in _IGNORED)}
    if "enum" in field:
        values["LIST"] = [
            {k.upper(): v for k, v in as_map(entry).items()} for entry in as_list(field["enum"])
        ]
        for entry in values["LIST"]:
            if "XMLID" in entry:
                entry["XML_ID"] = entry.pop("XMLID")
    return values


@method("userfieldconfig.getTypes", scope=_SCOPE)
def get_types(call: Call) -> Any:
    _require(call)
    return {
        "types": {kind: {"userTypeId": kind, "description": text} for kind, text in userfields.TYPES.items()}
    }


@method("userfieldconfig.list", scope=_SCOPE)
def list_fields(call: Call) -> Page:
    _require(call)
    wanted = call.map("select")
    language = str(wanted.get("language") or "") or None
    rows = [
        {
            "id": row["ID"],
            "entityId": row["ENTITY_ID"],
            "fieldName": row["FIELD_NAME"],
            "userTypeId": row["USER_TYPE_ID"],
            "xmlId": row["XML_ID"],
            "sort": row["SORT"],
            "multiple": row["MULTIPLE"],
            "mandatory": row["MANDATORY"],
        }
        for row in call.world.userfields
    ]
    table = call.world.userfields.rows
    found = select(call, rows, _TYPES, default_order="id")
    page = paged(call, [_show(table[row["id"]], enum=False, language=language) for row in found])
    page.result = {"fields": page.result}
    return page


def _load(call: Call) -> Row:
    _require(call)
    row = call.world.userfields.get(call.integer("id"))
    if row is None:
        raise old_error("You do not have permission to view user field settings")
    return row


@method("userfieldconfig.get", scope=_SCOPE)
def get(call: Call) -> Any:
    return {"field": _show(_load(call))}


@method("userfieldconfig.add", scope=_SCOPE)
def add(call: Call) -> Any:
    _require(call)
    access.require_settings(call, old_error("You cannot add a user field"))
    field = call.map("field")
    entity_id = str(field.get("entityId") or "")
    if entity_id not in {"CRM_LEAD", "CRM_DEAL", "CRM_CONTACT", "CRM_COMPANY"}:
        raise old_error("The 'ENTITY_ID' field is not found.")
    values = _upper(field, creating=True)
    name = field_name(call.world, entity_id, values.get("FIELD_NAME"))
    if str(values.get("USER_TYPE_ID") or "") not in userfields.TYPES:
        raise old_error("The 'USER_TYPE_ID' field is not found.")
    row_id = userfields.create(
        call.world, entity_id, {**native(values, creating=True), "FIELD_NAME": name}, call.actor
    )
    return {"field": _show(call.world.userfields.rows[row_id])}


@method("userfieldconfig.update", scope=_SCOPE)
def update(call: Call) -> Any:
    row = _load(call)
    access.require_settings(call, old_error("You cannot change the settings of the user field"))
    values = native(_upper(call.map("field"), creating=False), creating=False)
    userfields.update(call.world, row["ID"], values, call.actor)
    return {"field": _show(row)}


@method("userfieldconfig.delete", scope=_SCOPE)
def delete(call: Call) -> Any:
    row = _load(call)
    access.require_settings(call, old_error("You cannot delete the user field"))
    userfields.delete(call.world, row["ID"], call.actor)
