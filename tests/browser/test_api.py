"""The reference of the API in a browser: nothing from elsewhere, no complaint, accessible, not too wide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.driving import Sandbox
from tests.browser.looking import ALL, OF_COLOURS, TOO_WIDE, violations


@pytest.mark.parametrize(("width", "scheme", "rules"), [(1280, "light", ALL), (390, "dark", OF_COLOURS)])
def test_the_reference_of_the_api(
    demo: Sandbox, new_page: Callable[..., Page], width: int, scheme: str, rules: Mapping[str, Any]
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
    assert violations(page, rules) == []
    page.get_by_role("navigation").get_by_role("link", name="/key").click()
    assert page.url.endswith("#get_key")
    shown = page.request.get(f"{handler.scheme}://{handler.netloc}/api/openapi.json").json()
    assert shown["openapi"].startswith("3.1")
