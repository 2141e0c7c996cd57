"""The fault matrix: every kind of call against every way a portal fails, over real HTTP against the sandbox.

Whatever happens, the end state is right after the caller reconciled what was reported unknown, nothing exists twice, and
what was reported is true: `ok` exists, a refusal does not, a list is whole.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.bitrix import BitrixClient, Command, OAuthToken, RenewingToken, Status, Webhook, WireSettings
from connector.bitrix.oauth import OAuthApp, OAuthClient, allow
from connector.clock import FakeClock
from connector.errors import BitrixError, CursorIgnored, MethodError, OutcomeUnknown, PortalMoved
from connector.sandbox.oauth import OAuthServer
from tests.bitrix.tokens import MemoryTokens

SETTINGS = WireSettings(connect_timeout=5, read_timeout=20)
HURRIED = WireSettings(connect_timeout=5, read_timeout=0.4)
"""For faults that are time-outs; with any other a slow machine would make one of its own."""
ADDS = 60
SETTLED_SECONDS = 30


@dataclass
class Portal:
    """A running sandbox, the client under test, and what the sandbox really holds."""

    server: Any
    client: BitrixClient
    ended_before: int = 0
    hurried: bool = False

    @property
    def faults(self) -> Any:
        return self.server.rest.dispatcher.faults

    @property
    def world(self) -> Any:
        return self.server.world

    def titles(self, prefix: str) -> list[str]:
        """Titles of leads in the sandbox's own table."""
        return sorted(row["TITLE"] for row in self.world.leads if str(row["TITLE"]).startswith(prefix))

    def reset(self) -> None:
        self.faults.clear()
        self.server.rest.dispatcher.limits.clear()
        for row in list(self.world.leads):
            if str(row["TITLE"]).startswith("matrix"):
                self.world.leads.remove(row["ID"])


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    from connector.sandbox.server import SandboxServer

    with SandboxServer(leads=230, limits="off") as running:
        dispatcher, running.ended = running.rest.dispatcher, 0
        run = dispatcher.run

        def counted(*args: Any) -> Any:
            try:
                return run(*args)
            finally:
                running.ended += 1

        dispatcher.run = counted
        yield running


@pytest.fixture
def portal(server: Any, request: pytest.FixtureRequest) -> Iterator[Portal]:
    clock = FakeClock(datetime.now(UTC))
    spec = getattr(request.node, "callspec", None)
    hurried = bool(spec) and str(spec.params.get("fault", "")).startswith("time-out")
    client = BitrixClient(
        Webhook.parse(server.ready["webhook"]),
        clock=clock,
        rng=random.Random(1),
        settings=HURRIED if hurried else SETTINGS,
    )
    made = Portal(server, client, server.ended, hurried)
    made.reset()
    yield made
    settle(made)
    made.reset()


# ---- kinds of call: each returns nothing and asserts its own end state


def ids(portal: Portal) -> list[int]:
    return sorted(int(row["ID"]) for row in portal.world.leads)


def read_one(portal: Portal) -> None:
    answer = portal.client.call("crm.lead.get", {"id": ids(portal)[0]}).result
    assert isinstance(answer, dict)
    assert int(answer["ID"]) == ids(portal)[0]


def read_list(portal: Portal) -> None:
    rows = [int(str(row["ID"])) for row in portal.client.list("crm.lead.list", {"select": ["ID"]})]
    assert rows == ids(portal)


def read_children(portal: Portal) -> None:
    wanted = sorted(int(row["ID"]) for row in portal.world.activities if row["BINDINGS"][0][0] == 1)
    rows = portal.client.children(
        "crm.activity.list",
        ids(portal),
        parent_filter="@OWNER_ID",
        params={"filter": {"OWNER_TYPE_ID": 1}},
        set_size=40,
    )
    assert sorted(int(str(row["ID"])) for row in rows) == wanted


