"""Drives the app inside the portal page as a person would. Holds no assertions about results; the tests do."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from playwright.sync_api import BrowserContext, Error, FrameLocator, Locator, Page, Playwright

from connector import i18n

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 30_000
# Resolves when neither the place of the app's frame nor its size has changed for a tenth of a second.
STILL = """() => new Promise(done => {
  let before = "";
  const look = () => {
    const frame = document.querySelector("[data-testid=app-frame]")?.getBoundingClientRect();
    const now = JSON.stringify([frame, window.scrollY]);
    if (now === before) return done();
    before = now;
    setTimeout(look, 100);
  };
  look();
})"""
LONG = 120_000
STOP_SECONDS = 20


class Problems(list[str]):
    """What a browser complained about: script errors, refused content, requests to other hosts."""

    def watch(self, page: Page) -> None:
        """Listen to a page; a 4xx of ours that a test provokes is not a problem of the page."""
        page.on("pageerror", lambda error: self.append(f"script: {error}"))
        page.on("console", lambda entry: self.heard(entry.type, entry.text))
        page.on("request", lambda request: self.asked(request.url))

    def heard(self, kind: str, text: str) -> None:
        """A line in the console."""
        if kind == "error" and "Failed to load resource" not in text:
            self.append(f"console: {text}")

    def asked(self, url: str) -> None:
        """A request."""
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname not in ("127.0.0.1", "localhost"):
            self.append(f"other host: {url}")


@contextmanager
def chromium(
    playwright: Playwright, executable: str, profile: Path, **options: Any
) -> Iterator[BrowserContext]:
    """A browser that blocks third-party cookies, as the preference does and not only a flag."""
    preferences = profile / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True, exist_ok=True)
    preferences.write_text(
        json.dumps({"profile": {"block_third_party_cookies": True, "cookie_controls_mode": 1}}),
        encoding="utf-8",
    )
    context = playwright.chromium.launch_persistent_context(
        str(profile), executable_path=executable, headless=True, args=list(FLAGS), **options
    )
    context.set_default_timeout(PATIENCE)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def running_demo(leads: int = 40, seed: int = 1) -> Iterator[Sandbox]:
    """What `leadswitch demo` starts, on free ports; stopped at the end of the block."""
    command = [sys.executable, "-m", "connector.cli", "demo", "--no-browser", "--port", "0"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*command, "--leads", str(leads), "--seed", str(seed)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            log.seek(0)
            assert address, log.read()
            yield Sandbox(address)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


class Sandbox:
    """The control room of the emulated portal."""

    def __init__(self, portal: str) -> None:
        self.portal = portal.rstrip("/")

    def state(self) -> dict[str, Any]:
        """Mode, counts of records, active leads."""
        return self._get("state")

    def records(self, *tables: str) -> dict[str, dict[str, Any]]:
        """Rows of tables by id."""
        return self._get("snapshot", tables=",".join(tables))

    def app_state(self) -> dict[str, Any]:
        """The app's card on the portal, with its addresses."""
        return self._get("app")

    def keep(self, name: str) -> None:
        """Remember how the portal is now."""
        self.post("snapshot", name=name)

    def diff(self, name: str) -> dict[str, Any]:
        """What has changed since, apart from times of change."""
        return self._get("diff", name=name, ignore="volatile")

    def post(self, what: str, **data: Any) -> Any:
        """Change the portal."""
        answer = requests.post(f"{self.portal}/control/{what}", json=data, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def _get(self, what: str, **query: str) -> dict[str, Any]:
        answer = requests.get(f"{self.portal}/control/{what}", params=query, timeout=30)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


class Visit:
    """One person with the app open in the portal page."""

    def __init__(self, page: Page, portal: str, *, lang: str = "en", user: int | None = None) -> None:
        self.page = page
        self.portal = portal.rstrip("/")
        code = next(one.bitrix[0] for one in i18n.available() if one.code == lang)
        self.query = f"lang={code}" + (f"&user_id={user}" if user else "")
        self._heard: deque[str] = deque(maxlen=40)
        page.on("request", lambda one: self._hear(one.method, one.url))
        page.on("response", lambda one: self._hear(one.status, one.url))
        page.on("requestfailed", lambda one: self._hear("failed", f"{one.url} {one.failure}"))
        page.on("console", lambda one: self._hear("console", one.text))

    def _hear(self, what: object, text: str) -> None:
        if "/static/" not in text:
            self._heard.append(f"{time.monotonic():.2f} {what} {text[:160]}")

    def seen(self) -> str:
        """The app's text as it is now, and what the browser asked for last: for the report of a failed test."""
        try:
            text = self.app.locator("body").inner_text(timeout=2000)
        except Error as problem:
            text = f"nothing: {problem.message.splitlines()[0]}"
        return "\n".join([text[:1500], "", *self._heard])

    @property
    def app(self) -> FrameLocator:
        """The app's frame."""
        return self.page.frame_locator("[data-testid=app-frame]")

    def find(self, testid: str) -> Locator:
        """Something in the app."""
        return self.app.get_by_test_id(testid)

    def click(self, testid: str) -> None:
        """Press something in the app, once the portal page has stopped moving it: a new page scrolls to its top and resizes its frame,
        and who presses in that moment presses beside it."""
        target = self.find(testid).first
        target.wait_for()
        self.page.evaluate(STILL)
        target.click()

    def install(self) -> None:
        """Install the app from the market and wait until the portal opens it."""
        self.page.goto(f"{self.portal}/marketplace/?{self.query}")
        self.page.get_by_test_id("install-app").click()
        self.find("current-mode").wait_for()

    def open(self) -> None:
        """Open the installed app."""
        self.page.goto(f"{self.portal}/marketplace/app/1/?{self.query}")

    def dry_run(self, to: str = "simple") -> None:
        """From the overview to the preview."""
        self.click("to-choose")
        self.find(f"choose-{to}").check()
        self.click("to-options")
        self.click("start-dry-run")
        self.find("summary").wait_for(timeout=LONG)

    def confirm(self) -> None:
        """From the preview into the run."""
        self.click("to-confirm")
        self.find("agree").check()
        self.click("start-run")

    def wait_for_flip(self) -> None:
        """Until the run waits for a person to change the mode."""
        self.find("flip-state").wait_for(timeout=LONG)

    def change_mode(self, to: str) -> None:
        """Change the mode in the portal's own dialog, in another tab, from the link that the app shows."""
        with self.page.context.expect_page() as opened:
            self.click("open-portal")
        tab = opened.value
        tab.set_default_timeout(PATIENCE)
        tab.get_by_test_id("gear").click()
        tab.get_by_test_id("crm-mode").click()
        tab.get_by_test_id(f"mode-{to}").click()
        tab.get_by_test_id("mode-save").click()
        tab.wait_for_url("**/crm/deal/list/**" if to == "simple" else "**/crm/lead/list/**")
        tab.close()

    def wait_for_report(self) -> None:
        """Until the run is at its end."""
        self.find("report-title").wait_for(timeout=LONG)

    def undo(self) -> None:
        """From the report into the undo."""
        self.click("to-undo")
        self.click("start-undo")


def open_deals(records: Mapping[str, dict[str, Any]]) -> dict[int, int]:
    """Lead id → how many deals came from it."""
    found: dict[int, int] = {}
    for deal in records["deals"].values():
        lead = int(deal.get("LEAD_ID") or 0)
        if lead:
            found[lead] = found.get(lead, 0) + 1
    return found
