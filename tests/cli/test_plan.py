"""`leadswitch plan` reads, says what would happen, and leaves the portal as it was."""

import csv
import io
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from connector.cli.exits import Exit
from tests.cli.conftest import Portal, Shell

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "docs" / "plan.schema.json").read_text(encoding="utf-8")
)


def test_a_dry_run_plans_every_active_lead_and_changes_nothing(
    connected: Shell, portal: Portal, tmp_path: Path
) -> None:
    portal.post("snapshot", name="before")
    out = tmp_path / "plan.jsonl"
    shown = connected("plan", "--to", "simple", "--out", str(out))
    assert shown.code == Exit.DONE
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == portal.active_leads() + 2
    validator = Draft202012Validator(SCHEMA)
    for line in lines:
        validator.validate(line)
    assert out.stat().st_mode & 0o077 == 0
    assert portal.writes() == []
    assert portal.get("diff?name=before&ignore=volatile") == {}


def test_formats_agree_with_each_other(connected: Shell, portal: Portal) -> None:
    document = connected("plan", "--to", "simple", "--format", "json")
    assert document.code == Exit.DONE
    table = list(
        csv.DictReader(
            io.StringIO(connected("plan", "--to", "simple", "--format", "csv").out.lstrip("\ufeff"))
        )
    )
    assert len(table) == len(document.json["leads"]) == portal.active_leads()
    assert [int(row["lead_id"]) for row in table] == [lead["id"] for lead in document.json["leads"]]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--to", "simple"], Exit.PLAN_HAS_LEADS),
        (["--to", "classic"], Exit.DONE),
        (["--to", "simple", "--leads", "999999"], Exit.DONE),
    ],
)
def test_the_detailed_exit_code_says_what_there_is_to_do(
    connected: Shell, arguments: list[str], code: Exit
) -> None:
    assert connected("plan", "--detailed-exitcode", *arguments).code == code


def test_an_employees_plan_has_errors(shell: Shell, portal: Portal) -> None:
    employee = next(u for u in portal.get("state")["users"] if u["role"] == "employee" and u["active"])
    webhook = portal.post("users", id=employee["id"], webhook=True)["webhook"]
    shown = shell("plan", "--to", "simple", "--detailed-exitcode", webhook=webhook)
    assert shown.code == Exit.PLAN_HAS_ERRORS
    assert "is not an administrator" in shown.out


def test_options_from_a_file(connected: Shell, tmp_path: Path) -> None:
    file = tmp_path / "options.json"
    file.write_text(json.dumps({"to": "simple", "create": "both", "activities": "complete"}))
    options = connected("plan", "--options", str(file), "--format", "json").json["plan"]["options"]
    assert (options["create"], options["activities"]) == ("both", "complete")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--pipeline", "99"], "99"),
        (["--pipeline", "Sales"], "an ID or 'new' was expected"),
        (["--responsible", "Ala"], "an ID or 'keep' was expected"),
        (["--stages", "NEW=C99:NEW"], "C99:NEW"),
        (["--stages", "NOSUCH=NEW"], "NOSUCH"),
        (["--fields", "deal.UF_CRM_NO=UF_CRM_SUCH"], "UF_CRM_NO"),
        (["--out", "no/such/folder/plan.jsonl"], "no such folder"),
    ],
)
def test_what_the_portal_does_not_have_is_named_and_nothing_is_read_further(
    connected: Shell, portal: Portal, arguments: list[str], says: str
) -> None:
    shown = connected("plan", "--to", "simple", *arguments)
    assert shown.code == Exit.FAILED
    assert says in shown.err
    assert "unforeseen" not in shown.err
    assert shown.out == ""
    assert portal.writes() == []


def test_neither_contact_nor_company_is_not_among_the_choices(connected: Shell) -> None:
    shown = connected("plan", "--to", "simple", "--create", "none")
    assert shown.code == Exit.USAGE
    assert "'contact', 'company', 'both'" in shown.err
