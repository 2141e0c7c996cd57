"""The whole way against the sandbox portal: somebody changes the mode, and within one interval everybody who wanted to know does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import select

from connector.portals.modes import changes
from connector.store.models import ModeReading, RunLead
from connector.switching import service as switching
from tests.webhooks.conftest import ACTOR, Office, Receiver
from webhooks.outbound import deliveries
from webhooks.rules import service as rules


def flip_by_hand(portal: Office, mode: str = "simple", **choices: Any) -> None:
    """Bitrix24's own dialog, as a person uses it in the portal page."""
    if mode == "simple":
        portal.control("native", **{"variant": "documented", "contact": True, **choices})
    else:
        portal.control("mode", mode=mode)


def test_a_mode_flipped_by_hand_is_noticed_told_and_acted_on_within_one_interval(
    office: Callable[..., Office], receiver: Receiver
) -> None:
    portal = office(leads=12)
    secret = portal.hook(receiver.url, "crm.mode.changed", "lead.left_behind")
    portal.rule(
        on=["crm.mode.changed"],
        when={"from": "classic", "to": "simple", "ours": False},
        do=[{"type": "notify", "users": [2]}, {"type": "dry_run", "options": {"to": "classic"}}],
    )
    portal.rounds()
    assert receiver.posts == []
    # Not one event arrives: the schedule alone has to notice.
    portal.control("events", lose=10_000)
    flip_by_hand(portal)
    interval = portal.wait_for_the_next_reading()
    portal.rounds()

    (change,) = changes(portal.db, portal.portal_id)
    assert (change.from_mode, change.to_mode, change.noticed_by, change.run) == (
        "classic",
        "simple",
        "watch",
        None,
    )
    assert change.after is not None
    assert timedelta(0) < change.noticed_at - change.after <= interval + timedelta(seconds=15)
    converted = [row["ID"] for row in portal.world.leads if row["STATUS_SEMANTIC_ID"] == "S"]
    left = [row["ID"] for row in portal.world.leads if row["STATUS_SEMANTIC_ID"] == "P"]
    assert change.report is not None
    assert change.report["left"] == len(left)
    assert set(change.report["converted_ids"]) <= set(converted)
    assert change.report["converted"] > 0

    told = receiver.verify(secret)
    assert told[0]["type"] == "crm.mode.changed"
    assert (told[0]["data"]["from"], told[0]["data"]["to"]) == ("classic", "simple")
    assert len({post.id for post in receiver.posts}) == len(receiver.posts)
    (note,) = [row for row in portal.world.notifications if row["USER_ID"] == 2]
    assert "Classic CRM" in note["MESSAGE"]
    assert note["TAG"].startswith("LEADSWITCH|")
    portal.work()
    portal.rounds()
    assert [one.state for one in deliveries.page(portal.db, portal.portal_id, kind="dry_run")] == ["done"]


def test_the_receiver_verifies_with_the_reference_library(
    office: Callable[..., Office], receiver: Receiver
) -> None:
    portal = office(leads=3)
    secret = portal.hook(receiver.url, "crm.mode.changed")
    portal.rounds()
    portal.control("mode", mode="simple")
    portal.wait_for_the_next_reading()
    portal.rounds()
    (told,) = receiver.verify(secret)
    assert told["type"] == "crm.mode.changed"
    assert told["data"]["noticed_by"] == "watch"
    assert "people" not in told


def test_a_lead_that_bitrix24_converts_at_once_makes_us_read_the_mode_at_once(
    office: Callable[..., Office], receiver: Receiver
) -> None:
    portal = office(leads=0)
    secret = portal.hook(receiver.url, "crm.mode.changed", "lead.autoconverted")
    portal.rounds()
    portal.control("mode", mode="simple")
    portal.rounds(2)
    assert receiver.posts == []
    lead = add_lead(portal)
    portal.server.events.drain()
    portal.rounds()
    told = {post["type"]: post["data"] for post in receiver.verify(secret)}
    assert told["crm.mode.changed"]["noticed_by"] == "event"
    assert told["lead.autoconverted"]["lead"] == lead
    assert told["lead.autoconverted"]["deals"] == [
        row["ID"] for row in portal.world.deals if row["LEAD_ID"] == lead
    ]


def add_lead(portal: Office) -> int:
    fields = {"TITLE": "Inquiry", "NAME": "Jan", "LAST_NAME": "Nowak"}
    answer = requests.post(
        portal.server.ready["webhook"] + "crm.lead.add", json={"fields": fields}, timeout=10
    )
    return int(answer.json()["result"])


def test_a_quiet_portal_is_read_rarely(office: Callable[..., Office]) -> None:
    portal = office(leads=0)
    for _ in range(12 * 30):
        portal.clock.ahead += timedelta(minutes=2)
        portal.automation.once()
        portal.automation.settled()
    with portal.db.read() as session:
        readings = len(session.scalars(select(ModeReading)).all())
    assert readings <= 12 * 4 + 10


