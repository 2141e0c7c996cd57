"""The shared budget: one bucket per portal for all threads and processes on a database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from connector.bitrix.limits import BucketState, Operating, Rate, take
from connector.clock import FakeClock
from connector.portals.budget import DatabaseBucket, DatabaseOperatingTimes
from connector.store.database import Database


def test_contenders_for_a_new_portal_never_get_the_same_slot(any_database: Database) -> None:
    rate = Rate(capacity=5, leak=2)
    start = threading.Barrier(8)

    def contend(_: int) -> list[float]:
        bucket = DatabaseBucket(any_database)
        start.wait()
        return [bucket.change("portal.example", lambda state: take(state, rate, 1000.0)) for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        waits = sorted(wait for part in pool.map(contend, range(8)) for wait in part)
    later = [wait for wait in waits if wait > 0]
    assert len(waits) == 40
    assert len(set(later)) == len(later)
    assert waits[-1] == 40 * 0.5 - 4.5 * 0.5


def test_portals_do_not_share_a_bucket(database: Database) -> None:
    bucket = DatabaseBucket(database)
    bucket.change("a.example", lambda state: (replace(state, free_at=9.0), None))
    assert bucket.change("b.example", lambda state: (state, state)) == BucketState()
    assert bucket.change("a.example", lambda state: (state, state.free_at)) == 9.0


def test_failed_step_leaves_the_state_as_it_was(database: Database) -> None:
    bucket = DatabaseBucket(database)
    bucket.change("a.example", lambda state: (replace(state, free_at=9.0), None))

    def broken(state: BucketState) -> tuple[BucketState, None]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        bucket.change("a.example", broken)
    assert bucket.change("a.example", lambda state: (state, state.free_at)) == 9.0


def test_latest_report_of_operating_time_wins(any_database: Database) -> None:
    times = DatabaseOperatingTimes(any_database)
    assert times.get("a.example", "crm.item.list") is None
    times.put("a.example", "crm.item.list", Operating(100.0, 5.0))
    times.put("a.example", "crm.item.list", Operating(90.0, 6.0, 7.0))
    times.put("b.example", "crm.item.list", Operating(1.0))
    assert times.get("a.example", "crm.item.list") == Operating(90.0, 6.0, 7.0)
    assert DatabaseOperatingTimes(any_database).get("a.example", "crm.item.list") == Operating(90.0, 6.0, 7.0)


def test_block_found_by_one_process_is_seen_by_another_within_a_second(database: Database) -> None:
    clock = FakeClock()
    here, there = DatabaseOperatingTimes(database, clock), DatabaseOperatingTimes(database, clock)
    here.put("a.example", "crm.item.list", Operating(10.0))
    assert there.get("a.example", "crm.item.list") == Operating(10.0)
    here.put("a.example", "crm.item.list", Operating(10.0, 0.0, blocked_until=99.0))
    clock.advance(1.1)
    assert there.get("a.example", "crm.item.list") == Operating(10.0, 0.0, 99.0)
