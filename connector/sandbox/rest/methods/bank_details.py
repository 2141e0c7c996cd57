"""crm.requisite.bankdetail.*: bank details of a requisite (requisites/bank-detail)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.errors import old_error
from connector.sandbox.rest.call import Call, Page, method, to_int, yes
from connector.sandbox.rest.methods.requisites import show
from connector.sandbox.rest.small import describe, only, paged, select
from connector.sandbox.tables import Row

_TEXTS = (
    "NAME",
    "CODE",
    "XML_ID",
    "ORIGINATOR_ID",
    "RQ_BANK_NAME",
    "RQ_BANK_CODE",
    "RQ_BANK_ADDR",
    "RQ_BANK_ROUTE_NUM",
    "RQ_BIK",
    "RQ_MFO",
    "RQ_ACC_NAME",
    "RQ_ACC_NUM",
    "RQ_ACC_TYPE",
    "RQ_IIK",
    "RQ_ACC_CURRENCY",
    "RQ_COR_ACC_NUM",
    "RQ_IBAN",
    "RQ_SWIFT",
    "RQ_BIC",
    "RQ_CODEB",
    "RQ_CODEG",
    "RQ_RIB",
    "RQ_AGENCY_NAME",
    "COMMENTS",
)
_TYPES: Mapping[str, str] = {
    "ID": "integer",
    "ENTITY_ID": "integer",
    "COUNTRY_ID": "integer",
    "DATE_CREATE": "datetime",
    "DATE_MODIFY": "datetime",
    "CREATED_BY_ID": "integer",
    "MODIFY_BY_ID": "integer",
    "ACTIVE": "char",
    "SORT": "integer",
    **dict.fromkeys(_TEXTS, "string"),
}


@method("crm.requisite.bankdetail.fields")
def fields(_: Call) -> Any:
    flags = {"ID": "ro", "ENTITY_ID": "req imm", "NAME": "req"}
    flags.update(dict.fromkeys(("DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID"), "ro"))
    return describe((name, kind, flags.get(name, ""), name) for name, kind in _TYPES.items())


@method("crm.requisite.bankdetail.list")
def list_details(call: Call) -> Page:
    table = call.world.bank_details
    found = select(call, table, _TYPES)
    return paged(call, [only(show(table.rows[row["ID"]], _TYPES), call.get("select"), ()) for row in found])


def _load(call: Call) -> Row:
    row_id = call.integer("id")
    row = call.world.bank_details.get(row_id)
    if row is None:
        raise old_error(f"The RequisiteBankDetail with ID '{row_id}' is not found")
    return row


@method("crm.requisite.bankdetail.get")
def get(call: Call) -> Any:
    return show(_load(call), _TYPES)


def _native(values: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {name: str(values[name]) for name in _TEXTS if values.get(name) is not None}
    for name in ("SORT", "COUNTRY_ID"):
        if values.get(name) not in (None, ""):
            spec[name] = to_int(values[name])
    if "ACTIVE" in values:
        spec["ACTIVE"] = yes(values["ACTIVE"])
    return spec


@method("crm.requisite.bankdetail.add")
def add(call: Call) -> Any:
    values = call.map("fields")
    owner = to_int(values.get("ENTITY_ID"))
    if owner not in call.world.requisites:
        raise old_error("ENTITY_ID is not defined or invalid.")
    if not values.get("NAME"):
        raise old_error("NAME is not defined or invalid.")
    row_id = call.world.next_id("bank_detail")
    call.world.bank_details.insert(
        {
            "ACTIVE": True,
            "SORT": 500,
            "COUNTRY_ID": 122,
            "DATE_CREATE": call.world.now(),
            "CREATED_BY_ID": call.user.id,
            **_native(values),
            "ID": row_id,
            "ENTITY_ID": owner,
        }
    )
    call.world.emit("ONCRMBANKDETAILADD", {"ID": row_id}, call.actor)
    return row_id


@method("crm.requisite.bankdetail.update")
def update(call: Call) -> Any:
    row = _load(call)
    changes = {**_native(call.map("fields")), "DATE_MODIFY": call.world.now(), "MODIFY_BY_ID": call.user.id}
    call.world.bank_details.change(row["ID"], changes)
    call.world.emit("ONCRMBANKDETAILUPDATE", {"ID": row["ID"]}, call.actor)
    return True


@method("crm.requisite.bankdetail.delete")
def delete(call: Call) -> Any:
    row_id = _load(call)["ID"]
    call.world.bank_details.remove(row_id)
    call.world.emit("ONCRMBANKDETAILDELETE", {"ID": row_id}, call.actor)
    return True
