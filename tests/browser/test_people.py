"""Administrators, employees whom they name, and everybody else: the whole job in the browser, as each of them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.driving import Sandbox, Visit

HEAD_OF_SALES, EMPLOYEE, OTHER_ADMIN = 2, 3, 7


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_named_employee_switches_and_undoes_and_the_app_is_removed(
    start_demo: Callable[..., Sandbox], visit: Callable[..., Visit]
) -> None:
    portal = start_demo(leads=12)
    admin = visit(portal)
    admin.install()
    active = portal.state()["active_leads"]
    portal.keep("start")

    chief = visit(portal, user=HEAD_OF_SALES)
    chief.open()
    expect(chief.find("whom-to-ask")).to_be_visible()
    admin.click("to-settings")
    admin.find("people-search").press_sequentially(f"#{HEAD_OF_SALES}")
    admin.find("ask").dblclick()
    admin.find("name").dblclick()
    expect(admin.find("named").locator("li")).to_have_count(1)

    chief.open()
    chief.dry_run()
    chief.confirm()
    chief.wait_for_flip()
    chief.change_mode("simple")
    chief.wait_for_report()
    assert portal.state()["active_leads"] == 0
    chief.undo()
    chief.wait_for_flip()
    chief.change_mode("classic")
    chief.wait_for_report()
    assert portal.state()["active_leads"] == active

    other = visit(portal, user=EMPLOYEE, lang="pl")
    other.open()
    expect(other.find("whom-to-ask")).to_be_visible()
    expect(other.find("to-choose")).to_have_count(0)

    admin.find("unname").dblclick()
    expect(admin.find("named")).to_have_count(0)
    chief.click("to-overview")
    expect(chief.find("whom-to-ask")).to_be_visible()

    admin.click("tab-audit")
    expect(admin.find("log")).to_contain_text("Started an undo")
    page = admin.page
    page.goto(f"{portal.portal}/marketplace/")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_test_id("uninstall-app").click()
    page.get_by_test_id("install-app").wait_for()
    assert portal.state()["event_handlers"] == 0


def test_two_administrators_at_once_start_one_run(demo: Sandbox, visit: Callable[..., Visit]) -> None:
    one = visit(demo)
    one.install()
    one.dry_run()
    two = visit(demo, user=OTHER_ADMIN)
    two.open()
    two.click("to-history")
    two.click("history-plan")
    two.find("summary").wait_for()
    for person in (one, two):
        person.click("to-confirm")
        person.find("agree").check()
    one.find("start-run").click()
    two.find("start-run").click()
    for person in (one, two):
        person.wait_for_flip()
    two.click("to-history")
    expect(two.find("history-run")).to_have_count(1)
    two.open()
    two.click("open-live")
    two.find("run-cancel").dblclick()
    two.wait_for_report()
    one.find("report-title").wait_for(timeout=60_000)
