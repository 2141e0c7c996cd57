"""What was missed while nobody here answered is fetched from the portal's own queue: each record once, none lost, whatever breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connector.bitrix.client import BitrixClient
from connector.store.models import EventState, InboundEvent
from tests.webhooks.conftest import Office
from webhooks import offline
from webhooks.worker import SELDOM_SECONDS


@pytest.fixture
def missed(office: Callable[..., Office]) -> Office:
    """An app that was not to be reached while three leads came in."""
    portal = office(leads=3)
    portal.rounds(2)
    portal.control("events", lose=10_000)
    new_leads(portal, 3)
    return portal


def new_leads(portal: Office, count: int) -> None:
    """Leads from outside; the app may hear of them or not."""
    client = BitrixClient(portal.webhook())
    for number in range(count):
        client.call("crm.lead.add", {"fields": {"TITLE": f"missed {number}"}})
    portal.server.events.drain()


def due(portal: Office) -> None:
    """Put the clock forward to where the queue is looked at again."""
    portal.clock.ahead += offline.EVERY


def kept(portal: Office) -> Sequence[InboundEvent]:
    """Records of the queue that are stored here."""
    with portal.db.read() as session:
        rows = session.scalars(select(InboundEvent).where(InboundEvent.event == "ONCRMLEADADD")).all()
        session.expunge_all()
    return rows


def queued(portal: Office) -> int:
    """Records that the portal still keeps for us."""
    return len(portal.world.offline_queue)


def test_missed_events_are_fetched_and_looked_at(missed: Office) -> None:
    assert (queued(missed), len(kept(missed))) == (3, 0)
    due(missed)
    missed.clock.ahead += timedelta(seconds=SELDOM_SECONDS)
    missed.rounds()
    assert queued(missed) == 0
    assert [row.state for row in kept(missed)] == [EventState.HANDLED] * 3
    assert offline.catch_up(missed.automation.tools, missed.portal_id) == 0, "too early to ask again"


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        ("event.offline.list", "error"),
        ("event.offline.get", "error"),
        ("batch", "error"),
        ("batch", "drop_after"),
    ],
)
def test_a_portal_that_fails_in_between_repeats_and_loses_nothing(
    missed: Office, broken: str, kind: str
) -> None:
    tools = missed.automation.tools
    numbers = {str(row["ID"]) for row in missed.world.offline_queue}
    fault = {"kind": kind, "status": 403, "code": "ACCESS_DENIED"} if kind == "error" else {"kind": kind}
    missed.server.rest.dispatcher.faults.add(method=broken, nth=(1,), **fault)
    due(missed)
    offline.catch_up(tools, missed.portal_id)
    there = {str(row["ID"]) for row in missed.world.offline_queue}
    assert {row.payload["data"]["ID"] for row in kept(missed) if row.payload} >= numbers - there
    due(missed)
    offline.catch_up(tools, missed.portal_id)
    assert queued(missed) == 0
    assert len(kept(missed)) == 3


def test_a_process_that_dies_before_it_takes_them_off_stores_them_once(
    missed: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    due(missed)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(offline, "_taken_off", die)
        offline.catch_up(missed.automation.tools, missed.portal_id)
    assert (queued(missed), len(kept(missed))) == (3, 3)
    due(missed)
    assert offline.catch_up(missed.automation.tools, missed.portal_id) == 3
    assert (queued(missed), len(kept(missed))) == (0, 3)


def test_what_comes_in_between_reading_and_taking_off_is_kept(
    missed: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_off = offline._taken_off
    first = missed.world.offline_queue[0]

    def meanwhile(client: BitrixClient, rows: Any) -> Any:
        if rows[0]["ID"] == str(first["ID"]):
            new_leads(missed, 1)
            first["TIMESTAMP_X"] = "2030-01-01T00:00:00+00:00"
        return taken_off(client, rows)

    monkeypatch.setattr(offline, "_taken_off", meanwhile)
    due(missed)
    offline.catch_up(missed.automation.tools, missed.portal_id)
    assert queued(missed) == 0
    stored = [row.payload["data"] for row in kept(missed) if row.payload]
    assert len(stored) == 5, "four leads, one of them changed again meanwhile"
    there = {str(row["ID"]) for row in missed.world.leads if str(row["TITLE"]).startswith("missed")}
    assert {str(one["FIELDS"]["ID"]) for one in stored} == there


def test_a_portal_that_keeps_no_queue_for_us_is_asked_seldom_and_quietly(
    office: Callable[..., Office],
) -> None:
    portal = office(leads=1)
    portal.rounds(2)
    portal.world.event_handlers[:] = [row for row in portal.world.event_handlers if not row["offline"]]
    portal.server.rest.dispatcher.faults.add(
        method="event.offline.list", kind="error", status=403, code="ACCESS_DENIED"
    )
    due(portal)
    assert offline.due(portal.db, portal.clock.now()) == [portal.portal_id]
    assert offline.catch_up(portal.automation.tools, portal.portal_id) == 0
    assert offline.due(portal.db, portal.clock.now()) == []
