"""Product rows of a lead as rows for its deal, and how the amount follows from them. Pure.

Rows are written by `crm.item.productrow.set`; with `isManualOpportunity = N` the portal recomputes the amount from them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from .catalogue import finding
from .model import Fields, Finding

# What `crm.item.productrow.set` accepts (crm/universal/product-rows).
WRITABLE = (
    "productId",
    "productName",
    "price",
    "quantity",
    "discountTypeId",
    "discountRate",
    "discountSum",
    "taxRate",
    "taxIncluded",
    "measureCode",
    "sort",
)

# What makes two rows the same one when Bitrix24 leaves out the rows of earlier deals (native_switch.md 2.5).
IDENTITY = ("productId", "productName", "price", "quantity")


def decimal(value: Any) -> Decimal:
    """A number of Bitrix24 (float, int or text) as a decimal; zero when it is none."""
    try:
        return Decimal(str(value)) if value not in (None, "") else Decimal(0)
    except InvalidOperation:
        return Decimal(0)


def shown(amount: Decimal, currency: str = "") -> str:
    """An amount for people: two places, currency behind."""
    return f"{amount:.2f} {currency}".strip()


def in_order(rows: Iterable[Fields]) -> list[Fields]:
    """Rows as the lead shows them."""
    return sorted(rows, key=lambda r: (int(r.get("sort") or 0), int(r.get("id") or 0)))


def deal_rows(rows: Iterable[Fields]) -> list[dict[str, Any]]:
    """Rows for `crm.item.productrow.set` on the deal."""
    return [{name: row[name] for name in WRITABLE if row.get(name) is not None} for row in in_order(rows)]


def total(rows: Iterable[Fields]) -> Decimal:
    """The amount that follows from rows: price (after discount, with tax) times quantity."""
    return sum((decimal(r.get("price")) * decimal(r.get("quantity", 1)) for r in rows), Decimal(0)).quantize(
        Decimal("0.01")
    )


def without(rows: Iterable[Fields], taken: Iterable[Fields]) -> tuple[Fields, ...]:
    """`rows` minus those that are in `taken`, one for one."""
    left = Counter(_identity(r) for r in taken)
    rest: list[Fields] = []
    for row in in_order(rows):
        key = _identity(row)
        if left[key] > 0:
            left[key] -= 1
        else:
            rest.append(row)
    return tuple(rest)


def _identity(row: Fields) -> tuple[Any, ...]:
    return (
        int(row.get("productId") or 0),
        str(row.get("productName")),
        decimal(row.get("price")),
        decimal(row.get("quantity")),
    )


def amount_fields(
    fields: Mapping[str, Any], rows: tuple[Fields, ...]
) -> tuple[dict[str, Any], list[Finding]]:
    """`opportunity` and `isManualOpportunity` for the deal, and what to say about the amount."""
    manual = fields.get("isManualOpportunity") in ("Y", True)
    amount = decimal(fields.get("opportunity"))
    currency = str(fields.get("currencyId") or "")
    out: dict[str, Any] = {}
    if "opportunity" in fields and fields["opportunity"] not in (None, ""):
        out["opportunity"] = fields["opportunity"]
    said: list[Finding] = []
    if rows:
        sum_ = total(rows)
        if manual and sum_ != amount:
            said.append(finding("amount-manual", amount=shown(amount, currency), rows=shown(sum_, currency)))
        elif not manual and sum_ != amount.quantize(Decimal("0.01")):
            said.append(finding("amount-differs", amount=shown(amount, currency), rows=shown(sum_, currency)))
    elif amount and not manual:
        # Without rows an automatic amount could be recomputed to nothing; by hand it stays.
        manual = True
        said.append(finding("amount-kept", amount=shown(amount, currency)))
    out["isManualOpportunity"] = "Y" if manual else "N"
    return out, said
