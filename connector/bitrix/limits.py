"""How much a portal allows: the leaky bucket per portal, and the operating time per method.

Both are reserved *before* a request is sent. The arithmetic is pure and lives here; where the state is kept is a
Protocol, so that all threads and processes on one database share one bucket. Never sleeps and never sends.

Source: doc page settings/performance/limits.md: counter +1 per request, -Y per second, refused above X; Enterprise
Y=5 X=250, other plans Y=2 X=50, per portal and source address; operating time is the sum of ten one-minute buckets per
method, reported in every answer, limit value not published (480 s is the page's example).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rate:
    """Capacity (requests) and leak (requests per second) of a portal's bucket."""

    capacity: float = 50.0
    leak: float = 2.0

    @classmethod
    def of_licence(cls, licence: str | None) -> Rate:
        """By `app.info` LICENSE (`<region>_<plan>`) or LICENSE_FAMILY: `ent…` is Enterprise, all else and unknown 50."""
        plan = (licence or "").lower().rsplit("_", 1)[-1]
        return cls(250.0, 5.0) if plan.startswith("ent") else cls()


@dataclass(frozen=True, slots=True)
class BucketState:
    """What is stored per portal. `free_at` is the wall-clock second at which the bucket would be empty, counting every
    slot handed out; `slowdown` divides the leak after refusals; `refused_at` is when the portal last said 503.
    """

    free_at: float = 0.0
    slowdown: float = 1.0
    refused_at: float = 0.0


class Bucket(Protocol):
    """Where bucket states live."""

    def change(self, key: str, step: Callable[[BucketState], tuple[BucketState, T]]) -> T:
        """Read the state of `key` (a fresh one if absent), apply `step`, store the new state, return the step's value.

        Must be atomic over all threads and processes that share the store; `step` is pure and may be run again.
        """


# Answers travel unevenly: half a request less than documented keeps bunched arrivals under the portal's own count.
HEADROOM = 0.5
_RECOVERY_SECONDS = 30.0
_MAX_SLOWDOWN = 8.0


def take(state: BucketState, rate: Rate, now: float) -> tuple[BucketState, float]:
    """Reserve one slot. Returns the new state and the seconds to wait before sending (0.0 = go).

    The generic cell rate form of the leaky bucket: one number, so concurrent callers get distinct times and never all
    compute the same sleep.
    """
    state = _recovered(state, now)
    interval = state.slowdown / rate.leak
    start = max(state.free_at, now)
    # The bucket holds `capacity` slots; this one fits once enough has leaked that it is the capacity-th at most.
    wait = max(0.0, start + interval - now - (rate.capacity - HEADROOM) * interval)
    return replace(state, free_at=start + interval), wait


def refuse(state: BucketState, rate: Rate, now: float) -> tuple[BucketState, float]:
    """The portal said 503 QUERY_LIMIT_EXCEEDED: somebody else fills the bucket too. Count it as full and go slower.

    Returns the new state and the seconds until the next slot. Refusals of requests that were already under way when
    the first one came back count once.
    """
    state = _recovered(state, now)
    slowdown = state.slowdown
    if now - state.refused_at > 1.0:
        slowdown = min(_MAX_SLOWDOWN, slowdown * 1.5)
    interval = slowdown / rate.leak
    full = now + (rate.capacity - HEADROOM) * interval
    new = BucketState(free_at=max(state.free_at, full), slowdown=slowdown, refused_at=now)
    return new, interval


def _recovered(state: BucketState, now: float) -> BucketState:
    if state.slowdown > 1.0 and now - state.refused_at > _RECOVERY_SECONDS:
        # Half-way back for every quiet period; `refused_at` moves so that the next period counts from here.
        slowdown = 1.0 + (state.slowdown - 1.0) / 2
        return replace(state, slowdown=1.0 if slowdown < 1.05 else slowdown, refused_at=now)
    return state


