"""The control surface: state, reset, pictures and their difference, counters, clock, users, app; loopback only."""

from __future__ import annotations

import requests
from werkzeug.test import Client

from tests.sandbox.portal import Portal


def test_it_lists_what_it_can_do_and_names_a_wrong_path(portal: Portal) -> None:
    assert "POST /control/faults" in portal.look("")["controls"]
    answer = requests.get(portal.control + "nonsense", timeout=5)
    assert answer.status_code == 404 and answer.json()["controls"]


def test_only_the_loopback_is_answered(portal: Portal) -> None:
    answer = Client(portal.server).get("/control/state", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert answer.status_code == 403


def test_a_picture_shows_exactly_what_a_call_changed(portal: Portal) -> None:
    kept = portal.result("crm.lead.add", fields={"TITLE": "before"})
    gone = portal.result("crm.lead.add", fields={"TITLE": "gone"})
    portal.set("snapshot", name="start")
    portal.result("crm.lead.update", id=kept, fields={"TITLE": "after"})
    portal.result("crm.lead.delete", id=gone)
    made = portal.result("crm.contact.add", fields={"NAME": "Ada"})
    changes = portal.look("diff?name=start&ignore=volatile")
    assert changes["leads"]["changed"] == {str(kept): {"TITLE": ["before", "after"]}}
    assert set(changes["leads"]["removed"]) == {str(gone)}
    assert set(changes["contacts"]["added"]) == {str(made)}
    assert set(changes) == {"leads", "contacts", "stage_history"}


def test_nothing_changed_is_an_empty_difference(portal: Portal) -> None:
    portal.set("snapshot")
    portal.result("crm.lead.list")
    assert portal.look("diff") == {}


def test_reset_brings_the_same_records_back_and_keeps_the_webhook(portal: Portal) -> None:
    # Records are so many days old, counted from now: the same ones need the same moment.
    portal.world.clock.freeze(portal.world.clock.now())
    portal.set("reset", leads=40, seed=7)
    first = portal.look("snapshot?tables=leads,activities,product_rows,comments")
    portal.result("crm.lead.delete", id=portal.world.leads.ids[0])
    portal.set("reset", leads=40, seed=7)
    assert portal.look("snapshot?tables=leads,activities,product_rows,comments") == first
    assert portal.call("server.time").status_code == 200


def test_a_mix_has_exact_totals(portal: Portal) -> None:
    state = portal.set("seed", leads=200, seed=1, mix="A")
    assert state["active_leads"] == 200
    records = state["records"]
    assert (records["activities"], records["product_rows"], records["comments"]) == (240, 240, 60)


def test_calls_are_counted_and_logged_without_secrets(portal: Portal) -> None:
    portal.set("counters/clear")
    portal.result("crm.lead.add", fields={"TITLE": "x"})
    portal.batch({"a": "server.time", "b": "server.time"})
    counters = portal.look("counters")
    assert (counters["requests"], counters["method.server.time"], counters["method.crm.lead.add"]) == (
        2,
        2,
        1,
    )
    calls = portal.look("calls")["calls"]
    assert [call["method"] for call in calls] == ["crm.lead.add", "batch"]
    assert calls[0]["params"] == {"fields": {"TITLE": "x"}}
    key = portal.webhook.rstrip("/").rsplit("/", 1)[-1]
    assert key not in str(calls)


def test_the_clock_moves_and_runs_faster(portal: Portal) -> None:
    before = portal.look("clock")["now"]
    portal.set("clock", advance=3600)
    assert 3599 < portal.look("clock")["now"] - before < 3620
    row_id = portal.result("crm.lead.add", fields={})
    assert portal.world.leads.rows[row_id]["DATE_CREATE"] >= int(before) + 3599


def test_settings_are_checked(portal: Portal) -> None:
    for wrong in ({"no_such": 1}, {"limits": "yes"}, {"plan": "gold"}):
        assert requests.post(portal.control + "settings", json=wrong, timeout=5).status_code == 400
    assert portal.set("settings", operating_limit=420)["operating_limit"] == 420.0


def test_an_app_can_be_registered_and_removed(portal: Portal) -> None:
    portal.set("app", app_url="http://127.0.0.1:1/app", install_url="", scopes="crm,user_brief")
    shown = portal.set("app/install", finish=True)
    assert (shown["present"], shown["installed"], shown["scopes"]) == (True, True, ["crm", "user_brief"])
    assert "client_secret" not in shown
    assert portal.set("app/uninstall")["present"] is False


def test_events_can_be_lost_repeated_and_late(portal: Portal) -> None:
    assert portal.set("events", lose=1, repeat=2, delay=0.5) == {"lose": 1, "repeat": 2, "delay": 0.5}
    portal.result("crm.lead.add", fields={})
    assert portal.look("events")["events"][-1]["code"] == "ONCRMLEADADD"


def test_a_dismissed_user_cannot_call(portal: Portal) -> None:
    other = portal.as_user(5)
    assert other.call("profile").status_code == 200
    portal.set("users", id=5, active=False)
    assert other.call("profile").status_code == 401
