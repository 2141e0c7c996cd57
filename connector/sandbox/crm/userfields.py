"""Custom fields: their definitions, and their values from the wire to Python and back.

Native values: string/url/money/address/crm/crm_status str, integer/employee/iblock_* int, double float, boolean bool,
date/datetime seconds since the epoch, enumeration the id of an entry of LIST, file the id of a stored file;
a multiple field holds a tuple of these. Never checks rights.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from connector.sandbox.clock import day, iso, parse_moment
from connector.sandbox.crm.fields import UF_ENTITY, camel
from connector.sandbox.errors import RestError
from connector.sandbox.tables import Row
from connector.sandbox.world import REQUISITE, SYSTEM, Actor, World

TYPES: Mapping[str, str] = {
    "string": "String",
    "integer": "Integer",
    "double": "Number",
    "boolean": "Yes/No",
    "date": "Date",
    "datetime": "Date/Time",
    "money": "Money",
    "url": "Link",
    "address": "Address",
    "enumeration": "List",
    "file": "File",
    "employee": "User",
    "crm_status": "CRM directory",
    "iblock_section": "Section of information block",
    "iblock_element": "Item of information block",
    "crm": "CRM entity",
}
_INTEGERS = {"integer", "employee", "iblock_section", "iblock_element"}
_EVENT = {entity_id: entity_id.removeprefix("CRM_") for entity_id in UF_ENTITY.values()}


def of_entity(world: World, entity_type: int) -> list[Row]:
    """The custom fields of an entity type in their order."""
    entity_id = UF_ENTITY.get(entity_type)
    rows = (
        [world.userfields.rows[i] for i in world.userfields.find("ENTITY_ID", entity_id)] if entity_id else []
    )
    return sorted(rows, key=lambda row: (row["SORT"], row["ID"]))


def by_name(world: World, entity_type: int) -> dict[str, Row]:
    """FIELD_NAME → definition; cached per directory version."""
    cache: dict[Any, Any] = world.caches.setdefault("userfields", {})
    key = (entity_type, world.directory_version)
    if key not in cache:
        if len(cache) > 20:
            cache.clear()
        cache[key] = {row["FIELD_NAME"]: row for row in of_entity(world, entity_type)}
    found: dict[str, Row] = cache[key]
    return found


def item_names(world: World, entity_type: int) -> dict[str, str]:
    """crm.item name → FIELD_NAME; names that clash come back in upper case."""
    cache: dict[Any, Any] = world.caches.setdefault("userfield_names", {})
    key = (entity_type, world.directory_version)
    if key not in cache:
        if len(cache) > 20:
            cache.clear()
        names: dict[str, str] = {}
        for name in by_name(world, entity_type):
            short = camel(name)
            names[short if short not in names else name] = name
        cache[key] = names
    found: dict[str, str] = cache[key]
    return found


def create(world: World, entity_id: str, spec: Mapping[str, Any], actor: Actor = SYSTEM) -> int:
    """Add a definition. `spec` uses native values; LIST entries need VALUE only. Returns its id."""
    entries = [_entry(world, entry, index) for index, entry in enumerate(spec.get("LIST") or ())]
    row_id = world.next_id("userfield")
    world.userfields.insert({**spec, "ID": row_id, "ENTITY_ID": entity_id, "LIST": tuple(entries)})
    world.directory_version += 1
    fields = {"ID": row_id, "ENTITY_ID": entity_id, "FIELD_NAME": spec["FIELD_NAME"]}
    world.emit(f"ONCRM{_EVENT[entity_id]}USERFIELDADD", fields, actor)
    if entries:
        world.emit(f"ONCRM{_EVENT[entity_id]}USERFIELDSETENUMVALUES", fields, actor)
    return row_id


def update(world: World, row_id: int, values: Mapping[str, Any], actor: Actor = SYSTEM) -> None:
    """Change a definition; LIST entries with ID are changed or (DEL=Y) removed, others are added."""
    row = world.userfields.rows[row_id]
    changes = dict(values)
    fields = {"ID": row_id, "ENTITY_ID": row["ENTITY_ID"], "FIELD_NAME": row["FIELD_NAME"]}
    if "LIST" in changes:
        entries = {entry["ID"]: dict(entry) for entry in row["LIST"]}
        for index, entry in enumerate(changes["LIST"]):
            known = int(entry["ID"]) if str(entry.get("ID", "")).isdigit() else 0
            if known in entries and str(entry.get("DEL", "")).upper() == "Y":
                del entries[known]
            elif known in entries:
                entries[known].update(
                    {k: v for k, v in entry.items() if k in {"VALUE", "SORT", "DEF", "XML_ID"}}
                )
            else:
                new = _entry(world, entry, index)
                entries[new["ID"]] = new
        changes["LIST"] = tuple(entries.values())
    world.userfields.change(row_id, changes)
    world.directory_version += 1
    world.emit(f"ONCRM{_EVENT[row['ENTITY_ID']]}USERFIELDUPDATE", fields, actor)
    if "LIST" in values:
        world.emit(f"ONCRM{_EVENT[row['ENTITY_ID']]}USERFIELDSETENUMVALUES", fields, actor)


def delete(world: World, row_id: int, actor: Actor = SYSTEM) -> None:
    """Remove a definition and the values of every record."""
    row = world.userfields.remove(row_id)
    if row is None:
        return
    entity_type = next(kind for kind, name in UF_ENTITY.items() if name == row["ENTITY_ID"])
    for record in world.requisites if entity_type == REQUISITE else world.entities(entity_type):
        record.pop(row["FIELD_NAME"], None)
    world.directory_version += 1
    fields = {"ID": row_id, "ENTITY_ID": row["ENTITY_ID"], "FIELD_NAME": row["FIELD_NAME"]}
    world.emit(f"ONCRM{_EVENT[row['ENTITY_ID']]}USERFIELDDELETE", fields, actor)


def _entry(world: World, entry: Mapping[str, Any], index: int) -> dict[str, Any]:
    return {
        "ID": world.next_id("enumeration"),
        "SORT": int(entry.get("SORT") or (index + 1) * 100),
        "VALUE": str(entry.get("VALUE", "")),
        "DEF": "Y" if str(entry.get("DEF", "")).upper() == "Y" else "N",
        "XML_ID": str(entry.get("XML_ID") or f"{world.random.getrandbits(64):016x}"),
    }


def parse(world: World, field: Row, raw: Any, current: Any = None) -> Any:
    """A value from the wire; None (or an empty tuple) clears. Raises RestError for what the type cannot hold."""
    if not field["MULTIPLE"]:
        if isinstance(raw, (list, tuple)) and field["USER_TYPE_ID"] != "file":
            raw = raw[0] if raw else None
        return _parse_one(world, field, raw, current)
    if raw in (None, "", False):
        return ()
    if field["USER_TYPE_ID"] == "file" and isinstance(raw, Mapping) and "fileData" in raw:
        raw = [raw]
    if isinstance(raw, Mapping):
        raw = list(raw.values())
    if isinstance(raw, str) or not isinstance(raw, Sequence):
        if field["USER_TYPE_ID"] in {"enumeration", "string", "integer"}:
            raise RestError(100, f"Value of the multiple field {field['FIELD_NAME']} must be iterable")
        raw = [raw]
    values = (_parse_one(world, field, value, None) for value in raw)
    return tuple(value for value in values if value is not None)


def _parse_one(world: World, field: Row, raw: Any, current: Any) -> Any:
    kind = field["USER_TYPE_ID"]
    if kind == "file":
        return _parse_file(world, raw, current)
    if raw is None or raw in ("", []):
        return None
    if kind == "boolean":
        return raw is True or str(raw).upper() in {"1", "Y", "TRUE"}
    if kind in _INTEGERS:
        return _number(raw, int)
    if kind == "double":
        return _number(raw, float)
    if kind == "enumeration":
        chosen = _number(raw, int)
        return chosen if any(entry["ID"] == chosen for entry in field["LIST"]) else None
    if kind in {"date", "datetime"}:
        return parse_moment(str(raw))
    return str(raw)


def _number(raw: Any, kind: type[int] | type[float]) -> Any:
    try:
        return kind(float(str(raw).replace(",", ".").strip()))
    except ValueError:
        return None


def _parse_file(world: World, raw: Any, current: Any) -> int | None:
    if isinstance(raw, Mapping) and "fileData" in raw:
        raw = raw["fileData"]
    if isinstance(raw, Mapping) and str(raw.get("id", "")).isdigit():
        known = int(raw["id"])
        return known if known in world.files else None
    if isinstance(raw, (list, tuple)) and len(raw) == 2:
        return store_file(world, str(raw[0]), str(raw[1]))
    if raw in (None, "", [], {}):
        return None
    return int(current) if isinstance(current, int) else None


def store_file(world: World, name: str, content: str) -> int:
    """Keep an uploaded file (base64 text); returns its id."""
    try:
        size = len(base64.b64decode(content, validate=False))
    except (binascii.Error, ValueError):
        size = len(content)
    row_id = world.next_id("file")
    world.files.insert({"ID": row_id, "NAME": name, "SIZE": size, "CONTENT": content})
    return row_id


def render_old(field: Row, value: Any, record_id: int) -> Any:
    """The value as the old families answer it: strings; an empty multiple field is `false`."""
    if field["MULTIPLE"]:
        return [_old_one(field, one, record_id) for one in value] if value else False
    if value is None:
        return "" if field["USER_TYPE_ID"] in {"date", "datetime"} else None
    return _old_one(field, value, record_id)


def _old_one(field: Row, value: Any, record_id: int) -> Any:
    kind = field["USER_TYPE_ID"]
    if kind == "boolean":
        return "1" if value else "0"
    if kind == "datetime":
        return iso(value)
    if kind == "date":
        return day(value)
    if kind == "file":
        path = f"/bitrix/components/bitrix/crm.file/show?fileId={value}&ownerId={record_id}&fieldName={field['FIELD_NAME']}"
        return {"id": value, "showUrl": path, "downloadUrl": f"{path}&download=1"}
    if field["MULTIPLE"] and kind in {"enumeration", *_INTEGERS}:
        return value
    return str(value)


def render_item(world: World, field: Row, value: Any, entity_type: int, record_id: int) -> Any:
    """The value as crm.item.* answers it: numbers; an empty multiple field is `[]`."""
    if field["MULTIPLE"]:
        return [_item_one(world, field, one, entity_type, record_id) for one in value or ()]
    if value is None:
        return None
    return _item_one(world, field, value, entity_type, record_id)


def _item_one(world: World, field: Row, value: Any, entity_type: int, record_id: int) -> Any:
    kind = field["USER_TYPE_ID"]
    if kind == "boolean":
        return "Y" if value else "N"
    if kind == "datetime":
        return iso(value)
    if kind == "date":
        return day(value)
    if kind == "file":
        query = f"entityTypeId={entity_type}&id={record_id}&fieldName={field['FIELD_NAME']}&fileId={value}"
        url = f"{world.base_url}/bitrix/services/main/ajax.php?action=crm.controller.item.getFile&SITE_ID=s1&{query}"
        return {"id": value, "url": url, "urlMachine": machine_link(world, value)}
    return value


def machine_link(world: World, file_id: int) -> str:
    """The signed address an application downloads a file from (files/how-to-update-files.md)."""
    base, access = world.rest_link
    query = {"auth": access} if access else {}
    query["token"] = file_token(world, file_id)
    return f"{base or world.base_url + '/rest/'}crm.controller.item.getFile.json?{urlencode(query)}"


def file_token(world: World, file_id: int) -> str:
    """`crm|<what>.<signature>`; the signature is this portal's."""
    what = base64.b64encode(f"fileId={file_id}".encode()).decode()
    signature = hmac.new(world.member_id.encode(), what.encode(), hashlib.sha256).digest()
    return f"crm|{what}.{base64.b64encode(signature).decode()}"


def file_of_token(world: World, token: str) -> Row | None:
    """The stored file that a token stands for; None for a token that this portal did not sign."""
    what = token.removeprefix("crm|").partition(".")[0]
    try:
        name, _, number = base64.b64decode(what).decode().partition("=")
    except (binascii.Error, ValueError):
        return None
    if name != "fileId" or not number.isdigit() or file_token(world, int(number)) != token:
        return None
    return world.files.get(int(number))


def label(field: Row) -> str:
    """The label people see, in English or whatever there is."""
    labels = field["EDIT_FORM_LABEL"] or {}
    return str(labels.get("en") or next(iter(labels.values()), "") or field["FIELD_NAME"])


def required_names(world: World, entity_type: int, stage: str) -> Iterable[str]:
    """Custom fields that must be filled: the mandatory ones, and those required from this stage on (`STAGES`)."""
    for name, field in by_name(world, entity_type).items():
        if field["MANDATORY"] or (stage and stage in field["STAGES"]):
            yield name
