"""crm.enum.* (auxiliary/enum)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.rest.call import Call, method

_OWNERS = (
    (1, "Lead", "LEAD", "L"),
    (2, "Deal", "DEAL", "D"),
    (3, "Contact", "CONTACT", "C"),
    (4, "Company", "COMPANY", "CO"),
    (5, "Invoice (old version)", "INVOICE", "I"),
    (31, "Invoice", "SMART_INVOICE", "SI"),
    (7, "Quote", "QUOTE", "Q"),
    (8, "Billing Details", "REQUISITE", "RQ"),
    (36, "Company or contact", "ORDER_CLIENT", "OC"),
)
ENUMS: Mapping[str, tuple[tuple[int, str], ...]] = {
    "activitytype": ((1, "Meeting"), (2, "Call"), (3, "Task"), (4, "E-mail")),
    "activitypriority": ((1, "Low"), (2, "Medium"), (3, "High")),
    "activitydirection": ((1, "Incoming"), (2, "Outgoing")),
    "activitystatus": ((1, "Waiting"), (2, "Completed"), (3, "Completed automatically")),
    "activitynotifytype": ((0, "None"), (1, "Minutes"), (2, "Hours"), (3, "Days")),
    "addresstype": (
        (1, "Actual address"),
        (4, "Registered address"),
        (6, "Legal address"),
        (9, "Beneficiary address"),
    ),
    "contenttype": ((1, "Plain text"), (2, "bbCode"), (3, "HTML")),
    "settings.mode": ((1, "Classic CRM"), (2, "Simple CRM")),
    "entityeditorconfigscope": ((1, "Personal"), (2, "Common")),
}
FIELDS = (
    "ownertype",
    "activitytype",
    "activitypriority",
    "activitydirection",
    "activitynotifytype",
    "contenttype",
)


def _row(number: int, name: str) -> dict[str, Any]:
    return {"ID": number, "NAME": name, "SYMBOL_CODE": None, "SYMBOL_CODE_SHORT": None}


def _register(name: str, entries: tuple[tuple[int, str], ...]) -> None:
    method(f"crm.enum.{name}")(lambda _: [_row(number, title) for number, title in entries])


for _name, _entries in ENUMS.items():
    _register(_name, _entries)


@method("crm.enum.ownertype")
def owner_type(_: Call) -> Any:
    return [
        {"ID": i, "NAME": name, "SYMBOL_CODE": code, "SYMBOL_CODE_SHORT": short}
        for i, name, code, short in _OWNERS
    ]


@method("crm.enum.getorderownertypes")
def order_owner_types(_: Call) -> Any:
    return [{"attribute": "DYN", "code": "DEAL", "id": 2, "name": "Deal"}]


@method("crm.enum.fields")
def fields(_: Call) -> Any:
    return [_row(index + 1, name) for index, name in enumerate(FIELDS)]