def read_batch(portal: Portal) -> None:
    outcome = portal.client.batch(Command(f"r{n}", "crm.lead.get", {"id": n}) for n in ids(portal)[:70])
    assert {int(one["ID"]) for one in outcome.results().values()} == set(ids(portal)[:70])  # type: ignore[index]


def update_one(portal: Portal) -> None:
    lead = ids(portal)[0]
    title = f"matrix {random.random()}"
    try:
        portal.client.call("crm.lead.update", {"id": lead, "fields": {"POST": title}})
    except OutcomeUnknown:
        portal.faults.clear()
        portal.client.call("crm.lead.update", {"id": lead, "fields": {"POST": title}})
    assert next(row for row in portal.world.leads if int(row["ID"]) == lead)["POST"] == title


def add_one(portal: Portal) -> None:
    params = {"fields": {"TITLE": "matrix one"}}
    try:
        portal.client.call("crm.lead.add", params)
    except OutcomeUnknown:
        settle(portal)
        if not portal.titles("matrix"):
            portal.client.call("crm.lead.add", params)
    assert portal.titles("matrix") == ["matrix one"]


def add_many(portal: Portal) -> None:
    commands = {
        f"c{n}": Command(f"c{n}", "crm.lead.add", {"fields": {"TITLE": f"matrix {n:02}"}})
        for n in range(ADDS)
    }
    outcome = portal.client.batch(commands.values())
    settle(portal)
    there = set(portal.titles("matrix"))
    for label, one in outcome.items():
        title = commands[label].params["fields"]["TITLE"]  # type: ignore[index]
        if one.status is Status.OK:
            assert title in there
        elif one.status in (Status.FAILED, Status.NOT_RUN):
            assert title not in there
    missing = [c for c in commands.values() if c.params["fields"]["TITLE"] not in there]  # type: ignore[index]
    assert portal.client.batch(missing).all_ok
    assert portal.titles("matrix") == [f"matrix {n:02}" for n in range(ADDS)]


def mixed_batch(portal: Portal) -> None:
    first = ids(portal)[0]
    commands = [
        Command("add", "crm.lead.add", {"fields": {"TITLE": "matrix mixed"}}),
        Command("update", "crm.lead.update", {"id": first, "fields": {"POST": "mixed"}}),
        Command("read", "crm.lead.get", {"id": first}),
    ]
    outcome = portal.client.batch(commands)
    assert outcome["read"].ok
    assert outcome["update"].status is not Status.NOT_RUN
    settle(portal)
    there = portal.titles("matrix")
    assert outcome["add"].status in (
        {Status.OK, Status.UNKNOWN} if there else {Status.UNKNOWN, Status.NOT_RUN, Status.FAILED}
    )
    assert len(there) <= 1


def settle(portal: Portal) -> None:
    """Before looking, wait until the portal is done with every request that was given up; nothing fails any more."""
    until = time.monotonic() + SETTLED_SECONDS
    while portal.hurried and portal.server.ended - portal.ended_before < portal.client.requests_sent:
        assert time.monotonic() < until, "a request did not end"
        time.sleep(0.02)
    portal.faults.clear()


CALLS: dict[str, tuple[Callable[[Portal], None], str, str]] = {
    # name: what to do, the outer method that goes over HTTP first, the inner one
    "read": (read_one, "crm.lead.get", ""),
    "list": (read_list, "batch", "crm.lead.list"),
    "children": (read_children, "batch", "crm.activity.list"),
    "read batch": (read_batch, "batch", "crm.lead.get"),
    "idempotent write": (update_one, "crm.lead.update", ""),
    "write": (add_one, "crm.lead.add", ""),
    "write batch": (add_many, "batch", "crm.lead.add"),
    "mixed batch": (mixed_batch, "batch", "crm.lead.add"),
}

