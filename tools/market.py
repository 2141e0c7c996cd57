"""The texts of the Market card, one page per language, from app_manifest.json and docs/market/card.json. Writes nothing itself."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "market"
LANGUAGES = ("en", "pl", "de", "ru")


def texts(language: str) -> str:
    """The card in one language as Markdown: every field under its heading."""
    manifest, card = _json(ROOT / "app_manifest.json"), _json(FOLDER / "card.json")
    version = manifest["version"]
    parts = [
        ("Name", manifest["name"][language]),
        ("Short description", manifest["short_description"][language]),
        ("Full description", f"{manifest['description'][language]}\n\n{manifest['limits'][language]}"),
        ("Installation", card["installation"][language]),
        (f"What is new in {version}", card["whats_new"][version][language]),
        ("Categories", ", ".join(card["categories"])),
        ("Tags", ", ".join(card["tags"][language])),
        ("Keywords", card["keywords"][language]),
    ]
    head = "<!-- Written by `python -m tools.docs`; change app_manifest.json or card.json. -->\n"
    return (
        head + f"# Market card, {language}\n\n" + "\n".join(f"## {name}\n\n{text}\n" for name, text in parts)
    )


def pages() -> Mapping[Path, str]:
    """File → content, for every language of the card."""
    return {FOLDER / f"{language}.md": texts(language) for language in LANGUAGES}


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
