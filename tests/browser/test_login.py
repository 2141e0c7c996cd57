"""Signing in outside the frame, in a browser that blocks third-party cookies: out to the portal, back, and on in the app."""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.driving import Sandbox, Visit


def test_person_signs_in_outside_bitrix24_and_works_there(
    demo: Sandbox, visit: Callable[..., Visit], new_page: Callable[..., Page]
) -> None:
    visit(demo).install()
    app = urlsplit(demo.app_state()["app_url"])
    base = f"{app.scheme}://{app.netloc}"
    demo.post("app", redirect_uri=f"{base}/oauth/callback")

    page = new_page()
    page.goto(base)
    page.get_by_role("button", name="Sign in with Bitrix24").click()
    page.get_by_test_id("login-portal").fill("nowhere.example.com")
    page.get_by_test_id("login-begin").click()
    expect(page.get_by_role("alert")).to_be_visible()

    page.get_by_test_id("login-portal").fill(f"{demo.portal}/crm/")
    page.get_by_test_id("login-begin").click()
    expect(page.get_by_test_id("current-mode")).to_have_attribute("data-mode", "classic")
    page.get_by_test_id("to-choose").click()
    page.get_by_test_id("choose-simple").check()
    page.go_back()
    expect(page.get_by_test_id("current-mode")).to_be_visible()
