"""Product rows of a record: replacing them, their arithmetic, and the amount of the owner that follows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.sandbox.errors import RestError
from connector.sandbox.tables import Row
from connector.sandbox.world import DEAL, LEAD, QUOTE, SHORT_CODES, Actor, World

OWNER_TYPES: Mapping[str, int] = {SHORT_CODES[kind]: kind for kind in (LEAD, DEAL, QUOTE)}
_FLOATS = ("PRICE", "QUANTITY", "DISCOUNT_RATE", "DISCOUNT_SUM", "TAX_RATE")
_INTEGERS = ("PRODUCT_ID", "DISCOUNT_TYPE_ID", "MEASURE_CODE", "SORT")


def of_owner(world: World, short_code: str, owner_id: int) -> list[Row]:
    """The rows of a record in their order."""
    rows = [
        world.product_rows.rows[i]
        for i in world.product_rows.find(
            "OWNER",
            (short_code, owner_id),
        )
    ]
    return sorted(rows, key=lambda row: (row["SORT"], row["ID"]))


def total(rows: Iterable[Row]) -> tuple[float, float]:
    """(amount with tax, tax) of these rows; PRICE is per unit after discount and with tax."""
    amount = tax = 0.0
    for row in rows:
        line = row["PRICE"] * row["QUANTITY"]
        amount += line
        if row["TAX_RATE"]:
            tax += line - line / (1 + row["TAX_RATE"] / 100)
    return round(amount, 2), round(tax, 2)


def replace(
    world: World, short_code: str, owner_id: int, rows: Iterable[Mapping[str, Any]], actor: Actor
) -> list[Row]:
    """Delete the owner's rows and write these (canonical names); the owner's amount follows when it is automatic."""
    clean = [check(values) for values in rows]
    for row_id in world.product_rows.find("OWNER", (short_code, owner_id)):
        world.product_rows.remove(row_id)
    for index, values in enumerate(clean):
        values.setdefault("SORT", (index + 1) * 10)
        insert(world, short_code, owner_id, values)
    recalculate(world, short_code, owner_id, actor)
    return of_owner(world, short_code, owner_id)


def insert(world: World, short_code: str, owner_id: int, values: Mapping[str, Any]) -> Row:
    """Store one checked row without touching the owner."""
    return world.product_rows.insert(
        {**values, "ID": world.next_id("product_row"), "OWNER": ((short_code, owner_id),)}
    )


def check(values: Mapping[str, Any]) -> dict[str, Any]:
    """Native values of a row from the wire, with the documented discount rules (crm-deal-productrows-set.md)."""
    row: dict[str, Any] = {}
    try:
        for name in _FLOATS:
            if values.get(name) not in (None, ""):
                row[name] = float(values[name])
        for name in _INTEGERS:
            if values.get(name) not in (None, ""):
                row[name] = int(float(values[name]))
    except (TypeError, ValueError) as error:
        raise RestError(100, "Invalid value of a product row field") from error
    for name in ("PRODUCT_NAME", "MEASURE_NAME", "XML_ID"):
        if values.get(name) is not None:
            row[name] = str(values[name])
    if "TAX_INCLUDED" in values:
        row["TAX_INCLUDED"] = values["TAX_INCLUDED"] is True or str(values["TAX_INCLUDED"]).upper() in {
            "Y",
            "1",
            "TRUE",
        }
    if not row.get("PRODUCT_NAME"):
        row["PRODUCT_NAME"] = f"Product {row['PRODUCT_ID']}" if row.get("PRODUCT_ID") else "[untitled]"
    kind = row.get("DISCOUNT_TYPE_ID", 2)
    if kind not in {1, 2}:
        raise RestError("ERROR_CORE", "Discount Type (DISCOUNT_TYPE_ID) is required.")
    price = row.get("PRICE", 0.0)
    if kind == 2 and "DISCOUNT_RATE" in row and "DISCOUNT_SUM" not in row and row["DISCOUNT_RATE"] < 100:
        row["DISCOUNT_SUM"] = round(price / (1 - row["DISCOUNT_RATE"] / 100) - price, 2)
    elif kind == 1 and "DISCOUNT_SUM" in row and "DISCOUNT_RATE" not in row and price + row["DISCOUNT_SUM"]:
        row["DISCOUNT_RATE"] = round(row["DISCOUNT_SUM"] / (price + row["DISCOUNT_SUM"]) * 100, 2)
    return row


def recalculate(world: World, short_code: str, owner_id: int, actor: Actor) -> None:
    """Write the rows' total into the owner unless its amount is entered by hand; raises the owner's update event."""
    from connector.sandbox.crm import items  # noqa: PLC0415  (items writes rows too)

    kind = OWNER_TYPES[short_code]
    owner = world.entities(kind).get(owner_id)
    if owner is None:
        return
    if owner["IS_MANUAL_OPPORTUNITY"]:
        items.touch(world, kind, owner_id, actor)
        return
    amount, tax = total(of_owner(world, short_code, owner_id))
    items.touch(world, kind, owner_id, actor, {"OPPORTUNITY": amount, "TAX_VALUE": tax})
