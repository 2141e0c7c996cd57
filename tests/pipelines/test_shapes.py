"""Single answers, call by call: the official examples, and what no portal should send but one might."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from connector import errors, pipelines
from connector.pipelines import Desk
from connector.pipelines.desk import Limit
from connector.pipelines.reading import read
from connector.pipelines.turn import SETTLE_SECONDS
from connector.portals import PortalRef, Viewer
from connector.store.database import Database
from tests.bitrix.portal import Portal, Refuse
from tests.pipelines.test_turn import connect

# crm-category-list.md and crm-status-list.md, shortened.
CATEGORIES = [
    {
        "id": 9,
        "name": "Funnel",
        "sort": 200,
        "entityTypeId": 2,
        "isDefault": "N",
        "originId": "",
        "originatorId": "",
    },
    {"id": 0, "name": "General", "sort": 300, "entityTypeId": 2, "isDefault": "Y"},
]


def row(id_: int, code: str, sort: int, semantics: str | None = None, **more: Any) -> dict[str, Any]:
    fields = {
        "ID": str(id_),
        "ENTITY_ID": "DEAL_STAGE",
        "STATUS_ID": code,
        "NAME": code.title(),
        "SORT": str(sort),
    }
    extra = {
        "SEMANTICS": {"S": "success", "F": "failure"}.get(semantics or "", "process"),
        "COLOR": "#39A8EF",
    }
    shown = {"SYSTEM": "Y", "CATEGORY_ID": None, "COLOR": "#39A8EF", "SEMANTICS": semantics, "EXTRA": extra}
    return {**fields, **shown, **more}


STAGES = [row(113, "LOSE", 70, "F"), row(101, "NEW", 10), row(111, "WON", 60, "S")]


@pytest.fixture
def portal() -> Iterator[Portal]:
    scripted = Portal()
    scripted.methods = {
        "crm.category.list": lambda p: {"result": {"categories": CATEGORIES}, "total": 2},
        "crm.status.list": lambda p: {"result": STAGES, "total": 3},
        "crm.item.list": lambda p: {"result": {"items": []}, "total": 7},
    }
    with scripted.serving():
        yield scripted


def desk(portal: Portal, db: Database) -> Desk:
    ref = PortalRef(connect(db, "m1"), "m1", "portal.example")
    return Desk(
        db, ref, portal.client(), portal.clock, Viewer(1, "Ada", True), "api", Limit(portal.clock, 60)
    )


def test_the_official_examples_are_read_in_two_requests(portal: Portal) -> None:
    board = read(portal.client())
    assert [(p.id, p.name, p.is_default, p.deals) for p in board.pipelines] == [
        (9, "Funnel", False, 7),
        (0, "General", True, 7),
    ]
    assert [(s.id, s.semantics, s.row, s.system, s.color) for s in board.by_id[0].stages] == [
        ("NEW", "P", 101, True, "#39A8EF"),
        ("WON", "S", 111, True, "#39A8EF"),
        ("LOSE", "F", 113, True, "#39A8EF"),
    ]
    assert [method for method, _ in portal.requests] == ["crm.category.list", "batch"]


@pytest.mark.parametrize("missing", [{"COLOR": None}, {"COLOR": ""}, {"SEMANTICS": "", "SYSTEM": "N"}])
def test_what_is_left_out_is_taken_from_extra(portal: Portal, missing: Mapping[str, Any]) -> None:
    portal.methods["crm.status.list"] = lambda p: {"result": [{**STAGES[2], **missing}], "total": 1}
    (stage,) = read(portal.client()).by_id[0].stages
    assert (stage.semantics, stage.color) == ("S", "#39A8EF")


def test_counts_that_are_refused_are_unknown_not_zero(portal: Portal) -> None:
    def refuse(_: Mapping[str, Any]) -> Any:
        raise Refuse("ACCESS_DENIED", 403)

    portal.methods["crm.item.list"] = refuse
    board = read(portal.client(), stages_of=0)
    assert {p.deals for p in board.pipelines} == {None}
    assert {s.deals for s in board.by_id[0].stages} == {None}


@pytest.mark.parametrize(
    ("method", "answer", "error"),
    [
        ("crm.category.list", {"result": {"categories": []}, "total": 0}, errors.ShortList),
        ("crm.category.list", {"result": {"categories": [{"name": "no id"}]}}, errors.BadAnswer),
        ("crm.status.list", {"result": [{"ID": "1"}]}, errors.BadAnswer),
        ("crm.status.list", {"result": "nonsense"}, errors.BadAnswer),
        ("crm.status.list", {"result": [row(1, "X", 1, EXTRA={"SEMANTICS": "later"})]}, errors.BadAnswer),
    ],
)
def test_an_answer_that_cannot_be_meant_is_no_list(
    portal: Portal, method: str, answer: Any, error: Any
) -> None:
    portal.methods[method] = lambda p: answer
    with pytest.raises(error):
        read(portal.client())


def test_stages_that_may_not_be_read_are_an_error_not_an_empty_pipeline(portal: Portal) -> None:
    def refuse(_: Mapping[str, Any]) -> Any:
        raise Refuse("", 400, "Access denied.")

    portal.methods["crm.status.list"] = refuse
    with pytest.raises(errors.AccessDenied):
        read(portal.client())


@pytest.mark.parametrize(
    ("code", "description"),
    [
        ("0", "Too many categories"),
        ("BX_ERROR", "Limit of your plan"),
        ("CRM_FEATURE_RESTRICTION_ERROR", "Your plan does not include it"),
    ],
)
def test_however_a_plan_says_no_its_words_are_passed_on(
    portal: Portal, database: Database, code: str, description: str
) -> None:
    def refuse(_: Mapping[str, Any]) -> Any:
        raise Refuse(code, 400, description)

    portal.methods["crm.category.add"] = refuse
    with pytest.raises(errors.PipelineRefused) as refused:
        pipelines.create(desk(portal, database), "One more")
    assert description in refused.value.user_message()
    assert "this portal has 2" in refused.value.user_message()


def test_a_missing_right_is_told_as_such(portal: Portal, database: Database) -> None:
    def refuse(_: Mapping[str, Any]) -> Any:
        raise Refuse("ACCESS_DENIED", 400, "Access denied")

    portal.methods["crm.category.add"] = refuse
    with pytest.raises(errors.AccessDenied):
        pipelines.create(desk(portal, database), "One more")


def test_a_code_that_nobody_knows_proves_nothing(portal: Portal, database: Database) -> None:
    def refuse(_: Mapping[str, Any]) -> Any:
        raise Refuse("SOMETHING_NEW", 400, "No more funnels for you")

    portal.methods["crm.category.add"] = portal.methods["crm.category.update"] = refuse
    here = desk(portal, database)
    with pytest.raises(errors.PipelineRefused) as refused:
        pipelines.create(here, "One more")
    assert "No more funnels for you" in refused.value.user_message()
    with pytest.raises(errors.ChangeUnderWay):
        pipelines.create(here, "One more")
    portal.clock.advance(SETTLE_SECONDS + 1)
    with pytest.raises(errors.ChangeDoubtful):
        pipelines.rename(here, 0, "Sales")
    assert [method for method, _ in portal.requests].count("crm.category.add") == 1
