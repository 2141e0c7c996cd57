"""`apply --native`: Bitrix24's own switch watched from the shell. Predicted beside actual, and not one write."""

import csv
import json
import threading
import time
from pathlib import Path

from connector.cli.exits import Exit
from tests.cli.conftest import Portal, Shell


def planned(shell: Shell, folder: Path) -> Path:
    path = folder / "plan.jsonl"
    assert shell("plan", "--to", "simple", "--out", str(path)).code == Exit.DONE
    return path


def test_the_dialog_is_watched_until_the_mode_has_changed(
    connected: Shell, portal: Portal, tmp_path: Path
) -> None:
    file, leads = planned(connected, tmp_path), portal.active_leads()
    portal.post("counters/clear")

    def person() -> None:
        # Not before the first look: twice by then (mode, facts), once in it.
        while portal.get("counters").get("method.crm.settings.mode.get", 0) < 4:
            time.sleep(0.05)
        portal.post("native", variant="documented", options={"contact": True})

    threading.Thread(target=person, daemon=True).start()
    shown = connected("apply", str(file), "--native", "--wait", "60", "--json")
    assert shown.code == Exit.DONE, shown
    assert (shown.json["kind"], shown.json["state"]) == ("native", "done")
    native = shown.json["report"]["native"]
    assert (native["as_predicted"], native["otherwise"]) == (leads, 0)
    assert native["matches"] == ["documented", "mobile"]
    assert portal.writes() == []


def test_a_watch_waits_resumes_reports_and_says_how_to_finish_the_rest(
    connected: Shell, portal: Portal, tmp_path: Path
) -> None:
    bad = portal.rest("crm.lead.list", filter={"STATUS_SEMANTIC_ID": "P", "IS_RETURN_CUSTOMER": "N"})[0]["ID"]
    portal.rest("crm.lead.update", id=bad, fields={"EMAIL": [{"VALUE": "no address", "VALUE_TYPE": "WORK"}]})
    file, leads = planned(connected, tmp_path), portal.active_leads()
    waiting = connected("apply", str(file), "--native", "--json")
    assert waiting.code == Exit.WAITING
    assert waiting.json["waiting_for"]["what"] == "native"
    assert (waiting.json["waiting_for"]["gone"], waiting.json["waiting_for"]["left"]) == (0, leads)
    assert "CRM mode → Simple CRM" in waiting.err
    assert "a contact, pipeline “" in waiting.err
    portal.post("native", variant="older-web")
    run_id = waiting.json["id"]
    ended = connected("runs", "resume", run_id)
    assert ended.code == Exit.LEFT_BEHIND
    assert "Bitrix24 left it behind" in ended.out
    assert "leadswitch plan --to simple" in ended.err
    assert "the dialog of older web versions: fits everything that was seen" in ended.out
    shown = connected("runs", "show", run_id, "--format", "csv")
    rows = list(csv.DictReader(shown.out.lstrip("\ufeff").splitlines()))
    assert len(rows) == leads
    assert {row["reason"] for row in rows} == {"", "otherwise", "left-behind"}
    assert "a company was created" in next(row for row in rows if row["reason"] == "otherwise")["detail"]
    left = next(row for row in rows if row["lead_id"] == str(bad))
    assert left["reason"] == "left-behind"
    whole = json.loads(connected("runs", "show", run_id, "--format", "json").out)
    assert whole["run"]["report"]["native"]["matches"] == ["older-web"]


def test_a_watch_can_be_ended_from_the_shell(connected: Shell, portal: Portal, tmp_path: Path) -> None:
    file = planned(connected, tmp_path)
    run_id = connected("apply", str(file), "--native", "--json").json["id"]
    portal.post("native", variant="documented", limit=5)
    ended = connected("runs", "cancel", run_id, "--json")
    assert ended.json["state"] == "cancelled"
    assert ended.json["report"]["native"]["as_predicted"] == 5
    refused = connected("runs", "undo", run_id, "--yes")
    assert refused.code == Exit.FAILED
