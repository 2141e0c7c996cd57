"""Pipelines by hand: made like the lead stages, changed, deleted; refused where deals are; each step without a line of script."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.sandbox.crm import items
from connector.sandbox.world import DEAL
from tests.sandbox.worlds import ACTOR
from tests.web.browsing import Person
from tests.web.conftest import Stage


def opened(here: Stage) -> Person:
    """The administrator on the page of pipelines."""
    return here.install().press("to-pipelines")


def lanes(person: Person) -> list[str]:
    return [one.attributes["data-pipeline"] for one in person.find("pipelines").all("li")]


def stages(person: Person) -> list[str]:
    return [one.attributes["value"] for one in person.find("stages").all("input", name="stage_name")]


def created(person: Person, name: str = "Inquiries", **fill: str) -> Person:
    person.press("create", name=name, **fill)
    assert person.status == 200, person.page.text[:400]
    return person


def test_a_pipeline_from_the_lead_stages_keeps_their_names_order_and_colours(
    stage: Callable[..., Stage],
) -> None:
    here = stage(leads=4)
    person = created(opened(here))
    leads = sorted(
        (row for row in here.server.world.statuses.rows.values() if row["ENTITY_ID"] == "STATUS"),
        key=lambda row: row["SORT"],
    )
    working = [row for row in leads if not row["SEMANTICS"]]
    assert stages(person)[: len(working)] == [row["NAME"] for row in working]
    colours = [one.attributes["data-color"] for one in person.find("stages").all("li")]
    assert colours[: len(working)] == [row["COLOR"].lower() for row in working]
    assert person.press("all-pipelines").page.text.count("Inquiries") >= 1


def test_everything_of_a_pipeline_can_be_changed_by_hand(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    person = created(opened(here), stages="usual")
    before = stages(person)

    person.press("rename", name="Zapytania")
    assert person.page.all("h1")[0].text == "Zapytania"

    person.press("save-1", stage_name="Nowe <b>", stage_color="#00ff88")
    assert stages(person)[0] == "Nowe <b>"
    assert "<b>" not in person.html
    assert person.find("stages").all("li")[0].attributes["data-color"] == "#00ff88"

    person.press("add-stage", stage_name="Oferta", stage_color="#ffaa00")
    working = len([one for one in person.find("stages").all("li") if "In work" in one.text])
    assert stages(person)[working - 1] == "Oferta"

    person.press(f"stage-{working}-up")
    assert stages(person)[working - 2] == "Oferta"

    person.press(f"drop-{working - 1}").press("delete")
    assert "Oferta" not in stages(person)
    assert stages(person)[1:] == before[1:]

    person.press("drop").press("delete")
    assert "Zapytania" not in person.page.text


def test_the_built_in_pipeline_can_be_renamed_and_moved_but_not_deleted(stage: Callable[..., Stage]) -> None:
    person = opened(stage(leads=4))
    order = lanes(person)
    person.press(f"pipeline-{order[0]}-down")
    assert lanes(person) == [order[1], order[0], *order[2:]]
    person.press("pipeline-0").press("rename", name="Sprzedaż")
    assert person.page.all("h1")[0].text == "Sprzedaż"
    assert not person.has("drop")
    assert person.find("stays").text
    answer = person.post("/app/pipelines/0/delete", {"session": person.token})
    assert answer.status == 409
    assert "Sprzedaż" in answer.page.all("h1")[0].text


def test_a_pipeline_and_a_stage_with_deals_stay_and_the_number_is_named(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    person = created(opened(here), stages="usual")
    pipeline = max(here.server.world.categories.ids)
    second = person.find("stages").all("li")[1].attributes["data-stage"]
    token = person.token
    fields = {"TITLE": "Fence", "CATEGORY_ID": pipeline, "STAGE_ID": second}
    items.create(here.server.world, DEAL, fields, ACTOR)
    for path, fields in (("delete", {}), ("stages/delete", {"stage": second})):
        person.post(f"/app/pipelines/{pipeline}/{path}", {"session": token, **fields})
        assert person.status == 409
        assert "1" in person.find("told").text
    assert pipeline in here.server.world.categories.ids
    assert not person.has("drop")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("create", {"name": "   "}),
        ("create", {"name": "x" * 300}),
        ("0/rename", {"name": "\u200b"}),
        ("0/stages/add", {"stage_name": "Fine", "stage_color": "javascript:1", "semantics": "P"}),
        ("0/stages/look", {"stage": "NEW", "stage_name": "", "stage_color": "#fff"}),
        ("0/stages/look", {"stage": "NOPE", "stage_name": "A", "stage_color": "#ffffff"}),
    ],
)
def test_bad_input_is_told_on_the_page_and_changes_nothing(
    stage: Callable[..., Stage], path: str, fields: dict[str, str]
) -> None:
    here = stage(leads=1)
    person = opened(here)
    before = {
        kind: [dict(row) for row in getattr(here.server.world, kind).rows.values()]
        for kind in ("categories", "statuses")
    }
    person.post(f"/app/pipelines/{path}", {"session": person.token, **fields})
    assert person.status == 409
    assert person.find("told").text
    for kind, rows in before.items():
        assert [dict(row) for row in getattr(here.server.world, kind).rows.values()] == rows


def test_what_was_typed_is_still_there_after_a_refusal(stage: Callable[..., Stage]) -> None:
    person = created(opened(stage(leads=1)), stages="usual")
    person.press("all-pipelines").press("create", name="Inquiries")
    assert person.status == 409
    assert person.find("new-name").attributes["value"] == "Inquiries"


def test_a_second_click_makes_no_second_pipeline_and_no_second_deletion(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    person = opened(here)
    page = person.page
    created(person, stages="usual")
    count = len(here.server.world.categories)
    person.page = page
    person.press("create", name="Inquiries", stages="usual")
    assert len(here.server.world.categories) == count
    made = max(here.server.world.categories.ids)
    token = person.token
    for _ in range(2):
        person.post(f"/app/pipelines/{made}/delete", {"session": token})
        assert person.status == 200
    assert len(here.server.world.categories) == count - 1


def test_a_second_click_moves_nothing_further(stage: Callable[..., Stage]) -> None:
    person = opened(stage(leads=1))
    order, page = lanes(person), person.page
    person.press(f"pipeline-{order[0]}-down")
    moved = lanes(person)
    assert moved == [order[1], order[0], *order[2:]]
    assert "data-focus" in person.find(f"pipeline-{order[0]}-down").attributes
    person.page = page
    person.press(f"pipeline-{order[0]}-down")
    assert lanes(person) == moved
    # At the end of the list the way on is gone; the focus stays with the row all the same.
    person.press(f"pipeline-{order[0]}-down")
    assert "disabled" in person.find(f"pipeline-{order[0]}-down").attributes
    assert "data-focus" in person.find(f"pipeline-{order[0]}-up").attributes


def test_a_change_is_confirmed_and_a_refusal_is_not(stage: Callable[..., Stage]) -> None:
    person = created(opened(stage(leads=1)), stages="usual")
    assert person.find("done").text
    person.press("save-1", stage_name="First")
    assert person.find("done").text
    person.press("save-2", stage_name="First")
    assert person.has("told") and not person.has("done")
    person.press("all-pipelines")
    assert not person.has("done")


def test_an_unknown_pipeline_names_those_that_exist(stage: Callable[..., Stage]) -> None:
    person = opened(stage(leads=1))
    person.post("/app/pipelines/987654", {"session": person.token})
    assert person.status == 409
    assert "987654" in person.page.text


def test_an_employee_who_is_not_named_changes_nothing(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    here.install()
    person = here.open(here.employee)
    assert not person.has("to-pipelines")
    count = len(here.server.world.categories)
    person.post("/app/pipelines/create", {"session": person.token, "name": "Mine"})
    assert person.status == 403
    assert len(here.server.world.categories) == count


def test_the_log_tells_what_was_done(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    person = created(opened(here), stages="usual")
    person.press("rename", name="Zapytania")
    person.press("to-settings").press("tab-audit")
    assert "Renamed a pipeline" in person.page.text
    assert "Zapytania" in person.page.text


def test_a_portal_that_does_not_answer_is_told_and_nothing_is_claimed(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    person = opened(here)
    here.server.rest.dispatcher.faults.add(method="*", kind="error", status=503, times=100)
    person.press("create", name="Inquiries")
    assert person.status >= 400
    assert person.has("message")
    assert len(here.server.world.categories) == 3
