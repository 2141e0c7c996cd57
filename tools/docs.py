"""Writes generated parts of README.md and docs (tables, schema of events, texts of the Market card): `python -m tools.docs`."""

import json
from pathlib import Path

from connector.cli.plan_options import options_markdown
from connector.settings import settings_markdown
from tools import market
from webhooks.outbound import payload

ROOT = Path(__file__).resolve().parents[1]
TABLES = (
    ("README.md", "checked by tests/packaging/test_readme.py -->", "<!-- /settings -->", settings_markdown),
    ("docs/cli.md", "checked by tests/cli/test_docs.py -->", "<!-- /options -->", options_markdown),
)


EVENTS = ROOT / "docs" / "events.schema.json"


def events_schema() -> str:
    """The schema of what webhooks carry, as the file holds it."""
    return json.dumps(payload.schema(), ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    """Replace what stands between the markers, and the schema as a whole."""
    EVENTS.write_text(events_schema(), encoding="utf-8")
    for page, text in market.pages().items():
        page.write_text(text, encoding="utf-8")
    for name, begin, end, table in TABLES:
        path = ROOT / name
        head, rest = path.read_text(encoding="utf-8").split(begin)
        path.write_text(f"{head}{begin}\n{table()}{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
