"""The whole way in the shell: plan, apply, the mode changed by a person, resume, undo. And everything that `apply` must refuse."""

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from connector.cli.exits import Exit
from tests.cli.conftest import Portal, Shell, Shown

IGNORE = "volatile,MOVED_TIME,MOVED_BY_ID,DATE_CLOSED,CLOSEDATE,END_TIME,BINDINGS,EVER_CONVERTED"
# What a run leaves in a portal for good, and says so: history, log, what workflows did.
HISTORY = {"stage_history", "log_messages", "workflow_instances", "notifications", "blog_posts", "traces"}


@pytest.fixture
def file(connected: Shell, tmp_path: Path) -> Path:
    """A plan for all leads of the portal."""
    path = tmp_path / "plan.jsonl"
    assert connected("plan", "--to", "simple", "--out", str(path)).code == Exit.DONE
    return path


def applied(shell: Shell, file: Path) -> dict[str, Any]:
    shown = shell("apply", str(file), "--yes", "--json")
    assert shown.code == Exit.WAITING, shown
    answer: dict[str, Any] = shown.json
    return answer


def open_activities(portal: Portal) -> set[str]:
    rows = portal.rest("crm.activity.list", filter={"COMPLETED": "N"}, select=["ID"])
    return {row["ID"] for row in rows}


def test_plan_apply_flip_resume_undo(connected: Shell, portal: Portal, file: Path) -> None:
    portal.post("snapshot", name="before")
    leads, still_open = portal.active_leads(), open_activities(portal)

    run = applied(connected, file)
    assert run["waiting_for"]["what"] == "flip"
    assert run["leads"] == {"total": leads, "behind": 0, "by_state": {"done": leads}}
    assert portal.active_leads() == 0
    assert open_activities(portal) >= still_open

    early = connected("runs", "resume", run["id"])
    assert early.code == Exit.WAITING
    assert "CRM mode → Simple CRM" in early.err

    portal.post("mode", mode="simple")
    resumed = connected("runs", "resume", run["id"][:8], "--json")
    assert resumed.code == Exit.DONE
    assert resumed.json["state"] == "done"
    assert [one["action"] for one in resumed.json["actions"]] == ["run.started", "run.resumed", "run.resumed"]
    assert resumed.json["actions"][0]["who"]["via"] == "cli"
    assert resumed.json["report"]["mode"] == {"before": "classic", "now": "simple", "wanted": "simple"}

    tried = connected("runs", "try", run["id"], "--yes", "--json")
    assert tried.code == Exit.DONE
    assert tried.json["report"]["inquiry"]["as_expected"] is True
    assert tried.json["report"]["mode"] == resumed.json["report"]["mode"]

    undo = connected("runs", "undo", run["id"], "--yes", "--json")
    assert undo.code == Exit.WAITING
    portal.post("mode", mode="classic")
    undone = connected("runs", "resume", undo.json["id"], "--json")
    assert undone.json["state"] == "done"
    assert undone.json["undo_of"] == run["id"]
    assert undone.code == (Exit.LEFT_BEHIND if undone.json["leads"]["behind"] else Exit.DONE)
    assert portal.active_leads() == leads
    left = {
        table: rows
        for table, rows in portal.get(f"diff?name=before&ignore={IGNORE}").items()
        if table not in HISTORY
    }
    assert left == {}


def test_a_lead_changed_since_the_plan_is_planned_anew_when_asked_for(
    connected: Shell, portal: Portal, file: Path
) -> None:
    changed = portal.rest("crm.lead.list", filter={"STATUS_SEMANTIC_ID": "P"}, select=["ID"])[0]["ID"]
    portal.rest("crm.lead.update", id=changed, fields={"TITLE": "Renamed after the plan"})
    shown = connected("apply", str(file), "--yes", "--replan-stale", "--json")
    assert shown.code == Exit.WAITING
    assert shown.json["waiting_for"]["what"] == "flip"
    assert shown.json["leads"]["behind"] == 0
    (deal,) = portal.rest("crm.deal.list", filter={"LEAD_ID": changed}, select=["TITLE"])
    assert deal["TITLE"] == "Renamed after the plan"


def test_a_run_that_waits_sees_the_mode_change_by_itself(
    connected: Shell, portal: Portal, file: Path
) -> None:
    def person() -> None:
        while portal.active_leads():
            time.sleep(0.2)
        portal.post("mode", mode="simple")

    threading.Thread(target=person, daemon=True).start()
    shown = connected("apply", str(file), "--yes", "--wait", "60", "--json")
    assert shown.code == Exit.DONE
    assert shown.json["state"] == "done"


def test_to_classic_converts_nothing_and_waits_for_the_person(
    connected: Shell, portal: Portal, tmp_path: Path
) -> None:
    portal.post("mode", mode="simple")
    path = tmp_path / "back.jsonl"
    told = connected("plan", "--to", "classic", "--out", str(path))
    assert "New inquiries become leads again" in told.out
    run = applied(connected, path)
    assert run["leads"]["total"] == 0
    portal.post("mode", mode="classic")
    done = connected("runs", "resume", run["id"])
    assert done.code == Exit.DONE
    assert "deals that were there before are there." in done.out


def test_ctrl_c_pauses_and_resume_goes_on_without_a_second_deal(
    connected: Shell, portal: Portal, file: Path
) -> None:
    leads = portal.active_leads()

    def person() -> None:
        while portal.active_leads() == leads:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=person, daemon=True).start()
    shown = connected("apply", str(file), "--yes", "--json")
    assert shown.code == Exit.WAITING
    assert shown.json["state"] == "paused"
    assert "runs resume" in shown.err
    resumed = connected("runs", "resume", shown.json["id"], "--json")
    assert [lead["detail"] for lead in resumed.json["left_behind"]] == []
    assert resumed.code == Exit.WAITING
    assert resumed.json["leads"]["by_state"] == {"done": leads}
    deals = [
        lead["deal_id"]
        for lead in connected("runs", "show", shown.json["id"], "--format", "json").json["leads"]
    ]
    assert len(set(deals)) == leads
    assert portal.get("counters")["method.crm.item.add"] >= leads


def test_leads_left_out_are_named_and_the_mode_is_not_to_be_changed(
    connected: Shell, portal: Portal, tmp_path: Path
) -> None:
    path = tmp_path / "part.jsonl"
    some = connected("plan", "--to", "simple", "--format", "json").json["leads"][:3]
    ids = ",".join(str(lead["id"]) for lead in some)
    connected("plan", "--to", "simple", "--leads", ids, "--out", str(path))
    shown = connected("apply", str(path), "--yes", "--json")
    assert shown.code == Exit.LEFT_BEHIND
    assert shown.json["leads"]["by_state"] == {"done": 3}
    assert shown.json["waiting_for"]["what"] == "leads"
    assert shown.json["waiting_for"]["count"] == portal.active_leads()
    assert "still in work" in shown.err


def test_a_lead_changed_or_deleted_after_the_plan_is_left_and_named(
    connected: Shell, portal: Portal, file: Path
) -> None:
    leads = [json.loads(line)["id"] for line in file.read_text().splitlines()[1:-1]]
    changed, gone = leads[0], leads[1]
    portal.rest("crm.lead.update", id=changed, fields={"TITLE": "Another title", "STATUS_ID": "IN_PROCESS"})
    portal.rest("crm.lead.delete", id=gone)
    shown = connected("apply", str(file), "--yes", "--json")
    assert shown.code == Exit.LEFT_BEHIND
    reasons = {lead["id"]: lead["reason"] for lead in shown.json["left_behind"]}
    assert reasons == {changed: "stale", gone: "gone"}
    assert portal.rest("crm.deal.list", filter={"LEAD_ID": changed}) == []
    again = connected("runs", "retry", shown.json["id"], "--replan", "--json")
    assert {lead["id"]: lead["reason"] for lead in again.json["left_behind"]} == {gone: "gone"}
    assert len(portal.rest("crm.deal.list", filter={"LEAD_ID": changed})) == 1


def refused(shell: Shell, portal: Portal, *arguments: str) -> Shown:
    """A command that must fail and leave the portal as it was."""
    portal.post("counters/clear")
    portal.post("snapshot", name="refused")
    shown = shell(*arguments)
    assert shown.code in (Exit.FAILED, Exit.USAGE)
    assert "unforeseen" not in shown.err
    assert portal.writes() == []
    assert portal.get("diff?name=refused") == {}
    return shown


def test_the_same_plan_is_not_applied_twice(connected: Shell, portal: Portal, file: Path) -> None:
    run = applied(connected, file)
    shown = refused(connected, portal, "apply", str(file), "--yes", "--json")
    assert shown.json["error"]["key"] == "plan.already_applied"
    assert run["id"] in shown.json["error"]["message"]


def test_two_runs_do_not_live_on_one_portal(
    connected: Shell, portal: Portal, file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "second.jsonl"
    connected("plan", "--to", "simple", "--create", "both", "--out", str(path))
    applied(connected, file)
    shown = refused(connected, portal, "apply", str(path), "--yes", "--json")
    assert shown.json["error"]["key"] == "run.already_running"


def test_a_file_that_was_touched_is_refused(connected: Shell, portal: Portal, file: Path) -> None:
    file.write_text(
        file.read_text(encoding="utf-8").replace('"deal_stage":"', '"deal_stage":"X', 1), encoding="utf-8"
    )
    shown = refused(connected, portal, "apply", str(file), "--yes", "--json")
    assert shown.json["error"]["key"] == "plan.digest"


@pytest.mark.parametrize("text", ["", "hello", "{}", '{"record":"plan","format":"leadswitch.plan/7"}'])
def test_a_file_that_is_no_plan_is_refused(
    connected: Shell, portal: Portal, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "no-plan.txt"
    path.write_text(text)
    shown = refused(connected, portal, "apply", str(path), "--yes", "--json")
    assert shown.json["error"]["key"].startswith("plan.")


def test_a_plan_of_another_portal_is_refused(
    connected: Shell, portal: Portal, file: Path, sandbox: Any
) -> None:
    other = Portal(sandbox(leads=5, seed=2))
    shown = refused(
        connected, other, "apply", str(file), "--yes", "--json", "--webhook", other.ready["webhook"]
    )
    assert shown.json["error"]["key"] == "plan.wrong_portal"
    assert portal.ready["portal"].removeprefix("http://") in shown.json["error"]["message"]


def test_an_employee_cannot_apply_what_may_be_incomplete(
    shell: Shell, portal: Portal, tmp_path: Path
) -> None:
    employee = next(u for u in portal.get("state")["users"] if u["role"] == "employee" and u["active"])
    webhook = portal.post("users", id=employee["id"], webhook=True)["webhook"]
    path = tmp_path / "plan.jsonl"
    shell("plan", "--to", "simple", "--out", str(path), webhook=webhook)
    shown = refused(shell, portal, "apply", str(path), "--yes", "--json")
    assert shown.json["error"]["key"] == "run.not_allowed"


def test_nothing_happens_without_a_yes(connected: Shell, portal: Portal, file: Path) -> None:
    shown = refused(connected, portal, "apply", str(file))
    assert shown.code == Exit.USAGE
    assert "--yes" in shown.err


@pytest.mark.parametrize(
    ("webhook", "key"),
    [
        ("nonsense", "config.not_a_webhook"),
        ("http://example.com/rest/1/abcdefghijkl/", "config.insecure_address"),
        ("http://127.0.0.1:9/rest/1/abcdefghijkl/", "transport.not_sent"),
    ],
)
def test_a_wrong_webhook_is_named_without_its_key(shell: Shell, webhook: str, key: str) -> None:
    shown = shell("status", "--json", "--webhook", webhook)
    assert shown.code == Exit.FAILED
    assert shown.json["error"]["key"] == key
    assert "abcdefghijkl" not in shown.out + shown.err


def test_a_wrong_key_is_refused_by_the_portal(shell: Shell, portal: Portal) -> None:
    webhook = portal.ready["portal"] + "/rest/1/wrongwrongwrong/"
    shown = refused(shell, portal, "plan", "--to", "simple", "--format", "json", "--webhook", webhook)
    assert shown.json["error"]["key"] == "auth.refused"
    assert "wrongwrongwrong" not in shown.out + shown.err


@pytest.mark.parametrize("verb", ["show", "pause", "resume", "cancel", "retry", "undo"])
def test_a_run_that_is_not_there(connected: Shell, verb: str) -> None:
    shown = connected("runs", verb, "abc123", "--json")
    assert shown.code == Exit.FAILED
    assert shown.json["error"]["key"] == "run.not_found"


def test_a_run_as_a_report(connected: Shell, file: Path, tmp_path: Path) -> None:
    run = applied(connected, file)
    for name in ("csv", "xlsx", "json", "html"):
        out = tmp_path / f"run.{name}"
        assert connected("runs", "show", run["id"], "--format", name, "--out", str(out)).code == Exit.DONE
        assert out.stat().st_size > 400
    listed = connected("runs", "list", "--json").json["runs"]
    assert [one["id"] for one in listed] == [run["id"]]
    assert "waiting" in connected("runs", "list").out


def test_a_cancelled_run_leaves_what_is_done(connected: Shell, portal: Portal, file: Path) -> None:
    run = applied(connected, file)
    cancelled = connected("runs", "cancel", run["id"], "--json")
    assert cancelled.code == Exit.DONE
    assert cancelled.json["state"] == "cancelled"
    assert portal.active_leads() == 0
    assert connected("runs", "pause", run["id"], "--json").json["error"]["key"] == "run.wrong_state"


def test_an_employee_cannot_carry_out_what_an_administrator_planned(
    shell: Shell, portal: Portal, file: Path
) -> None:
    employee = next(u for u in portal.get("state")["users"] if u["role"] == "employee" and u["active"])
    webhook = portal.post("users", id=employee["id"], webhook=True)["webhook"]
    shown = refused(shell, portal, "apply", str(file), "--yes", "--json", "--webhook", webhook)
    assert shown.json["error"]["key"] == "run.not_allowed"
