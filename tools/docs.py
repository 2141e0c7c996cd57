"""Writes the generated tables into README.md and docs/cli.md: `python -m tools.docs`. The tests only compare."""

from pathlib import Path

from connector.cli.plan_options import options_markdown
from connector.settings import settings_markdown

ROOT = Path(__file__).resolve().parents[1]
TABLES = (
    ("README.md", "checked by tests/packaging/test_readme.py -->", "<!-- /settings -->", settings_markdown),
    ("docs/cli.md", "checked by tests/cli/test_docs.py -->", "<!-- /options -->", options_markdown),
)


def main() -> None:
    """Replace what stands between the markers."""
    for name, begin, end, table in TABLES:
        path = ROOT / name
        head, rest = path.read_text(encoding="utf-8").split(begin)
        path.write_text(f"{head}{begin}\n{table()}{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
