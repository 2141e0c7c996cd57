"""Administrators name employees who may switch: found by name, warned about, taken back; each step without a line of script."""

from collections.abc import Callable

import pytest

from tests.web.browsing import Person
from tests.web.conftest import Stage
from tests.web.test_wizard import converted, planned

SIMPLE = 2
REFUSED = {"kind": "error", "status": 403, "code": "ACCESS_DENIED", "nth": tuple(range(1, 9))}


def named(stage: Stage, admin: Person) -> None:
    """The administrator finds the first employee by name and gives access."""
    admin.press("to-settings").press("tab-people")
    admin.press("people-find", find=stage.employee.last_name[:4]).press("ask")
    assert stage.employee.name in admin.page.all("h1")[0].text
    assert "all leads" in admin.page.text
    admin.press("name")


def test_a_named_employee_switches_from_end_to_end(stage: Callable[..., Stage]) -> None:
    here = stage(leads=12)
    admin = here.install()
    named(here, admin)
    assert here.employee.last_name in admin.find("named").text

    person = here.open(here.employee)
    active = int(person.find("active-leads").text)
    deals = len(here.server.world.deals)
    planned(here, person)
    converted(here, person)
    here.server.world.settings.mode = SIMPLE
    person.press("flip-check")
    here.worker.work()
    person.post(person.sent[-1], {"session": person.token})
    assert person.find("report-title").attributes["data-state"] == "done"
    assert len(here.server.world.deals) == deals + active
    run = person.sent[-1]
    person.press("to-undo")
    assert person.has("start-undo")
    person.post(run, {"session": person.token})
    person.press("download-csv")
    assert person.status == 303


def test_a_named_employee_does_not_administrate(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    named(here, here.install())
    person = here.open(here.employee)
    assert not person.has("to-settings")
    token = person.token
    for path in ("", f"/{here.admin.id}/ask", f"/{here.admin.id}/name", f"/{here.employee.id}/unname"):
        assert person.post(f"/app/people{path}", {"session": token}).status == 403


def test_taking_it_back_holds_from_the_next_click_on(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    admin = here.install()
    named(here, admin)
    person = here.open(here.employee)
    admin.press("unname")
    assert not admin.has("named")
    person.press("to-choose")
    assert person.status == 403
    assert here.admin.name in person.find("whom-to-ask").text
    assert not here.open(here.employee).has("current-mode")


def test_a_second_click_changes_nothing(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    admin = here.install()
    named(here, admin)
    page, token = admin.page, admin.token
    admin.post(f"/app/people/{here.employee.id}/name", {"session": token})
    assert len(admin.find("named").all("li")) == 1
    for _ in range(2):
        admin.page = page
        admin.press("unname")
    assert not admin.has("named")


@pytest.mark.parametrize(("find", "count"), [("#3", 1), ("zzz", 0), ("", 0), ("999999", 0), ("'\"<b>", 0)])
def test_people_are_found_by_id_or_not_at_all(stage: Callable[..., Stage], find: str, count: int) -> None:
    admin = stage(leads=4).install()
    admin.press("to-settings").press("tab-people").press("people-find", find=find)
    assert admin.status == 200
    assert len(admin.page.all(data_testid="ask")) == count


def test_somebody_who_was_dismissed_cannot_be_named(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    admin = here.install()
    gone = here.employee
    gone.active = False
    token = admin.token
    admin.press("to-settings").press("tab-people").press("people-find", find=gone.last_name)
    assert gone.name not in admin.page.text
    for verb in ("ask", "name"):
        admin.post(f"/app/people/{gone.id}/{verb}", {"session": token})
        assert admin.status == 404
        assert admin.find("message").attributes["data-kind"] == "no-employee"
    assert admin.post("/app/people/99999/name", {"session": token}).status == 404


def test_a_portal_that_does_not_answer_keeps_the_page(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    admin = here.install()
    named(here, admin)
    here.server.rest.dispatcher.faults.add(method="user.search", **REFUSED)
    admin.press("people-find", find="Al")
    assert admin.has("named")
    assert "Bitrix24 could not be asked" in admin.page.text
