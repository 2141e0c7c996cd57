"""Upkeep of a serving process."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from connector.clock import FakeClock
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import InboundEvent, Portal, RestLog
from tests.portals.conftest import add_portal
from webhooks.upkeep import Upkeep


def test_pending_events_are_finished_and_old_logs_go(database: Database) -> None:
    clock = FakeClock()
    portal_id = add_portal(database, clock.now())
    payload = {"code": "ONAPPUNINSTALL", "data": {"CLEAN": "0"}, "auth": {}}
    with database.begin() as session:
        session.add(
            InboundEvent(
                portal_id=portal_id,
                digest="d",
                event="ONAPPUNINSTALL",
                received_at=clock.now(),
                payload=payload,
            )
        )
        session.add(
            RestLog(
                portal_id=None, at=clock.now() - timedelta(days=30), method="m", request=None, answer=None
            )
        )
    Upkeep(database, Settings.load(), clock=clock).once()
    with database.read() as session:
        assert session.get_one(Portal, portal_id).state == "uninstalled"
        assert session.scalar(select(func.count()).select_from(RestLog)) == 0


def test_failure_does_not_end_the_thread(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = threading.Semaphore(0)
    upkeep = Upkeep(database, Settings.load())

    def broken() -> None:
        rounds.release()
        raise RuntimeError("no luck")

    monkeypatch.setattr(upkeep, "once", broken)
    monkeypatch.setattr("webhooks.upkeep.EVERY_SECONDS", 0.01)
    upkeep.start()
    assert all(rounds.acquire(timeout=5) for _ in range(3))
    upkeep.stop()
    assert not upkeep._thread.is_alive()
