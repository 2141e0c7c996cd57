"""docs/cli.md says what the code says: exit codes, options, commands."""

import re
from pathlib import Path

from click.testing import CliRunner

from connector.cli.entry import COMMANDS, cli
from connector.cli.exits import MEANING
from connector.cli.plan_options import options_markdown

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def test_exit_codes_are_those_of_the_table() -> None:
    table = DOCS.split("## Exit codes")[1].split("An error as JSON")[0]
    lines = dict(re.findall(r"^\| (\d+) \| (.+) \|$", table, re.MULTILINE))
    assert lines == {str(int(code)): text for code, text in MEANING.items()}


def test_options_of_plan_are_those_of_the_table() -> None:
    begin, end = "checked by tests/cli/test_docs.py -->", "<!-- /options -->"
    assert DOCS.split(begin)[1].split(end)[0].strip() == options_markdown().strip()


def test_every_command_has_its_chapter_with_options_that_exist() -> None:
    chapters = dict(re.findall(r"^## `leadswitch ([\w-]+)(.*)`$", DOCS, re.MULTILINE))
    assert set(chapters) == set(COMMANDS)
    for name, usage in chapters.items():
        if name in ("runs", "pipelines", "rules", "hooks", "keys", "api-keys", "manifest"):
            continue
        shown = CliRunner().invoke(cli, [name, "--help"]).output
        for option in re.findall(r"--[a-z-]+", usage):
            assert option in shown, (name, option)
