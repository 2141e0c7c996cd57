"""Who changes pipelines of a portal: one at a time on both kinds of database, however the portal is connected."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.clock import FakeClock
from connector.errors import ChangeUnderWay
from connector.pipelines.turn import HOLD_SECONDS, SETTLE_SECONDS, Turn, is_taken
from connector.portals import audit
from connector.portals.audit import Did
from connector.store.database import Database
from connector.store.models import Portal

WHO = {"user_id": 1, "name": "Ada", "via": "api"}


def connect(db: Database, key: str, host: str = "acme.example") -> int:
    """A portal under this key."""
    now = FakeClock().now()
    with db.begin() as session:
        row = Portal(key=key, host=host, kind="oauth", created_at=now, updated_at=now)
        session.add(row)
        session.flush()
        return row.id


def test_the_same_host_has_one_turn_however_it_is_connected(any_database: Database) -> None:
    clock = FakeClock()
    app, webhook, other = (
        connect(any_database, "m1"),
        connect(any_database, "acme", "ACME.example:443"),
        connect(any_database, "m2", "other.example"),
    )
    first = Turn(any_database, app, clock)
    first.take(WHO, Did.PIPELINE_RENAMED, {})
    with pytest.raises(ChangeUnderWay):
        Turn(any_database, webhook, clock).take(WHO, Did.PIPELINE_RENAMED, {})
    Turn(any_database, other, clock).take(WHO, Did.PIPELINE_RENAMED, {})
    with any_database.begin() as session:
        first.release(session)
    assert not is_taken(any_database, app, clock)
    Turn(any_database, webhook, clock).take(WHO, Did.PIPELINE_RENAMED, {})


def test_of_many_at_once_one_gets_it(any_database: Database) -> None:
    clock, portal = FakeClock(), connect(any_database, "m1")

    def take(_: int) -> bool:
        try:
            Turn(any_database, portal, clock).take(WHO, Did.PIPELINE_CREATED, {})
        except ChangeUnderWay:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(take, range(6))) == 1


def test_what_was_told_already_is_not_told_again_when_it_settles(any_database: Database) -> None:
    clock, portal = FakeClock(), connect(any_database, "m1")
    unsure, dead = Turn(any_database, portal, clock), Turn(any_database, portal, clock)
    unsure.take(WHO, Did.PIPELINE_CREATED, {"name": "A"})
    with any_database.begin() as session:
        unsure.settle(session)
    clock.advance(SETTLE_SECONDS - 1)
    with pytest.raises(ChangeUnderWay):
        dead.take(WHO, Did.PIPELINE_CREATED, {"name": "B"})
    clock.advance(2)
    dead.take(WHO, Did.PIPELINE_CREATED, {"name": "B"})
    clock.advance(HOLD_SECONDS + 1)
    Turn(any_database, portal, clock).take(WHO, Did.PIPELINE_CREATED, {"name": "C"})
    told = audit.entries(any_database, portal)
    assert [(one.detail["name"], one.detail["outcome"]) for one in told] == [("B", "unknown")]


def test_a_late_holder_lets_nobody_else_go(any_database: Database) -> None:
    clock, portal = FakeClock(), connect(any_database, "m1")
    slow = Turn(any_database, portal, clock)
    slow.take(WHO, Did.PIPELINE_CREATED, {})
    clock.advance(HOLD_SECONDS + 1)
    Turn(any_database, portal, clock).take(WHO, Did.PIPELINE_CREATED, {})
    with any_database.begin() as session:
        slow.release(session)
    assert is_taken(any_database, portal, clock)
