"""`leadswitch plan --against OLD` names what changed since an earlier plan, and nothing else."""

import csv
import io
from pathlib import Path

from connector.cli.exits import Exit
from tests.cli.conftest import Portal, Shell


def test_nothing_changed_is_said(connected: Shell, tmp_path: Path) -> None:
    old = tmp_path / "old.jsonl"
    connected("plan", "--to", "simple", "--out", str(old))
    shown = connected("plan", "--to", "simple", "--against", str(old))
    assert shown.code == Exit.DONE
    assert "Nothing has changed" in shown.out


def test_a_changed_lead_is_named_with_what_changed(connected: Shell, portal: Portal, tmp_path: Path) -> None:
    old = tmp_path / "old.jsonl"
    connected("plan", "--to", "simple", "--out", str(old))
    leads = [i for i, r in portal.server.world.leads.rows.items() if r["STATUS_ID"] == "NEW"]
    portal.rest(
        "crm.item.update", entityTypeId=1, id=leads[0], fields={"title": "=1+1", "stageId": "IN_PROCESS"}
    )
    portal.rest("crm.item.update", entityTypeId=1, id=leads[1], fields={"stageId": "JUNK"})
    document = connected("plan", "--to", "simple", "--against", str(old), "--format", "json").json
    assert document["totals"] == {"added": 0, "removed": 1, "changed": 1}
    (changed,) = [lead for lead in document["leads"] if lead["kind"] == "changed"]
    assert changed["id"] == leads[0]
    assert {"stage", "fields.title"} <= {d["what"] for d in changed["differences"]}
    shown = connected("plan", "--to", "simple", "--against", str(old), "--format", "csv")
    table = list(csv.DictReader(io.StringIO(shown.out)))
    assert {row["lead_id"] for row in table} >= {str(leads[0]), str(leads[1])}
    assert not [row for row in table if row["new"].startswith("=")]


def test_a_file_that_is_no_plan_is_refused_before_anything_is_read(
    connected: Shell, portal: Portal, tmp_path: Path
) -> None:
    old = tmp_path / "old.jsonl"
    old.write_text("no plan")
    shown = connected("plan", "--to", "simple", "--against", str(old))
    assert shown.code == Exit.FAILED
    assert "not a Leadswitch plan" in shown.err
