"""What people do to pages: go back, reload, click twice, come back late, come as two. With a real engine, on the demo."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.driving import Problems, Sandbox, Visit
from tests.web.conftest import Stage

OTHER_ADMIN = 1


def test_an_expired_session_goes_on_where_the_portal_vouches_again(
    late: Stage, new_page: Callable[..., Page]
) -> None:
    person = Visit(new_page(), late.server.ready["portal"])
    person.install()
    late.clock.sleep(late.settings.session_minutes * 60 + 5)
    person.click("to-choose")
    expect(person.find("message")).to_have_attribute("data-kind", "expired")
    person.app.get_by_role("button", name="Continue").click()
    expect(person.find("current-mode")).to_be_visible()
    person.click("to-choose")
    expect(person.find("to-options")).to_be_visible()


def test_back_and_reload_keep_the_place_and_the_token_out_of_addresses(
    demo: Sandbox, visit: Callable[..., Visit]
) -> None:
    person = visit(demo)
    seen: list[str] = []
    person.page.on("request", lambda request: seen.append(request.url))
    _enter(person, demo)
    person.click("to-choose")
    person.find("choose-simple").check()
    person.click("to-options")
    expect(person.find("start-dry-run")).to_be_visible()
    person.page.evaluate("history.back()")
    expect(person.find("choose-simple")).to_be_visible()
    person.page.evaluate("history.back()")
    expect(person.find("current-mode")).to_be_visible()
    person.page.evaluate("history.forward()")
    expect(person.find("choose-simple")).to_be_visible()
    token = person.app.locator("input[name=session]").first.input_value()
    assert len(token) > 50
    assert not [url for url in seen if token[:40] in url]


def test_back_works_after_a_search_and_skips_the_page_that_waited(
    demo: Sandbox, visit: Callable[..., Visit]
) -> None:
    person = visit(demo)
    _enter(person, demo)
    person.dry_run()
    person.find("search").press_sequentially("zzzz")
    expect(person.find("lead-link")).to_have_count(0)
    person.find("search").fill("")
    person.click("lead-link")
    expect(person.find("before-after")).to_be_visible()
    person.page.evaluate("history.back()")
    expect(person.find("summary")).to_be_visible()
    person.page.evaluate("history.back()")
    expect(person.find("start-dry-run")).to_be_visible()


def test_a_double_click_starts_one_dry_run(demo: Sandbox, visit: Callable[..., Visit]) -> None:
    person = visit(demo)
    _enter(person, demo)
    _history(person)
    before = person.find("history-plan").count()
    person.open()
    person.click("to-choose")
    person.find("choose-simple").check()
    person.click("to-options")
    person.find("start-dry-run").dblclick()
    person.find("summary").wait_for()
    _history(person)
    expect(person.find("history-plan")).to_have_count(before + 1)


def test_no_cookie_is_set_or_needed(demo: Sandbox, visit: Callable[..., Visit]) -> None:
    person = visit(demo)
    _enter(person, demo)
    person.click("to-choose")
    expect(person.find("to-options")).to_be_visible()
    assert [cookie for cookie in person.page.context.cookies() if cookie["domain"] == "localhost"] == []


def test_a_run_can_be_closed_and_opened_again_by_somebody_else(
    demo: Sandbox, visit: Callable[..., Visit]
) -> None:
    first = visit(demo)
    _enter(first, demo)
    first.dry_run()
    first.confirm()
    first.page.close()
    second = visit(demo, user=OTHER_ADMIN, lang="pl")
    second.open()
    second.click("open-live")
    second.wait_for_flip()
    second.click("run-cancel")
    second.wait_for_report()
    expect(second.find("report-title")).to_have_attribute("data-state", "cancelled")


def test_focus_and_typing_stay_while_the_table_is_searched(
    demo: Sandbox, visit: Callable[..., Visit]
) -> None:
    person = visit(demo)
    _enter(person, demo)
    demo.post("reset", mode="classic")
    person.open()
    person.dry_run()
    search = person.find("search")
    search.press_sequentially("zz-no-such-lead", delay=10)
    expect(person.app.get_by_text("No lead fits.")).to_be_visible()
    expect(search).to_be_focused()
    expect(search).to_have_value("zz-no-such-lead")


def test_the_wizard_can_be_walked_by_keyboard(demo: Sandbox, visit: Callable[..., Visit]) -> None:
    person = visit(demo)
    _enter(person, demo)
    for testid in ("to-choose", "to-options"):
        person.find(testid).focus()
        person.page.keyboard.press("Enter")
    expect(person.find("start-dry-run")).to_be_visible()
    expect(person.app.locator("#main")).to_be_focused()


def test_nothing_moves_for_those_who_want_it_still(demo: Sandbox, visit: Callable[..., Visit]) -> None:
    person = visit(demo, reduced_motion="reduce")
    _enter(person, demo)
    button = person.find("to-choose")
    assert float(button.evaluate("e => parseFloat(getComputedStyle(e).transitionDuration)")) < 0.01


def _enter(person: Visit, portal: Sandbox) -> None:
    """Open the app, installing it first if nobody has."""
    if portal.state()["event_handlers"]:
        person.open()
        person.find("current-mode").wait_for()
    else:
        person.install()


def _history(person: Visit) -> None:
    person.app.get_by_role("navigation").get_by_role("button", name="History").click()
    expect(person.app.get_by_role("heading", name="History")).to_be_visible()


def test_the_problem_list_hears_what_a_page_does_wrong(
    new_page: Callable[..., Page], problems: Problems
) -> None:
    page = new_page()
    page.set_content("<script>console.error('wrong'); throw new Error('broken')</script>")
    page.wait_for_timeout(200)
    assert len(problems) == 2
    problems.clear()