class MemoryBucket:
    """Bucket states in this process: for the shell and for tests."""

    def __init__(self) -> None:
        self._states: dict[str, BucketState] = {}
        self._lock = threading.Lock()

    def change(self, key: str, step: Callable[[BucketState], tuple[BucketState, T]]) -> T:
        with self._lock:
            state, value = step(self._states.get(key, BucketState()))
            self._states[key] = state
            return value


@dataclass(frozen=True, slots=True)
class Operating:
    """The latest report about one method: seconds used in the trailing ten minutes (cumulative already, never summed),
    wall-clock second at which the oldest minute leaves the sum, and until when the method has to wait, be it because we
    pace it or because the portal has blocked it.
    """

    seconds: float = 0.0
    resets_at: float = 0.0
    blocked_until: float = 0.0


class OperatingTimes(Protocol):
    """Where the latest report per portal and method is kept; `None` if there is none. Last writer wins."""

    def get(self, portal: str, method: str) -> Operating | None: ...

    def put(self, portal: str, method: str, latest: Operating) -> None: ...


class MemoryOperatingTimes:
    """Reports in this process."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], Operating] = {}
        self._lock = threading.Lock()

    def get(self, portal: str, method: str) -> Operating | None:
        with self._lock:
            return self._latest.get((portal, method))

    def put(self, portal: str, method: str, latest: Operating) -> None:
        with self._lock:
            self._latest[portal, method] = latest


@dataclass(frozen=True, slots=True)
class OperatingPolicy:
    """When to slow down: from `share` of `limit` seconds on; at the limit, wait for the reset."""

    limit: float = 420.0
    share: float = 0.8


# Without `operating_reset_at` in any answer: one of the ten minute buckets.
_ONE_BUCKET = 60.0
_MINUTES = 10


def reported(seconds: float, resets_at: float, policy: OperatingPolicy, now: float) -> Operating:
    """The record after an answer that reported its operating time. From `share` of the limit on the next call has to
    wait for a growing part of the time to the reset, at the limit for all of it.
    """
    pace_from = policy.limit * policy.share
    left = max(0.0, resets_at - now)
    used = min(1.0, max(0.0, (seconds - pace_from) / (policy.limit - pace_from)))
    return Operating(seconds, resets_at, now + used * left if used else 0.0)


def operating_wait(latest: Operating | None, now: float) -> float:
    """Seconds to wait before this method may be called. 0.0 if nothing was ever reported (the fields are optional)."""
    return 0.0 if latest is None else max(0.0, latest.blocked_until - now)


class OwnTimes:
    """What this process has seen methods use in the trailing ten minutes, by the minute.

    The times of commands inside a batch come without the portal's own sum, so pacing by reports alone would run into
    the limit there. A lower bound: other processes and apps are not in it.
    """

    def __init__(self) -> None:
        self._minutes: dict[str, dict[int, float]] = {}
        self._latest: dict[str, Operating] = {}
        self._lock = threading.Lock()

    def add(self, method: str, seconds: float, policy: OperatingPolicy, now: float) -> None:
        """One call has taken so many seconds."""
        minute = int(now // 60)
        with self._lock:
            minutes = self._minutes.setdefault(method, {})
            minutes[minute] = minutes.get(minute, 0.0) + seconds
            for old in [known for known in minutes if known <= minute - _MINUTES]:
                del minutes[old]
            resets_at = (min(minutes) + _MINUTES) * 60.0
            self._latest[method] = reported(sum(minutes.values()), resets_at, policy, now)

    def latest(self, method: str) -> Operating | None:
        """The sum as if it had been reported."""
        with self._lock:
            return self._latest.get(method)


def blocked(latest: Operating | None, now: float) -> Operating:
    """The record after 429 OPERATION_TIME_LIMIT: wait to the last reported reset, a minute if there was none."""
    until = latest.resets_at if latest is not None and latest.resets_at > now else now + _ONE_BUCKET
    base = latest or Operating()
    return replace(base, resets_at=until, blocked_until=until + 0.5)
