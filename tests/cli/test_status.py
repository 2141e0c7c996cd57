"""`status`, `pipelines` and `doctor` tell what the portal tells, and change nothing but what they are told to."""

import stat
from pathlib import Path

import pytest

from connector.cli.exits import Exit
from tests.cli.conftest import Portal, Shell


def test_status_as_json_is_what_the_portal_has(connected: Shell, portal: Portal) -> None:
    shown = connected("status", "--json")
    assert shown.code == Exit.DONE
    assert shown.err == ""
    answer = shown.json
    assert answer["mode"] == "classic"
    assert answer["classic_available"] == "yes"
    assert answer["me"]["is_admin"] is True
    assert answer["me"]["may_switch"] == "yes"
    assert answer["leads"]["active"] == portal.active_leads()
    assert sum(stage["active"] for stage in answer["leads"]["by_stage"]) == portal.active_leads()
    assert [p["id"] for p in answer["pipelines"] if p["is_default"]] == [0]
    assert {s["semantics"] for s in answer["pipelines"][0]["stages"]} == {"P", "S", "F"}
    assert portal.writes() == []


def test_status_for_people(connected: Shell, portal: Portal) -> None:
    shown = connected("status")
    assert "Classic CRM" in shown.out
    assert str(portal.active_leads()) in shown.out


def test_the_option_may_stand_before_and_after_the_command(shell: Shell, portal: Portal) -> None:
    url = portal.ready["webhook"]
    assert (
        shell("status", "--webhook", url, "--json").json == shell("--webhook", url, "status", "--json").json
    )


def test_a_portal_used_once_is_known_by_its_domain(
    connected: Shell, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connected("status").code == Exit.DONE
    monkeypatch.delenv("LEADSWITCH_WEBHOOK")
    host = portal.ready["portal"].removeprefix("http://")
    assert connected("status", "--portal", host, "--json").json["portal"]["host"] == host


def test_the_webhook_is_stored_so_that_only_its_owner_reads_it(
    connected: Shell, portal: Portal, tmp_path: Path
) -> None:
    connected("status")
    key = portal.ready["webhook"].rstrip("/").rpartition("/")[2].encode()
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert key not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_pipelines_are_listed_shown_and_created(connected: Shell, portal: Portal) -> None:
    before = connected("pipelines", "list", "--json").json["pipelines"]
    made = connected("pipelines", "create", "Żółty lejek", "--json")
    assert made.code == Exit.DONE
    assert made.json["id"] not in [p["id"] for p in before]
    assert connected("pipelines", "show", "Żółty lejek", "--json").json == made.json
    assert connected("pipelines", "show", str(made.json["id"]), "--json").json == made.json
    assert len(connected("pipelines", "list", "--json").json["pipelines"]) == len(before) + 1
    assert portal.writes() == ["crm.category.add"]


def test_a_pipeline_is_not_created_twice(connected: Shell, portal: Portal) -> None:
    connected("pipelines", "create", "Second")
    again = connected("pipelines", "create", "second", "--json")
    assert again.code == Exit.FAILED
    assert again.json["error"]["key"] == "config.pipeline_exists"
    assert portal.get("counters")["method.crm.category.add"] == 1


def test_an_unknown_pipeline_is_answered_with_those_that_exist(connected: Shell) -> None:
    shown = connected("pipelines", "show", "99")
    assert shown.code == Exit.FAILED
    assert "There is no pipeline 99" in shown.err
    assert "0 General" in shown.err


def test_doctor_is_content_with_an_administrators_webhook(connected: Shell, portal: Portal) -> None:
    shown = connected("doctor", "--json")
    assert shown.code == Exit.DONE
    assert shown.json["ok"] is True
    assert {"settings", "manifest", "data folder", "database", "portal", "permissions", "CRM mode"} <= {
        check["name"] for check in shown.json["checks"]
    }
    assert portal.writes() == []


def test_doctor_finds_everything_that_is_wrong_at_once(
    shell: Shell, portal: Portal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    employee = next(u for u in portal.get("state")["users"] if u["role"] == "employee" and u["active"])
    webhook = portal.post("users", id=employee["id"], webhook=True)["webhook"]
    monkeypatch.setenv("LEADSWITCH_WEBHOK", "x")
    monkeypatch.setenv("LEADSWITCH_CLIENT_ID", "local.1.1")
    shell("doctor")
    (tmp_path / "data" / "secret.keys").chmod(0o644)
    shown = shell("doctor", "--json", webhook=webhook)
    assert shown.code == Exit.FAILED
    wrong = [check["what"] for check in shown.json["checks"] if check["state"] == "failed"]
    assert len(wrong) == 3, wrong
    assert "key file" in wrong[0]
    assert "LEADSWITCH_CLIENT_SECRET" in wrong[1]
    assert "not an administrator" in wrong[2]
    assert "LEADSWITCH_WEBHOK is not a setting." in [check["what"] for check in shown.json["checks"]]


def test_doctor_survives_settings_that_cannot_be_used(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADSWITCH_PORT", "many")
    shown = shell("doctor", "--json")
    assert shown.code == Exit.FAILED
    assert "LEADSWITCH_PORT" in shown.json["checks"][0]["what"]
