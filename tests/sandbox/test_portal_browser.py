"""The portal page in Chromium: the frame protocol with the real b24jssdk, the CRM-mode dialog, the phone view."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FrameLocator, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from werkzeug.serving import make_server

from connector.sandbox.crm import activities
from connector.sandbox.events import EventDelivery, attach
from connector.sandbox.portal_page import create_app
from connector.sandbox.world import LEAD, SIMPLE, World
from tests.sandbox.fake_app import SDK, fake_app
from tests.sandbox.worlds import ACTOR, ADMIN, CLIENT_ID, EMPLOYEE, add_lead, second_pipeline, small_world

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt-get install chromium)"),
]


@dataclass
class Portal:
    """A small portal served for one test."""

    url: str
    world: World
    events: EventDelivery


@pytest.fixture
def portal() -> Iterator[Portal]:
    world = small_world()
    events = attach(world)
    server = make_server("127.0.0.1", 0, create_app(world, events), threaded=True)
    world.host = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Portal(f"http://{world.host}", world, events)
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Third-party cookies are blocked, as browsers do or will do: the app's frame is another site.
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--test-third-party-cookie-phaseout"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`open_page(width=1280)`; fails the test when a page logs an error."""
    problems: list[str] = []
    contexts = []

    def start(width: int = 1280, height: int = 800) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="en")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda entry: problems.append(entry.text) if entry.type == "error" else None)
        page.set_default_timeout(10_000)
        return page

    yield start
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def app(portal: Portal) -> Iterator[str]:
    if not SDK.exists():
        pytest.skip("the vendored b24jssdk is missing")
    with fake_app() as url:
        card = portal.world.apps[CLIENT_ID]
        card.app_url, card.install_url = f"{url}/", f"{url}/install"
        yield url


def frame_of(page: Page) -> FrameLocator:
    return page.frame_locator("[data-testid=app-frame]")


def ready(page: Page) -> Any:
    """Wait for the SDK in the app's frame and return that frame."""
    expect(frame_of(page).locator("#state")).to_have_text("ready")
    handle = page.get_by_test_id("app-frame").element_handle()
    frame = handle.content_frame() if handle else None
    assert frame is not None
    return frame


def installed(page: Page, portal: Portal) -> Any:
    page.goto(f"{portal.url}/marketplace/?lang=en")
    page.get_by_test_id("install-app").click()
    frame = ready(page)
    frame.evaluate("void b24.installFinish()")
    expect(frame_of(page).locator("#where")).to_have_text("/")
    return ready(page)


