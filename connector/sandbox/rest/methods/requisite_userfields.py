"""crm.requisite.userfield.*: custom fields of requisites (requisites/user-fields).

As those of the other families, with four types, names of at most 20 characters and texts of their own.
"""

from __future__ import annotations

from typing import Any

from connector.sandbox.crm import userfields
from connector.sandbox.crm.fields import UF_ENTITY
from connector.sandbox.errors import RestError, old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method
from connector.sandbox.rest.methods import userfield_methods as families
from connector.sandbox.tables import Row
from connector.sandbox.world import REQUISITE

ENTITY_ID = UF_ENTITY[REQUISITE]
TYPES = ("string", "boolean", "double", "datetime")
LONGEST_NAME = 20


def _load(call: Call, missing: str = "") -> Row:
    """The definition; `missing` is the documented code of one that is not there."""
    row_id = call.integer("id")
    if row_id <= 0:
        raise old_error("ID is not defined or invalid.")
    row = call.world.userfields.get(row_id)
    if row is None or row["ENTITY_ID"] != ENTITY_ID:
        raise RestError(missing, f"The entity with ID '{row_id}' is not found.")
    return row


def _allow(call: Call) -> None:
    access.require_settings(call, old_error("Access denied."))


@method("crm.requisite.userfield.list")
def list_fields(call: Call) -> Page:
    return families.list_fields(call, ENTITY_ID)


@method("crm.requisite.userfield.get")
def get(call: Call) -> Any:
    return families.show(_load(call, "ERROR_NOT_FOUND"), None)


@method("crm.requisite.userfield.add")
def add(call: Call) -> Any:
    _allow(call)
    values = {str(key).upper(): value for key, value in call.map("fields").items()}
    for name in ("USER_TYPE_ID", "FIELD_NAME"):
        if not values.get(name):
            raise old_error(f"The '{name}' field is not found.")
    if str(values["USER_TYPE_ID"]) not in TYPES:
        raise RestError("ERROR_CORE", "Fail to create new user field")
    spec = families.native(values, creating=True)
    spec["FIELD_NAME"] = families.field_name(call.world, ENTITY_ID, values["FIELD_NAME"], LONGEST_NAME)
    # Unlike the other families, not shown in the filter unless asked for.
    spec.setdefault("SHOW_FILTER", "N")
    return userfields.create(call.world, ENTITY_ID, spec, call.actor)


@method("crm.requisite.userfield.update")
def update(call: Call) -> Any:
    row = _load(call)
    _allow(call)
    values = {str(key).upper(): value for key, value in call.map("fields").items()}
    userfields.update(call.world, row["ID"], families.native(values, creating=False), call.actor)
    return True


@method("crm.requisite.userfield.delete")
def delete(call: Call) -> Any:
    row = _load(call)
    _allow(call)
    userfields.delete(call.world, row["ID"], call.actor)
    return True
