"""Product rows: crm.item.productrow.* and the old crm.{lead,deal}.productrows.* (universal/product-rows)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.crm import products
from connector.sandbox.errors import RestError, old_error
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method, to_int
from connector.sandbox.rest.filters import parse, parse_order
from connector.sandbox.rest.listing import Source, page, paged
from connector.sandbox.rest.php import as_list, as_map
from connector.sandbox.tables import Row

# crm.item.productrow name → (stored name, type)
FIELDS: Mapping[str, tuple[str, str]] = {
    "id": ("ID", "integer"),
    "ownerId": ("OWNER_ID", "integer"),
    "ownerType": ("OWNER_TYPE", "string"),
    "productId": ("PRODUCT_ID", "integer"),
    "productName": ("PRODUCT_NAME", "string"),
    "price": ("PRICE", "double"),
    "priceAccount": ("PRICE", "double"),
    "priceExclusive": ("PRICE_EXCLUSIVE", "double"),
    "priceNetto": ("PRICE_NETTO", "double"),
    "priceBrutto": ("PRICE_BRUTTO", "double"),
    "quantity": ("QUANTITY", "double"),
    "discountTypeId": ("DISCOUNT_TYPE_ID", "integer"),
    "discountRate": ("DISCOUNT_RATE", "double"),
    "discountSum": ("DISCOUNT_SUM", "double"),
    "taxRate": ("TAX_RATE", "double"),
    "taxIncluded": ("TAX_INCLUDED", "char"),
    "customized": ("CUSTOMIZED", "char"),
    "measureCode": ("MEASURE_CODE", "integer"),
    "measureName": ("MEASURE_NAME", "string"),
    "sort": ("SORT", "integer"),
    "xmlId": ("XML_ID", "string"),
    "type": ("TYPE", "integer"),
    "storeId": ("STORE_ID", "integer"),
}
_READ_ONLY = {
    "id",
    "priceAccount",
    "customized",
    "storeId",
    "type",
    "priceExclusive",
    "priceNetto",
    "priceBrutto",
}
_WRITABLE = {name: stored for name, (stored, _) in FIELDS.items() if name not in _READ_ONLY}


def value_of(row: Row, field: str) -> Any:
    """A stored or worked-out value of a row. PRICE is per unit with tax and after discount."""
    if field == "OWNER_ID":
        return row["OWNER"][0][1]
    if field == "OWNER_TYPE":
        return row["OWNER"][0][0]
    rate = 1 + (row["TAX_RATE"] or 0) / 100
    if field == "PRICE_EXCLUSIVE":
        return round(row["PRICE"] / rate, 2)
    if field == "PRICE_BRUTTO":
        return round(row["PRICE"] + row["DISCOUNT_SUM"], 2)
    if field == "PRICE_NETTO":
        return round((row["PRICE"] + row["DISCOUNT_SUM"]) / rate, 2)
    return row[field]


def as_item(row: Row) -> dict[str, Any]:
    """A row as crm.item.productrow.* answers it."""
    answer = {name: value_of(row, stored) for name, (stored, _) in FIELDS.items()}
    answer["taxIncluded"] = "Y" if row["TAX_INCLUDED"] else "N"
    answer["customized"] = "Y" if row["CUSTOMIZED"] else "N"
    return answer


def as_old(row: Row, index: int) -> dict[str, Any]:
    """A row as crm.lead.productrows.get answers it."""
    return {
        "ID": str(row["ID"]),
        "OWNER_ID": str(row["OWNER"][0][1]),
        "OWNER_TYPE": row["OWNER"][0][0],
        "PRODUCT_ID": row["PRODUCT_ID"],
        "PRODUCT_NAME": row["PRODUCT_NAME"],
        "ORIGINAL_PRODUCT_NAME": row["PRODUCT_NAME"] if row["PRODUCT_ID"] else None,
        "PRODUCT_DESCRIPTION": None,
        "PRICE": row["PRICE"],
        "PRICE_EXCLUSIVE": value_of(row, "PRICE_EXCLUSIVE"),
        "PRICE_NETTO": value_of(row, "PRICE_NETTO"),
        "PRICE_BRUTTO": value_of(row, "PRICE_BRUTTO"),
        "PRICE_ACCOUNT": f"{row['PRICE']:.2f}",
        "QUANTITY": row["QUANTITY"],
        "DISCOUNT_TYPE_ID": row["DISCOUNT_TYPE_ID"],
        "DISCOUNT_RATE": row["DISCOUNT_RATE"],
        "DISCOUNT_SUM": row["DISCOUNT_SUM"],
        "TAX_RATE": row["TAX_RATE"],
        "TAX_INCLUDED": "Y" if row["TAX_INCLUDED"] else "N",
        "CUSTOMIZED": "Y" if row["CUSTOMIZED"] else "N",
        "MEASURE_CODE": row["MEASURE_CODE"],
        "MEASURE_NAME": row["MEASURE_NAME"],
        "SORT": row["SORT"] or (index + 1) * 10,
        "XML_ID": row["XML_ID"],
        "TYPE": row["TYPE"],
        "STORE_ID": row["STORE_ID"],
        "RESERVE_ID": None,
        "DATE_RESERVE_END": None,
        "RESERVE_QUANTITY": None,
    }


def _owner(call: Call, short: Any, owner_id: Any) -> tuple[str, int]:
    code, row_id = str(short or ""), to_int(owner_id)
    if code not in products.OWNER_TYPES:
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {code} is not supported")
    row = call.world.entities(products.OWNER_TYPES[code]).get(row_id)
    if row is None:
        raise RestError("OWNER_NOT_FOUND", "Owner was not found")
    if not access.may_touch(call, row):
        raise RestError("ACCESS_DENIED", "Access denied")
    return code, row_id


def _native(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Stored names from camelCase ones; upper-case names are left as they are."""
    return {_WRITABLE.get(name, name): value for name, value in fields.items() if name not in _READ_ONLY}


