"""At every step of the wizard: a page that is loaded anew loses nothing, and a second click on any button changes nothing more."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import LONG, Sandbox, Visit


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_step_survives_reload_back_and_double_clicks(
    start_demo: Callable[..., Sandbox], visit: Callable[..., Visit]
) -> None:
    portal = start_demo(leads=20)
    person = visit(portal)
    person.install()
    person.find("to-choose").dblclick()
    person.find("choose-simple").check()
    _reload(person)
    person.find("to-choose").click()
    person.find("choose-simple").check()
    person.find("to-options").dblclick()
    with person.page.expect_response(lambda answer: answer.url.endswith("/options/draft")):
        person.app.locator("input[name=activities][value=complete]").check(force=True)
    _reload(person)
    person.find("to-choose").click()
    person.find("choose-simple").check()
    person.find("to-options").click()
    expect(person.app.locator("input[name=activities][value=complete]")).to_be_checked()
    person.app.locator("input[name=activities][value=keep-open]").check(force=True)
    person.find("start-dry-run").dblclick()
    _shown(person, "plan-progress", "summary")
    _reload(person)
    person.find("open-last").dblclick()
    person.find("summary").wait_for(timeout=LONG)

    accepted = person.app.locator("[data-state=accepted]")
    person.find("accept").first.dblclick()
    expect(accepted).to_have_count(1)
    person.find("reopen").first.dblclick()
    expect(accepted).to_have_count(0)
    person.find("leave-out").first.dblclick()
    expect(person.find("left-out")).to_be_visible()
    person.find("take-in").first.dblclick()
    expect(person.find("left-out")).to_have_count(0)
    person.find("accept-all").dblclick()
    expect(person.find("accept")).to_have_count(0)

    person.find("to-confirm").dblclick()
    person.find("agree").wait_for()
    person.page.evaluate("history.back()")
    expect(person.find("summary")).to_be_visible()
    _reload(person)
    person.click("open-last")
    person.click("to-confirm")
    person.find("agree").check()
    person.find("start-run").dblclick()
    _shown(person, "run-progress", "flip-state")
    _reload(person)
    person.find("open-live").dblclick()
    person.wait_for_flip()
    _reload(person)
    person.click("open-live")
    person.wait_for_flip()
    person.change_mode("simple")
    person.wait_for_report()
    made = len(portal.records("deals")["deals"])
    _reload(person)
    person.click("to-history")
    person.click("history-run")
    person.find("to-undo").dblclick()
    person.find("start-undo").dblclick()
    _shown(person, "run-progress", "flip-state")
    _reload(person)
    person.click("open-live")
    person.wait_for_flip()
    person.change_mode("classic")
    person.wait_for_report()
    assert len(portal.records("deals")["deals"]) < made
    person.click("to-history")
    expect(person.find("history-run")).to_have_count(2)
    expect(person.find("history-plan")).to_have_count(1)


def _shown(person: Visit, *testids: str) -> None:
    """One of these is on the page: what was asked for has arrived."""
    places = ", ".join(f"[data-testid={testid}]" for testid in testids)
    person.app.locator(places).first.wait_for(timeout=LONG)


def _reload(person: Visit) -> None:
    """The whole portal page is loaded anew, as when it was closed and opened again: the app begins with its overview."""
    person.page.reload()
    person.find("current-mode").wait_for(timeout=LONG)


def test_the_wizard_works_without_scripts(
    demo: Sandbox, visit: Callable[..., Visit], new_page: Callable[..., Page]
) -> None:
    """Outside the frame, where the portal page needs none either: sign in, dry run, decide, switch, report."""
    visit(demo).install()
    app = urlsplit(demo.app_state()["app_url"])
    base = f"{app.scheme}://{app.netloc}"
    demo.post("app", redirect_uri=f"{base}/oauth/callback")
    page = new_page(java_script_enabled=False)
    page.goto(base)
    page.get_by_role("button", name="Sign in with Bitrix24").click()
    page.get_by_test_id("login-portal").fill(demo.portal)
    page.get_by_test_id("login-begin").click()
    page.get_by_test_id("to-choose").click()
    page.get_by_test_id("choose-simple").check()
    page.get_by_test_id("to-options").click()
    page.get_by_test_id("pipeline").select_option(index=1)
    page.get_by_role("button", name="Show its stages").click()
    page.locator(".map select").first.select_option(index=1)
    page.get_by_test_id("start-dry-run").click()
    _refreshed(page, "summary")
    page.get_by_test_id("search").fill("zzzz")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("No lead fits.")).to_be_visible()
    page.get_by_role("button", name="Back to the preview").click()
    page.get_by_test_id("accept").first.click()
    page.get_by_test_id("leave-out").first.click()
    page.get_by_test_id("take-in").first.click()
    page.get_by_test_id("lead-link").first.click()
    expect(page.get_by_test_id("before-after")).to_be_visible()
    page.get_by_role("button", name="Back to the leads").click()
    page.get_by_role("button", name="Back to the preview").click()
    page.get_by_test_id("to-confirm").click()
    page.get_by_test_id("agree").check()
    page.get_by_test_id("start-run").click()
    _refreshed(page, "flip-state")
    page.get_by_test_id("run-cancel").click()
    expect(page.get_by_test_id("report-title")).to_be_visible()
    page.get_by_test_id("to-settings").click()
    page.get_by_test_id("people-search").fill("#3")
    page.get_by_test_id("people-find").click()
    page.get_by_test_id("ask").click()
    page.get_by_test_id("name").click()
    page.get_by_test_id("unname").click()
    expect(page.get_by_text("Nobody is named yet.")).to_be_visible()


def _refreshed(page: Page, testid: str) -> None:
    """Press Refresh, as the page says without scripts, until the next one is there."""
    for _ in range(60):
        if page.get_by_test_id(testid).count():
            return
        page.wait_for_timeout(700)
        page.get_by_role("button", name="Refresh").click()
    raise AssertionError(page.content())