BUSY = {"kind": "error", "status": 503, "code": "QUERY_LIMIT_EXCEEDED"}
BLOCKED = {"kind": "error", "status": 429, "code": "OPERATION_TIME_LIMIT"}
HTTP: dict[str, list[dict[str, Any]]] = {
    "503": [BUSY],
    "429 with reset time": [BLOCKED],
    "500": [{"kind": "error", "status": 500}],
    "500 after applying": [{"kind": "error_after", "status": 500}],
    "502": [{"kind": "html", "status": 502}],
    "502 after applying": [{"kind": "html_after", "status": 502}],
    "time-out before applying": [{"kind": "delay", "seconds": 0.6}, {"kind": "drop_before"}],
    "time-out after applying": [{"kind": "delay", "seconds": 0.6}],
    "dropped before applying": [{"kind": "drop_before"}],
    "dropped after applying": [{"kind": "drop_after"}],
    "HTML body": [{"kind": "html", "status": 200}],
    "HTML body after applying": [{"kind": "html_after", "status": 200}],
    "truncated JSON": [{"kind": "truncated"}],
}
INNER: dict[str, list[dict[str, Any]]] = {
    "503 inside": [BUSY],
    "429 inside": [BLOCKED],
    "500 inside": [{"kind": "error", "status": 500}],
    "500 inside after applying": [{"kind": "error_after", "status": 500}],
}


@pytest.mark.parametrize(
    ("call", "nth"),
    # Single calls and the mixed batch are one request, so they cannot fail at a second one.
    [(name, 1) for name in CALLS] + [(name, 2) for name in ("list", "children", "read batch", "write batch")],
)
@pytest.mark.parametrize("fault", HTTP)
def test_whatever_fails_on_the_way_the_end_state_is_right(
    portal: Portal, call: str, fault: str, nth: int
) -> None:
    work, outer, _ = CALLS[call]
    rules = [portal.faults.add(method=outer, nth=(nth,), **rule) for rule in HTTP[fault]]
    work(portal)
    assert all(rule.hits for rule in rules), "nothing went wrong, so nothing was shown"


@pytest.mark.parametrize(
    ("call", "nth"),
    [
        (name, nth)
        for name in ("list", "children", "read batch", "write batch")
        for nth in ((1,), (3,), (2, 4, 6))
    ]
    + [("mixed batch", (1,))],
)
@pytest.mark.parametrize("fault", INNER)
def test_whatever_fails_inside_a_batch_the_end_state_is_right(
    portal: Portal, call: str, fault: str, nth: tuple[int, ...]
) -> None:
    work, _, inner = CALLS[call]
    rules = [portal.faults.add(method=inner, nth=nth, **rule) for rule in INNER[fault]]
    work(portal)
    assert all(rule.hits for rule in rules), "nothing went wrong, so nothing was shown"


@pytest.mark.parametrize("call", ["list", "children"])
@pytest.mark.parametrize("nth", [(1,), (2,), (3,), (5,), (2, 3, 4)])
def test_a_short_page_anywhere_is_noticed(portal: Portal, call: str, nth: tuple[int, ...]) -> None:
    work, _, inner = CALLS[call]
    rule = portal.faults.add(method=inner, kind="short_page", nth=nth)
    work(portal)
    assert rule.hits


@pytest.mark.parametrize("nth", [(), (2,), (3,)])
def test_an_ignored_cursor_is_an_error_never_a_loop_and_never_a_double_row(
    portal: Portal, nth: tuple[int, ...]
) -> None:
    portal.faults.add(method="crm.lead.list", kind="cursor_ignored", nth=nth)
    with pytest.raises(CursorIgnored):
        list(portal.client.list("crm.lead.list"))
    assert portal.client.requests_sent <= 3


@pytest.mark.parametrize("call", CALLS)
def test_a_redirect_of_a_webhook_is_never_followed(portal: Portal, call: str) -> None:
    work, outer, _ = CALLS[call]
    before = portal.world.counters.get("method.crm.lead.add", 0)
    portal.faults.add(method=outer, kind="redirect", location="http://127.0.0.1:9", times=1)
    with pytest.raises(PortalMoved) as caught:
        work(portal)
    assert "http://127.0.0.1:9" in caught.value.user_message()
    assert portal.client.requests_sent == 1
    assert portal.world.counters.get("method.crm.lead.add", 0) == before


