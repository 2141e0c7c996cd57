"""The self-hosted companion methods: there only with `--self-hosted`, and never flipping past leads in work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

Start = Callable[..., Any]


def call(portal: Any, method: str, **params: Any) -> dict[str, Any]:
    answer: dict[str, Any] = requests.post(portal.ready["webhook"] + method, json=params, timeout=10).json()
    return answer


def test_a_cloud_portal_does_not_know_them(sandbox: Start) -> None:
    portal = sandbox(leads=2)
    assert call(portal, "leadswitch.version")["error"] == "ERROR_METHOD_NOT_FOUND"
    found = call(portal, "method.get", name="leadswitch.crm.mode.set")["result"]
    assert found == {"isExisting": False, "isAvailable": False}
    assert not [
        name for name in call(portal, "methods", full=True)["result"] if name.startswith("leadswitch.")
    ]


def test_a_self_hosted_portal_answers_the_version(sandbox: Start) -> None:
    portal = sandbox(leads=2, self_hosted=True)
    assert call(portal, "leadswitch.version")["result"]["version"]
    assert call(portal, "method.get", name="leadswitch.crm.mode.set")["result"]["isAvailable"]


def test_simple_is_refused_while_leads_are_in_work_unless_their_number_is_known(sandbox: Start) -> None:
    portal = sandbox(leads=30, self_hosted=True)
    active = len(portal.world.leads.find("STATUS_SEMANTIC_ID", "P"))
    for leftovers in ({}, {"leftovers": active - 1}, {"leftovers": 0}):
        answer = call(portal, "leadswitch.crm.mode.set", mode=2, **leftovers)
        assert answer["error"] == "LEADSWITCH_LEADS_IN_WORK"
        assert call(portal, "crm.settings.mode.get")["result"] == 1
    answer = call(portal, "leadswitch.crm.mode.set", mode=2, leftovers=active)
    assert answer["result"]["mode"] == 2
    assert call(portal, "crm.settings.mode.get")["result"] == 2
    assert len(portal.world.leads.find("STATUS_SEMANTIC_ID", "P")) == active


def test_classic_is_refused_without_the_leads_feature(sandbox: Start) -> None:
    portal = sandbox(leads=2, self_hosted=True, plan="no-leads")
    answer = call(portal, "leadswitch.crm.mode.set", mode=1)
    assert answer["error"] == "LEADSWITCH_LEADS_UNAVAILABLE"


def test_an_unknown_mode_is_refused(sandbox: Start) -> None:
    portal = sandbox(leads=2, self_hosted=True)
    assert call(portal, "leadswitch.crm.mode.set", mode="fancy")["error"] == "LEADSWITCH_WRONG_MODE"


def test_the_converter_settings_are_read_and_written(sandbox: Start) -> None:
    portal = sandbox(leads=2, self_hosted=True)
    category = max(portal.world.categories.ids)
    answer = call(portal, "leadswitch.crm.converter.set", contact="N", company="N", categoryId=category)
    assert answer["result"] == {
        "contact": True,
        "company": False,
        "categoryId": category,
        "completeActivities": False,
    }
    assert call(portal, "leadswitch.crm.converter.get")["result"] == answer["result"]
    assert (
        call(portal, "leadswitch.crm.converter.set", categoryId=99999)["error"] == "LEADSWITCH_WRONG_PIPELINE"
    )


def test_an_employee_may_not(sandbox: Start) -> None:
    portal = sandbox(leads=2, self_hosted=True)
    employee = next(u for u in portal.world.users.values() if u.role == "employee" and u.active)
    hook = next(iter(portal.world.webhooks.values()))
    hook.user_id = employee.id
    url = f"{portal.ready['portal']}/rest/{employee.id}/{hook.code}/leadswitch.crm.mode.set"
    answer = requests.post(url, json={"mode": 1}, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (403, "ACCESS_DENIED")
