"""crm.requisite.* with presets and links (requisites/universal, presets, links)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.crm import addresses
from connector.sandbox.errors import old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, to_int, yes
from connector.sandbox.rest.filters import parse, parse_order
from connector.sandbox.rest.listing import Source, page, paged
from connector.sandbox.rest.small import describe, only, select
from connector.sandbox.rest.small import paged as small_page
from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT

_RQ = """
    NAME FIRST_NAME LAST_NAME SECOND_NAME COMPANY_ID COMPANY_NAME COMPANY_FULL_NAME
    COMPANY_REG_DATE DIRECTOR ACCOUNTANT CEO_NAME CEO_WORK_POS CONTACT EMAIL PHONE FAX
    IDENT_TYPE IDENT_DOC IDENT_DOC_SER IDENT_DOC_NUM IDENT_DOC_PERS_NUM IDENT_DOC_DATE
    IDENT_DOC_ISSUED_BY IDENT_DOC_DEP_CODE INN KPP USRLE IFNS OGRN OGRNIP OKPO OKTMO OKVED
    EDRPOU DRFO KBE IIN BIN ST_CERT_SER ST_CERT_NUM ST_CERT_DATE VAT_ID VAT_CERT_SER
    VAT_CERT_NUM VAT_CERT_DATE RESIDENCE_COUNTRY BASE_DOC REGON KRS PESEL LEGAL_FORM SIRET
    SIREN CAPITAL RCS CNPJ STATE_REG MNPL_REG CPF
