"""One of everything that the API can name, on one portal; and bodies that operations need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.store.models import Delivery
from tests.web.api.conftest import Api

BODIES: Mapping[str, Any] = {
    "exclude_leads": {"leads": [1]},
    "put_decisions": {},
    "create_rule": lambda known: rule_body(known["endpoint_id"]),
    "try_rule": lambda known: {"rule": rule_body(known["endpoint_id"]), "event": "plan.ready"},
    "put_rule": {"name": "x", "on": ["plan.ready"], "do": [{"type": "notify", "users": [1]}]},
    "switch_rule": {"enabled": False},
    "replay_deliveries": {"since": "2026-11-01T00:00:00Z"},
    "start_run": lambda known: {"plan_id": known["plan_id"]},
}
"""Operation → body, or a function from what is known to it."""


def things(script: Api) -> dict[str, Any]:
    """Ids by the names of path values."""
    plan = script.ready_plan()
    found: dict[str, Any] = {"plan_id": plan, "pipeline_id": 0}
    leads = script.get(f"/plans/{plan}/leads").json
    assert leads is not None
    found["lead_id"] = leads["data"][0]["id"]
    run = script.post("/runs", {"plan_id": plan}).json
    assert run is not None
    found["run_id"] = run["id"]
    return found | automation(script)


def automation(script: Api) -> dict[str, Any]:
    """An endpoint, a rule, and a delivery that failed."""
    made = script.post("/endpoints", {"url": "https://93.184.216.34/hook", "name": "Chat"}).json
    assert made is not None
    endpoint_id = made["endpoint"]["id"]
    rule = script.post("/rules", rule_body(endpoint_id)).json
    assert rule is not None
    now = script.here.clock.now()
    with script.here.db.begin() as session:
        session.add(
            Delivery(
                id="msg_one",
                portal_id=script.portal_id,
                rule_id=rule["id"],
                endpoint_id=endpoint_id,
                kind="webhook",
                event="crm.mode.changed",
                action={"type": "webhook", "endpoint": endpoint_id},
                body="{}",
                subject="mode",
                state="failed",
                next_at=now,
                created_at=now,
            )
        )
    return {"endpoint_id": endpoint_id, "rule_id": rule["id"], "delivery_id": "msg_one"}


def rule_body(endpoint_id: str) -> dict[str, Any]:
    """A rule that sends to an endpoint."""
    return {
        "name": "Tell the chat",
        "on": ["crm.mode.changed"],
        "when": {"to": "simple"},
        "do": [{"type": "webhook", "endpoint": endpoint_id}],
    }