def test_a_guided_flip_is_watched_every_few_seconds_and_the_run_goes_on_by_itself(
    office: Callable[..., Office], receiver: Receiver
) -> None:
    portal = office(leads=5)
    secret = portal.hook(receiver.url, "crm.mode.changed", "plan.ready", "switch.started", "switch.completed")
    portal.rounds()
    run_id = portal.switch()
    portal.rounds()
    portal.control("mode", mode="simple")
    portal.clock.ahead += timedelta(seconds=6)
    portal.rounds()
    (change,) = changes(portal.db, portal.portal_id)
    assert (change.run, change.noticed_by) == (run_id, "watch")
    portal.work()
    portal.rounds()
    assert [post["type"] for post in receiver.verify(secret)] == [
        "plan.ready", "switch.started", "crm.mode.changed", "switch.completed",
    ]  # fmt: skip
    done = receiver.taken[-1]["data"]
    assert (done["run"], done["kind"], done["to"], done["error"]) == (run_id, "apply", "simple", None)
    assert done["done"] == 5 - done["skipped"] - done["failed"]


def test_workflow_and_trigger_run_once_on_each_deal_of_a_switch(office: Callable[..., Office]) -> None:
    portal = office(leads=8)
    template = int(
        portal.world.workflow_templates.insert(
            {"ID": portal.world.next_id("workflow_template"), "MODULE_ID": "crm", "NAME": "Welcome", "AUTO_EXECUTE": 0,
             "PARAMETERS": [], "DOCUMENT_TYPE": ["crm", "CCrmDocumentDeal", "DEAL"], "MODIFIED": portal.world.now()}
        )["ID"]
    )  # fmt: skip
    portal.rule(on=["switch.completed"], do=[{"type": "workflow", "template": template}])
    own = [one for one in rules.rules(portal.db, portal.portal_id) if one.form.do[0].type == "trigger"]
    assert [one.form.name for one in own] == ["Created by Leadswitch"]
    run_id = portal.switch()
    portal.control("mode", mode="simple")
    switching.look_again(portal.db, run_id)
    portal.work()
    portal.rounds()
    with portal.db.read() as session:
        query = select(RunLead.deal_id).where(RunLead.run_id == run_id, RunLead.state == "done")
        deals = sorted(deal for deal in session.scalars(query) if deal)
    log = portal.control("automation")["automation"]
    assert deals
    for kind in ("workflow", "trigger"):
        on = [
            entry["id"]
            for entry in log
            if entry["kind"] == kind and entry["what"] in ("Welcome", "leadswitch_created")
        ]
        assert sorted(on) == deals, kind
    for one in deliveries.page(portal.db, portal.portal_id):
        detail = deliveries.delivery(portal.db, portal.portal_id, one.id).delivery.detail
        assert (one.state, detail["done"], detail["unknown"]) == ("done", len(deals), 0)


@pytest.mark.parametrize("document", ["LEAD_1", "DEAL_1"])
def test_the_automation_rule_answers_with_the_mode(office: Callable[..., Office], document: str) -> None:
    portal = office(leads=3, mode="simple")
    offered = portal.control("automation")
    assert {"code": "leadswitch_mode", "name": {"en": "Read the CRM mode", "pl": "Odczytaj tryb CRM"}} in [
        {**robot, "name": {k: v for k, v in robot["name"].items() if k in ("en", "pl")}}
        for robot in offered["robots"]
    ]
    assert offered["triggers"] == [{"code": "leadswitch_created", "name": "Created by Leadswitch"}]
    portal.control("robot", code="leadswitch_mode", document=document)
    portal.server.events.drain()
    for _ in range(100):
        (step,) = portal.control("automation")["steps"]
        if step["returned"]:
            break
        portal.clock.sleep(0.05)
    assert step == {"document": document, "returned": {"mode": "simple", "changed_at": ""}}


@pytest.mark.parametrize(("scope", "kind"), [("im", "notify"), ("bizproc", "workflow"), ("crm", "trigger")])
def test_without_its_scope_an_action_is_refused_told_and_not_tried_for_ever(
    office: Callable[..., Office], scope: str, kind: str
) -> None:
    portal = office(leads=2)
    actions = {"notify": {"users": [1]}, "workflow": {"template": 1}, "trigger": {}}
    portal.rule(on=["switch.cancelled"], do=[{"type": kind, **actions[kind]}])
    for one in rules.rules(portal.db, portal.portal_id):
        if one.form.name != "a rule":
            rules.delete_rule(portal.db, portal.portal_id, one.id, ACTOR)
    run_id = portal.switch()
    app = portal.world.apps[portal.server.ready["client_id"]]
    app.scopes = tuple(one for one in app.scopes if one != scope)
    for token in portal.world.tokens.values():
        token.scopes = app.scopes
    switching.cancel(portal.db, run_id, ACTOR)
    portal.work()
    portal.rounds()
    (one,) = deliveries.page(portal.db, portal.portal_id)
    assert (one.kind, one.state, one.reason) == (kind, "failed", "refused")
