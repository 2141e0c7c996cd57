"""A watched native switch by plain forms: chosen at the confirmation, guided, followed, compared, finished with a plan for the rest."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import delete

from connector.sandbox.native import NativeSwitch, scheme_from
from connector.sandbox.world import Actor
from connector.store.models import Budget
from tests.web.browsing import Person
from tests.web.conftest import Stage
from tests.web.test_wizard import planned


def again(here: Stage, person: Person) -> None:
    """What was asked for is done, and the page loaded anew."""
    here.worker.work()
    person.post(person.sent[-1], {"session": person.token})


def watching(here: Stage) -> Person:
    person = here.install()
    planned(here, person)
    person.press("to-confirm").press("to-native")
    assert "writes nothing" in person.page.text
    person.press("start-watch")
    again(here, person)
    return person


def dialog(here: Stage, variant: str = "documented", **options: Any) -> NativeSwitch:
    switch = NativeSwitch(here.server.world, Actor(user_id=1, kind="page"), variant, scheme_from(options))
    switch.prepare()
    return switch


def test_the_own_switch_of_bitrix24_is_watched_and_compared(stage: Callable[..., Stage]) -> None:
    here = stage(leads=60)
    person = watching(here)
    assert person.find("native-state").attributes["data-state"] == "waiting"
    assert "Contact" in person.find("native-choices").text
    switch = dialog(here, contact=False, company=True)
    for _ in range(4):
        switch.step()
    person.press("run-resume")
    again(here, person)
    assert "4 of" in person.find("native-state").text
    while switch.step():
        pass
    switch.finish()
    person.press("run-resume")
    again(here, person)
    assert person.find("report-title").attributes["data-state"] == "done"
    assert "Simple CRM" in person.find("report-title").text
    assert "None of the known descriptions" in person.find("native-verdict").text
    lines = person.page.all(data_testid="native-line")
    assert len(lines) == 25
    assert ": Yes → No Contact created" in " ".join(line.text for line in lines)
    first = [line.text for line in lines]
    person.press("native-next")
    second = [line.text for line in person.page.all(data_testid="native-line")]
    assert second
    assert not set(first) & set(second)
    person.press("native-previous")
    assert [line.text for line in person.page.all(data_testid="native-line")] == first
    assert not person.has("plan-rest")
    assert not person.has("to-undo")


def test_what_was_left_behind_is_planned_with_one_button(stage: Callable[..., Stage]) -> None:
    here = stage(leads=20)
    world = here.server.world
    lead = next(r for r in world.leads if r["STATUS_SEMANTIC_ID"] == "P" and not r["IS_RETURN_CUSTOMER"])
    world.leads.change(lead["ID"], {"FM": ((9_000_001, "EMAIL", "WORK", "no address"),)})
    person = watching(here)
    switch = dialog(here)
    while switch.step():
        pass
    switch.finish()
    person.press("run-resume")
    again(here, person)
    assert "still in work" in person.page.text
    report = person.sent[-1]
    native = {"session": person.token, "reason": "left-behind"}
    person.post(f"{report}/leads", native)
    (line,) = person.page.all(data_testid="native-line")
    assert "predicted to fail" in line.text
    person.post(report, {"session": person.token}).press("plan-rest")
    again(here, person)
    assert "1" in person.find("totals").text
    person.press("to-confirm").press("start-run", agreed="yes")
    again(here, person)
    assert person.find("report-title").attributes["data-state"] == "done"
    assert not [row for row in world.leads if row["STATUS_SEMANTIC_ID"] == "P"]


def test_a_watch_is_found_again_and_ended_with_its_report(stage: Callable[..., Stage]) -> None:
    here = stage(leads=12)
    person = watching(here)
    switch = dialog(here)
    switch.step()
    switch.cancel()
    with here.db.begin() as session:
        session.execute(delete(Budget))  # jobs and pages have different clocks here
    person.post("/app", {"session": person.token}).press("open-live")
    assert person.find("native-state").attributes["data-state"] == "waiting"
    person.press("run-cancel")
    again(here, person)
    assert person.find("report-title").attributes["data-state"] == "cancelled"
    assert person.has("plan-rest")
    assert "own switch" in person.post("/app/history", {"session": person.token}).page.text


def test_a_second_click_finds_the_watch_of_the_first(stage: Callable[..., Stage]) -> None:
    here = stage(leads=10)
    person = here.install()
    planned(here, person)
    person.press("to-confirm").press("to-native")
    before = person.page
    person.press("start-watch")
    first = person.sent[-1]
    person.page = before
    person.press("start-watch")
    assert person.sent[-1] == first


def test_the_way_to_classic_offers_nothing_to_watch(stage: Callable[..., Stage]) -> None:
    here = stage(leads=5, mode="simple")
    person = here.install()
    person.press("to-choose").press("to-options", to="classic").press("start-dry-run")
    here.worker.work()
    plan = person.sent[-1]
    person.post(plan, {"session": person.token})
    person.press("to-confirm")
    assert not person.has("to-native")
    person.post(plan.replace("/plans/", "/native/plans/"), {"session": person.token})
    assert person.status == 404
