"""Pipelines, rules, endpoints and deliveries over the API: what the app and the shell can do, under the same rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector import pipelines
from connector.errors import ChangeUnknown
from connector.portals import audit
from tests.web.api.conftest import Api
from tests.web.api.test_requests import problem
from tests.web.api.things import automation, rule_body


def test_pipelines_and_stages_are_made_changed_and_deleted(api: Callable[..., Api]) -> None:
    script = api(leads=2)
    made = script.post("/pipelines", {"name": "Agents", "like_leads": True})
    assert made.status_code == 201, made.text
    one: Any = made.json
    path = f"/pipelines/{one['id']}"
    assert made.headers["Location"] == f"/api/v1{path}"
    lead_stages: Any = script.get("/pipelines").json
    names = [s["name"] for s in lead_stages["lead_stages"] if s["semantics"] == "P"]
    assert [s["name"] for s in one["stages"] if s["semantics"] == "P"] == names
    assert problem(script.post("/pipelines", {"name": "agents"})).key == "config.pipeline_exists"
    added: Any = script.post(f"{path}/stages", {"name": "Talks", "color": "#00aa00"}).json
    stage = next(s for s in added["stages"] if s["name"] == "Talks")
    looked: Any = script.send("PATCH", f"{path}/stages/{stage['id']}", {"name": "Negotiation"}).json
    assert "Negotiation" in [s["name"] for s in looked["stages"]]
    order = [s["id"] for s in looked["stages"]]
    order[0], order[1] = order[1], order[0]
    moved: Any = script.send("PUT", f"{path}/stage-order", {"order": order}).json
    assert [s["id"] for s in moved["stages"]] == order
    assert script.send("DELETE", f"{path}/stages/{stage['id']}").status_code == 204
    assert script.send("PATCH", path, {"name": "Resellers"}).json["name"] == "Resellers"  # type: ignore[index]
    ids = [p["id"] for p in lead_stages["data"]]
    assert [
        p["id"] for p in script.send("PUT", "/pipelines/order", {"order": ids[::-1]}).json["data"]
    ] == ids[::-1]  # type: ignore[index]
    assert script.send("DELETE", path).status_code == 204
    assert script.get(path).status_code == 404
    assert script.send("DELETE", path).status_code == 404
    assert problem(script.send("DELETE", "/pipelines/0")).key == "pipeline.default_stays"
    who = {
        line.who["via"]
        for line in audit.entries(script.here.db, script.portal_id)
        if "pipeline" in line.action
    }
    assert who == {"api"}


def test_a_change_of_which_nothing_is_known_is_never_made_again(
    api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = api(leads=1)

    def lost(*_: object, **__: object) -> None:
        raise ChangeUnknown

    create = pipelines.create
    monkeypatch.setattr(pipelines, "create", lost)
    assert problem(script.post("/pipelines", {"name": "x"}, Idempotency_Key="a")).key == "pipeline.unknown"
    monkeypatch.setattr(pipelines, "create", create)
    assert (
        problem(script.post("/pipelines", {"name": "x"}, Idempotency_Key="a")).key == "api.idempotency.busy"
    )
    script.here.clock.sleep(301)
    assert (
        problem(script.post("/pipelines", {"name": "x"}, Idempotency_Key="a")).key == "api.idempotency.open"
    )
    assert "x" not in [p["name"] for p in script.get("/pipelines").json["data"]]  # type: ignore[index]


def test_rules_are_made_switched_changed_and_deleted(api: Callable[..., Api]) -> None:
    script = api(leads=1)
    known = automation(script)
    path = f"/rules/{known['rule_id']}"
    seen = script.get(path)
    assert seen.json["rule"]["when"]["to"] == "simple"  # type: ignore[index]
    assert problem(script.post("/rules", rule_body("ep_nothing"))).key == "automation.bad_rule"
    off: Any = script.send("PATCH", path, {"enabled": False}, If_Match=seen.headers["ETag"]).json
    assert off["rule"]["enabled"] is False
    other = {**rule_body(known["endpoint_id"]), "name": "Other"}
    assert script.send("PUT", path, other, If_Match=seen.headers["ETag"]).status_code == 412
    assert script.send("PUT", path, other).json["rule"]["name"] == "Other"  # type: ignore[index]
    trial: Any = script.post(
        "/try-rule", {"rule": rule_body(known["endpoint_id"]), "event": "crm.mode.changed"}
    ).json
    assert (trial["matched"], trial["would"][0]["target"]) == (True, "https://93.184.216.34/…")
    assert script.get("/deliveries").json["data"][0]["id"] == "msg_one"  # type: ignore[index]
    assert script.get(f"{path}/history").json == {"data": [], "next": None}
    endless = {"name": "x", "on": ["plan.ready"], "do": [{"type": "dry_run"}]}
    assert problem(script.post("/rules", endless)).key == "api.contradiction"
    assert problem(script.post("/rules", {**other, "do": [{"type": "rm"}]})).key == "api.invalid"
    assert script.send("DELETE", path).status_code == 204
    assert script.get(path).status_code == 404


def test_a_secret_of_an_endpoint_is_told_once_and_only_with_its_making(api: Callable[..., Api]) -> None:
    script = api(leads=1)
    body = {"url": "https://93.184.216.34/hook/T0KEN", "name": "Chat"}
    made: Any = script.post("/endpoints", body, Idempotency_Key="a").json
    again: Any = script.post("/endpoints", body, Idempotency_Key="a").json
    assert made == again
    path = f"/endpoints/{made['endpoint']['id']}"
    new: Any = script.post(f"{path}/rotate-secret", {"overlap_hours": 2}).json
    assert new["secret"] != made["secret"]
    shown = script.get(path).text + script.get("/endpoints").text + script.get("/audit").text
    for secret in (made["secret"], new["secret"], "T0KEN"):
        assert secret not in shown
    assert script.send("PATCH", path, {"enabled": False}).json["state"] == "disabled"  # type: ignore[index]
    assert (
        problem(script.post(f"{path}/replay", {"since": "2026-11-01T00:00:00Z"})).key
        == "automation.endpoint_disabled"
    )
    assert script.send("DELETE", path).status_code == 204


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/x",
        "https://10.0.0.1/x",
        "file:///etc/passwd",
        "x",
    ],
)
def test_webhooks_never_go_to_a_private_address(api: Callable[..., Api], url: str) -> None:
    script = api(leads=1)
    assert problem(script.post("/endpoints", {"url": url})).key == "automation.bad_address"
    assert script.get("/endpoints").json["data"] == []  # type: ignore[index]


def test_deliveries_are_read_and_sent_again(api: Callable[..., Api]) -> None:
    script = api(leads=1)
    known = automation(script)
    found: Any = script.get(f"/deliveries?state=failed&endpoint_id={known['endpoint_id']}").json
    assert [one["id"] for one in found["data"]] == ["msg_one"]
    assert script.get("/deliveries?state=done").json["data"] == []  # type: ignore[index]
    sent = script.post("/deliveries/msg_one/redeliver")
    assert (sent.status_code, sent.json["state"]) == (202, "pending")  # type: ignore[index]
    record: Any = script.get("/deliveries/msg_one").json
    assert (record["body"], record["tries"]) == ("{}", [])
    test: Any = script.post(f"/endpoints/{known['endpoint_id']}/test").json
    assert (test["event"], test["state"]) == ("leadswitch.test", "pending")
    replayed = script.post(
        f"/endpoints/{known['endpoint_id']}/replay", {"since": "2026-11-01T00:00:00Z", "everything": True}
    )
    assert replayed.json == {"deliveries": 2}
