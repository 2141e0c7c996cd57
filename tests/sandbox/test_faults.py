"""Faults happen to the call they were set for, once or always, before or after the work was done."""

from __future__ import annotations

import time

import pytest
import requests

from tests.sandbox.portal import Portal

ADD = "crm.lead.add"


def test_the_nth_call_only(portal: Portal) -> None:
    portal.set("faults", method=ADD, kind="error", nth=[2], status=502, code="BAD_GATEWAY")
    statuses = [portal.call(ADD, fields={}).status_code for _ in range(3)]
    assert statuses == [200, 502, 200]
    assert len(portal.world.leads) == 2


def test_times_ends_a_rule_and_clearing_removes_it(portal: Portal) -> None:
    portal.set("faults", method="*", kind="error", times=2, status=503, code="QUERY_LIMIT_EXCEEDED")
    assert [portal.call("server.time").status_code for _ in range(3)] == [503, 503, 200]
    rule = portal.set("faults", method="server.time", kind="error")
    assert portal.call("server.time").status_code == 500
    portal.set("faults/clear", id=rule["id"])
    assert portal.call("server.time").status_code == 200


@pytest.mark.parametrize(("kind", "written"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_before_and_after_the_write(portal: Portal, kind: str, written: int) -> None:
    portal.set("faults", method=ADD, kind=kind, nth=[1])
    with pytest.raises(requests.ConnectionError):
        portal.call(ADD, fields={})
    assert len(portal.world.leads) == written
    assert portal.call(ADD, fields={}).status_code == 200


@pytest.mark.parametrize(("kind", "written"), [("html", 0), ("html_after", 1)])
def test_a_page_instead_of_json(portal: Portal, kind: str, written: int) -> None:
    portal.set("faults", method=ADD, kind=kind, status=502)
    answer = portal.call(ADD, fields={})
    assert answer.status_code == 502 and answer.text.startswith("<!DOCTYPE html>")
    assert len(portal.world.leads) == written


def test_an_error_after_the_write(portal: Portal) -> None:
    portal.set("faults", method=ADD, kind="error_after", status=500)
    assert portal.call(ADD, fields={}).status_code == 500
    assert len(portal.world.leads) == 1


def test_json_cut_in_half(portal: Portal) -> None:
    portal.set("faults", method="server.time", kind="truncated")
    answer = portal.call("server.time")
    with pytest.raises(ValueError, match=r".*"):
        answer.json()


def test_a_redirect_keeps_the_path(portal: Portal) -> None:
    portal.set("faults", method="server.time", kind="redirect", location="http://127.0.0.1:9/")
    answer = requests.post(portal.webhook + "server.time", allow_redirects=False, timeout=5)
    assert answer.status_code == 302
    path = portal.webhook.removeprefix(portal.server.ready["portal"])
    assert answer.headers["Location"] == f"http://127.0.0.1:9{path}server.time"


def test_a_delay(portal: Portal) -> None:
    portal.set("faults", method="server.time", kind="delay", seconds=0.3)
    started = time.monotonic()
    assert portal.call("server.time").status_code == 200
    assert time.monotonic() - started >= 0.3


def test_faults_of_commands_stay_inside_the_batch(portal: Portal) -> None:
    portal.set("faults", method=ADD, kind="error", nth=[2], code="ERROR_CORE", status=400)
    sections = portal.batch({f"c{n}": f"{ADD}?fields[TITLE]={n}" for n in range(3)})
    assert set(sections["result"]) == {"c0", "c2"}
    assert sections["result_error"]["c1"]["error"] == "ERROR_CORE"


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("drop_before", 2),
        ("html", 2),
        ("redirect", 2),
        ("drop_after", 3),
        ("html_after", 3),
        ("truncated", 3),
    ],
)
def test_a_command_has_no_connection_to_break_and_fails_alone(
    portal: Portal, kind: str, written: int
) -> None:
    portal.set("faults", method=ADD, kind=kind, nth=[2])
    sections = portal.batch({f"c{n}": f"{ADD}?fields[TITLE]={n}" for n in range(3)})
    assert set(sections["result"]) == {"c0", "c2"} and set(sections["result_error"]) == {"c1"}
    assert len(portal.world.leads) == written


def test_a_delayed_command_delays_its_batch(portal: Portal) -> None:
    portal.set("faults", method="server.time", kind="delay", seconds=0.2, nth=[1])
    started = time.monotonic()
    portal.batch({"a": "server.time", "b": "server.time"})
    assert 0.2 <= time.monotonic() - started < 2


def test_a_short_page_and_an_ignored_cursor(filled: Portal) -> None:
    query = {
        "order": {"ID": "ASC"},
        "filter": {">ID": filled.world.leads.ids[60]},
        "start": -1,
        "select": ["ID"],
    }
    honest = [row["ID"] for row in filled.result("crm.lead.list", **query)]
    filled.set("faults", method="crm.lead.list", kind="short_page", times=1)
    assert [row["ID"] for row in filled.result("crm.lead.list", **query)] == honest[:-1]
    filled.set("faults", method="crm.lead.list", kind="cursor_ignored", times=1)
    assert filled.result("crm.lead.list", **query)[0]["ID"] == str(filled.world.leads.ids[0])
    filled.set("faults/clear")


def test_an_impossible_rule_is_refused(portal: Portal) -> None:
    answer = requests.post(portal.control + "faults", json={"method": "x", "kind": "nonsense"}, timeout=5)
    assert answer.status_code == 400 and "kind must be one of" in answer.json()["error"]