def _resolve(name: str) -> tuple[str, str] | None:
    return FIELDS.get(name)


def _unknown(name: str) -> None:
    raise RestError("INVALID_ARG_VALUE", f"Invalid filter: field '{name}' is not allowed in filter")


@method("crm.item.productrow.fields")
def fields(_: Call) -> Any:
    answer = {}
    for name, (stored, kind) in FIELDS.items():
        answer[name] = {
            "type": kind,
            "isRequired": name in {"ownerId", "ownerType"},
            "isReadOnly": name in _READ_ONLY,
            "isImmutable": name in {"ownerId", "ownerType"},
            "isMultiple": False,
            "isDynamic": False,
            "title": name,
            "upperName": stored,
        }
    return {"fields": answer}


@method("crm.item.productrow.list")
def list_rows(call: Call) -> Page:
    world = call.world
    filters = call.map("filter")
    owner_types = as_list(filters.get("=ownerType", filters.get("ownerType")))
    owner_ids = as_list(filters.get("=ownerId", filters.get("ownerId")))
    if not owner_types or not owner_ids:
        raise RestError("0", "Filter by ownerType and ownerId is required")
    for code in owner_types:
        if code not in products.OWNER_TYPES:
            raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {code} is not supported")
    group = parse(filters, _resolve, _unknown)
    order = parse_order(call.get("order"), _resolve, _unknown)
    table = world.product_rows

    def of_owners(owner_id: Any) -> list[int]:
        return sorted(i for code in owner_types for i in table.find("OWNER", (code, owner_id)))

    visible = None
    if not access.sees_all(call):

        def visible(row: Row) -> bool:
            owner = world.entities(products.OWNER_TYPES[row["OWNER"][0][0]]).get(row["OWNER"][0][1])
            return owner is not None and access.may_touch(call, owner)

    audience = None if visible is None else call.user.id
    source = Source(table, value_of, {"OWNER_ID": of_owners}, visible, (audience, tuple(owner_types)))
    found = page(call, source, group, order, whole_pages=False)
    return paged(found, lambda rows: {"productRows": [as_item(row) for row in rows]})


