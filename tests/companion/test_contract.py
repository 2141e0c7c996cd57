"""The PHP companion and the sandbox's methods answer alike: both are held to the one table in contract.py."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from connector.sandbox.server import SandboxServer
from connector.sandbox.world import ConverterConfig
from tests.companion.conftest import Php
from tests.companion.contract import CASES, PIPELINE, Case, Given, Refused

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))


def _answer(case: Case) -> dict[str, Any]:
    if isinstance(case.answer, Refused):
        return {
            "error": case.answer.code,
            "error_description": case.answer.text,
            "status": case.answer.status,
        }
    return {"result": case.answer}


def _after(case: Case) -> int:
    before = case.given.mode if case.given.leads_in_plan else 2
    return case.mode or before


@every_case
def test_the_sandbox_keeps_the_contract(case: Case, self_hosted: SandboxServer) -> None:
    _make_so(self_hosted, case.given)
    url = self_hosted.ready["webhook"]
    got = requests.post(url + case.method, json=case.params, timeout=10)
    body = got.json()
    body.pop("time", None)
    if not got.ok:
        body["status"] = got.status_code
    assert body == _answer(case)
    assert requests.post(url + "crm.settings.mode.get", timeout=10).json()["result"] == _after(case)
    assert len(self_hosted.world.leads.find("STATUS_SEMANTIC_ID", "P")) == case.given.in_work


def _make_so(portal: SandboxServer, given: Given) -> None:
    world = portal.world
    for place, lead_id in enumerate(world.leads.ids):
        world.leads.change(lead_id, {"STATUS_SEMANTIC_ID": "P" if place < given.in_work else "F"})
    world.settings.mode = given.mode
    world.settings.plan = "enterprise" if given.leads_in_plan else "no-leads"
    world.settings.companion_writable = not given.read_only
    (hook,) = world.webhooks.values()
    world.users[hook.user_id].role = "crm_manager" if given.may_configure else "employee"
    values = given.converter
    world.converter = ConverterConfig(
        values["contact"], values["company"], values["categoryId"], values["completeActivities"]
    )


@every_case
def test_the_php_file_keeps_the_contract(case: Case, php: Php) -> None:
    given = case.given
    stored = _stored(given.converter)
    portal = {
        "crm_lead_enabled": "Y" if given.mode == 1 else "N",
        "leads": ["P"] * given.in_work + ["S", "F"],
        "leadsInPlan": given.leads_in_plan,
        "mayConfigure": given.may_configure,
        "pipelines": [PIPELINE],
        "converter": stored,
    }
    got = php(case.method, case.params, portal=portal, read_only=given.read_only)
    assert {
        name: got[name] for name in ("result", "error", "error_description", "status") if name in got
    } == (_answer(case))
    after = got["portal"]
    reported = 1 if after["crm_lead_enabled"] == "Y" and given.leads_in_plan else 2
    assert reported == _after(case)
    assert after["leads"] == portal["leads"]
    changed_mode = case.mode is not None
    assert after["flips"] == int(changed_mode)
    refused, writes = isinstance(case.answer, Refused), case.method.endswith("converter.set")
    expected = _stored(case.answer) if writes and not isinstance(case.answer, Refused) else stored
    assert after["converter"] == expected
    changed_converter = writes and not refused and expected != stored
    types = ["LEADSWITCH_CRM_MODE"] * changed_mode + ["LEADSWITCH_CRM_CONVERTER"] * changed_converter
    assert [entry["AUDIT_TYPE_ID"] for entry in got["log"]] == types


def _stored(config: dict[str, Any]) -> dict[str, Any]:
    """How Bitrix24 keeps the converter's settings: entity types (2 deal, 3 contact, 4 company), pipeline, activities."""
    return {
        "items": [2, *[3] * config["contact"], *[4] * config["company"]],
        "dealCategoryId": config["categoryId"],
        "completeActivities": config["completeActivities"],
    }
