"""Pictures and icon for the Market: the app open in the portal page, 1280 × 720, with the demo's invented data. Part of `make screenshots`.

    python -m tests.browser.market [--languages en,pl] [--folder docs/market]

They are drafts: before publication they are taken again on a real portal.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

from tests.browser.conftest import CHROMIUM
from tests.browser.driving import LONG, Visit
from tests.browser.screenshots import person_in

WIDTH, HEIGHT = 1280, 720
ICON = 512
MARK = Path("templates/static/img/mark.svg")
LEADS = 120


class Frames:
    """Takes one picture of what is seen without scrolling; `at` is scrolled to the top first."""

    def __init__(self, folder: Path, language: str) -> None:
        self.folder, self.language, self.count = folder, language, 0

    def __call__(self, name: str, person: Visit, at: str = "") -> None:
        self.count += 1
        if at:
            person.app.locator(at).first.evaluate("e => e.scrollIntoView({block: 'start'})")
        person.page.mouse.move(0, 0)
        person.page.wait_for_timeout(700)
        person.page.screenshot(path=self.folder / f"{self.language}-{self.count}-{name}.png")


def scenes(person: Visit, take: Frames) -> None:
    """What an administrator sees from the first page to the report."""
    person.install()
    person.find("current-mode").wait_for()
    person.click("to-choose")
    person.find("to-options").first.wait_for()
    take("modes", person)
    person.click("to-options")
    person.find("start-dry-run").wait_for()
    person.click("start-dry-run")
    person.find("summary").wait_for(timeout=LONG)
    take("preview", person)
    person.click("lead-link")
    person.find("before-after").wait_for()
    take("lead", person)
    person.page.evaluate("history.back()")
    person.find("to-confirm").wait_for()
    person.confirm()
    person.wait_for_flip()
    take("switch", person)
    person.change_mode("simple")
    person.wait_for_report()
    take("report", person)


def icon(playwright: Playwright, to: Path) -> None:
    """The mark of the app as a square PNG."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM)
    try:
        page = browser.new_page(viewport={"width": ICON, "height": ICON})
        drawing = MARK.read_text(encoding="utf-8").replace(
            "<svg ", f'<svg width="{ICON}" height="{ICON}" ', 1
        )
        page.set_content(f"<body style='margin:0'>{drawing}")
        page.screenshot(path=to, omit_background=True)
    finally:
        browser.close()


def main() -> None:
    """The icon, and the scenes in every language that was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--languages", default="en,pl")
    parser.add_argument("--folder", type=Path, default=Path("docs/market"))
    asked = parser.parse_args()
    folder = asked.folder / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        icon(playwright, asked.folder / "icon.png")
        for language in asked.languages.split(","):
            with person_in(playwright, LEADS, language, WIDTH, "light", height=HEIGHT) as (person, _):
                scenes(person, Frames(folder, language))
            sys.stdout.write(f"{folder}: {language}\n")


if __name__ == "__main__":
    main()
