"""What only the PHP file has: it parses, registers itself, logs what it changed, and refuses a Bitrix24 that it does not know."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from connector.resources import companion_path
from tests.companion.conftest import STUBS, Php
from tests.companion.contract import METHODS


@pytest.mark.parametrize("file", [companion_path(), *sorted(STUBS.glob("*.php"))], ids=lambda file: file.name)
def test_php_parses_it(file: Path, php_program: str) -> None:
    done = subprocess.run(
        [php_program, "-n", "-l", file], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_offers_its_methods_in_a_scope_of_its_own_and_loads_nothing_before_a_call(php: Php) -> None:
    got = php()
    assert got["scopes"] == {"leadswitch": ["leadswitch.version", *METHODS]}
    assert got["loadedAtStart"] == []


def test_opened_outside_bitrix24_it_does_nothing(php: Php) -> None:
    assert php(bitrix=False) == {}


def test_a_change_of_mode_is_logged_with_both_modes_and_the_leads_left_behind(php: Php) -> None:
    got = php("leadswitch.crm.mode.set", {"mode": 2, "leftovers": 2}, portal={"leads": ["P", "P", "F"]})
    (entry,) = got["log"]
    assert entry["SEVERITY"] == "SECURITY"
    assert entry["DESCRIPTION"] == "CRM mode: 1 -> 2, read back 2, leads left behind: 2"


def test_a_mode_that_did_not_change_is_not_claimed(php: Php) -> None:
    got = php("leadswitch.crm.mode.set", {"mode": 2}, portal={"obeys": False})
    assert got["result"] == {"mode": 1, "previous": 1, "leftovers": 0}
    assert "read back 1" in got["log"][0]["DESCRIPTION"]


def test_settings_that_were_never_stored_are_bitrix24s_defaults(php: Php) -> None:
    got = php("leadswitch.crm.converter.get", portal={"converter": {}})
    assert got["result"] == {
        "contact": True,
        "company": False,
        "categoryId": 0,
        "completeActivities": False,
    }


@pytest.mark.parametrize("method", ["leadswitch.version", *METHODS])
def test_a_portal_without_crm_is_refused_by_every_method(method: str, php: Php) -> None:
    got = php(method, {"mode": 2}, portal={"crmInstalled": False})
    assert got["error"] == "LEADSWITCH_UNSUPPORTED"
    assert "module crm" in got["error_description"]


@pytest.mark.parametrize("gone", ["enableLead", "setFreeModeConverterConfig", "getLeadsRestriction"])
def test_a_bitrix24_that_lacks_what_it_uses_is_refused_before_anything_changes(
    gone: str, php: Php, tmp_path: Path
) -> None:
    """The companion of a portal whose class has no such method any more."""
    text = companion_path().read_text(encoding="utf-8")
    file = tmp_path / "companion.php"
    file.write_text(re.sub(rf"'{gone}'\]", f"'{gone}Gone']", text), encoding="utf-8")
    got = php("leadswitch.crm.mode.set", {"mode": 2}, file=file)
    assert got["error"] == "LEADSWITCH_UNSUPPORTED"
    assert f"{gone}Gone" in got["error_description"]
    assert got["portal"]["flips"] == 0


def test_every_bitrix24_call_it_makes_is_in_its_list_of_needs() -> None:
    text = companion_path().read_text(encoding="utf-8")
    code = text.split("public static function describe")[1]
    needs = text.split("NEEDS = [")[1].split("];")[0]
    own = set(re.findall(r"function (\w+)\(", text))
    used = set(
        re.findall(
            r"(?:LeadSettings|RestrictionManager|LeadTable|DealCategory|CCrmPerms|CEventLog)::(\w+)\(", code
        )
    )
    used |= set(re.findall(r"\(\)->(\w+)\(", code)) - {"addEventHandlerCompatible", "hasPermission"}
    assert used - own <= set(re.findall(r"'(\w+)'\]", needs))
    assert len(used) > 8
