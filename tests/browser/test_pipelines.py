"""The pages of pipelines in a browser: a double click changes once, the focus stays with what was moved, Back shows what is so."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.driving import LONG, Sandbox, Visit


def names(person: Visit) -> list[str]:
    """The names of the stages on the page."""
    fields = person.app.locator("[data-testid=stages] input[name=stage_name]")
    found: list[str] = fields.evaluate_all("all => all.map(one => one.value)")
    return found


def test_a_pipeline_is_made_changed_and_deleted_by_hand(demo: Sandbox, visit: Callable[..., Visit]) -> None:
    person = visit(demo)
    person.install()
    person.click("to-pipelines")
    person.find("new-name").fill("Inquiries")
    person.find("create").dblclick()
    person.find("done").wait_for(timeout=LONG)
    made = [row for row in demo.records("categories")["categories"].values() if row["NAME"] == "Inquiries"]
    assert len(made) == 1

    person.find("stage-name").fill("Offer")
    person.find("add-stage").dblclick()
    expect(person.app.locator("[data-testid=stages] input[value=Offer]")).to_have_count(1, timeout=LONG)
    place = names(person).index("Offer") + 1

    person.click(f"stage-{place}-up")
    expect(person.find(f"name-{place - 1}")).to_have_value("Offer", timeout=LONG)
    expect(person.find(f"stage-{place - 1}-up")).to_be_focused()
    assert names(person).count("Offer") == 1

    person.find("drop").click()
    person.find("delete").dblclick()
    person.find("pipelines").wait_for(timeout=LONG)
    expect(person.find("done")).to_be_visible()
    left = demo.records("categories")["categories"].values()
    assert "Inquiries" not in [row["NAME"] for row in left]


def test_back_from_a_pipeline_shows_the_list(demo: Sandbox, visit: Callable[..., Visit]) -> None:
    person = visit(demo)
    person.open()
    person.click("to-pipelines")
    person.click("pipeline-0")
    person.find("stages").wait_for()
    person.page.evaluate("history.back()")
    person.find("pipelines").wait_for(timeout=LONG)
    expect(person.find("pipeline-0")).to_be_visible()
