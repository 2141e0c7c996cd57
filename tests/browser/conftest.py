"""Fixtures of the browser tests: Chromium of the system, and the demo as two processes on free ports."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from connector.sandbox.server import SandboxServer
from connector.store.database import Database
from tests.browser.driving import Problems, Sandbox, Visit, chromium, running_demo
from tests.web.conftest import Stage, serving

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the browser, and says so where it is missing."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="needs chromium (apt-get install chromium)"))


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Ends with its file: while it runs, this thread has a running event loop, in which nothing else could start the job engine."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def start_demo() -> Iterator[Callable[..., Sandbox]]:
    """`start_demo(leads=60)`: what `leadswitch demo` starts; stopped after the tests of the file."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running_demo(**options))


@pytest.fixture(scope="module")
def demo(start_demo: Callable[..., Sandbox]) -> Sandbox:
    """A portal with a few leads for the pages of one test file."""
    return start_demo(leads=24)


@pytest.fixture
def problems() -> Iterator[Problems]:
    """Fails the test when a browser complained."""
    found = Problems()
    yield found
    assert found == []


@pytest.fixture
def new_context(playwright: Playwright, tmp_path: Path) -> Iterator[Callable[..., BrowserContext]]:
    """`new_context(width=390, color_scheme="dark", locale="pl", java_script_enabled=False)`."""
    with ExitStack() as stack:
        count = 0

        def start(width: int = 1280, height: int = 900, **options: object) -> BrowserContext:
            nonlocal count
            count += 1
            viewport = {"width": width, "height": height}
            profile = tmp_path / f"profile{count}"
            return stack.enter_context(chromium(playwright, CHROMIUM, profile, viewport=viewport, **options))

        yield start


@pytest.fixture
def new_page(new_context: Callable[..., BrowserContext], problems: Problems) -> Callable[..., Page]:
    """A page whose complaints fail the test; options as for `new_context`."""

    def start(**options: object) -> Page:
        context = new_context(**options)
        page = context.pages[0] if context.pages else context.new_page()
        problems.watch(page)
        context.on("page", problems.watch)
        return page

    return start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test tells what its people saw and what their browsers had asked for last."""
    report = yield
    if call.when == "call" and report.failed:
        for number, visit in enumerate(item.stash.get(VISITS, ()), start=1):
            report.sections.append((f"what person {number} saw", visit.seen()))
    return report


VISITS = pytest.StashKey[list[Visit]]()


@pytest.fixture
def visit(new_page: Callable[..., Page], request: pytest.FixtureRequest) -> Callable[..., Visit]:
    """`visit(sandbox, lang="pl", user=3, width=390)`: a person in front of the portal."""
    visits = request.node.stash.setdefault(VISITS, [])

    def start(sandbox: Sandbox, *, lang: str = "en", user: int | None = None, **options: object) -> Visit:
        visits.append(Visit(new_page(**options), sandbox.portal, lang=lang, user=user))
        return visits[-1]

    return start


@pytest.fixture
def late(sandbox: Callable[..., SandboxServer], database: Database, tmp_path: Path) -> Iterator[Stage]:
    """The app with a clock of its own, served in this process."""
    with serving(sandbox, database, tmp_path, leads=8) as here:
        yield here
