"""crm.activity.configurable.* and crm.activity.type.*: activities whose look an application draws, and its own types.

Only in the context of an application, and only by the one that created them (timeline/activities/configurable, types).
The layout is kept as it came and checked for its required parts only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.clock import iso, parse_moment
from connector.sandbox.crm import activities
from connector.sandbox.errors import RestError
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, method, to_int, yes
from connector.sandbox.rest.methods.activity_methods import may_read
from connector.sandbox.rest.php import as_list, as_map
from connector.sandbox.tables import Row

PROVIDER = "CONFIGURABLE_REST_APP"
DEFAULT_TYPE = "CONFIGURABLE"
_KNOWN = {1, 2, 3, 4, 7}


def _client(call: Call) -> str:
    if call.app is None:
        raise RestError(
            "ERROR_WRONG_CONTEXT", "The method is available in the context of an application only"
        )
    return call.app.client_id


def _types(call: Call, client: str) -> list[Row]:
    return [row for row in call.world.activity_types if row["client_id"] == client]


def _native(call: Call, client: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values. Raises WRONG_FIELD_VALUE and INCOMING_ACTIVITY_CAN_NOT_BE_WITH_DEADLINE."""
    values: dict[str, Any] = {}
    if "typeId" in fields:
        own = {row["TYPE_ID"] for row in _types(call, client) if row["IS_CONFIGURABLE_TYPE"]}
        wanted = str(fields["typeId"] or DEFAULT_TYPE)
        if wanted not in {DEFAULT_TYPE, *own}:
            raise RestError("WRONG_FIELD_VALUE", "Wrong value of the field typeId")
        values["PROVIDER_TYPE_ID"] = wanted
    for name, stored in (("completed", "COMPLETED"), ("isIncomingChannel", "IS_INCOMING_CHANNEL")):
        if name in fields:
            values[stored] = yes(fields[name])
    if "deadline" in fields:
        values["DEADLINE"] = parse_moment(str(fields["deadline"])) if fields["deadline"] else None
        if fields["deadline"] and values["DEADLINE"] is None:
            raise RestError("WRONG_FIELD_VALUE", "Wrong value of the field deadline")
    if "responsibleId" in fields:
        values["RESPONSIBLE_ID"] = to_int(fields["responsibleId"])
        if values["RESPONSIBLE_ID"] not in call.world.users:
            raise RestError("WRONG_FIELD_VALUE", "Wrong value of the field responsibleId")
    if "pingOffsets" in fields:
        values["PING_OFFSETS"] = tuple(to_int(offset) for offset in as_list(fields["pingOffsets"]))
    for name, stored in (
        ("badgeCode", "BADGE_CODE"),
        ("originatorId", "ORIGINATOR_ID"),
        ("originId", "ORIGIN_ID"),
    ):
        if name in fields:
            values[stored] = str(fields[name] or "") or None
    return values


def _layout(call: Call) -> dict[str, Any]:
    layout = as_map(call.get("layout"))
    if not layout:
        raise RestError("ERROR_EMPTY_LAYOUT", "The field layout must be filled")
    for part, field in (("icon", "code"), ("header", "title"), ("body", "logo")):
        if field not in as_map(layout.get(part)):
            raise RestError("FIELD_IS_REQUIRED", f"The field {part}.{field} is required")
    return layout


