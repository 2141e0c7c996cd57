"""What counts as a change of a lead or of a record that we made."""

from __future__ import annotations

from typing import Any

import pytest

from connector.planning.model import LeadSnapshot
from connector.switching.fresh import changed_fields, differs

ROW: dict[str, Any] = {
    "id": 5,
    "title": "Order",
    "stageId": "NEW",
    "opportunity": 100,
    "contactIds": [],
    "observers": [1, 4],
    "updatedTime": "2026-11-23T10:00:00+01:00",
    "lastActivityTime": "2026-11-23T10:00:00+01:00",
    "ufCrm_1": {"id": 7, "urlMachine": "https://portal.example/?auth=one"},
    "fm": [{"id": 1, "typeId": "PHONE", "valueType": "WORK", "value": "+48 500"}],
}
PRODUCTS = ({"productId": 0, "productName": "Tea", "price": 5, "quantity": 2, "taxRate": 23},)


def changes(*, strict: bool = True, rows: Any = PRODUCTS, **now: Any) -> list[str]:
    return changed_fields(LeadSnapshot(5, ROW, products=PRODUCTS), {**ROW, **now}, list(rows), strict=strict)


@pytest.mark.parametrize(
    "now",
    [
        {},
        {"opportunity": "100.00"},
        {"contactIds": None},
        {"lastActivityTime": "2026-11-24T10:00:00+01:00"},
        {"ufCrm_1": {"id": 7, "urlMachine": "https://portal.example/?auth=two"}},
        {"fm": [{"id": 9, "typeId": "PHONE", "valueType": "WORK", "value": "+48 500"}]},
        {"unknown": "field"},
    ],
)
def test_the_same_lead_in_another_form_is_not_changed(now: dict[str, Any]) -> None:
    assert changes(**now) == []


@pytest.mark.parametrize(
    ("now", "names"),
    [
        ({"title": "Another"}, ["title"]),
        ({"stageId": "PROCESSED", "opportunity": 5}, ["opportunity", "stageId"]),
        ({"observers": [1]}, ["observers"]),
        ({"ufCrm_1": {"id": 8}}, ["ufCrm_1"]),
        ({"fm": []}, ["fm"]),
        ({"updatedTime": "2026-11-24T10:00:00+01:00"}, ["updatedTime"]),
        ({"title": "Another", "updatedTime": "2026-11-24T10:00:00+01:00"}, ["title"]),
    ],
)
def test_a_change_is_named_by_its_fields(now: dict[str, Any], names: list[str]) -> None:
    assert changes(**now) == names


def test_our_own_work_may_move_the_time_of_change() -> None:
    assert changes(strict=False, updatedTime="2026-11-24T10:00:00+01:00") == []


def test_other_products_are_a_change() -> None:
    assert changes(rows=[{**PRODUCTS[0], "quantity": 3}]) == ["products"]
    assert changes(rows=[{**PRODUCTS[0], "id": 4, "sort": 20}]) == []


def test_a_created_record_counts_as_changed_when_somebody_wrote_something_into_it() -> None:
    known = {"title": "Order", "opportunity": 100}
    assert differs(known, {"title": "Order", "opportunity": "100.00", "comments": ""}) == []
    assert differs(known, {"title": "Order", "opportunity": 100, "comments": "Call back"}) == ["comments"]
    assert differs(known, {"title": "Ours", "opportunity": 100}) == ["title"]
    assert differs(known, {"title": "", "opportunity": 100}) == []


def test_what_follows_from_phones_and_emails_is_no_change_of_its_own() -> None:
    known = {"name": "Anna", "fm": [], "hasEmail": "Y", "phoneMobile": "+48 500 600 700"}
    assert differs(known, {"name": "Anna", "fm": [], "hasEmail": "N", "phoneMobile": "+48 500 600 701"}) == []
    mine = [{"typeId": "EMAIL", "value": "anna@example.com"}]
    assert differs(known, {"name": "Anna", "fm": mine, "hasEmail": "Y"}) == ["fm"]
