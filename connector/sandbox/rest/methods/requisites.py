"""crm.requisite.{fields,list,get,add,update,delete} (requisites/universal)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.crm import addresses, userfields
from connector.sandbox.errors import old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, to_int, yes
from connector.sandbox.rest.filters import parse, parse_order
from connector.sandbox.rest.listing import Source, page, paged
from connector.sandbox.rest.php import as_list
from connector.sandbox.rest.small import describe, only
from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT, REQUISITE, World

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


def answer(world: World, row: Row) -> dict[str, Any]:
    """A requisite with its custom fields."""
    custom = userfields.by_name(world, REQUISITE)
    own = {name: userfields.render_old(field, row[name], row["ID"]) for name, field in custom.items()}
    return {**show(row), **own}


@method("crm.requisite.fields")
def fields(call: Call) -> Any:
    required = {"ENTITY_TYPE_ID", "ENTITY_ID", "PRESET_ID"}
    read_only = {"ID", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID"}
    found = describe(
        (
            name,
            kind,
            "ro" if name in read_only else "req imm" if name in required else "req" if name == "NAME" else "",
            name,
        )
        for name, kind in _TYPES.items()
    )
    found["RQ_IDENT_TYPE"].update({"type": "crm_status", "statusType": ["RQ_IDENT_TYPE_CO"]})
    for name, field in userfields.by_name(call.world, REQUISITE).items():
        flags = f"{'req' if field['MANDATORY'] else ''} {'multi' if field['MULTIPLE'] else ''}"
        found |= describe([(name, field["USER_TYPE_ID"], flags, userfields.label(field))])
        found[name]["isDynamic"] = True
    return found


@method("crm.requisite.list")
def list_requisites(call: Call) -> Page:
    table = call.world.requisites

    def of_owner(owner_id: Any) -> list[int]:
        return sorted(i for kind in (CONTACT, COMPANY) for i in table.find("OWNER", (kind, owner_id)))

    lookups: dict[str, Any] = {"ENTITY_ID": of_owner, "XML_ID": lambda value: table.find("XML_ID", value)}
    visible = None if access.sees_all(call) else (lambda row: _may(call, row))
    source = Source(table, _stored, lookups, visible, None if visible is None else call.user.id)
    custom = userfields.by_name(call.world, REQUISITE)

    def resolve(name: str) -> tuple[str, str] | None:
        name = name.upper()
        kind = custom[name]["USER_TYPE_ID"] if name in custom else _TYPES.get(name)
        return (name, kind) if kind else None

    group = parse(call.get("filter"), resolve, _ignore)
    found = page(call, source, group, parse_order(call.get("order"), resolve, _ignore))
    return paged(found, lambda rows: [_selected(call, row) for row in rows])


def _selected(call: Call, row: Row) -> dict[str, Any]:
    """By default without custom fields; `UF_*` selects them all, as in the other old families."""
    wanted, whole = {str(name) for name in as_list(call.get("select"))}, answer(call.world, row)
    custom = set(userfields.by_name(call.world, REQUISITE))
    if "UF_*" in wanted:
        wanted |= custom
    if not wanted or "*" in wanted:
        return {name: value for name, value in whole.items() if name not in custom or name in wanted}
    return only(whole, sorted(wanted), ())


def _stored(row: Row, field: str) -> Any:
    return row[field]


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
    return answer(call.world, _load(call))


def _native(world: World, values: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {name: str(values[name]) for name in TEXTS if values.get(name) is not None}
    for name in ("ACTIVE", "ADDRESS_ONLY", "RQ_VAT_PAYER"):
        if name in values:
            spec[name] = yes(values[name])
    if values.get("SORT") not in (None, ""):
        spec["SORT"] = to_int(values["SORT"])
    for name, field in userfields.by_name(world, REQUISITE).items():
        if name in values:
            spec[name] = userfields.parse(world, field, values[name])
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
    if preset not in call.world.presets:
        raise old_error("PRESET_ID is not defined or invalid.")
    if not values.get("NAME"):
        raise old_error("NAME is not defined or invalid.")
    return addresses.add_requisite(
        call.world, kind, owner_id, {**_native(call.world, values), "PRESET_ID": preset}, call.actor
    )


@method("crm.requisite.update")
def update(call: Call) -> Any:
    row = _load(call)
    changes = _native(call.world, call.map("fields"))
    changes.update({"DATE_MODIFY": call.world.now(), "MODIFY_BY_ID": call.user.id})
    call.world.requisites.change(row["ID"], changes)
    call.world.emit("ONCRMREQUISITEUPDATE", {"ID": row["ID"]}, call.actor)
    return True


@method("crm.requisite.delete")
def delete(call: Call) -> Any:
    addresses.delete_requisite(call.world, _load(call)["ID"], call.actor)
    return True
