"""The bucket is reserved before sending and never overfilled; operating time is the latest report, not a sum."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.bitrix.limits import (
    BucketState,
    MemoryBucket,
    Operating,
    OperatingPolicy,
    OwnTimes,
    Rate,
    blocked,
    operating_wait,
    refuse,
    reported,
    take,
)

T0 = 1_700_000_000.0


def portal_accepts(arrivals: list[float], rate: Rate) -> bool:
    """The documented bucket: +1 per request, -leak per second, refused above capacity."""
    level, last = 0.0, arrivals[0]
    for at in arrivals:
        level = max(0.0, level - (at - last) * rate.leak) + 1
        last = at
        if level > rate.capacity + 1e-6:
            return False
    return True


@settings(deadline=None)
@given(st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_the_documented_bucket_never_overflows(gaps: list[float]) -> None:
    rate, state, now = Rate(), BucketState(), T0
    arrivals = []
    for gap in gaps:
        now += gap
        state, wait = take(state, rate, now)
        arrivals.append(now + wait)
    assert portal_accepts(sorted(arrivals), rate)


def test_eighty_requests_take_the_buckets_own_time() -> None:
    state, now = BucketState(), T0
    for _ in range(80):
        state, wait = take(state, Rate(), now)
        now += wait
    assert 15.0 <= now - T0 <= 15.0 * 1.05


def test_concurrent_callers_get_different_times() -> None:
    bucket, waits, lock = MemoryBucket(), [], threading.Lock()

    def caller() -> None:
        for _ in range(10):
            wait = bucket.change("portal", lambda state: take(state, Rate(5, 2), T0))
            with lock:
                waits.append(wait)

    threads = [threading.Thread(target=caller) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    later = sorted(wait for wait in waits if wait > 0)
    assert len(later) == 76
    assert all(abs(b - a - 0.5) < 1e-5 for a, b in pairwise(later))


def test_a_refusal_fills_the_bucket_and_slows_down_and_recovers() -> None:
    state, _ = take(BucketState(), Rate(), T0)
    state, wait = refuse(state, Rate(), T0)
    assert wait == pytest.approx(0.75)
    state, first = take(state, Rate(), T0)
    assert first >= 0.75
    for minute in range(1, 10):
        state, _ = take(state, Rate(), T0 + 60 * minute)
    assert state.slowdown == 1.0


def test_many_refusals_of_one_moment_count_once() -> None:
    state = BucketState()
    for _ in range(20):
        state, _ = refuse(state, Rate(), T0)
    assert state.slowdown == 1.5


def test_capacity_by_plan() -> None:
    assert Rate.of_licence("de_ent250") == Rate(250, 5)
    assert Rate.of_licence("pl_pro100") == Rate(50, 2)
    assert Rate.of_licence(None) == Rate(50, 2)


def test_pacing_starts_before_the_limit_and_waits_for_the_reset_at_it() -> None:
    policy = OperatingPolicy(limit=400, share=0.8)
    assert operating_wait(None, T0) == 0
    assert operating_wait(reported(319, T0 + 60, policy, T0), T0) == 0
    assert operating_wait(reported(360, T0 + 60, policy, T0), T0) == pytest.approx(30)
    assert operating_wait(reported(400, T0 + 60, policy, T0), T0) == pytest.approx(60)
    assert operating_wait(reported(400, T0 - 1, policy, T0), T0) == 0


def test_a_paced_method_waits_once_and_then_goes() -> None:
    latest = reported(360, T0 + 60, OperatingPolicy(limit=400, share=0.8), T0)
    assert operating_wait(latest, T0 + 10) == pytest.approx(20)
    assert operating_wait(latest, T0 + 31) == 0


def test_what_a_process_has_seen_itself_counts_for_ten_minutes() -> None:
    own, policy = OwnTimes(), OperatingPolicy(limit=400, share=0.8)
    for minute in range(5):
        own.add("m", 100, policy, T0 + 60 * minute)
    seen = own.latest("m")
    assert seen is not None
    assert seen.seconds == 500
    assert operating_wait(seen, T0 + 240) > 0
    own.add("m", 1, policy, T0 + 1200)
    assert own.latest("m") == Operating(1, seen.resets_at + 1200, 0.0)


def test_a_blocked_method_waits_to_its_own_reset_or_a_minute() -> None:
    known = blocked(Operating(400, T0 + 120), T0)
    assert operating_wait(known, T0) == pytest.approx(120.5)
    assert operating_wait(blocked(None, T0), T0) == pytest.approx(60.5)
