"""Operating time against the sandbox's own accounting, with its clock tied to ours so that minutes pass in milliseconds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.bitrix import BitrixClient, Command, Webhook, WireSettings
from connector.clock import FakeClock


class TiedClock(FakeClock):
    """Sleeping moves the portal's time as well."""

    def __init__(self, world: Any) -> None:
        super().__init__(datetime.now(UTC))
        self._world = world

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if seconds > 0:
            self._world.clock.advance(seconds)


@pytest.fixture
def start(sandbox: Callable[..., Any]) -> Iterator[Callable[..., tuple[Any, BitrixClient, TiedClock]]]:
    def made(cost: float, billing: str, limit: float = 480.0) -> tuple[Any, BitrixClient, TiedClock]:
        server = sandbox(leads=60, limits="documented", plan="professional")
        settings = server.world.settings
        settings.operating_costs = {"crm.lead.get": cost, "crm.lead.list": cost}
        settings.operating_limit, settings.batch_billing = limit, billing
        clock = TiedClock(server.world)
        client = BitrixClient(Webhook.parse(server.ready["webhook"]), clock=clock, rng=random.Random(1))
        return server, client, clock

    yield made


def leads(server: Any) -> list[int]:
    return sorted(int(row["ID"]) for row in server.world.leads)


@pytest.mark.parametrize("billing", ["inner", "outer"])
@pytest.mark.parametrize("cost", [2.0, 9.0])
def test_a_long_batch_is_paced_before_the_limit_whoever_is_billed(
    start: Any, billing: str, cost: float
) -> None:
    server, client, clock = start(cost, billing)
    commands = [
        Command(f"r{n}", "crm.lead.get", {"id": leads(server)[n % 60]}) for n in range(int(1200 / cost))
    ]
    assert client.batch(commands).all_ok
    assert sum(clock.slept) > 600


@pytest.mark.parametrize("billing", ["inner", "outer"])
def test_pacing_comes_before_the_limit_whoever_is_billed(start: Any, billing: str) -> None:
    server, client, clock = start(1.0, billing)
    commands = [Command(f"r{n}", "crm.lead.get", {"id": leads(server)[n % 60]}) for n in range(1000)]
    assert client.batch(commands).all_ok
    assert server.world.counters.get("refused_operating", 0) == 0
    assert sum(clock.slept) > 600


def test_single_calls_are_paced_by_the_latest_report_not_by_a_sum(start: Any) -> None:
    server, client, clock = start(1.0, "inner")
    for _ in range(100):
        client.call("crm.lead.get", {"id": leads(server)[0]})
    # A hundred seconds used; summing the reports would make it five thousand.
    assert sum(clock.slept) < 60
    assert server.world.counters.get("refused_operating", 0) == 0


def test_a_limit_lower_than_expected_is_waited_out(start: Any) -> None:
    server, client, clock = start(10.0, "inner", limit=50.0)
    commands = [Command(f"r{n}", "crm.lead.get", {"id": lead}) for n, lead in enumerate(leads(server)[:20])]
    assert client.batch(commands).all_ok
    assert server.world.counters["refused_operating"] > 0
    assert sum(clock.slept) > 500


def test_an_exhausted_method_leaves_the_others_alone(start: Any) -> None:
    server, _, clock = start(10.0, "inner", limit=20.0)
    lead = leads(server)[0]
    busy = [Command(f"r{n}", "crm.lead.get", {"id": lead}) for n in range(4)]
    other = [Command(f"a{n}", "crm.lead.add", {"fields": {"TITLE": f"other {n}"}}) for n in range(120)]
    added_after: list[float] = []

    def look() -> bool:
        if not added_after and len(server.world.leads) == 180:
            added_after.append(sum(clock.slept))
        return False

    watching = BitrixClient(
        Webhook.parse(server.ready["webhook"]),
        clock=clock,
        rng=random.Random(1),
        cancel=look,
        settings=WireSettings(),
    )
    assert watching.batch([*busy, *other]).all_ok
    assert added_after
    assert added_after[0] < 60 < sum(clock.slept)


def test_slow_lists_are_cut_before_the_portal_cuts_them(start: Any) -> None:
    server, client, _ = start(8.0, "inner", limit=100_000)
    many = [Command(f"a{n}", "crm.lead.add", {"fields": {"TITLE": f"more {n}"}}) for n in range(600)]
    assert client.batch(many).all_ok
    rows = list(client.list("crm.lead.list", {"select": ["ID"]}))
    assert len(rows) == 660
    assert server.world.counters.get("status.504", 0) == 0
