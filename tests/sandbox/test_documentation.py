"""docs/sandbox.md names every control, fault, setting and option that there is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from connector.sandbox.__main__ import parser
from connector.sandbox.rest.faults import KINDS
from connector.sandbox.world import Settings
from tests.sandbox.portal import Portal

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()


def test_every_control_is_described(portal: Portal) -> None:
    for control in portal.look("")["controls"]:
        if control != "GET /control/":
            assert f"`{control}`" in PAGE, control


def test_every_fault_setting_and_option_is_described() -> None:
    for name in (*KINDS, *(field.name for field in fields(Settings))):
        assert f"`{name}`" in PAGE, name
    for action in parser()._actions:
        if action.dest != "help":
            assert any(option in PAGE for option in action.option_strings), action.dest
