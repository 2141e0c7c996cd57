"""The official examples as test parameters. Reads files only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


def examples(kind: str) -> list[dict[str, Any]]:
    """Entries of one kind: request, response, error or event."""
    entries: list[dict[str, Any]] = json.loads((DATA / f"{kind}s.json").read_text())
    return entries


def error_tables() -> dict[str, Any]:
    """The documented error tables by page."""
    tables: dict[str, Any] = json.loads((DATA / "ERROR_CODES.json").read_text())
    return tables


def name_of(entry: dict[str, Any]) -> str:
    """A test id that names the page."""
    page = entry["doc"].rsplit("/", 1)[-1].removesuffix(".md")
    return f"{entry['method']}@{page}"
