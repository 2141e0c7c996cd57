"""The address of a lead as fields of `crm.address.add`. Pure.

A lead's address lives in `crm.address` (ENTITY_TYPE_ID 1); with its `LOC_ADDR_ID` the portal copies everything by itself, and then no
text may be sent along (crm/requisites/addresses).
"""

from typing import Any

from .model import LeadSnapshot

TEXTS = ("ADDRESS_1", "ADDRESS_2", "CITY", "POSTAL_CODE", "REGION", "PROVINCE", "COUNTRY", "COUNTRY_CODE")


def address_fields(lead: LeadSnapshot) -> dict[str, Any]:
    """`TYPE_ID` and either `LOC_ADDR_ID` or the filled text fields; empty when the lead has no address."""
    texts = {name: lead.address[name] for name in TEXTS if lead.address.get(name)}
    if not texts:
        return {}
    kind = {"TYPE_ID": int(lead.address.get("TYPE_ID") or 1)}
    place = int(lead.address.get("LOC_ADDR_ID") or 0)
    return {**kind, "LOC_ADDR_ID": place} if place else {**kind, **texts}
