"""The Market kit keeps the Market's limits, says what the manifest says, and its checklist points at what exists."""

import json
import re
import struct
from pathlib import Path

import pytest

from tools.market import FOLDER, LANGUAGES, ROOT, pages

MANIFEST = json.loads((ROOT / "app_manifest.json").read_text(encoding="utf-8"))
CARD = json.loads((FOLDER / "card.json").read_text(encoding="utf-8"))
CHECKLIST = (FOLDER / "checklist.md").read_text(encoding="utf-8")
SHOWN = sorted(
    {
        place
        for row in re.findall(r"^\|.*\| (.+) \|$", CHECKLIST, re.MULTILINE)
        for place in re.findall(r"`([^`]+)`", row)
    }
)


def _size(path: Path) -> tuple[int, int]:
    """Width and height from the header of a PNG."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_the_card_keeps_the_limits() -> None:
    assert 1 <= len(CARD["categories"]) <= 5
    for language in LANGUAGES:
        assert 1 <= len(CARD["tags"][language]) <= 5
        assert 0 < len(CARD["keywords"][language]) <= 2000
        for texts in (
            MANIFEST["name"],
            MANIFEST["short_description"],
            MANIFEST["limits"],
            CARD["installation"],
        ):
            assert texts[language].strip()


def test_every_version_says_what_is_new() -> None:
    assert set(CARD["whats_new"][MANIFEST["version"]]) == set(LANGUAGES) == set(MANIFEST["locales"])


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.stem)
def test_the_texts_are_written_from_the_manifest(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == pages()[path]


def test_icon_and_screenshots_have_their_sizes() -> None:
    width, height = _size(FOLDER / "icon.png")
    assert width == height
    assert 250 <= width <= 650
    pictures = sorted((FOLDER / "screenshots").glob("*.png"))
    assert {picture.name.split("-")[0] for picture in pictures} == {"en", "pl"}
    assert {_size(picture) for picture in pictures} == {(1280, 720)}


@pytest.mark.parametrize("place", SHOWN)
def test_what_the_checklist_points_at_exists(place: str) -> None:
    name, _, test = place.partition("::")
    path = ROOT / name
    assert path.exists()
    if test:
        assert f"def {test}(" in path.read_text(encoding="utf-8")


def test_what_only_the_publisher_can_do_is_marked() -> None:
    assert CHECKLIST.count("**Open**") >= 4