@method("crm.item.productrow.getAvailableForPayment")
def available_for_payment(call: Call) -> Any:
    """The rows that no payment covers: all of them, this portal has no payments."""
    for name in ("ownerId", "ownerType"):
        if call.get(name) in (None, ""):
            raise RestError(100, f"Could not find value for parameter {{{name}}}")
    try:
        code, owner_id = _owner(call, call.get("ownerType"), call.get("ownerId"))
    except RestError as error:
        raise error if error.code == "ACCESS_DENIED" else RestError("0", error.description) from error
    return {"productRows": [as_item(row) for row in products.of_owner(call.world, code, owner_id)]}


@method("crm.item.productrow.set")
def set_rows(call: Call) -> Any:
    code, owner_id = _owner(call, call.get("ownerType"), call.get("ownerId"))
    rows = call.get("productRows")
    if not isinstance(rows, (list, dict)) and rows not in (None, ""):
        raise RestError(100, "Could not find value for parameter {productRows}")
    written = products.replace(
        call.world, code, owner_id, [_native(as_map(row)) for row in as_list(rows)], call.actor
    )
    return {"productRows": [as_item(row) for row in written]}


@method("crm.item.productrow.add")
def add(call: Call) -> Any:
    values = call.map("fields")
    code, owner_id = _owner(call, values.get("ownerType"), values.get("ownerId"))
    native = _native(values)
    for name in ("OWNER_ID", "OWNER_TYPE"):
        native.pop(name, None)
    checked = products.check(native)
    checked.setdefault("SORT", (len(products.of_owner(call.world, code, owner_id)) + 1) * 10)
    row = products.insert(call.world, code, owner_id, checked)
    products.recalculate(call.world, code, owner_id, call.actor)
    return {"productRow": as_item(row)}


def _load(call: Call) -> Row:
    row = call.world.product_rows.get(call.integer("id"))
    if row is None:
        raise RestError("NOT_FOUND", "Product row was not found")
    _owner(call, *row["OWNER"][0])
    return row


def _follow(call: Call, row: Row) -> None:
    code, owner_id = row["OWNER"][0]
    products.recalculate(call.world, code, owner_id, call.actor)


@method("crm.item.productrow.get")
def get(call: Call) -> Any:
    return {"productRow": as_item(_load(call))}


@method("crm.item.productrow.update")
def update(call: Call) -> Any:
    row = _load(call)
    native = _native(call.map("fields"))
    for name in ("OWNER_ID", "OWNER_TYPE"):
        native.pop(name, None)
    merged = {name: row[name] for name in ("PRODUCT_NAME", "PRICE", "PRODUCT_ID", "DISCOUNT_TYPE_ID")}
    checked = products.check({**merged, **native})
    call.world.product_rows.change(row["ID"], checked)
    _follow(call, row)
    return {"productRow": as_item(row)}


@method("crm.item.productrow.delete")
def delete(call: Call) -> Any:
    row = _load(call)
    call.world.product_rows.remove(row["ID"])
    _follow(call, row)


def _old_owner(call: Call, code: str) -> int:
    row_id = call.integer("id")
    if row_id <= 0:
        raise old_error("The parameter id is invalid or not defined.")
    row = call.world.entities(products.OWNER_TYPES[code]).get(row_id)
    if row is None:
        raise old_error("Not found")
    if not access.may_touch(call, row):
        raise old_error("Access denied.")
    return row_id


def _get_old(call: Call, code: str) -> list[dict[str, Any]]:
    rows = products.of_owner(call.world, code, _old_owner(call, code))
    return [as_old(row, index) for index, row in enumerate(rows)]


def _set_old(call: Call, code: str) -> bool:
    owner_id = _old_owner(call, code)
    rows = call.get("rows")
    if not isinstance(rows, (list, dict)):
        raise old_error("The parameter rows must be array.")
    products.replace(call.world, code, owner_id, [as_map(row) for row in as_list(rows)], call.actor)
    return True


method("crm.lead.productrows.get")(lambda call: _get_old(call, "L"))
method("crm.deal.productrows.get")(lambda call: _get_old(call, "D"))
method("crm.lead.productrows.set")(lambda call: _set_old(call, "L"))
method("crm.deal.productrows.set")(lambda call: _set_old(call, "D"))
