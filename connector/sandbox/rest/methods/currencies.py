"""crm.currency.* (currency/*.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.errors import old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, yes
from connector.sandbox.rest.php import as_map

_FIELDS = (
    ("CURRENCY", "string", False),
    ("AMOUNT_CNT", "int", False),
    ("AMOUNT", "double", False),
    ("BASE", "char", True),
    ("SORT", "int", False),
    ("DATE_UPDATE", "datetime", True),
    ("LID", "string", True),
    ("FORMAT_STRING", "string", True),
    ("FULL_NAME", "string", True),
    ("DEC_POINT", "string", True),
    ("THOUSANDS_SEP", "string", True),
    ("DECIMALS", "int", True),
    ("LANG", "currency_localization", False),
)


def _show(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    code = row["CURRENCY"]
    return {
        **row,
        "LID": call.user.language,
        "FORMAT_STRING": f"# {code}",
        "DEC_POINT": ".",
        "THOUSANDS_SEP": "&nbsp;",
        "DECIMALS": "2",
        "DATE_UPDATE": iso(call.world.now() // 86_400 * 86_400),
    }


def _one(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    texts = {"FORMAT_STRING": f"# {row['CURRENCY']}", "FULL_NAME": row["FULL_NAME"], "DEC_POINT": "."}
    form = {"THOUSANDS_SEP": "&nbsp;", "DECIMALS": "2", "THOUSANDS_VARIANT": "B", "HIDE_ZERO": "Y"}
    return {**_show(call, row), "LANG": {"en": {**texts, **form}}}


@method("crm.currency.list")
def list_currencies(call: Call) -> Page:
    order = {key.upper(): str(value).upper() for key, value in call.map("order").items()}
    rows = list(call.world.currencies.values())
    name, direction = next(iter(order.items()), ("SORT", "ASC"))
    rows.sort(key=lambda row: (int(row["SORT"]) if name == "SORT" else 0, str(row.get(name.upper(), ""))))
    if direction == "DESC":
        rows.reverse()
    # The documented total is always 0 (crm-currency-list.md).
    return Page([_show(call, row) for row in rows], 0)


def _load(call: Call) -> dict[str, Any]:
    row = call.world.currencies.get(str(call.get("id") or ""))
    if row is None:
        raise old_error("Not found")
    return row


@method("crm.currency.get")
def get(call: Call) -> Any:
    return _one(call, _load(call))


@method("crm.currency.base.get")
def base_get(call: Call) -> Any:
    return next(code for code, row in call.world.currencies.items() if row["BASE"] == "Y")


def _allow(call: Call) -> None:
    access.require_settings(call, old_error("Access denied."))


@method("crm.currency.base.set")
def base_set(call: Call) -> Any:
    _allow(call)
    chosen = _load(call)
    for row in call.world.currencies.values():
        row["BASE"] = "Y" if row is chosen else "N"
    return True


def _values(call: Call) -> dict[str, Any]:
    fields = call.map("fields")
    values: dict[str, Any] = {}
    for name in ("AMOUNT_CNT", "SORT"):
        if fields.get(name) not in (None, ""):
            values[name] = str(fields[name])
    if fields.get("AMOUNT") not in (None, ""):
        values["AMOUNT"] = f"{float(fields['AMOUNT']):.4f}"
    for text in as_map(fields.get("LANG")).values():
        if as_map(text).get("FULL_NAME"):
            values["FULL_NAME"] = str(as_map(text)["FULL_NAME"])
    return values


@method("crm.currency.add")
def add(call: Call) -> Any:
    _allow(call)
    code = str(call.map("fields").get("CURRENCY") or "").upper()
    if len(code) != 3:
        raise old_error("The field CURRENCY is invalid.")
    if code in call.world.currencies:
        raise old_error("The currency exists already.")
    base = {
        "CURRENCY": code,
        "AMOUNT_CNT": "1",
        "AMOUNT": "1.0000",
        "SORT": "100",
        "BASE": "N",
        "FULL_NAME": code,
    }
    call.world.currencies[code] = {**base, **_values(call)}
    call.world.emit("ONCRMCURRENCYADD", {"ID": code}, call.actor)
    return code


@method("crm.currency.update")
def update(call: Call) -> Any:
    _allow(call)
    row = _load(call)
    row.update(_values(call))
    call.world.emit("ONCRMCURRENCYUPDATE", {"ID": row["CURRENCY"]}, call.actor)
    return True


@method("crm.currency.delete")
def delete(call: Call) -> Any:
    _allow(call)
    row = _load(call)
    if yes(row["BASE"]):
        raise old_error("The base currency cannot be deleted.")
    del call.world.currencies[row["CURRENCY"]]
    call.world.emit("ONCRMCURRENCYDELETE", {"ID": row["CURRENCY"]}, call.actor)
    return True


@method("crm.currency.fields")
def fields(_: Call) -> Any:
    return {
        name: {
            "type": kind,
            "isRequired": False,
            "isReadOnly": read_only,
            "isImmutable": False,
            "isMultiple": name == "LANG",
            "isDynamic": False,
            "title": name,
        }
        for name, kind, read_only in _FIELDS
    }
