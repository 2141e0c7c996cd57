"""docs/errors.md from the policy table: `python -m tests.bitrix.error_docs` writes it, a test compares."""

from __future__ import annotations

from pathlib import Path

from connector.bitrix.policy import FAULTS, ROWS, SENTENCES, STATUSES, UNLISTED, Policy
from connector.errors import Ran

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
_HEAD = """# What Bitrix24's error codes mean to Leadswitch

Written from the policy table (`connector/bitrix/policy.py`) by `python -m tests.bitrix.error_docs`; a test keeps both equal.
Codes are compared without letter case. *May have run*: the answer does not prove that nothing happened, so a write that must not
exist twice is not repeated but reported as `unknown`, and looked for before anything else is written.

Actions: `retry` with growing pauses · `wait` until the portal allows it · `refresh` the access token once, then repeat ·
`give_up`: an error is raised, nothing is repeated.

"""


def rendered() -> str:
    """The whole page."""
    parts = [
        _HEAD,
        "## Codes\n\n",
        _table(ROWS),
        "\n## Sentences in place of a code, or behind an empty one\n\n",
    ]
    parts += [_table(tuple(row for _, row in SENTENCES)), "\n## HTTP status, when there is no code\n\n"]
    parts += [
        _table(tuple(STATUSES.values())),
        "\n## No answer at all\n\n",
        _table(tuple(row for _, row in FAULTS)),
    ]
    parts += ["\n## Anything else\n\n", _table((UNLISTED,))]
    return "".join(parts)


def _table(rows: tuple[Policy, ...]) -> str:
    lines = [
        "| code | action | may have run | who acts | error | message key |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        maybe = "yes" if row.ran is Ran.MAYBE else "no"
        code = f"`{row.code}`" if row.code else "(empty)"
        lines.append(
            f"| {code} | {row.action} | {maybe} | {row.who} | {row.error.__name__} | `{row.message_key}` |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(rendered())
