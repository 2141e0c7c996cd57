"""Pictures of every page of the app inside the portal page: `make screenshots`. Data is the demo's, invented.

    python -m tests.browser.screenshots [--languages en,pl] [--widths 1280,390] [--schemes light,dark] [--folder var/screenshots]

The picture for README (docs/images/preview.png) is taken with `--readme`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

from tests.browser.conftest import CHROMIUM
from tests.browser.driving import Sandbox, Visit, chromium, running_demo
from tests.browser.tour import tour

TALLEST = 12_000
README = Path("docs/images/preview.png")


def main() -> None:
    """All languages, widths and schemes that were asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--languages", default="en,pl")
    parser.add_argument("--widths", default="1280,390")
    parser.add_argument("--schemes", default="light")
    parser.add_argument("--folder", type=Path, default=Path("var/screenshots"))
    parser.add_argument("--leads", type=int, default=60)
    parser.add_argument("--readme", action="store_true")
    asked = parser.parse_args()
    with sync_playwright() as playwright:
        if asked.readme:
            _readme(playwright, asked.leads)
            return
        for language in asked.languages.split(","):
            for width in map(int, asked.widths.split(",")):
                for scheme in asked.schemes.split(","):
                    folder = asked.folder / f"{language}-{width}-{scheme}"
                    folder.mkdir(parents=True, exist_ok=True)
                    with person_in(playwright, asked.leads, language, width, scheme) as (person, portal):
                        tour(person, portal, Album(folder, width))
                    sys.stdout.write(f"{folder}\n")


class Album:
    """Takes a picture of the whole page each time; wrong widths are told on standard error."""

    def __init__(self, folder: Path, width: int) -> None:
        self.folder, self.width, self.count = folder, width, 0

    def __call__(self, name: str, person: Visit) -> None:
        self.count += 1
        page = person.page
        page.wait_for_timeout(500)
        wide = page.evaluate("document.documentElement.scrollWidth")
        inner = person.app.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
        if wide > self.width or inner > 0:
            sys.stderr.write(f"{self.folder.name} {name}: {wide} px wide, frame {inner} px too wide\n")
        tall = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": self.width, "height": min(max(tall, 800), TALLEST)})
        page.wait_for_timeout(400)
        page.screenshot(path=self.folder / f"{self.count:02d}-{name}.png")
        page.set_viewport_size({"width": self.width, "height": 900})


def _readme(playwright: Playwright, leads: int) -> None:
    with person_in(playwright, leads, "en", 1280, "light") as (person, _):
        person.install()
        person.dry_run()
        person.page.wait_for_timeout(800)
        README.parent.mkdir(parents=True, exist_ok=True)
        person.page.screenshot(path=README)


@contextmanager
def person_in(
    playwright: Playwright, leads: int, language: str, width: int, scheme: str, height: int = 900
) -> Iterator[tuple[Visit, Sandbox]]:
    """A browser with an administrator of a fresh demo portal."""
    with (
        tempfile.TemporaryDirectory() as profile,
        running_demo(leads=leads) as portal,
        chromium(
            playwright,
            CHROMIUM,
            Path(profile),
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            locale=language,
        ) as context,
    ):
        yield Visit(context.pages[0], portal.portal, lang=language), portal


if __name__ == "__main__":
    main()
