"""README says what is so: settings, files, links and commands are compared with the real ones."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from connector.cli.entry import COMMANDS, cli
from connector.settings import settings_markdown

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_settings_table_is_that_of_the_class() -> None:
    begin, end = "checked by tests/packaging/test_readme.py -->", "<!-- /settings -->"
    table = README.split(begin)[1].split(end)[0]
    assert table.strip() == settings_markdown().strip()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)", README))))
def test_linked_files_exist(target: str) -> None:
    assert (ROOT / target).is_file()


def test_the_map_names_rooms_that_exist() -> None:
    block = README.split("## Map of the house")[1].split("```")[1]
    rooms = re.findall(r"^( *)(\S+/)", block, re.MULTILINE)
    assert len(rooms) > 12
    for indent, room in rooms:
        assert (ROOT / ("connector" if indent else "") / room).is_dir(), room


@pytest.mark.parametrize("line", re.findall(r"^leadswitch (.+)$", README, re.MULTILINE))
def test_commands_and_their_options_exist(line: str) -> None:
    words = line.split("#", maxsplit=1)[0].split()
    assert words[0] in COMMANDS
    command = [words[0], words[1]] if words[0] in ("runs", "pipelines") else words[:1]
    shown = CliRunner().invoke(cli, [*command, "--help"])
    assert shown.exit_code == 0
    for option in (word for word in words if word.startswith("--")):
        assert option in shown.output
