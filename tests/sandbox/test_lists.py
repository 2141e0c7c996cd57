"""Lists: filters with their prefixes, order, select, pages, and what an employee may see."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.portal import Portal


def lead_ids(portal: Portal, **params: Any) -> list[int]:
    return [int(row["ID"]) for row in portal.result("crm.lead.list", select=["ID"], start=-1, **params)]


def test_pages_follow_next_until_the_total(filled: Portal) -> None:
    seen: list[int] = []
    start: int | None = 0
    while start is not None:
        body = filled.call("crm.lead.list", select=["ID"], start=start).json()
        assert body["total"] == 130
        seen += [int(row["ID"]) for row in body["result"]]
        start = body.get("next")
    assert seen == filled.world.leads.ids


def test_without_counting_there_is_no_next(filled: Portal) -> None:
    body = filled.call("crm.lead.list", start=-1, order={"ID": "ASC"}, filter={">ID": 0}).json()
    assert len(body["result"]) == 50 and "next" not in body and body["total"] == 0


def test_the_cursor_reads_everything_once_in_both_families(filled: Portal) -> None:
    for method, key, extra in (("crm.lead.list", "ID", {}), ("crm.item.list", "id", {"entityTypeId": 1})):
        seen: list[int] = []
        while True:
            last = seen[-1] if seen else 0
            found = filled.result(method, filter={f">{key}": last}, order={key: "ASC"}, start=-1, **extra)
            rows = found["items"] if extra else found
            seen += [int(row[key]) for row in rows]
            if len(rows) < 50:
                break
        assert seen == filled.world.leads.ids


@pytest.mark.parametrize(
    "condition",
    [
        ({"STATUS_SEMANTIC_ID": "P"}, lambda r: r["STATUS_SEMANTIC_ID"] == "P"),
        ({"!STATUS_ID": "NEW"}, lambda r: r["STATUS_ID"] != "NEW"),
        ({"@STATUS_ID": ["NEW", "JUNK"]}, lambda r: r["STATUS_ID"] in {"NEW", "JUNK"}),
        ({"!@STATUS_ID": ["NEW", "JUNK"]}, lambda r: r["STATUS_ID"] not in {"NEW", "JUNK"}),
        ({"STATUS_ID": ["NEW", "JUNK"]}, lambda r: r["STATUS_ID"] in {"NEW", "JUNK"}),
        ({"%TITLE": "order"}, lambda r: "order" in r["TITLE"].lower()),
        ({"!%TITLE": "order"}, lambda r: "order" not in r["TITLE"].lower()),
        ({"=%TITLE": "Order%"}, lambda r: r["TITLE"].startswith("Order")),
        ({">=OPPORTUNITY": 1000}, lambda r: r["OPPORTUNITY"] >= 1000),
        ({"<OPPORTUNITY": 1000}, lambda r: r["OPPORTUNITY"] < 1000),
        ({"IS_RETURN_CUSTOMER": "Y"}, lambda r: r["IS_RETURN_CUSTOMER"]),
        ({"!=COMMENTS": ""}, lambda r: bool(r["COMMENTS"])),
        ({"=COMMENTS": ""}, lambda r: not r["COMMENTS"]),
        ({"HAS_EMAIL": "Y"}, lambda r: any(m[1] == "EMAIL" for m in r["FM"])),
    ],
    ids=lambda case: str(case[0]),
)
def test_filters_find_what_they_say(filled: Portal, condition: Any) -> None:
    filters, holds = condition
    wanted = [row["ID"] for row in filled.world.leads if holds(row)][:50]
    assert wanted
    assert lead_ids(filled, filter=filters) == wanted


def test_two_conditions_and_a_group_of_alternatives(filled: Portal) -> None:
    rows = filled.result(
        "crm.item.list",
        entityTypeId=1,
        select=["id", "stageId"],
        start=-1,
        filter={
            "stageSemanticId": "P",
            "0": {"logic": "OR", "0": {"stageId": "NEW"}, "1": {"stageId": "UC_OFFER"}},
        },
    )["items"]
    assert {row["stageId"] for row in rows} == {"NEW", "UC_OFFER"}


def test_a_phone_finds_its_lead_whatever_its_punctuation(filled: Portal) -> None:
    row = next(row for row in filled.world.leads if any(m[1] == "PHONE" for m in row["FM"]))
    number = next(m[3] for m in row["FM"] if m[1] == "PHONE")
    digits = "".join(c for c in number if c.isdigit())
    assert row["ID"] in lead_ids(filled, filter={"PHONE": digits})
    found = filled.result("crm.duplicate.findbycomm", type="PHONE", values=[digits], entity_type="LEAD")
    assert row["ID"] in found["LEAD"]


def test_order_by_another_field_sorts_all_pages(filled: Portal) -> None:
    rows = filled.result("crm.lead.list", select=["ID", "OPPORTUNITY"], order={"OPPORTUNITY": "DESC"})
    amounts = [float(row["OPPORTUNITY"]) for row in rows]
    assert amounts == sorted((row["OPPORTUNITY"] for row in filled.world.leads), reverse=True)[:50]


def test_select_names_what_comes_back(filled: Portal) -> None:
    old = filled.result("crm.lead.list", select=["TITLE", "PHONE", "UF_*"])[0]
    assert {"ID", "TITLE"} <= old.keys() and "STATUS_ID" not in old
    assert any(key.startswith("UF_CRM_") for key in old)
    plain = filled.result("crm.lead.list")[0]
    assert "PHONE" not in plain and not any(key.startswith("UF_") for key in plain)
    item = filled.result("crm.item.list", entityTypeId=1, select=["id", "stageId"])["items"][0]
    assert item.keys() == {"id", "stageId"}
    assert "fm" in filled.result("crm.item.list", entityTypeId=1, select=["*"])["items"][0]


def test_activities_are_found_by_owner_and_by_binding(filled: Portal) -> None:
    activity = next(iter(filled.world.activities))
    kind, lead = activity["BINDINGS"][0]
    by_owner = filled.result("crm.activity.list", filter={"OWNER_TYPE_ID": kind, "OWNER_ID": lead})
    pair = [{"OWNER_TYPE_ID": kind, "OWNER_ID": lead}]
    by_binding = filled.result("crm.activity.list", filter={"BINDINGS": pair})
    assert [row["ID"] for row in by_owner] == [row["ID"] for row in by_binding]
    assert str(activity["ID"]) in {row["ID"] for row in by_owner}
    several = filled.result(
        "crm.activity.list", filter={"OWNER_TYPE_ID": 1, "OWNER_ID": filled.world.leads.ids[:60]}
    )
    assert {row["OWNER_TYPE_ID"] for row in several} == {"1"} and len(several) > 5


def test_an_employee_sees_only_their_own_rows(filled: Portal) -> None:
    employee = filled.as_user(4)
    seen = employee.call("crm.lead.list", select=["ID", "ASSIGNED_BY_ID"]).json()
    own = [row["ID"] for row in filled.world.leads if row["ASSIGNED_BY_ID"] == 4]
    assert seen["total"] == len(own)
    assert {row["ASSIGNED_BY_ID"] for row in seen["result"]} == {"4"}
    other = next(row["ID"] for row in filled.world.leads if row["ASSIGNED_BY_ID"] == 3)
    assert employee.error("crm.lead.get", id=other)[2] == "Access denied."
    assert employee.error("crm.item.get", entityTypeId=1, id=other)[1] == "ACCESS_DENIED"
    assert employee.error("crm.category.add", entityTypeId=2, fields={"name": "x"})[1] == "ACCESS_DENIED"
    assert employee.error("crm.item.import", entityTypeId=1, fields={})[:2] == (401, "INVALID_CREDENTIALS")
    manager = filled.as_user(2)
    assert manager.call("crm.lead.list").json()["total"] == 130
    assert manager.result("user.admin") is False
