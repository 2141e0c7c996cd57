"""Every page, wide and narrow, each light and dark: no violation that axe-core finds, nothing wider than the window. Two of the
languages are walked with every test run, all of them at both widths by `make accessible`."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from playwright.sync_api import Frame, Page

from connector import i18n
from tests.browser.driving import Sandbox, Visit
from tests.browser.looking import ALL, OF_COLOURS, TOO_WIDE, violations
from tests.browser.tour import tour
from tests.web.conftest import Stage

PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60))))"
SETTLED = 700
ALWAYS = {("en", 1280), ("pl", 390)}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("lang", "width", "scheme"),
    [
        pytest.param(lang, width, scheme, marks=() if (lang, width) in ALWAYS else pytest.mark.thorough)
        for lang in (language.code for language in i18n.available())
        for width, scheme in ((1280, "light"), (390, "dark"))
    ],
)
def test_every_page_is_accessible_and_fits(
    start_demo: Callable[..., Sandbox],
    visit: Callable[..., Visit],
    lang: str,
    width: int,
    scheme: str,
) -> None:
    portal = start_demo(leads=40)
    # Without motion: colours on their way from light to dark have any contrast.
    person = visit(portal, lang=lang, width=width, color_scheme=scheme, locale=lang, reduced_motion="reduce")
    found: list[str] = []
    tour(person, portal, lambda name, seen: found.extend(_wrong(name, seen, width, scheme)))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("width", [1280, 390])
def test_an_ended_session_is_accessible_and_fits_in_every_language(
    late: Stage, new_page: Callable[..., Page], width: int
) -> None:
    Visit(new_page(), late.server.ready["portal"]).install()
    page = new_page(width=width, reduced_motion="reduce")
    found: list[str] = []
    for one in i18n.available():
        person = Visit(page, late.server.ready["portal"], lang=one.code)
        person.open()
        person.find("to-choose").wait_for()
        assert person.app.locator("html").get_attribute("lang") == one.code.replace("_", "-")
        late.clock.sleep(late.settings.session_minutes * 60 + 5)
        person.click("to-choose")
        person.find("message").wait_for()
        found += _misfits(f"expired {one.code}", person, width)
        found += [f"expired {one.code}: {text}" for text in violations(_frame(person), ALL)]
    assert not found, "\n".join(found)


def _wrong(name: str, person: Visit, width: int, scheme: str) -> list[str]:
    said = _misfits(name, person, width)
    said += [f"{name}, {scheme}: {one}" for one in _lasting(person, ALL)]
    other = {"light": "dark", "dark": "light"}[scheme]
    person.page.emulate_media(color_scheme=other)  # type: ignore[arg-type]  # one of its words
    person.app.locator("html").evaluate(PAINTED)
    said += [f"{name}, {other}: {one}" for one in _lasting(person, OF_COLOURS)]
    person.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    person.app.locator("html").evaluate(PAINTED)
    return said


def _misfits(name: str, person: Visit, width: int) -> list[str]:
    said = [f"{name}: too wide: {one}" for one in person.app.locator("html").evaluate(TOO_WIDE)]
    if (outer := person.page.evaluate("document.documentElement.scrollWidth")) > width:
        said.append(f"{name}: the portal page is {outer} px wide")
    return said


def _lasting(person: Visit, rules: Mapping[str, Any]) -> list[str]:
    """What axe-core finds twice: a page on its way from one state to the next is no page yet."""
    found = violations(_frame(person), rules)
    if found:
        person.page.wait_for_timeout(SETTLED)
        found = violations(_frame(person), rules)
    return found


def _frame(person: Visit) -> Frame:
    handle = person.page.get_by_test_id("app-frame").element_handle()
    frame = handle.content_frame() if handle else None
    assert frame is not None
    return frame
