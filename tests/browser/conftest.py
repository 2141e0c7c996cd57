"""Fixtures of the browser tests: Chromium of the system, and the demo as two processes on free ports."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from tests.browser.driving import Problems, Sandbox, Visit, chromium

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
STOP_SECONDS = 20


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the browser, and says so where it is missing."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="needs chromium (apt-get install chromium)"))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def start_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Sandbox]]:
    """`start_demo(leads=60)`: what `leadswitch demo` starts; stopped after the tests of the file."""
    with ExitStack() as stack:

        def start(leads: int = 40, seed: int = 1) -> Sandbox:
            log = (tmp_path_factory.mktemp("demo") / "demo.log").open("wb")
            stack.enter_context(log)
            command = [sys.executable, "-m", "connector.cli", "demo", "--no-browser", "--port", "0"]
            process = subprocess.Popen(
                [*command, "--leads", str(leads), "--seed", str(seed)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            stack.callback(_stop, process)
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address, Path(log.name).read_text(encoding="utf-8")
            return Sandbox(address)

        yield start


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


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

        def start(width: int = 1280, height: int = 900, **options: Any) -> BrowserContext:
            nonlocal count
            count += 1
            viewport = {"width": width, "height": height}
            profile = tmp_path / f"profile{count}"
            return stack.enter_context(chromium(playwright, CHROMIUM, profile, viewport=viewport, **options))

        yield start


@pytest.fixture
def new_page(new_context: Callable[..., BrowserContext], problems: Problems) -> Callable[..., Page]:
    """A page whose complaints fail the test; options as for `new_context`."""

    def start(**options: Any) -> Page:
        context = new_context(**options)
        page = context.pages[0] if context.pages else context.new_page()
        problems.watch(page)
        context.on("page", problems.watch)
        return page

    return start


@pytest.fixture
def visit(new_page: Callable[..., Page]) -> Callable[..., Visit]:
    """`visit(sandbox, lang="pl", user=3, width=390)`: a person in front of the portal."""

    def start(sandbox: Sandbox, *, lang: str = "en", user: int | None = None, **options: Any) -> Visit:
        return Visit(new_page(**options), sandbox.portal, lang=lang, user=user)

    return start
