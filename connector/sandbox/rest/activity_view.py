"""What an activity looks like in crm.activity.*: its fields, and a row as the answers show it. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.tables import Row
from connector.sandbox.world import CONTACT, LEAD, World

# Name, type, flags, title; the order is that of the documented answer.
FIELDS: tuple[tuple[str, str, str, str], ...] = (
    ("ID", "integer", "ro", "ID"),
    ("OWNER_ID", "integer", "imm", "Owner ID"),
    ("OWNER_TYPE_ID", "crm_enum_ownertype", "imm", "Owner type"),
    ("TYPE_ID", "crm_enum_activitytype", "req imm", "Type"),
    ("PROVIDER_ID", "string", "", "Provider ID"),
    ("PROVIDER_TYPE_ID", "string", "", "Provider type"),
    ("PROVIDER_GROUP_ID", "string", "", "Connector type"),
    ("ASSOCIATED_ENTITY_ID", "integer", "ro", "Associated entity"),
    ("SUBJECT", "string", "req", "Subject"),
    ("CREATED", "datetime", "ro", "Created on"),
    ("LAST_UPDATED", "datetime", "ro", "Updated on"),
    ("START_TIME", "datetime", "", "Start"),
    ("END_TIME", "datetime", "", "End"),
    ("DEADLINE", "datetime", "", "Deadline"),
    ("COMPLETED", "char", "", "Completed"),
    ("STATUS", "crm_enum_activitystatus", "ro", "Status"),
    ("RESPONSIBLE_ID", "user", "req", "Responsible"),
    ("PRIORITY", "crm_enum_activitypriority", "", "Priority"),
    ("NOTIFY_TYPE", "crm_enum_activitynotifytype", "", "Notification type"),
    ("NOTIFY_VALUE", "integer", "", "Notification value"),
    ("DESCRIPTION", "string", "", "Description"),
    ("DESCRIPTION_TYPE", "crm_enum_contenttype", "", "Description type"),
    ("DIRECTION", "crm_enum_activitydirection", "req", "Direction"),
    ("LOCATION", "string", "", "Location"),
    ("SETTINGS", "object", "", "Settings"),
    ("ORIGINATOR_ID", "string", "", "External source"),
    ("ORIGIN_ID", "string", "", "ID in the external source"),
    ("AUTHOR_ID", "user", "ro", "Author"),
    ("EDITOR_ID", "user", "ro", "Editor"),
    ("PROVIDER_PARAMS", "object", "", "Provider parameters"),
    ("PROVIDER_DATA", "string", "", "Provider data"),
    ("RESULT_MARK", "integer", "", "Result mark"),
    ("RESULT_VALUE", "double", "", "Result value"),
    ("RESULT_SUM", "double", "", "Result amount"),
    ("RESULT_CURRENCY_ID", "string", "", "Result currency"),
    ("RESULT_STATUS", "integer", "", "Result status"),
    ("RESULT_STREAM", "integer", "", "Result stream"),
    ("RESULT_SOURCE_ID", "string", "", "Result source"),
    ("AUTOCOMPLETE_RULE", "integer", "", "Autocompletion"),
)
EXTRA = (
    ("BINDINGS", "crm_activity_binding", "ro multi", "Bindings"),
    ("COMMUNICATIONS", "crm_activity_communication", "req multi", "Communications"),
    ("FILES", "diskfile", "multi", "Files"),
    ("WEBDAV_ELEMENTS", "diskfile", "multi dep", "Disk files"),
    ("IS_INCOMING_CHANNEL", "char", "ro", "Incoming channel"),
)
MOMENTS = {"CREATED", "LAST_UPDATED", "START_TIME", "END_TIME", "DEADLINE"}
NUMBERS = {name for name, kind, _, _ in FIELDS if kind in {"integer", "user"} or kind.startswith("crm_enum")}
OBJECTS = {"SETTINGS", "PROVIDER_PARAMS"}
TYPES: Mapping[str, str] = {
    **{name: ("integer" if name in NUMBERS else kind) for name, kind, _, _ in FIELDS},
    "IS_INCOMING_CHANNEL": "char",
}


def value_of(row: Row, field: str) -> Any:
    """A canonical value; OWNER_* are the first binding."""
    if field == "OWNER_ID":
        return row["BINDINGS"][0][1]
    if field == "OWNER_TYPE_ID":
        return row["BINDINGS"][0][0]
    return row[field]


def show(world: World, row: Row, names: Sequence[str]) -> dict[str, Any]:
    """An activity with these fields, values as text."""
    answer: dict[str, Any] = {}
    for name in names:
        if name == "COMMUNICATIONS":
            answer[name] = [_communication(world, row, index) for index in range(len(row["COMMUNICATIONS"]))]
        elif name in {"FILES", "STORAGE_ELEMENT_IDS", "WEBDAV_ELEMENTS"}:
            answer[name] = _files(world, row)
        elif name in OBJECTS:
            answer[name] = row[name] or []
        else:
            answer[name] = _text(name, value_of(row, name))
    return answer


def _text(name: str, value: Any) -> Any:
    if name in {"COMPLETED", "IS_INCOMING_CHANNEL"}:
        return "Y" if value else "N"
    if name in MOMENTS:
        return iso(value) if value else ""
    return None if value is None else str(value)


def _communication(world: World, row: Row, index: int) -> dict[str, Any]:
    kind, value, entity_type, entity_id = row["COMMUNICATIONS"][index]
    record = world.entities(entity_type).get(entity_id) if entity_type in {LEAD, CONTACT, 4} else None
    settings: dict[str, Any] = {}
    if record is not None:
        settings = {name: record[name] or "" for name in ("HONORIFIC", "NAME", "SECOND_NAME", "LAST_NAME")}
        companies = record["COMPANY_IDS"] or ()
        company = world.companies.get(companies[0]) if companies else None
        settings["COMPANY_TITLE"] = company["TITLE"] if company is not None else record["COMPANY_TITLE"] or ""
        settings["COMPANY_ID"] = str(company["ID"]) if company is not None else ""
    return {
        "ID": str(row["ID"] * 10 + index),
        "TYPE": kind,
        "VALUE": value,
        "ENTITY_ID": str(entity_id),
        "ENTITY_TYPE_ID": str(entity_type),
        "ENTITY_SETTINGS": settings,
    }


def _files(world: World, row: Row) -> list[dict[str, Any]]:
    base = f"{world.base_url}/bitrix/tools/crm_show_file.php?ownerTypeId=6&ownerId={row['ID']}"
    return [{"id": i, "url": f"{base}&fileId={i}&auth="} for i in row["FILES"] or ()]
