"""crm.requisite.preset.* and crm.requisite.preset.field.*: templates of requisites (requisites/presets)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.crm import presets
from connector.sandbox.crm.fields import UF_ENTITY
from connector.sandbox.errors import old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, to_int, yes
from connector.sandbox.rest.methods.requisites import RQ_FIELDS, show
from connector.sandbox.rest.small import describe, only, paged, select
from connector.sandbox.tables import Row
from connector.sandbox.world import REQUISITE

_TYPES: Mapping[str, str] = {
    "ID": "integer",
    "ENTITY_TYPE_ID": "integer",
    "COUNTRY_ID": "integer",
    "DATE_CREATE": "datetime",
    "DATE_MODIFY": "datetime",
    "CREATED_BY_ID": "user",
    "MODIFY_BY_ID": "user",
    "NAME": "string",
    "XML_ID": "string",
    "ACTIVE": "char",
    "SORT": "integer",
}
_READ_ONLY = {"ID", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID"}
_FIELD_TYPES = {
    "ID": "integer",
    "FIELD_NAME": "string",
    "FIELD_TITLE": "string",
    "IN_SHORT_LIST": "char",
    "SORT": "integer",
}
# Fields of a template that are no field of the requisite itself.
_FORM_ONLY = ("RQ_ADDR", "RQ_SIGNATURE", "RQ_STAMP")


def _allow(call: Call) -> None:
    access.require_settings(call, old_error("Access denied."))


def _load(call: Call, number: int) -> Row:
    row = call.world.presets.get(number)
    if row is None:
        raise old_error(f"The Preset with ID '{number}' is not found")
    return row


def _native(values: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {
        name: str(values[name]) for name in ("NAME", "XML_ID") if values.get(name) is not None
    }
    if "ACTIVE" in values:
        spec["ACTIVE"] = yes(values["ACTIVE"])
    if values.get("SORT") not in (None, ""):
        spec["SORT"] = to_int(values["SORT"])
    return spec


@method("crm.requisite.preset.fields")
def fields(_: Call) -> Any:
    flags = dict.fromkeys(_READ_ONLY, "ro") | {"NAME": "req"}
    flags |= dict.fromkeys(("ENTITY_TYPE_ID", "COUNTRY_ID"), "req imm")
    return describe((name, kind, flags.get(name, ""), name) for name, kind in _TYPES.items())


@method("crm.requisite.preset.countries")
def countries(_: Call) -> Any:
    return [
        {"ID": number, "CODE": code, "TITLE": title} for number, (code, title) in presets.COUNTRIES.items()
    ]


@method("crm.requisite.preset.list")
def list_presets(call: Call) -> Page:
    table = call.world.presets
    found = select(call, table, _TYPES)
    return paged(call, [only(show(table.rows[row["ID"]], _TYPES), call.get("select"), ()) for row in found])


@method("crm.requisite.preset.get")
def get(call: Call) -> Any:
    return show(_load(call, call.integer("id")), _TYPES)


@method("crm.requisite.preset.add")
def add(call: Call) -> Any:
    _allow(call)
    values = call.map("fields")
    if to_int(values.get("ENTITY_TYPE_ID")) != REQUISITE:
        raise old_error("ENTITY_TYPE_ID is not defined or invalid")
    country = to_int(values.get("COUNTRY_ID"))
    if country not in presets.COUNTRIES:
        raise old_error("COUNTRY_ID is not defined or invalid")
    if not str(values.get("NAME") or ""):
        raise old_error("NAME is not defined or invalid")
    return presets.create(call.world, {**_native(values), "COUNTRY_ID": country}, call.user.id)


@method("crm.requisite.preset.update")
def update(call: Call) -> Any:
    row = _load(call, call.integer("id"))
    _allow(call)
    stamp = {"DATE_MODIFY": call.world.now(), "MODIFY_BY_ID": call.user.id}
    call.world.presets.change(row["ID"], {**_native(call.map("fields")), **stamp})
    return True


@method("crm.requisite.preset.delete")
def delete(call: Call) -> Any:
    row = _load(call, call.integer("id"))
    _allow(call)
    if presets.in_use(call.world, row["ID"]):
        raise old_error("You cannot delete the template because requisites have already been created for it")
    call.world.presets.remove(row["ID"])
    return True


def _of_call(call: Call) -> Row:
    return _load(call, to_int(call.map("preset").get("ID")))


def _names(call: Call) -> list[str]:
    own = [
        call.world.userfields.rows[i]["FIELD_NAME"]
        for i in call.world.userfields.find("ENTITY_ID", UF_ENTITY[REQUISITE])
    ]
    return [*RQ_FIELDS, *_FORM_ONLY, *own]


def _free(call: Call, preset: Row) -> list[str]:
    taken = {field[1] for field in preset["FIELDS"]}
    return [name for name in _names(call) if name not in taken]


def _find(call: Call, preset: Row) -> tuple[int, str, str, str, int]:
    number = call.integer("ID")
    if number <= 0:
        raise old_error("ID is not defined or invalid")
    for field in preset["FIELDS"]:
        if field[0] == number:
            found: tuple[int, str, str, str, int] = field
            return found
    raise old_error(f"The PresetField with ID '{number}' is not found")


def _show_field(field: tuple[int, str, str, str, int]) -> dict[str, Any]:
    return dict(zip(("ID", "FIELD_NAME", "FIELD_TITLE", "IN_SHORT_LIST", "SORT"), field, strict=True))


@method("crm.requisite.preset.field.fields")
def field_fields(_: Call) -> Any:
    flags = {"ID": "ro", "FIELD_NAME": "req"}
    return describe((name, kind, flags.get(name, ""), name) for name, kind in _FIELD_TYPES.items())


@method("crm.requisite.preset.field.availabletoadd")
def field_available(call: Call) -> Any:
    return _free(call, _of_call(call))


@method("crm.requisite.preset.field.list")
def field_list(call: Call) -> Any:
    return [_show_field(field) for field in _of_call(call)["FIELDS"]]


@method("crm.requisite.preset.field.get")
def field_get(call: Call) -> Any:
    return _show_field(_find(call, _of_call(call)))


@method("crm.requisite.preset.field.add")
def field_add(call: Call) -> Any:
    preset = _of_call(call)
    _allow(call)
    values = call.map("fields")
    name = str(values.get("FIELD_NAME") or "")
    if name not in _free(call, preset):
        raise old_error(f"The field '{name}' can not be added.")
    number = max((field[0] for field in preset["FIELDS"]), default=0) + 1
    new = _field(number, name, values, (number, name, "", "N", 500 + number * 10))
    presets.set_fields(call.world, preset, (*preset["FIELDS"], new))
    return number


def _field(
    number: int, name: str, values: Mapping[str, Any], old: tuple[int, str, str, str, int]
) -> tuple[int, str, str, str, int]:
    return (
        number,
        name,
        str(values.get("FIELD_TITLE", old[2]) or ""),
        "Y" if yes(values.get("IN_SHORT_LIST", old[3])) else "N",
        to_int(values.get("SORT", old[4])),
    )


@method("crm.requisite.preset.field.update")
def field_update(call: Call) -> Any:
    preset = _of_call(call)
    _allow(call)
    old, values = _find(call, preset), call.map("fields")
    name = str(values.get("FIELD_NAME") or old[1])
    if name != old[1] and name not in _free(call, preset):
        raise old_error(f"The field '{name}' can not be added.")
    new = _field(old[0], name, values, old)
    presets.set_fields(call.world, preset, tuple(new if f is old else f for f in preset["FIELDS"]))
    return True


@method("crm.requisite.preset.field.delete")
def field_delete(call: Call) -> Any:
    preset = _of_call(call)
    _allow(call)
    old = _find(call, preset)
    presets.set_fields(call.world, preset, tuple(field for field in preset["FIELDS"] if field is not old))
    return True
