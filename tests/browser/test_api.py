"""The reference of the API and the page of its keys in a browser: nothing from elsewhere, no complaint, accessible, not too wide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.driving import Sandbox, Visit
from tests.browser.test_accessible import TAGS, TOO_WIDE


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_reference_of_the_api(
    demo: Sandbox, new_page: Callable[..., Page], width: int, scheme: str
) -> None:
    page = new_page(width=width, color_scheme=scheme)
    handler = urlsplit(demo.app_state()["app_url"])
    answer = page.goto(f"{handler.scheme}://{handler.netloc}/api/docs")
    assert answer is not None
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert page.get_by_test_id("operation").count() > 25
    for summary in page.locator("details summary").all()[:3]:
        summary.click()
    assert page.locator("html").evaluate(TOO_WIDE) == []
    assert _violations(page) == []
    page.get_by_role("navigation").get_by_role("link", name="/key").click()
    assert page.url.endswith("#get_key")
    shown = page.request.get(f"{handler.scheme}://{handler.netloc}/api/openapi.json").json()
    assert shown["openapi"].startswith("3.1")


@pytest.mark.parametrize(("lang", "width"), [("en", 1280), ("pl", 390)])
def test_the_page_of_keys(
    start_demo: Callable[..., Sandbox],
    visit: Callable[..., Visit],
    lang: str,
    width: int,
) -> None:
    portal = start_demo(leads=3)
    visit(portal).install()
    person = visit(portal, lang=lang, width=width, locale=lang)
    person.open()
    person.click("to-settings")
    person.click("tab-keys")
    person.find("key-name").fill("Nightly")
    person.click("make-key")
    assert person.find("new-key").input_value().startswith("lsk_")
    person.app.locator("details.key__end summary").click()
    assert person.app.locator("html").evaluate(TOO_WIDE) == []
    assert _violations(person.page.get_by_test_id("app-frame").element_handle().content_frame()) == []
    person.click("revoke")
    person.find("keys").get_by_test_id("revoke").wait_for(state="detached")
    assert person.find("new-key").count() == 0


def _violations(page: Any) -> list[str]:
    result = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in result["violations"]]
