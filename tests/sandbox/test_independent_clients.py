"""Clients written by others work against the sandbox unmodified, with the request counts their sources promise."""

from __future__ import annotations

import asyncio
import json
import math
import os
import socket
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from b24pysdk import BitrixAppLocal, BitrixTokenLocal, BitrixWebhook
from fast_bitrix24 import BitrixAsync

from connector.sandbox.server import SandboxServer

LEADS = 2551
PAGES = math.ceil(LEADS / 50)


@pytest.fixture(scope="module")
def portal() -> Iterator[SandboxServer]:
    """A portal for reading; nothing in this module writes to it."""
    with SandboxServer(leads=LEADS, seed=3, limits="off", tls=True) as server:
        yield server


@pytest.fixture
def trusted(portal: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> SandboxServer:
    """The same portal, its throw-away CA trusted by `requests`."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", portal.ready["ca"])
    return portal


def requests_of(server: SandboxServer, act: Callable[[], Any]) -> tuple[Any, Counter[str]]:
    """What the act returned, and the HTTP requests it made, by method."""
    control = server.ready["control"]
    requests.post(control + "counters/clear", timeout=10)
    result = act()
    calls = requests.get(control + "calls?limit=20000", timeout=10).json()["calls"]
    return result, Counter(call["method"] for call in calls)


def fast(server: SandboxServer, method: str, **options: Any) -> Any:
    async def run() -> Any:
        return await BitrixAsync(server.ready["webhook"], verbose=False).get_all(method, options or None)

    return asyncio.run(run())


def pysdk(server: SandboxServer) -> BitrixWebhook:
    address = server.ready["https_webhook"].removeprefix("https://")
    domain, _, path = address.partition("/rest/")
    return BitrixWebhook(domain=domain, webhook_token=path.rstrip("/"))


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return sorted(int(row["ID"]) for row in rows)


def test_fast_bitrix24_reads_every_lead_by_offsets(portal: SandboxServer) -> None:
    rows, made = requests_of(portal, lambda: fast(portal, "crm.lead.list"))
    assert ids(rows) == portal.world.leads.ids
    assert made == {"crm.lead.list": 1, "batch": math.ceil((PAGES - 1) / 50)}


def test_b24pysdk_reads_every_lead_by_offsets(trusted: SandboxServer) -> None:
    rows, made = requests_of(trusted, lambda: list(pysdk(trusted).call_list("crm.lead.list")["result"]))
    assert ids(rows) == trusted.world.leads.ids
    assert sum(made.values()) == 1 + math.ceil((PAGES - 1) / 50)


def test_b24pysdk_reads_every_lead_by_chained_references(trusted: SandboxServer) -> None:
    rows, made = requests_of(trusted, lambda: list(pysdk(trusted).call_list_fast("crm.lead.list")["result"]))
    assert ids(rows) == trusted.world.leads.ids
    assert sum(made.values()) == 1 + math.ceil((LEADS // 50) / 50)


B24API = """
    import json
    from b24api import Bitrix24
    api, found = Bitrix24(), {}
    for name in ("list_sequential", "list_batched", "list_batched_no_count"):
        request = {"method": "crm.lead.list", "parameters": {"select": ["ID"]}}
        found[name] = sorted(int(row["ID"]) for row in getattr(api, name)(request))
    print(json.dumps(found))
"""


def test_b24api_reads_every_lead_in_three_ways(portal: SandboxServer) -> None:
    environment = {
        **os.environ,
        "BITRIX24_API_WEBHOOK_URL": portal.ready["webhook"],
        "BITRIX24_API_RETRY_DELAY": "0.1",
    }
    done = subprocess.run(  # noqa: PLW1510  (the return code is asserted below)
        [sys.executable, "-c", textwrap.dedent(B24API)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert set(found) == {"list_sequential", "list_batched", "list_batched_no_count"}
    for rows in found.values():
        assert rows == portal.world.leads.ids


def test_fast_bitrix24_adds_120_leads_in_three_batches(sandbox: Callable[..., SandboxServer]) -> None:
    server = sandbox(leads=0)

    async def add() -> Any:
        bitrix = BitrixAsync(server.ready["webhook"], verbose=False)
        return await bitrix.call("crm.lead.add", [{"fields": {"TITLE": f"Łódź 🚀 {n}"}} for n in range(120)])

    _, made = requests_of(server, lambda: asyncio.run(add()))
    assert made == {"batch": 3}
    assert sorted(row["TITLE"] for row in server.world.leads) == sorted(f"Łódź 🚀 {n}" for n in range(120))


def test_b24pysdk_adds_120_leads_in_three_batches(
    sandbox: Callable[..., SandboxServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sandbox(leads=0, tls=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.ready["ca"])
    calls = [("crm.lead.add", {"fields": {"TITLE": f"Zażółć & co = {n}"}}) for n in range(120)]
    _, made = requests_of(server, lambda: pysdk(server).call_batches(calls))
    assert made == {"batch": 3}
    assert sorted(row["TITLE"] for row in server.world.leads) == sorted(
        f"Zażółć & co = {n}" for n in range(120)
    )


def test_a_reference_chain_resolves_in_one_batch(
    sandbox: Callable[..., SandboxServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sandbox(leads=0, tls=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.ready["ca"])
    answer = pysdk(server).call_batch(
        {
            "lead": ("crm.item.add", {"entityTypeId": 1, "fields": {"title": "Chain"}}),
            "deal": ("crm.item.add", {"entityTypeId": 2, "fields": {"leadId": "$result[lead][item][id]"}}),
            "found": ("crm.deal.list", {"filter": {"LEAD_ID": "$result[lead][item][id]"}}),
        }
    )
    sections = answer["result"]["result"]
    lead = sections["lead"]["item"]["id"]
    assert sections["deal"]["item"]["leadId"] == lead
    assert [row["LEAD_ID"] for row in sections["found"]] == [str(lead)]


def map_names(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """The client's own host names lead to the sandbox, every other name nowhere."""
    real, known = socket.getaddrinfo, {"oauth.bitrix24.tech", "demo.bitrix24.test"}

    def resolve(host: Any, wanted: Any, *args: Any, **options: Any) -> Any:
        if host in known:
            return real("127.0.0.1", port, *args, **options)
        if host in {"127.0.0.1", "localhost"}:
            return real(host, wanted, *args, **options)
        raise AssertionError(f"the test must not reach {host}")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_b24pysdk_renews_an_expired_token_once_and_repeats_the_call(
    sandbox: Callable[..., SandboxServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sandbox(leads=5, tls=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.ready["ca"])
    control = server.ready["control"]
    requests.post(control + "app/install", json={"finish": True}, timeout=10).raise_for_status()
    world = server.world
    pair = server.events.oauth.issue(server.ready["client_id"], 1)
    requests.post(control + "tokens/expire", timeout=10)
    map_names(monkeypatch, int(server.ready["https_webhook"].split(":")[2].split("/")[0]))
    app = BitrixAppLocal(
        domain="demo.bitrix24.test",
        client_id=server.ready["client_id"],
        client_secret=server.ready["client_secret"],
    )
    token = BitrixTokenLocal(auth_token=pair.access, refresh_token=pair.refresh, bitrix_app=app)
    answer = token.call_method("crm.lead.list", {})
    assert len(answer["result"]) == 5
    calls = [call for call in world.call_log if call["method"] == "crm.lead.list"]
    assert [call["error"] for call in calls] == ["expired_token", None]
    assert token.auth_token != pair.access


def test_b24pysdk_absorbs_the_documented_bucket(
    sandbox: Callable[..., SandboxServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sandbox(leads=0, tls=True, limits="documented", plan="professional")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.ready["ca"])
    client = pysdk(server)
    started = time.monotonic()
    for _ in range(54):
        client.call_method("server.time", {})
    assert server.world.counters["refused_bucket"] >= 1
    assert time.monotonic() - started >= 1.5


def test_a_write_whose_answer_is_lost_is_doubled_by_clients_that_send_again(
    sandbox: Callable[..., SandboxServer],
) -> None:
    server = sandbox(leads=0)
    fault = {"method": "batch", "kind": "drop_after", "nth": [1]}
    requests.post(server.ready["control"] + "faults", json=fault, timeout=10).raise_for_status()

    async def add() -> Any:
        bitrix = BitrixAsync(server.ready["webhook"], verbose=False)
        return await bitrix.call("crm.lead.add", [{"fields": {"TITLE": f"L{n}"}} for n in range(10)])

    asyncio.run(add())
    assert len(server.world.leads) == 20


def test_a_client_without_a_bucket_of_its_own_fails_as_it_does_on_a_portal(
    sandbox: Callable[..., SandboxServer],
) -> None:
    server = sandbox(leads=0, limits="documented", plan="professional")
    fault = {"method": "batch", "kind": "delay", "seconds": 0.3}
    requests.post(server.ready["control"] + "faults", json=fault, timeout=10).raise_for_status()
    # The bucket must not leak while a busy machine is slow.
    requests.post(server.ready["control"] + "clock", json={"speed": 0}, timeout=10).raise_for_status()

    async def add() -> Any:
        bitrix = BitrixAsync(server.ready["webhook"], verbose=False)
        return await bitrix.call("crm.lead.add", [{"fields": {"TITLE": f"L{n}"}} for n in range(4000)])

    with pytest.raises(RuntimeError):
        asyncio.run(add())
    # How many were under way when it gave up depends on the machine.
    assert 0 < len(server.world.leads) < 4000
    assert server.world.counters["refused_bucket"] > 0