def test_install_opens_the_installer_and_install_finish_the_app(
    portal: Portal, app: str, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    page.goto(f"{portal.url}/marketplace/?lang=pl")
    page.get_by_test_id("install-app").click()
    frame = ready(page)
    expect(frame_of(page).locator("#where")).to_have_text("/install")
    assert frame.evaluate("[b24.isInstallMode, b24.auth.isAdmin, b24.getLang()]") == [True, True, "pl"]
    assert not portal.world.apps[CLIENT_ID].installed
    frame.evaluate("void b24.installFinish()")
    expect(frame_of(page).locator("#where")).to_have_text("/")
    frame = ready(page)
    assert frame.evaluate("[b24.isInstallMode, b24.isFirstRun]") == [False, False]
    assert portal.world.apps[CLIENT_ID].installed
    posted = json.loads(frame_of(page).locator("#posted").inner_text())
    assert posted["query"]["DOMAIN"] == [portal.world.host]
    assert posted["form"]["member_id"] == [portal.world.member_id]


def test_the_sdk_gets_auth_renews_it_and_stores_options(
    portal: Portal, app: str, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    frame = installed(page, portal)
    before = frame.evaluate("b24.auth.getAuthData()")
    assert before["domain"] == portal.url
    assert before["member_id"] == portal.world.member_id
    after = frame.evaluate("b24.auth.refreshAuth()")
    assert after["access_token"] != before["access_token"]
    assert portal.events.oauth.resolve(after["access_token"]).user_id == ADMIN
    frame.evaluate("b24.options.appSet('colour', 'green')")
    assert portal.world.app_options[CLIENT_ID] == {"colour": "green"}


def test_the_frame_grows_gets_a_title_and_opens_portal_pages(
    portal: Portal, app: str, open_page: Callable[..., Page]
) -> None:
    add_lead(portal.world, TITLE="Fence")
    page = open_page()
    frame = installed(page, portal)
    size = frame.evaluate("b24.parent.resizeWindow(600, 1700)")
    assert size["height"] == 1700
    frame.evaluate("b24.parent.setTitle('My title')")
    expect(page.get_by_test_id("page-title")).to_have_text("My title")
    frame.evaluate(f"void (window.opened = b24.slider.openPath(new URL('{portal.url}/crm/lead/list/')))")
    expect(page.frame_locator("[data-testid=slider-frame]").get_by_text("Fence")).to_be_visible()
    page.get_by_test_id("slider-close").click()
    assert frame.evaluate("window.opened") == {"isOpenAtNewWindow": False, "isClose": True}
    refused = "b24.slider.openPath(new URL('/settings/secret/', b24.getTargetOrigin())).catch((error) => error.message)"
    assert frame.evaluate(refused) == "PATH_NOT_AVAILABLE"


def test_the_app_opens_itself_in_a_slider_with_parameters_and_closes_it(
    portal: Portal, app: str, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    frame = installed(page, portal)
    frame.evaluate("void b24.slider.openSliderAppPage({lead: '5', bx24_title: 'Lead 5'})")
    inner = page.frame_locator("[data-testid=slider-frame]").frame_locator("[data-testid=app-frame]")
    expect(inner.locator("#state")).to_have_text("ready")
    options = json.loads(json.loads(inner.locator("#posted").inner_text())["form"]["PLACEMENT_OPTIONS"][0])
    assert options["lead"] == "5"
    nested = next(
        f for f in page.frames if f.url.startswith(app) and f.parent_frame and f.parent_frame.parent_frame
    )
    # The frame that is asked goes away by it, now and then before it has answered.
    with suppress(PlaywrightError):
        nested.evaluate("b24.parent.closeApplication().catch(() => {})")
    expect(page.get_by_test_id("slider")).to_have_count(0)


def test_the_mode_can_be_changed_in_a_slider_that_the_app_opened(
    portal: Portal, app: str, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    frame = installed(page, portal)
    frame.evaluate(f"void b24.slider.openPath(new URL('{portal.url}/crm/lead/list/'))")
    slider = page.frame_locator("[data-testid=slider-frame]")
    slider.get_by_test_id("gear").click()
    slider.get_by_test_id("crm-mode").click()
    slider.get_by_test_id("mode-simple").click()
    slider.get_by_test_id("mode-save").click()
    expect(slider.get_by_test_id("page-title")).to_have_text("Deals")
    assert portal.world.settings.mode == SIMPLE
    assert slider.get_by_test_id("menu-start").count() == 0


def test_a_message_from_another_window_is_ignored(
    portal: Portal, app: str, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    installed(page, portal)
    title = page.get_by_test_id("page-title").inner_text()
    page.evaluate("""() => new Promise((done) => {
      window.postMessage('setTitle:{"title":"stolen"}:key:' + JSON.parse(document.getElementById("app-init").textContent).APP_SID, "*");
      setTimeout(done, 200);
    })""")
    assert page.get_by_test_id("page-title").inner_text() == title


def test_an_employee_cannot_open_an_unfinished_app(
    portal: Portal, app: str, open_page: Callable[..., Page]
) -> None:
    portal.world.apps[CLIENT_ID].present = True
    page = open_page()
    page.goto(f"{portal.url}/marketplace/app/1/?user_id={EMPLOYEE}&lang=en")
    expect(page.get_by_test_id("app-refused")).to_contain_text("not fully installed")


def test_uninstall_from_the_market(portal: Portal, app: str, open_page: Callable[..., Page]) -> None:
    page = open_page()
    installed(page, portal)
    page.goto(f"{portal.url}/marketplace/")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_test_id("uninstall-app").click()
    expect(page.get_by_test_id("install-app")).to_be_visible()
    assert not portal.world.apps[CLIENT_ID].present


def open_mode(page: Page, portal: Portal) -> None:
    page.goto(f"{portal.url}/crm/lead/list/?lang=en")
    page.get_by_test_id("gear").click()
    page.get_by_test_id("crm-mode").click()
    expect(page.get_by_test_id("mode-dialog")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_administrators_clicks_switch_to_simple(
    portal: Portal, open_page: Callable[..., Page], width: int
) -> None:
    world = portal.world
    leads = [add_lead(world, TITLE=f"Lead {n}") for n in range(4)]
    todo = activities.create(world, {"SUBJECT": "Call", "BINDINGS": ((LEAD, leads[0]),)}, ACTOR)
    page = open_page(width)
    open_mode(page, portal)
    expect(page.get_by_test_id("mode-save")).to_be_disabled()
    page.get_by_test_id("mode-simple").click()
    page.get_by_test_id("mode-save").click()
    expect(page.get_by_test_id("mode-warning")).to_contain_text("4")
    page.get_by_test_id("mode-company").check()
    page.get_by_test_id("mode-pipeline").select_option("Wholesale")
    page.get_by_test_id("mode-continue").click()
    expect(page.get_by_test_id("mode-summary")).to_contain_text("Leads converted: 4.")
    page.get_by_test_id("mode-finish").click()
    page.wait_for_url("**/crm/deal/list/")
    assert world.settings.mode == SIMPLE
    assert len(world.companies) == 4
    assert {deal["CATEGORY_ID"] for deal in world.deals} == {second_pipeline(world)}
    assert world.activities.rows[todo]["COMPLETED"] is False
    assert page.get_by_test_id("menu-leads").count() == 0


def test_cancel_at_the_question_changes_nothing(portal: Portal, open_page: Callable[..., Page]) -> None:
    add_lead(portal.world)
    page = open_page()
    open_mode(page, portal)
    page.get_by_test_id("mode-simple").click()
    page.get_by_test_id("mode-save").click()
    page.get_by_test_id("mode-cancel").click()
    expect(page.get_by_test_id("mode-dialog")).to_be_hidden()
    assert len(portal.world.deals) == 0
    assert portal.world.settings.mode != SIMPLE


def test_without_active_leads_it_flips_without_a_question_and_back(
    portal: Portal, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    open_mode(page, portal)
    page.get_by_test_id("mode-simple").click()
    page.get_by_test_id("mode-save").click()
    page.wait_for_url("**/crm/deal/list/")
    assert portal.world.settings.mode == SIMPLE
    page.get_by_test_id("gear").click()
    page.get_by_test_id("crm-mode").click()
    page.get_by_test_id("mode-classic").click()
    page.get_by_test_id("mode-save").click()
    page.wait_for_url("**/crm/lead/list/")
    assert portal.world.settings.mode != SIMPLE


def test_an_employee_may_look_but_not_save(portal: Portal, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto(f"{portal.url}/crm/lead/list/?user_id={EMPLOYEE}&lang=en#mode")
    expect(page.get_by_test_id("mode-readonly")).to_be_visible()
    page.get_by_test_id("mode-simple").click()
    expect(page.get_by_test_id("mode-save")).to_be_disabled()


def test_the_mobile_app_has_its_own_dialog_and_no_sliders(
    portal: Portal, app: str, open_page: Callable[..., Page]
) -> None:
    add_lead(portal.world)
    page = open_page(390, 844)
    frame = installed(page, portal)
    page.goto(f"{portal.url}/crm/lead/list/?device=mobile&lang=en#mode")
    page.get_by_test_id("mode-simple").click()
    page.get_by_test_id("mode-save").click()
    expect(page.get_by_text("Move activities to deals")).to_be_visible()
    page.goto(f"{portal.url}/marketplace/app/1/")
    frame = ready(page)
    frame.evaluate("window.open = (url) => { window.openedUrl = String(url); return {closed: true}; }")
    target = f"new URL('{portal.url}/crm/lead/list/')"
    assert frame.evaluate(f"b24.slider.openPath({target})") == {"isOpenAtNewWindow": True, "isClose": True}
    assert frame.evaluate("window.openedUrl").endswith("/crm/lead/list/")


def test_widgets_open_with_their_place_and_record(
    portal: Portal, app: str, open_page: Callable[..., Page]
) -> None:
    lead_id = add_lead(portal.world, TITLE="Fence")
    page = open_page()
    installed(page, portal)
    for code, title in (
        ("LEFT_MENU", "CRM mode helper"),
        ("CRM_LEAD_LIST_TOOLBAR", "Preview"),
        ("CRM_LEAD_DETAIL_TAB", "Tab"),
    ):
        portal.world.placements.append(
            {
                "client_id": CLIENT_ID,
                "placement": code,
                "handler": f"{app}/widget",
                "title": title,
                "langAll": {"pl": {"TITLE": f"PL {title}"}},
            }
        )
    page.goto(f"{portal.url}/crm/lead/list/?lang=pl")
    page.get_by_text("PL CRM mode helper").first.click()
    expect(frame_of(page).locator("#where")).to_have_text("/widget")
    page.goto(f"{portal.url}/crm/lead/list/?lang=en")
    page.get_by_test_id("gear").click()
    page.get_by_test_id("placement-CRM_LEAD_LIST_TOOLBAR-1").click()
    inner = page.frame_locator("[data-testid=slider-frame]").frame_locator("[data-testid=app-frame]")
    expect(inner.locator("#state")).to_have_text("ready")
    form = json.loads(inner.locator("#posted").inner_text())["form"]
    assert form["PLACEMENT"] == ["CRM_LEAD_LIST_TOOLBAR"]
    assert json.loads(form["PLACEMENT_OPTIONS"][0])["URI"] == "/crm/lead/list/"
    page.goto(f"{portal.url}/crm/lead/details/{lead_id}/")
    tab = page.frame_locator("[data-testid=placement-CRM_LEAD_DETAIL_TAB-2]").frame_locator(
        "[data-testid=app-frame]"
    )
    expect(tab.locator("#state")).to_have_text("ready")
    options = json.loads(json.loads(tab.locator("#posted").inner_text())["form"]["PLACEMENT_OPTIONS"][0])
    assert options["ID"] == str(lead_id)


def test_the_bell_counts_what_is_unread(portal: Portal, open_page: Callable[..., Page]) -> None:
    note = {"ID": 1, "USER_ID": ADMIN, "MESSAGE": "[b]The preview[/b] is ready", "DATE": portal.world.now()}
    portal.world.notifications.insert(note)
    page = open_page()
    page.goto(f"{portal.url}/portal/?lang=en")
    expect(page.get_by_test_id("bell-count")).to_have_text("1")
    page.get_by_test_id("bell").click()
    expect(page.get_by_test_id("notification")).to_contain_text("The preview is ready")
    expect(page.get_by_test_id("bell-count")).to_be_hidden()
    page.reload()
    expect(page.get_by_test_id("bell-count")).to_be_hidden()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["en", "pl", "de", "ru"])
def test_no_page_is_wider_than_the_window(
    portal: Portal, open_page: Callable[..., Page], language: str, width: int
) -> None:
    lead_id = add_lead(portal.world, TITLE="Bardzo " + "długi" * 45, COMMENTS="x" * 400)
    page = open_page(width)
    paths = (
        "/portal/",
        "/crm/lead/list/",
        "/crm/lead/kanban/",
        f"/crm/lead/details/{lead_id}/",
        "/marketplace/",
    )
    for path in paths:
        page.goto(f"{portal.url}{path}?lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("path", ["/portal/", "/crm/lead/list/", "/crm/lead/kanban/", "/marketplace/"])
def test_pages_have_no_serious_accessibility_faults(
    portal: Portal, open_page: Callable[..., Page], path: str
) -> None:
    add_lead(portal.world, TITLE="Fence", OPPORTUNITY=10.0)
    page = open_page()
    page.goto(f"{portal.url}{path}?lang=en")
    found = Axe().run(page).response["violations"]
    assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == []
