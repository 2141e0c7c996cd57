"""The whole way in the shell on a self-hosted portal with the companion: nobody has to change the mode by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connector.cli.exits import Exit
from connector.sandbox.server import SandboxServer
from tests.cli.conftest import Portal, Shell


@pytest.fixture
def portal(sandbox: Callable[..., SandboxServer]) -> Portal:
    """A self-hosted portal with 20 leads."""
    return Portal(sandbox(leads=20, self_hosted=True))


def findings(shell: Shell, file: Path) -> set[str]:
    return {row["code"] for row in shell("show", str(file), "--format", "json").json["plan"]["findings"]}


def test_plan_apply_and_undo_without_a_person(connected: Shell, portal: Portal, tmp_path: Path) -> None:
    file, leads = tmp_path / "plan.jsonl", portal.active_leads()
    assert connected("plan", "--to", "simple", "--out", str(file)).code == Exit.DONE
    assert "flip-by-setter" in findings(connected, file)

    run = connected("apply", str(file), "--yes", "--json")
    assert run.code == Exit.DONE, run
    assert run.json["report"]["mode"] == {"before": "classic", "now": "simple", "wanted": "simple"}
    assert connected("status", "--json").json["mode"] == "simple"
    assert portal.active_leads() == 0

    undo = connected("runs", "undo", run.json["id"], "--yes", "--json")
    assert undo.json["state"] == "done"
    assert connected("status", "--json").json["mode"] == "classic"
    assert portal.active_leads() == leads
    assert portal.get("counters")["mode.flips"] == 2


def test_chosen_leads_stay_behind(connected: Shell, portal: Portal, tmp_path: Path) -> None:
    file, leads = tmp_path / "plan.jsonl", portal.active_leads()
    rows = portal.rest("crm.item.list", entityTypeId=1, select=["id"], filter={"=stageSemanticId": "P"})[
        "items"
    ]
    stay = ",".join(str(row["id"]) for row in rows[:3])
    plan = connected("plan", "--exclude", stay, "--leftovers", "leave", "--out", str(file))
    assert plan.code == Exit.DONE
    run = connected("apply", str(file), "--yes", "--json")
    assert run.json["state"] == "done", run
    assert run.json["leads"]["by_state"]["done"] == leads - 3
    assert connected("status", "--json").json["mode"] == "simple"
    assert portal.active_leads() == 3
