"""crm.{lead,deal,contact,company}.userfield.* and crm.userfield.*: custom fields (userfield pages)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.sandbox.crm import userfields
from connector.sandbox.errors import RestError, old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, to_int, yes
from connector.sandbox.rest.php import as_list, as_map
from connector.sandbox.rest.small import describe, select
from connector.sandbox.tables import Row
from connector.sandbox.world import World

ENTITIES = {"lead": "CRM_LEAD", "deal": "CRM_DEAL", "contact": "CRM_CONTACT", "company": "CRM_COMPANY"}
LABELS = ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL", "ERROR_MESSAGE", "HELP_MESSAGE")
FLAGS = ("MULTIPLE", "MANDATORY", "SHOW_IN_LIST", "EDIT_IN_LIST", "IS_SEARCHABLE")
LANGUAGES = ("ar", "br", "de", "en", "fr", "it", "ja", "la", "pl", "ru", "tr", "ua")
# Settings of each type with their defaults (crm.userfield.settings.fields): name → (type, title, default).
SETTINGS: Mapping[str, Mapping[str, tuple[str, str, Any]]] = {
    "string": {"DEFAULT_VALUE": ("string", "Default Value", ""), "ROWS": ("int", "Rows", 1)},
    "integer": {"DEFAULT_VALUE": ("int", "Default Value", None)},
    "double": {"DEFAULT_VALUE": ("double", "Default Value", None), "PRECISION": ("int", "Precision", 2)},
    "boolean": {"DEFAULT_VALUE": ("int", "Default Value", 0), "DISPLAY": ("string", "Display", "CHECKBOX")},
    "datetime": {"DEFAULT_VALUE": ("datetime", "Default Value", {"TYPE": "NONE", "VALUE": ""})},
    "date": {"DEFAULT_VALUE": ("date", "Default Value", {"TYPE": "NONE", "VALUE": ""})},
    "enumeration": {
        "DISPLAY": ("string", "Display", "LIST"),
        "LIST_HEIGHT": ("int", "List height", 1),
        "CAPTION_NO_VALUE": ("string", "Caption", ""),
        "SHOW_NO_VALUE": ("string", "Show empty value", "Y"),
    },
    "crm_status": {"ENTITY_TYPE": ("string", "Directory", "")},
    "crm": {name: ("char", name.capitalize(), "N") for name in ("LEAD", "CONTACT", "COMPANY", "DEAL")},
    "iblock_section": {"IBLOCK_ID": ("int", "Information block", 0)},
    "iblock_element": {"IBLOCK_ID": ("int", "Information block", 0)},
}
_TYPES = {
    "ID": "integer",
    "ENTITY_ID": "string",
    "FIELD_NAME": "string",
    "USER_TYPE_ID": "string",
    "XML_ID": "string",
    "SORT": "integer",
    "SHOW_FILTER": "string",
    **dict.fromkeys(FLAGS, "char"),
}


def labels(row: Row, name: str, language: str | None) -> Any:
    """All languages of a label, or the text in one of them."""
    texts = row[name] or {}
    if language:
        return texts.get(language) or texts.get("en") or None
    return {code: texts.get(code, "") for code in sorted({*LANGUAGES, *texts})}


def show(row: Row, language: str | None, *, with_labels: bool = True) -> dict[str, Any]:
    """A definition as crm.*.userfield.get answers it; a list has labels only when LANG is asked for."""
    answer: dict[str, Any] = {
        "ID": str(row["ID"]),
        "ENTITY_ID": row["ENTITY_ID"],
        "FIELD_NAME": row["FIELD_NAME"],
        "USER_TYPE_ID": row["USER_TYPE_ID"],
        "XML_ID": row["XML_ID"],
        "SORT": str(row["SORT"]),
        "MULTIPLE": "Y" if row["MULTIPLE"] else "N",
        "MANDATORY": "Y" if row["MANDATORY"] else "N",
        "SHOW_FILTER": row["SHOW_FILTER"],
        "SHOW_IN_LIST": "Y" if row["SHOW_IN_LIST"] else "N",
        "EDIT_IN_LIST": "Y" if row["EDIT_IN_LIST"] else "N",
        "IS_SEARCHABLE": "Y" if row["IS_SEARCHABLE"] else "N",
        "SETTINGS": settings_of(row["USER_TYPE_ID"], row["SETTINGS"]),
    }
    if with_labels:
        answer.update({name: labels(row, name, language) for name in LABELS})
    if row["USER_TYPE_ID"] == "enumeration":
        answer["LIST"] = [
            {
                "ID": str(e["ID"]),
                "SORT": str(e["SORT"]),
                "VALUE": e["VALUE"],
                "DEF": e["DEF"],
                "XML_ID": e["XML_ID"],
            }
            for e in sorted(row["LIST"], key=lambda e: (e["SORT"], e["ID"]))
        ]
    return answer


def settings_of(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a type: the defaults, and what was set."""
    return {name: default for name, (_, _, default) in SETTINGS.get(kind, {}).items()} | dict(given)


