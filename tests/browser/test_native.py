"""Bitrix24's own switch, watched in a browser: the administrator uses the portal's dialog in another tab, the app follows and compares."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.driving import LONG, PATIENCE, Sandbox, Visit


def own_dialog(person: Visit) -> Page:
    """Open Bitrix24's dialog from the app's link, up to the question whether leads are converted."""
    with person.page.context.expect_page() as opened:
        person.click("open-portal")
    tab = opened.value
    tab.set_default_timeout(PATIENCE)
    tab.get_by_test_id("gear").click()
    tab.get_by_test_id("crm-mode").click()
    tab.get_by_test_id("mode-simple").click()
    tab.get_by_test_id("mode-save").click()
    return tab


@pytest.mark.slow
def test_the_own_switch_is_followed_from_a_cancelled_dialog_to_the_comparison(
    start_demo: Callable[..., Sandbox], visit: Callable[..., Visit]
) -> None:
    portal = start_demo(leads=60)
    active = portal.state()["active_leads"]
    person = visit(portal)
    person.install()
    person.dry_run()
    person.click("to-confirm")
    person.click("to-native")
    person.click("start-watch")
    expect(person.find("native-state")).to_have_attribute("data-state", "waiting", timeout=LONG)
    expect(person.find("native-choices")).to_contain_text("Contact")

    tab = own_dialog(person)
    # The dialog is held after two steps, so that it can be stopped in the middle however slow the person is.
    held: list[Route] = []
    steps = iter(range(2))
    tab.route(
        "**/mode/process/*",
        lambda route: route.continue_() if next(steps, None) is not None else held.append(route),
    )
    tab.get_by_test_id("mode-continue").click()
    tab.get_by_test_id("mode-progress").wait_for()
    while not held:
        tab.wait_for_timeout(50)
    tab.get_by_test_id("mode-stop").click()
    held[0].continue_()
    tab.get_by_test_id("mode-finish").click()
    tab.close()
    assert portal.state()["mode"] == 1
    left = portal.state()["active_leads"]
    assert 0 < left < active
    expect(person.find("native-state")).to_contain_text(f"{active - left} of {active}", timeout=LONG)

    tab = own_dialog(person)
    tab.get_by_test_id("mode-continue").click()
    tab.get_by_test_id("mode-finish").click(timeout=LONG)
    tab.close()
    person.wait_for_report()
    expect(person.find("report-title")).to_contain_text("Simple CRM")
    expect(person.find("native-verdict")).to_contain_text("the user guide's dialog")
    expect(person.find("native-line")).to_have_count(25)
    person.click("native-next")
    expect(person.find("native-previous")).to_be_visible()
    assert portal.state()["mode"] == 2
