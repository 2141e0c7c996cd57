"""The recipes of docs/automation.md, as they are written there, each run against the sandbox portal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.switching import service as switching
from tests.cli.conftest import Portal, Shell, portal, shell
from tests.webhooks.conftest import Office, Receiver
from webhooks.rules.service import create_rule, read_form

__all__ = ["portal", "shell"]

PAGE = (Path(__file__).parents[2] / "docs" / "automation.md").read_text(encoding="utf-8")
RULES: dict[str, dict[str, Any]] = {
    rule["name"]: rule for rule in map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
}
NIGHTLY = next(block for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) if "tonight" in block)


def add(here: Office, name: str, url: str = "") -> str:
    """The rule as the page has it, with an endpoint in place of `ep_…`; answers the endpoint's secret."""
    text, secret = json.dumps(RULES[name]), ""
    if "ep_" in text:
        endpoint, secret = here.endpoint(url)
        text = re.sub(r"ep_[^\"]*", endpoint, json.dumps(RULES[name], ensure_ascii=False))
    create_rule(
        here.db, here.portal_id, read_form(json.loads(text)), {"user_id": 1, "name": "Ada", "via": "web"}
    )
    here.rounds(2)
    return secret


def flip(here: Office) -> None:
    here.control("mode", mode="simple")
    here.wait_for_the_next_reading()
    here.rounds()


def test_there_are_five() -> None:
    assert len(RULES) == 4
    assert "leadswitch plan" in NIGHTLY


def test_a_chat_gets_a_sentence(office: Callable[..., Office], receiver: Receiver) -> None:
    here = office(leads=2)
    add(here, "Tell the chat", receiver.url)
    flip(here)
    (said,) = receiver.taken
    assert set(said) == {"text"}
    assert "Simple CRM" in said["text"]


def test_a_scenario_verifies_what_it_gets(office: Callable[..., Office], receiver: Receiver) -> None:
    here = office(leads=2)
    secret = add(here, "Everything to our scenario", receiver.url)
    flip(here)
    told = receiver.verify(secret)
    assert told[0]["type"] == "crm.mode.changed"


def test_the_sales_chief_is_told_of_a_change_behind_our_back_only(office: Callable[..., Office]) -> None:
    here = office(leads=2)
    add(here, "Tell the sales chief")
    before = len(here.world.notifications)
    flip(here)
    (note,) = list(here.world.notifications)[before:]
    assert note["USER_ID"] == 1
    assert note["TAG"].startswith("LEADSWITCH|")


def test_new_deals_of_a_switch_get_the_workflow(office: Callable[..., Office]) -> None:
    here = office(leads=4)
    number = int(RULES["Welcome workflow"]["do"][0]["template"])
    here.world.workflow_templates.insert(
        {"ID": number, "MODULE_ID": "crm", "NAME": "Welcome", "AUTO_EXECUTE": 0, "PARAMETERS": [],
         "DOCUMENT_TYPE": ["crm", "CCrmDocumentDeal", "DEAL"], "MODIFIED": here.world.now()}
    )  # fmt: skip
    add(here, "Welcome workflow")
    run_id = here.switch()
    here.control("mode", mode="simple")
    switching.look_again(here.db, run_id)
    here.work()
    here.rounds()
    begun = [
        one
        for one in here.control("automation")["automation"]
        if (one["kind"], one["what"]) == ("workflow", "Welcome")
    ]
    made = [row for row in here.world.deals if row.get("LEAD_ID")]
    assert len(begun) == len(made) > 0


def test_a_dry_run_every_night_says_by_its_end_what_there_is(
    portal: Portal, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan, show = [line.split()[1:] for line in NIGHTLY.splitlines() if line.startswith("leadswitch")]
    first = shell("plan", "--to", "simple", "--out", "yesterday.jsonl", webhook=portal.ready["webhook"])
    assert first.code == 0
    assert shell(*plan).code == 5
    assert shell(*show).code == 0
    assert (tmp_path / "tonight.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    assert portal.writes() == []