def native(values: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
    """Stored values of a definition from the wire (upper-case names)."""
    spec: dict[str, Any] = {}
    if creating:
        spec["USER_TYPE_ID"] = str(values["USER_TYPE_ID"])
    spec.update(_native_labels(values, creating=creating))
    for name in FLAGS:
        if name in values and (creating or name != "MULTIPLE"):
            spec[name] = yes(values[name])
    if values.get("SORT") not in (None, ""):
        spec["SORT"] = to_int(values["SORT"])
    if values.get("SHOW_FILTER"):
        flag = str(values["SHOW_FILTER"]).upper()
        spec["SHOW_FILTER"] = "E" if flag == "Y" else flag[:1]
    if "XML_ID" in values:
        spec["XML_ID"] = str(values["XML_ID"]) if values["XML_ID"] else None
    if "SETTINGS" in values:
        spec["SETTINGS"] = as_map(values["SETTINGS"])
    if "LIST" in values:
        spec["LIST"] = [as_map(entry) for entry in as_list(values["LIST"])]
    # A portal limit that only people set in the card: from which stages on the field is required.
    if "STAGES" in values:
        spec["STAGES"] = tuple(str(stage) for stage in as_list(values["STAGES"]))
    return spec


def _native_labels(values: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
    """Labels given as a text (for every language) or as a map of languages; LABEL is the fallback of a new field."""
    found: dict[str, Any] = {}
    if creating and values.get("LABEL"):
        found.update({name: {"en": str(values["LABEL"])} for name in LABELS[:3]})
    for name in LABELS:
        raw = values.get(name)
        if isinstance(raw, Mapping):
            found[name] = {str(code): str(text) for code, text in raw.items()}
        elif raw not in (None, ""):
            found[name] = {code: str(raw) for code in LANGUAGES}
    return found


def field_name(world: World, entity_id: str, raw: Any, longest: int = 50) -> str:
    """The full, unused name of a new field. Raises the documented texts."""
    name = str(raw or "").upper()
    if not name:
        raise old_error("The 'FIELD_NAME' field is not found.")
    if not name.startswith("UF_CRM_"):
        name = "UF_CRM_" + name.removeprefix("UF_")
    if len(name) > longest or not re.fullmatch(r"[A-Z0-9_]+", name):
        raise old_error(f"The field name is invalid or longer than {longest} characters.")
    if any(
        world.userfields.rows[i]["FIELD_NAME"] == name for i in world.userfields.find("ENTITY_ID", entity_id)
    ):
        raise RestError("ERROR_CORE", f"Field {name} for object {entity_id} already exists.")
    return name


def list_fields(call: Call, entity_id: str) -> Page:
    raw = call.get("filter")
    if raw is not None and not isinstance(raw, (dict, list)):
        raise old_error("Parameter 'filter' must be array.")
    language = str(call.map("filter").get("LANG") or "") or None
    rows = [call.world.userfields.rows[i] for i in call.world.userfields.find("ENTITY_ID", entity_id)]
    found = select(call, rows, _TYPES)
    table = call.world.userfields.rows
    return Page([show(table[row["ID"]], language, with_labels=bool(language)) for row in found], len(found))


def _load(call: Call, entity_id: str) -> Row:
    row_id = call.integer("id")
    if row_id <= 0:
        raise old_error("ID is not defined or invalid.")
    row = call.world.userfields.get(row_id)
    if row is None or row["ENTITY_ID"] != entity_id:
        raise RestError("ERROR_NOT_FOUND", f"The entity with ID '{row_id}' is not found.")
    return row


def _allow(call: Call) -> None:
    access.require_settings(call, old_error("Access denied."))


def _add(call: Call, entity_id: str) -> int:
    _allow(call)
    values = {str(key).upper(): value for key, value in call.map("fields").items()}
    if not values.get("USER_TYPE_ID"):
        raise old_error("The 'USER_TYPE_ID' field is not found.")
    if str(values["USER_TYPE_ID"]) not in userfields.TYPES:
        raise old_error("The user type is not supported.")
    spec = native(values, creating=True)
    spec["FIELD_NAME"] = field_name(call.world, entity_id, values.get("FIELD_NAME"))
    return userfields.create(call.world, entity_id, spec, call.actor)


def _update(call: Call, entity_id: str) -> bool:
    row = _load(call, entity_id)
    _allow(call)
    values = {str(key).upper(): value for key, value in call.map("fields").items()}
    userfields.update(call.world, row["ID"], native(values, creating=False), call.actor)
    return True


def _delete(call: Call, entity_id: str) -> bool:
    row = _load(call, entity_id)
    _allow(call)
    userfields.delete(call.world, row["ID"], call.actor)
    return True


def _register(name: str, entity_id: str) -> None:
    method(f"crm.{name}.userfield.list")(lambda call: list_fields(call, entity_id))
    method(f"crm.{name}.userfield.get")(lambda call: show(_load(call, entity_id), None))
    method(f"crm.{name}.userfield.add")(lambda call: _add(call, entity_id))
    method(f"crm.{name}.userfield.update")(lambda call: _update(call, entity_id))
    method(f"crm.{name}.userfield.delete")(lambda call: _delete(call, entity_id))


for _name, _entity_id in ENTITIES.items():
    _register(_name, _entity_id)


@method("crm.userfield.types")
def types(_: Call) -> Any:
    return [{"ID": kind, "title": title} for kind, title in userfields.TYPES.items()]


@method("crm.userfield.fields")
def fields(_: Call) -> Any:
    return describe(
        (
            ("ID", "int", "ro", "ID"),
            ("ENTITY_ID", "string", "imm", "Entity"),
            ("FIELD_NAME", "string", "imm", "Field name"),
            ("USER_TYPE_ID", "string", "imm", "Data type"),
            ("XML_ID", "string", "", "External ID"),
            ("SORT", "int", "", "Sorting"),
            ("MULTIPLE", "char", "", "Multiple"),
            ("MANDATORY", "char", "", "Required"),
            ("SHOW_FILTER", "char", "", "Show in filter"),
            ("SHOW_IN_LIST", "char", "", "Show in list"),
            ("EDIT_IN_LIST", "char", "", "Edit in list"),
            ("IS_SEARCHABLE", "char", "", "Searchable"),
            *((name, "string", "", name.replace("_", " ").capitalize()) for name in LABELS),
            ("LIST", "uf_enum_element", "multi", "Elements of the list"),
            ("SETTINGS", "object", "", "Settings"),
        )
    )


@method("crm.userfield.settings.fields")
def settings_fields(call: Call) -> Any:
    kind = str(call.get("type") or "")
    if not kind:
        raise old_error("Parameter 'type' is not specified or empty.")
    return {
        name: {"type": type_, "title": title} for name, (type_, title, _) in SETTINGS.get(kind, {}).items()
    }
