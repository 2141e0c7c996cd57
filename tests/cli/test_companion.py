"""`leadswitch companion` writes the PHP file and its instructions out, whole, and says that it was not run on a real Bitrix24."""

import re
import stat
from pathlib import Path

import pytest

from connector.cli.exits import Exit
from connector.resources import companion_guide_path, companion_path
from tests.cli.conftest import Shell

NAMES = ("leadswitch_companion.php", "leadswitch_companion.md")


def test_both_files_are_written_as_they_are_and_the_instructions_are_shown(
    shell: Shell, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "folder"
    shown = shell("companion", "--out", str(folder))
    assert shown.code == Exit.DONE
    for name, source in zip(NAMES, (companion_path(), companion_guide_path()), strict=True):
        assert (folder / name).read_bytes() == source.read_bytes()
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o644
        assert str(folder / name) in shown.err
    assert "has not been run on a real Bitrix24" in shown.out
    assert "php_interface/init.php" in shown.out


def test_an_earlier_version_is_replaced_and_json_names_what_was_written(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / NAMES[0]).write_text("<?php // old")
    answer = shell("companion", "--json").json
    assert answer["files"] == [str(tmp_path / name) for name in NAMES]
    assert f"'{answer['version']}'" in (tmp_path / NAMES[0]).read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_made_is_named(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shown = shell("companion", "--out", str(tmp_path / "file" / "below"), "--json")
    assert (shown.code, shown.json["error"]["key"]) == (1, "config.cannot_write")
    assert (tmp_path / "file").read_text() == ""


def test_the_instructions_name_every_method_and_every_error_of_the_file() -> None:
    code, guide = (path.read_text(encoding="utf-8") for path in (companion_path(), companion_guide_path()))
    names = set(re.findall(r"'(leadswitch\.[a-z.]+)' =>", code))
    errors = set(re.findall(r"refusal\('([A-Z_]+)'", code))
    assert len(names) == 4
    assert len(errors) == 6
    table = guide.split("## What it offers")[1]
    assert {name for name in names | errors if f"| `{name}`" not in table} == set()