"""
RQ_FIELDS = tuple(f"RQ_{name}" for name in _RQ.split())
TEXTS = ("NAME", "CODE", "XML_ID", "ORIGINATOR_ID", *RQ_FIELDS)
PRESETS = ((1, "Organization"), (2, "Sole Proprietorship"), (3, "Individual"))
_TYPES: Mapping[str, str] = {
    "ID": "integer",
    "ENTITY_TYPE_ID": "integer",
    "ENTITY_ID": "integer",
    "PRESET_ID": "integer",
    "DATE_CREATE": "datetime",
    "DATE_MODIFY": "datetime",
    "CREATED_BY_ID": "integer",
    "MODIFY_BY_ID": "integer",
    "ACTIVE": "char",
    "ADDRESS_ONLY": "char",
    "RQ_VAT_PAYER": "char",
    "SORT": "integer",
    **dict.fromkeys(TEXTS, "string"),
}
LINK_FIELDS = ("REQUISITE_ID", "BANK_DETAIL_ID", "MC_REQUISITE_ID", "MC_BANK_DETAIL_ID")


def show(row: Row, types: Mapping[str, str] = _TYPES) -> dict[str, Any]:
    """A requisite (or another row with such types), values as text."""
    answer: dict[str, Any] = {}
    for name, kind in types.items():
        value = row[name]
        if kind == "char":
            answer[name] = "Y" if value else "N"
        elif kind == "datetime":
            answer[name] = iso(value) if value else ""
        else:
            answer[name] = None if value is None else str(value)
    return answer


@method("crm.requisite.fields")
def fields(_: Call) -> Any:
    required = {"ENTITY_TYPE_ID", "ENTITY_ID", "PRESET_ID"}
    read_only = {"ID", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID"}
    answer = describe(
        (
            name,
            kind,
            "ro" if name in read_only else "req imm" if name in required else "req" if name == "NAME" else "",
            name,
        )
        for name, kind in _TYPES.items()
    )
    answer["RQ_IDENT_TYPE"].update({"type": "crm_status", "statusType": ["RQ_IDENT_TYPE_CO"]})
    return answer


@method("crm.requisite.list")
def list_requisites(call: Call) -> Page:
    table = call.world.requisites

    def of_owner(owner_id: Any) -> list[int]:
        return sorted(i for kind in (CONTACT, COMPANY) for i in table.find("OWNER", (kind, owner_id)))

    lookups: dict[str, Any] = {"ENTITY_ID": of_owner, "XML_ID": lambda value: table.find("XML_ID", value)}
    visible = None if access.sees_all(call) else (lambda row: _may(call, row))
    source = Source(table, _stored, lookups, visible, None if visible is None else call.user.id)
    group = parse(call.get("filter"), _resolve, _ignore)
    found = page(call, source, group, parse_order(call.get("order"), _resolve, _ignore))
    return paged(found, lambda rows: [only(show(row), call.get("select"), ()) for row in rows])


def _stored(row: Row, field: str) -> Any:
    return row[field]


def _resolve(name: str) -> tuple[str, str] | None:
    return (name.upper(), _TYPES[name.upper()]) if name.upper() in _TYPES else None


def _ignore(_: str) -> None:
    """Unknown names are ignored."""


def _may(call: Call, row: Row) -> bool:
    owner = call.world.entities(row["ENTITY_TYPE_ID"]).get(row["ENTITY_ID"])
    return owner is not None and access.may_touch(call, owner)


def _load(call: Call) -> Row:
    row_id = call.integer("id")
    row = call.world.requisites.get(row_id)
    if row is None:
        raise old_error(f"The Requisite with ID '{row_id}' is not found")
    if not _may(call, row):
        raise old_error("Access denied.")
    return row


@method("crm.requisite.get")
def get(call: Call) -> Any:
    return show(_load(call))


def _native(values: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {name: str(values[name]) for name in TEXTS if values.get(name) is not None}
    for name in ("ACTIVE", "ADDRESS_ONLY", "RQ_VAT_PAYER"):
        if name in values:
            spec[name] = yes(values[name])
    if values.get("SORT") not in (None, ""):
        spec["SORT"] = to_int(values["SORT"])
    return spec


@method("crm.requisite.add")
def add(call: Call) -> Any:
    values = call.map("fields")
    kind, owner_id = to_int(values.get("ENTITY_TYPE_ID")), to_int(values.get("ENTITY_ID"))
    if kind not in {CONTACT, COMPANY}:
        raise old_error("ENTITY_TYPE_ID is not defined or invalid.")
    owner = call.world.entities(kind).get(owner_id)
    if owner is None:
        raise old_error("ENTITY_ID is not defined or invalid.")
    if not access.may_touch(call, owner):
        raise old_error("Access denied.")
    preset = to_int(values.get("PRESET_ID"))
    if preset not in {number for number, _ in PRESETS}:
        raise old_error("PRESET_ID is not defined or invalid.")
    if not values.get("NAME"):
        raise old_error("NAME is not defined or invalid.")
    return addresses.add_requisite(
        call.world, kind, owner_id, {**_native(values), "PRESET_ID": preset}, call.actor
    )


@method("crm.requisite.update")
def update(call: Call) -> Any:
    row = _load(call)
    changes = _native(call.map("fields"))
    changes.update({"DATE_MODIFY": call.world.now(), "MODIFY_BY_ID": call.user.id})
    call.world.requisites.change(row["ID"], changes)
    call.world.emit("ONCRMREQUISITEUPDATE", {"ID": row["ID"]}, call.actor)
    return True


@method("crm.requisite.delete")
def delete(call: Call) -> Any:
    addresses.delete_requisite(call.world, _load(call)["ID"], call.actor)
    return True


def _preset(number: int, name: str) -> dict[str, Any]:
    return {
        "ID": str(number),
        "ENTITY_TYPE_ID": "8",
        "COUNTRY_ID": "122",
        "DATE_CREATE": "2024-05-24T15:45:44+03:00",
        "DATE_MODIFY": "",
        "CREATED_BY_ID": "1",
        "MODIFY_BY_ID": None,
        "NAME": name,
        "XML_ID": f"SANDBOX_PRESET_{number}",
        "ACTIVE": "Y",
        "SORT": str(500 + number * 10),
    }


@method("crm.requisite.preset.list")
def preset_list(call: Call) -> Page:
    types = {"ID": "string", "NAME": "string", "COUNTRY_ID": "string", "XML_ID": "string", "ACTIVE": "string"}
    found = select(call, [_preset(*preset) for preset in PRESETS], types)
    return small_page(call, [only(dict(row), call.get("select"), ()) for row in found])


@method("crm.requisite.preset.get")
def preset_get(call: Call) -> Any:
    number = call.integer("id")
    for preset in PRESETS:
        if preset[0] == number:
            return _preset(*preset)
    raise old_error(f"The Preset with ID '{number}' is not found")


@method("crm.requisite.preset.fields")
def preset_fields(_: Call) -> Any:
    return describe(
        (name, "string", "ro" if name == "ID" else "req" if name == "NAME" else "", name)
        for name in _preset(1, "")
    )


@method("crm.requisite.link.fields")
def link_fields(_: Call) -> Any:
    names = (
        ("ENTITY_TYPE_ID", "req imm"),
        ("ENTITY_ID", "req imm"),
        *((name, "req") for name in LINK_FIELDS),
    )
    return describe((name, "integer", flags, name) for name, flags in names)


def _link_owner(call: Call, kind: int, row_id: int) -> Row:
    if kind not in {2, 7}:
        raise old_error("entityTypeId is not defined or invalid.")
    if row_id <= 0:
        raise old_error("entityId is not defined or invalid.")
    owner = call.world.entities(kind).get(row_id)
    if owner is None:
        raise old_error("Entity is not found")
    return owner


@method("crm.requisite.link.register")
def link_register(call: Call) -> Any:
    values = call.map("fields")
    kind, row_id = to_int(values.get("ENTITY_TYPE_ID")), to_int(values.get("ENTITY_ID"))
    _link_owner(call, kind, row_id)
    link = {name: to_int(values.get(name)) for name in LINK_FIELDS}
    call.world.entities(kind).change(row_id, {"REQUISITE_LINK": link})
    return True


@method("crm.requisite.link.get")
def link_get(call: Call) -> Any:
    kind, row_id = call.integer("entityTypeId"), call.integer("entityId")
    owner = _link_owner(call, kind, row_id)
    if not owner["REQUISITE_LINK"]:
        raise old_error("Not found")
    link = {name: str(value) for name, value in owner["REQUISITE_LINK"].items()}
    return {"ENTITY_TYPE_ID": kind, "ENTITY_ID": row_id, **link}


@method("crm.requisite.link.list")
def link_list(call: Call) -> Page:
    rows = [
        {"ENTITY_TYPE_ID": kind, "ENTITY_ID": row["ID"], **row["REQUISITE_LINK"]}
        for kind in (2, 7)
        for row in call.world.entities(kind)
        if row["REQUISITE_LINK"]
    ]
    types = dict.fromkeys(("ENTITY_TYPE_ID", "ENTITY_ID", *LINK_FIELDS), "integer")
    found = select(call, rows, types, default_order="ENTITY_ID")
    return small_page(call, [{name: str(value) for name, value in row.items()} for row in found])


@method("crm.requisite.link.unregister")
def link_unregister(call: Call) -> Any:
    kind, row_id = call.integer("entityTypeId"), call.integer("entityId")
    _link_owner(call, kind, row_id)
    call.world.entities(kind).change(row_id, {"REQUISITE_LINK": None})
    return True