def test_one_refused_command_is_one_failed_outcome(portal: Portal) -> None:
    portal.faults.add(method="crm.lead.add", kind="error", nth=(7,), status=400, code="ERROR_CORE")
    outcome = portal.client.batch(
        Command(f"c{n}", "crm.lead.add", {"fields": {"TITLE": f"matrix {n:02}"}}) for n in range(ADDS)
    )
    assert [label for label, one in outcome.items() if not one.ok] == ["c6"]
    assert isinstance(outcome["c6"].error, MethodError)
    assert len(portal.titles("matrix")) == ADDS - 1


@pytest.mark.parametrize("call", CALLS)
def test_an_unknown_code_is_one_request_and_an_error_never_a_guess(portal: Portal, call: str) -> None:
    work, outer, _ = CALLS[call]
    portal.faults.add(method=outer, kind="error", status=400, code="BRAND_NEW_CODE", times=1)
    if call in ("write", "idempotent write", "write batch", "mixed batch"):
        try:
            work(portal)
        except AssertionError:
            assert call == "mixed batch"  # its read was refused too, which is true
    else:
        with pytest.raises(BitrixError):
            work(portal)
        # Seventy reads are two requests; what was refused is not asked again.
        assert portal.client.requests_sent == (2 if call == "read batch" else 1)


def test_a_lost_batch_of_writes_is_never_sent_again(portal: Portal) -> None:
    portal.faults.add(method="batch", kind="drop_after", nth=(1,))
    commands = [Command(f"c{n}", "crm.lead.add", {"fields": {"TITLE": f"matrix {n:02}"}}) for n in range(50)]
    outcome = portal.client.batch(commands)
    assert {one.status for one in outcome.values()} == {Status.UNKNOWN}
    assert portal.client.requests_sent == 1
    assert len(portal.titles("matrix")) == 50


def test_a_webhook_that_does_not_exist_is_one_request_and_says_so(server: Any) -> None:
    wrong = server.ready["webhook"].rstrip("/")[:-4] + "zzzz/"
    client = BitrixClient(Webhook.parse(wrong), settings=SETTINGS)
    with pytest.raises(BitrixError, match=r"401") as caught:
        client.call("profile")
    assert caught.value.key == "auth.refused"
    assert client.requests_sent == 1
    assert "zzzz" not in str(caught.value)


def test_an_unknown_method_is_one_request_and_says_so(portal: Portal) -> None:
    with pytest.raises(MethodError) as caught:
        portal.client.call("crm.lead.teleport")
    assert caught.value.key == "method.unknown"
    assert portal.client.requests_sent == 1


@pytest.mark.parametrize("call", CALLS)
def test_an_expired_token_is_renewed_once_and_nothing_is_written_twice(portal: Portal, call: str) -> None:
    server, world = portal.server, portal.world
    app = next(iter(world.apps.values()))
    app.present = app.installed = True
    ready = server.ready
    issued = OAuthServer(world).issue(ready["client_id"], 1)
    token = OAuthToken(
        world.member_id,
        f"{world.base_url}/rest/",
        issued.access,
        issued.refresh,
        datetime.now(UTC) + timedelta(hours=1),
    )
    oauth = OAuthClient(
        OAuthApp(
            ready["client_id"], ready["client_secret"], server=ready["oauth"], allowed=allow([ready["oauth"]])
        )
    )
    portal.client = BitrixClient(
        RenewingToken(MemoryTokens(token), oauth), clock=FakeClock(datetime.now(UTC)), settings=SETTINGS
    )
    issued.expires_at = world.clock.now() - 1
    before = world.counters.get("oauth.renewals", 0)
    work, _, _ = CALLS[call]
    work(portal)
    assert world.counters.get("oauth.renewals", 0) == before + 1