def _incoming(values: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    incoming = values.get("IS_INCOMING_CHANNEL", row.get("IS_INCOMING_CHANNEL"))
    if incoming and values.get("DEADLINE", row.get("DEADLINE")):
        raise RestError(
            "INCOMING_ACTIVITY_CAN_NOT_BE_WITH_DEADLINE", "Incoming activity can not be with deadline"
        )


def _load(call: Call, client: str) -> Row:
    row = call.world.activities.get(call.integer("id"))
    if row is None or row["PROVIDER_ID"] != PROVIDER:
        raise RestError("NOT_FOUND", "Not found.")
    if not may_read(call, row):
        raise RestError("ACCESS_DENIED", "Access denied.")
    if row["CLIENT"] != client:
        raise RestError("ERROR_WRONG_APPLICATION", "The activity was created by another application")
    return row


@method("crm.activity.configurable.add")
def add(call: Call) -> Any:
    client = _client(call)
    for name in ("ownerTypeId", "ownerId"):
        if call.get(name) in (None, ""):
            raise RestError(100, f"Could not find value for parameter {{{name}}}")
    kind, owner = call.integer("ownerTypeId"), call.integer("ownerId")
    record = call.world.entities(kind).get(owner) if kind in _KNOWN else None
    if record is None or not access.may_touch(call, record):
        raise RestError("ACCESS_DENIED", "Access denied.")
    values = _native(call, client, {"typeId": DEFAULT_TYPE, **call.map("fields")})
    layout = _layout(call)
    _incoming(values, {})
    row = {
        "TYPE_ID": 6,
        "PROVIDER_ID": PROVIDER,
        "SUBJECT": str(as_map(layout["header"])["title"]),
        "BINDINGS": ((kind, owner),),
        "CLIENT": client,
        "LAYOUT": layout,
        **values,
    }
    return {"activity": {"id": activities.create(call.world, row, call.actor)}}


@method("crm.activity.configurable.update")
def update(call: Call) -> Any:
    row = _load(call, client := _client(call))
    values = _native(call, client, call.map("fields"))
    _incoming(values, {"IS_INCOMING_CHANNEL": row["IS_INCOMING_CHANNEL"], "DEADLINE": row["DEADLINE"]})
    if call.get("layout") is not None:
        values["LAYOUT"] = _layout(call)
    activities.update(call.world, row["ID"], values, call.actor)
    return {"activity": {"id": row["ID"]}}


@method("crm.activity.configurable.get")
def get(call: Call) -> Any:
    row = _load(call, _client(call))
    kind, owner = row["BINDINGS"][0]
    fields = {
        "typeId": row["PROVIDER_TYPE_ID"],
        "completed": row["COMPLETED"],
        "deadline": iso(row["DEADLINE"]) if row["DEADLINE"] else None,
        "pingOffsets": list(row["PING_OFFSETS"] or ()),
        "isIncomingChannel": row["IS_INCOMING_CHANNEL"],
        "responsibleId": row["RESPONSIBLE_ID"],
        "badgeCode": row["BADGE_CODE"] or "",
        "originatorId": row["ORIGINATOR_ID"],
        "originId": row["ORIGIN_ID"],
    }
    answer = {"id": row["ID"], "ownerTypeId": kind, "ownerId": owner, "fields": fields}
    return {"activity": {**answer, "layout": row["LAYOUT"]}}


def _owner(call: Call) -> str:
    if call.app is None:
        raise RestError("ACCESS_DENIED", "Access denied! Application context required")
    if not call.user.is_admin:
        raise RestError("ACCESS_DENIED", "Admin permissions required")
    return call.app.client_id


@method("crm.activity.type.add")
def type_add(call: Call) -> Any:
    client, fields = _owner(call), call.map("fields")
    code = str(fields.get("TYPE_ID") or "")
    if not code or any(row["TYPE_ID"] == code for row in _types(call, client)):
        raise RestError("INVALID_ARG_VALUE", "TYPE_ID is empty or in use")
    spec = {"TYPE_ID": code, "NAME": str(fields.get("NAME") or ""), "client_id": client}
    configurable = yes(fields.get("IS_CONFIGURABLE_TYPE", False))
    row_id = call.world.next_id("activity_type")
    call.world.activity_types.insert({"ID": row_id, "IS_CONFIGURABLE_TYPE": configurable, **spec})
    return True


@method("crm.activity.type.list")
def type_list(call: Call) -> Any:
    return [
        {
            "TYPE_ID": row["TYPE_ID"],
            "NAME": row["NAME"],
            "IS_CONFIGURABLE_TYPE": "Y" if row["IS_CONFIGURABLE_TYPE"] else "N",
            "ICON_ID": "0",
        }
        for row in _types(call, _owner(call))
    ]


@method("crm.activity.type.delete")
def type_delete(call: Call) -> Any:
    wanted = str(call.get("TYPE_ID") or "")
    for row in _types(call, _owner(call)):
        if row["TYPE_ID"] == wanted:
            call.world.activity_types.remove(row["ID"])
            return True
    raise RestError("INVALID_ARG_VALUE", f"Activity type {wanted} does not exist")
