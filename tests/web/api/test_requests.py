"""Requests as scripts send them: hostile, unreadable, unfit, repeated, in another language; and the life of a plan and a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete
from werkzeug.test import TestResponse

from connector.store.models import Budget
from connector.web.api.problem import Problem
from tests.web.api.conftest import Api
from tests.web.api.things import things
from tests.web.test_native import dialog

HOSTILE = '"><script>alert(1)</script>{{ 7*7 }}'


def problem(answer: TestResponse) -> Problem:
    """The refusal in its one shape."""
    assert answer.mimetype == "application/problem+json"
    assert "Traceback" not in answer.text
    found = Problem.model_validate(answer.json)
    assert found.status == answer.status_code
    assert found.type == f"/api/docs#{found.key}"
    return found


RAW: list[tuple[bytes, str, int]] = [
    (b"", "application/json", 400),
    (b"{", "application/json", 400),
    (b"{}", "text/plain", 415),
    (b"create=contact", "application/x-www-form-urlencoded", 415),
    (b"{}", "", 415),
    (b"[]", "application/json", 422),
    (b"null", "application/json", 422),
    (b'"{}"', "application/json", 422),
    (b'{"to": "\xff"}', "application/json", 400),
    (b'{"contact_name": "\\ud800"}', "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b'{"pipeline": ' + b"9" * 5000 + b"}", "application/json", 400),
    (b'{"to": "simple", "to2": "simple"}', "application/json", 422),
    (b'{"pipeline": "0"}', "application/json", 422),
    (b'{"leads": {"ids": "1,2"}}', "application/json", 422),
    (b'{"leads": {"ids": [true]}}', "application/json", 422),
    (b'{"leads": {"created_from": "2026-02-02", "created_to": "2026-01-01"}}', "application/json", 409),
    (b'{"pipeline": 777}', "application/json", 409),
    (b" " * 300_000 + b"{}", "application/json", 413),
]


def test_bodies_that_are_not_what_is_asked_for(api: Callable[..., Api]) -> None:
    script = api(leads=1)
    headers = {"Authorization": f"Bearer {script.key}"}
    for body, kind, status in RAW:
        answer = script.client.post("/api/v1/plans", data=body, content_type=kind or None, headers=headers)
        assert answer.status_code == status, (body[:60], answer.text)
        assert problem(answer).kept
    assert script.get("/plans").json["data"] == []  # type: ignore[index]


ADDRESSES: list[tuple[str, str, int]] = [
    ("GET", "/plans?limit=0", 422),
    ("GET", "/plans?limit=501", 422),
    ("GET", "/plans?limit=1&limit=2", 422),
    ("GET", "/plans?limit=" + "9" * 5000, 422),
    ("GET", "/plans?nonsense=1", 422),
    ("GET", "/plans?cursor=x", 409),
    ("GET", "/plans?cursor=%00", 400),
    ("GET", "/plans/%00", 400),
    ("GET", "/plans/..%2f..%2fetc%2fpasswd", 404),
    ("GET", "/plans/" + "x" * 5000, 404),
    ("GET", "/plans/x/leads/" + "9" * 5000, 404),
    ("GET", "/pipelines/99999999999999999999999", 404),
    ("GET", "/pipelines/x", 404),
    ("GET", f"/plans/{HOSTILE}", 404),
    ("GET", "/nothing", 404),
    ("DELETE", "/plans", 405),
    ("PUT", "/runs", 405),
    ("GET", "/runs/x/pause", 405),
    ("POST", "/runs/x/pause", 404),
]


def test_addresses_that_lead_nowhere(api: Callable[..., Api]) -> None:
    script = api(leads=1)
    for method, path, status in ADDRESSES:
        answer = script.send(method, path)
        assert answer.status_code == status, (method, path[:60], answer.text)
        found = problem(answer)
        assert status != 405 or ("Allow" in answer.headers and method in found.title)


def test_refusals_speak_the_language_of_the_request(api: Callable[..., Api]) -> None:
    script = api(leads=1)
    body = {"create": "weird", "contact_name": "", "leads": {"ids": [0]}, "nonsense": 1}
    english = problem(script.post("/plans", body))
    answer = script.post("/plans", body, Accept_Language="pl-PL, en;q=0.5")
    polish = problem(answer)
    assert answer.headers["Content-Language"] == "pl"
    assert polish.title != english.title
    assert (polish.kept, english.kept) == ("Nic się nie zmieniło.", "Nothing was changed.")
    assert {one.place for one in english.errors or ()} == {
        "#/create",
        "#/contact_name",
        "#/leads/ids/0",
        "#/nonsense",
    }
    assert all(
        ours.text != theirs.text
        for ours, theirs in zip(english.errors or (), polish.errors or (), strict=True)
    )


def test_what_was_read_before_is_not_sent_again(api: Callable[..., Api]) -> None:
    script = api(leads=3)
    plan = script.ready_plan()
    for path in (f"/plans/{plan}", f"/plans/{plan}/leads", f"/plans/{plan}/export?format=csv", "/key"):
        first = script.get(path)
        assert first.headers["Cache-Control"] == "private, no-cache"
        again = script.get(path, If_None_Match=first.headers["ETag"])
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["RateLimit"]
    assert script.get("/plans", If_None_Match='"other"').status_code == 200


def test_nothing_is_done_to_a_run_that_has_changed_since(api: Callable[..., Api]) -> None:
    script = api(leads=3)
    run = f"/runs/{things(script)['run_id']}"
    seen = script.get(run).headers["ETag"]
    assert script.post(f"{run}/pause", If_Match=seen).status_code == 200
    stale = script.post(f"{run}/cancel", If_Match=seen)
    assert (stale.status_code, problem(stale).key) == (412, "api.precondition")
    assert script.get(run).json["progress"]["state"] == "paused"  # type: ignore[index]
    assert script.post(f"{run}/cancel", If_Match=script.get(run).headers["ETag"]).status_code == 200
    assert problem(script.post(f"{run}/pause")).key == "run.wrong_state"


def test_a_script_can_do_what_the_app_can(api: Callable[..., Api]) -> None:
    script = api(leads=8)
    here = script.here
    begun = script.post("/mode", {"to": "simple", "create": "both"})
    assert (begun.status_code, begun.headers["Location"]) == (202, f"/api/v1/plans/{begun.json['id']}")  # type: ignore[index]
    here.worker.work()
    plan: Any = script.get(f"/plans/{begun.json['id']}").json  # type: ignore[index]
    assert (plan["state"], plan["direction"], plan["run_id"]) == ("ready", "simple", None)
    leads = _all(script, f"/plans/{plan['id']}/leads", limit=2)
    assert len(leads) == plan["counts"]["leads"] > 4
    seen = script.get(f"/plans/{plan['id']}").headers["ETag"]
    fewer: Any = script.post(f"/plans/{plan['id']}/exclude", {"leads": [leads[0]["id"]]}, If_Match=seen).json
    assert fewer["counts"]["convertible"] == plan["counts"]["convertible"] - 1
    assert (fewer["decisions"]["leads"], fewer["digest"]) == ([leads[0]["id"]], plan["digest"])
    assert problem(script.post("/runs", {"plan_id": plan["id"]}, If_Match=seen)).key == "api.precondition"
    assert problem(script.post(f"/plans/{plan['id']}/exclude", {"leads": [1]})).key == "plan.decision"
    nothing: Any = script.send("PUT", f"/plans/{plan['id']}/decisions", {}).json
    assert (nothing["decisions"]["digest"], nothing["decisions"]["leads"]) == (None, [])
    record: Any = script.get(f"/plans/{plan['id']}/leads/{leads[1]['id']}").json
    assert record["managed"][-1]["do"] in ("close-lead", "link-lead")
    assert problem(script.post("/runs", {"plan_id": plan["id"], "digest": "0" * 64})).key == "plan.digest"
    run: Any = script.post("/runs", {"plan_id": plan["id"], "digest": plan["digest"]}).json
    here.worker.work()
    after: Any = script.get(f"/runs/{run['id']}/progress").json
    assert (after["state"], after["waiting_for"]["what"]) == ("waiting", "flip")
    assert problem(script.post("/runs", {"plan_id": plan["id"]})).key == "plan.already_applied"
    done = _all(script, f"/runs/{run['id']}/leads", limit=3)
    assert {one["state"] for one in done} == {"done"}
    lines = _all(script, f"/runs/{run['id']}/journal", limit=7)
    assert len({one["id"] for one in lines}) == len(lines) > 20
    undo: Any = script.post(f"/runs/{run['id']}/undo", {}).json
    here.worker.work()
    undone: Any = script.get(f"/runs/{undo['id']}").json
    assert (undone["kind"], undone["undo_of"], undone["progress"]["state"]) == ("undo", run["id"], "done")
    assert script.get(f"/runs/{run['id']}").json["undone_by"] == [undo["id"]]  # type: ignore[index]
    actions = [one["action"] for one in script.get(f"/runs/{run['id']}/events").json["data"]]  # type: ignore[index]
    assert actions == ["run.started", "run.undone"]
    assert all(one["who"]["via"] == "api" for one in script.get(f"/runs/{run['id']}/events").json["data"])  # type: ignore[index]


@pytest.mark.parametrize("form", ["csv", "xlsx", "json", "html", "plan"])
def test_a_plan_is_taken_home_as_a_file(api: Callable[..., Api], form: str) -> None:
    script = api(leads=3)
    answer = script.get(f"/plans/{script.ready_plan()}/export?format={form}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert len(answer.data) > 200
    if form == "plan":
        assert json.loads(answer.data.splitlines()[0])["format"] == "leadswitch.plan/1"


def test_a_portal_that_does_not_answer_is_told_and_nothing_is_lost(api: Callable[..., Api]) -> None:
    script = api(leads=3)
    plan = script.ready_plan()
    script.here.app.extensions["leadswitch"].facts.forget(script.portal_id)
    script.here.server.stop()
    answer = script.get("/mode")
    assert answer.status_code in (502, 503), answer.text
    assert problem(answer).who
    assert script.get(f"/plans/{plan}").status_code == 200


def _all(script: Api, path: str, *, limit: int) -> list[Any]:
    """Every entry of a list, a page at a time."""
    found: list[Any] = []
    cursor = ""
    while True:
        page: Any = script.get(f"{path}?limit={limit}{cursor}").json
        found += page["data"]
        assert len(page["data"]) <= limit
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_a_script_watches_the_portals_own_switch(api: Callable[..., Api]) -> None:
    script = api(leads=6)
    plan = script.ready_plan()
    begun = script.post(f"/plans/{plan}/watch")
    run: Any = begun.json
    assert (begun.status_code, begun.headers["Location"]) == (202, f"/api/v1/runs/{run['id']}")
    assert (run["kind"], run["plan_id"]) == ("native", plan)
    assert problem(script.post(f"/plans/{plan}/watch")).key == "run.already_running"
    script.here.worker.work()
    switch = dialog(script.here)
    while switch.step():
        pass
    assert switch.finish()
    with script.here.db.begin() as session:
        session.execute(delete(Budget))  # jobs and pages have different clocks here
    script.post(f"/runs/{run['id']}/resume")
    script.here.worker.work()
    after: Any = script.get(f"/runs/{run['id']}").json
    assert after["progress"]["state"] == "done"
    assert {one["state"] for one in _all(script, f"/runs/{run['id']}/leads", limit=50)} == {"done"}


def test_a_script_has_a_finished_switch_tried_with_one_inquiry(api: Callable[..., Api]) -> None:
    script = api(leads=3)
    world = script.here.server.world
    run: Any = script.post("/runs", {"plan_id": script.ready_plan()}).json
    script.here.worker.work()
    assert problem(script.post(f"/runs/{run['id']}/try")).key == "run.wrong_state"
    world.settings.mode = 2
    script.post(f"/runs/{run['id']}/resume")
    script.here.worker.work()
    leads, deals = len(world.leads), len(world.deals)
    assert script.post(f"/runs/{run['id']}/try").status_code == 200
    script.here.worker.work()
    after: Any = script.get(f"/runs/{run['id']}").json
    assert after["progress"]["state"] == "done"
    assert after["report"]["inquiry"]["as_expected"] is True
    assert (len(world.leads), len(world.deals)) == (leads, deals)
