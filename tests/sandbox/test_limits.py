"""The request bucket per plan, and the operating time per method, with a clock that is moved."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client

from connector.sandbox.server import SandboxServer
from tests.sandbox.portal import Portal


@pytest.fixture
def limited(sandbox: Callable[..., SandboxServer]) -> Portal:
    """A portal with documented limits whose clock stands still."""
    portal = Portal(sandbox(leads=0, limits="documented", plan="professional"))
    portal.set("clock", speed=0)
    return portal


def burst(portal: Portal, tries: int) -> int:
    """How many of these requests got through."""
    return sum(portal.call("server.time").status_code == 200 for _ in range(tries))


@pytest.mark.parametrize(("plan", "size", "leak"), [("professional", 50, 2), ("enterprise", 250, 5)])
def test_the_bucket_of_the_plan_fills_and_leaks(limited: Portal, plan: str, size: int, leak: int) -> None:
    limited.set("settings", plan=plan)
    assert burst(limited, size + 5) == size
    status, code, _ = limited.error("server.time")
    assert (status, code) == (503, "QUERY_LIMIT_EXCEEDED")
    limited.set("clock", advance=3)
    assert burst(limited, 20) == 3 * leak


def test_each_source_address_has_a_bucket_of_its_own(limited: Portal) -> None:
    assert burst(limited, 51) == 50
    path = urlsplit(limited.webhook).path + "server.time"
    elsewhere = Client(limited.server)
    statuses = [elsewhere.get(path, environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code for _ in range(51)]
    assert statuses == [200] * 50 + [503]


def test_a_refused_call_did_not_run_and_a_batch_counts_once(limited: Portal) -> None:
    burst(limited, 49)
    commands = {f"c{n}": "crm.lead.add?fields[TITLE]=x" for n in range(50)}
    limited.batch(commands)
    assert limited.call("batch", cmd=commands).status_code == 503
    assert len(limited.world.leads) == 50


def test_a_method_that_used_up_its_time_is_refused_and_others_go_on(limited: Portal) -> None:
    limited.set("settings", operating_costs={"crm.lead.list": 200.0}, request_cap=1000.0)
    stamps = [limited.call("crm.lead.list").json()["time"] for _ in range(3)]
    assert [stamp["operating"] for stamp in stamps] == [200.0, 400.0, 600.0]
    status, code, _ = limited.error("crm.lead.list")
    assert (status, code) == (429, "OPERATION_TIME_LIMIT")
    assert limited.call("crm.deal.list").status_code == 200
    limited.set("clock", advance=stamps[-1]["operating_reset_at"] - limited.world.clock.now())
    assert limited.call("crm.lead.list").status_code == 200


def test_inner_commands_are_billed_to_their_method_or_to_the_batch(limited: Portal) -> None:
    limited.set("settings", operating_costs={"server.time": 30.0}, request_cap=1000.0)
    commands = {f"c{n}": "server.time" for n in range(10)}
    inner = limited.call("batch", cmd=commands).json()
    assert "operating" not in inner["result"]["result_time"]["c0"]
    assert limited.call("server.time").json()["time"]["operating"] == 330.0
    limited.set("limits/clear")
    limited.set("settings", batch_billing="outer")
    assert limited.call("batch", cmd=commands).json()["time"]["operating"] == 300.0
    assert limited.call("server.time").json()["time"]["operating"] == 30.0


def test_within_a_batch_the_limit_refuses_single_commands(limited: Portal) -> None:
    limited.set("settings", operating_costs={"server.time": 100.0}, request_cap=10_000.0)
    sections = limited.batch({f"c{n}": "server.time" for n in range(7)})
    assert len(sections["result"]) == 5
    assert {e["error"] for e in sections["result_error"].values()} == {"OPERATION_TIME_LIMIT"}


def test_a_request_longer_than_a_minute_is_cut_after_having_worked(limited: Portal) -> None:
    limited.set("settings", operating_costs={"crm.lead.add": 25.0})
    answer = limited.call("batch", cmd={f"c{n}": "crm.lead.add?fields[TITLE]=x" for n in range(10)})
    assert answer.status_code == 504 and "text/html" in answer.headers["Content-Type"]
    assert len(limited.world.leads) == 3


def test_without_limits_nothing_is_refused(portal: Portal) -> None:
    portal.set("settings", operating_costs={"server.time": 10_000.0}, request_cap=1e9)
    assert burst(portal, 60) == 60
