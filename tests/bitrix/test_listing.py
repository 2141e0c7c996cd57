"""Lists are whole or an exception; never short, never doubled, never more than a page of waste."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from connector.bitrix import WireSettings
from connector.errors import AccessDenied, AnswerLost, BadCall, CursorIgnored, ShortList
from tests.bitrix.portal import Portal, Refuse

DROPPED = requests.ConnectionError("reset")


@pytest.fixture
def crm(portal: Portal) -> Portal:
    portal.methods["crm.lead.list"] = portal.list
    portal.methods["crm.activity.list"] = portal.list
    return portal


def fill(crm: Portal, count: int, step: int = 3, owners: int = 10) -> list[str]:
    crm.rows = [{"ID": str(10 + n * step), "OWNER_ID": str(n % owners)} for n in range(count)]
    return [row["ID"] for row in crm.rows]


def commands(crm: Portal) -> int:
    return len(crm.ran)


@pytest.mark.parametrize(
    ("rows", "requests_", "most"),
    [
        (0, 1, 1),
        (1, 1, 1),
        (49, 1, 1),
        (50, 1, 1),
        (51, 2, 3),
        (60, 2, 3),
        (2500, 2, 51),
        (2551, 3, 53),
        (10_000, 5, 201),
        (10_001, 6, 202),
    ],
)
def test_all_rows_once_in_order_with_one_page_of_waste_at_most(
    crm: Portal, rows: int, requests_: int, most: int
) -> None:
    expected = fill(crm, rows)
    assert [row["ID"] for row in crm.client().list("crm.lead.list")] == expected
    assert len(crm.requests) <= requests_
    assert commands(crm) <= most


def test_a_page_inside_the_batch_that_fails_is_asked_for_again(crm: Portal) -> None:
    expected = fill(crm, 500)
    calls: list[int] = []

    def flaky(params: Any) -> Any:
        calls.append(1)
        if len(calls) in (4, 9):
            raise Refuse("QUERY_LIMIT_EXCEEDED")
        return crm.list(params)

    crm.methods["crm.lead.list"] = flaky
    assert [row["ID"] for row in crm.client().list("crm.lead.list")] == expected


def test_a_page_that_fails_for_good_raises(crm: Portal) -> None:
    fill(crm, 500)
    calls: list[int] = []

    def broken(params: Any) -> Any:
        calls.append(1)
        if len(calls) > 4:
            raise Refuse("ACCESS_DENIED")
        return crm.list(params)

    crm.methods["crm.lead.list"] = broken
    with pytest.raises(AccessDenied):
        list(crm.client().list("crm.lead.list"))


@pytest.mark.parametrize("short", [1, 2, 5, 9, 10])
def test_a_short_page_is_not_taken_for_the_end(crm: Portal, short: int) -> None:
    expected = fill(crm, 500)
    calls: list[int] = []

    def sometimes_short(params: Any) -> Any:
        calls.append(1)
        page = crm.list(params)
        return {**page, "result": page["result"][:-1]} if len(calls) == short else page

    crm.methods["crm.lead.list"] = sometimes_short
    assert [row["ID"] for row in crm.client().list("crm.lead.list")] == expected


@pytest.mark.parametrize("empty", [1, 2, 5])
def test_an_empty_page_that_contradicts_the_count_is_checked(crm: Portal, empty: int) -> None:
    expected = fill(crm, 300)
    calls: list[int] = []

    def once_empty(params: Any) -> Any:
        calls.append(1)
        page = crm.list(params)
        return {**page, "result": []} if len(calls) == empty else page

    crm.methods["crm.lead.list"] = once_empty
    assert [row["ID"] for row in crm.client().list("crm.lead.list")] == expected


def test_a_portal_that_counts_rows_but_never_returns_them_raises(crm: Portal) -> None:
    fill(crm, 100)

    def stingy(params: Any) -> Any:
        page = crm.list(params)
        return {**page, "result": [row for row in page["result"] if int(row["ID"]) < 200]}

    crm.methods["crm.lead.list"] = stingy
    with pytest.raises(ShortList):
        list(crm.client().list("crm.lead.list"))


def test_an_ignored_cursor_raises_instead_of_looping(crm: Portal) -> None:
    fill(crm, 200)
    crm.methods["crm.lead.list"] = lambda params: {"result": crm.rows[:50], "total": 200}
    with pytest.raises(CursorIgnored):
        list(crm.client().list("crm.lead.list"))
    assert len(crm.requests) <= 2


def test_an_ignored_order_raises(crm: Portal) -> None:
    fill(crm, 20)
    crm.rows.reverse()
    with pytest.raises(CursorIgnored):
        list(crm.client().list("crm.lead.list"))


def test_rows_added_while_reading_are_read_too(crm: Portal) -> None:
    fill(crm, 120)
    calls: list[int] = []

    def growing(params: Any) -> Any:
        calls.append(1)
        page = crm.list(params)
        if len(calls) == 1:
            crm.rows += [{"ID": str(100_000 + n)} for n in range(70)]
        return page

    crm.methods["crm.lead.list"] = growing
    rows = [row["ID"] for row in crm.client().list("crm.lead.list")]
    assert rows == [row["ID"] for row in crm.rows]


def test_rows_deleted_while_reading_end_the_list_in_peace(crm: Portal) -> None:
    fill(crm, 200)
    calls: list[int] = []

    def shrinking(params: Any) -> Any:
        calls.append(1)
        page = crm.list(params)
        if len(calls) == 1:
            crm.rows = crm.rows[:130]
        return page

    crm.methods["crm.lead.list"] = shrinking
    assert len(list(crm.client().list("crm.lead.list"))) == 130


def test_a_method_that_does_not_count_is_read_page_by_page(crm: Portal) -> None:
    expected = fill(crm, 130)
    crm.methods["crm.lead.list"] = lambda params: {"result": crm.list(params)["result"]}
    assert [row["ID"] for row in crm.client().list("crm.lead.list")] == expected
    assert commands(crm) == 4


@pytest.mark.parametrize("at", range(1, 4))
def test_a_lost_answer_is_asked_for_again(crm: Portal, at: int) -> None:
    expected = fill(crm, 6000)
    crm.faults = [None] * (at - 1) + [("after", DROPPED)]
    assert [row["ID"] for row in crm.client().list("crm.lead.list")] == expected


def test_a_portal_that_keeps_failing_raises_and_says_so(crm: Portal) -> None:
    fill(crm, 200)
    crm.faults = [None] + [DROPPED] * 50
    with pytest.raises(AnswerLost):
        list(crm.client().list("crm.lead.list"))
    assert len(crm.requests) == 1 + WireSettings().attempts


def test_slow_pages_are_asked_for_in_smaller_chains(crm: Portal) -> None:
    expected = fill(crm, 2000)
    crm.methods["crm.lead.list"] = lambda params: {**crm.list(params), "time": {"duration": 2.0}}
    assert [row["ID"] for row in crm.client().list("crm.lead.list")] == expected
    assert max(len(body["cmd"]) for _, body in crm.requests) <= 10


def test_the_callers_own_lower_bound_and_filter_are_kept(crm: Portal) -> None:
    fill(crm, 100)
    rows = list(crm.client().list("crm.lead.list", {"filter": {">ID": 100, "OWNER_ID": 3}}))
    assert [row["ID"] for row in rows] == [
        row["ID"] for row in crm.rows if int(row["ID"]) > 100 and row["OWNER_ID"] == "3"
    ]


def test_the_id_is_always_selected(crm: Portal) -> None:
    fill(crm, 5)
    list(crm.client().list("crm.lead.list", {"select": ["TITLE"]}))
    assert crm.ran[0][1]["select"] == ["ID", "TITLE"]


@pytest.mark.parametrize(
    "params",
    [
        {"FILTER": {"ID": 1}},
        {"order": {"ID": "DESC"}},
        {"start": 50},
        {"filter": {">ID": "x"}},
        {"filter": {"ID": []}},
        {"filter": {"TITLE": None}},
    ],
)
def test_parameters_that_would_be_lost_are_refused_before_sending(
    crm: Portal, params: dict[str, Any]
) -> None:
    with pytest.raises(BadCall):
        list(crm.client().list("crm.lead.list", params))
    assert crm.requests == []


def test_reading_holds_one_request_of_rows_and_starts_at_once(crm: Portal) -> None:
    fill(crm, 10_000)
    rows = crm.client().list("crm.lead.list")
    next(rows)
    assert len(crm.requests) == 1


# ---- children


def test_children_of_many_parents_are_complete_and_few_requests(crm: Portal) -> None:
    fill(crm, 6000, owners=10_000)
    rows = list(
        crm.client().children(
            "crm.activity.list", range(10_000), parent_filter="@OWNER_ID", params={"filter": {}}
        )
    )
    assert sorted(int(str(row["ID"])) for row in rows) == sorted(int(row["ID"]) for row in crm.rows)
    assert len(crm.requests) <= 6


def test_children_of_one_crowded_parent_overflow_into_more_pages(crm: Portal) -> None:
    fill(crm, 3000, owners=3)
    rows = list(
        crm.client().children("crm.activity.list", [0, 1, 2, 3], parent_filter="@OWNER_ID", set_size=2)
    )
    assert len(rows) == len({row["ID"] for row in rows}) == 3000


def test_children_read_by_sets_survive_faults(crm: Portal) -> None:
    fill(crm, 2000, owners=500)
    calls: list[int] = []

    def flaky(params: Any) -> Any:
        calls.append(1)
        page = crm.list(params)
        if len(calls) % 7 == 0:
            raise Refuse("QUERY_LIMIT_EXCEEDED")
        if len(calls) % 5 == 0:
            return {**page, "result": page["result"][:-1]}
        return page

    crm.methods["crm.activity.list"] = flaky
    crm.faults = [None, ("after", DROPPED)]
    rows = list(
        crm.client().children("crm.activity.list", range(500), parent_filter="@OWNER_ID", set_size=50)
    )
    assert sorted(int(str(row["ID"])) for row in rows) == sorted(int(row["ID"]) for row in crm.rows)


def test_no_parents_are_no_request(crm: Portal) -> None:
    assert list(crm.client().children("crm.activity.list", [], parent_filter="@OWNER_ID")) == []
    assert crm.requests == []


# ---- lists without id paging


def pages(rows: int, **extra: Any) -> Any:
    everything = [{"ID": str(n)} for n in range(rows)]

    def answer(params: Any) -> dict[str, Any]:
        start = int(params.get("start", 0))
        more = {"next": start + 50} if start + 50 < rows else {}
        return {"result": everything[start : start + 50], "total": rows, **more, **extra}

    return answer


def test_short_lists_follow_next(portal: Portal) -> None:
    portal.methods["crm.status.list"] = pages(120)
    assert len(list(portal.client().list_offset("crm.status.list"))) == 120
    assert len(portal.requests) == 3


def test_wrapped_and_empty_short_lists(portal: Portal) -> None:
    portal.methods["crm.category.list"] = lambda params: {"result": {"categories": [{"id": 0}]}, "total": 1}
    assert list(portal.client().list_offset("crm.category.list", {"entityTypeId": 2})) == [{"id": 0}]
    portal.methods["crm.category.list"] = lambda params: {"result": [], "total": 0}
    assert list(portal.client().list_offset("crm.category.list", {"entityTypeId": 2})) == []


def test_a_short_list_that_does_not_add_up_or_repeats_raises(portal: Portal) -> None:
    portal.methods["crm.status.list"] = lambda params: {"result": [{"ID": "1"}], "total": 2}
    with pytest.raises(ShortList):
        portal.client().list_offset("crm.status.list")
    portal.methods["crm.status.list"] = lambda params: {"result": [{"ID": "1"}], "next": 50}
    with pytest.raises(ShortList):
        portal.client().list_offset("crm.status.list")


def test_an_answer_without_rows_is_not_an_empty_list(portal: Portal) -> None:
    portal.methods["crm.status.list"] = lambda params: {"result": {"unexpected": 1}}
    portal.methods["crm.category.list"] = lambda params: {"result": {"unexpected": []}}
    with pytest.raises(ShortList):
        portal.client().list_offset("crm.category.list")
    with pytest.raises(ShortList):
        portal.client().list_offset("crm.status.list")
