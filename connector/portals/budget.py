"""The request budget of a portal, shared by all threads and processes on one database. Knows no arithmetic: the wire brings that."""

import threading
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector.bitrix.limits import BucketState, Operating
from connector.clock import Clock, SystemClock
from connector.store.database import Database
from connector.store.models import Budget, BudgetOperating
from connector.store.upsert import upsert

T = TypeVar("T")


class DatabaseBucket:
    """`connector.bitrix.limits.Bucket` in the `budget` table."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def change(self, key: str, step: Callable[[BucketState], tuple[BucketState, T]]) -> T:
        """One short writing transaction; the row is locked on PostgreSQL, the whole database on SQLite."""
        with self._db.begin() as session:
            row = _locked(session, key)
            if row is None:
                session.execute(upsert(self._db, Budget, {"key": key}, {}))
                row = _locked(session, key)
            assert row is not None
            state, value = step(BucketState(row.free_at, row.slowdown, row.refused_at))
            row.free_at, row.slowdown, row.refused_at = state.free_at, state.slowdown, state.refused_at
            return value


class DatabaseOperatingTimes:
    """`connector.bitrix.limits.OperatingTimes` in the `budget_operating` table; the last report wins.

    A batch asks and reports once per command, so what was read or written within `FRESH` seconds is answered from
    memory, and reports that differ by less than `STEP` seconds of operating time from the stored one are not stored.
    """

    FRESH = 1.0
    STEP = 1.0

    def __init__(self, db: Database, clock: Clock | None = None) -> None:
        self._db = db
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], tuple[float, Operating | None]] = {}
        self._stored: dict[tuple[str, str], Operating] = {}

    def get(self, portal: str, method: str) -> Operating | None:
        """The latest report, or None; one of another process is seen after a second at most."""
        key = (portal, method)
        with self._lock:
            at, known = self._seen.get(key, (float("-inf"), None))
            if self._clock.monotonic() - at < self.FRESH:
                return known
        with self._db.read() as session:
            row = session.get(BudgetOperating, key)
            latest = None if row is None else Operating(row.seconds, row.resets_at, row.blocked_until)
        with self._lock:
            self._seen[key] = (self._clock.monotonic(), latest)
        return latest

    def put(self, portal: str, method: str, latest: Operating) -> None:
        """Remember the report, and store it when it says something new."""
        key = (portal, method)
        with self._lock:
            self._seen[key] = (self._clock.monotonic(), latest)
            stored = self._stored.get(key)
            if stored is not None and _alike(stored, latest, self.STEP):
                return
            self._stored[key] = latest
        values = {
            "seconds": latest.seconds,
            "resets_at": latest.resets_at,
            "blocked_until": latest.blocked_until,
        }
        with self._db.begin() as session:
            session.execute(upsert(self._db, BudgetOperating, {"key": portal, "method": method}, values))


def _alike(one: Operating, other: Operating, step: float) -> bool:
    same_block = one.blocked_until == other.blocked_until
    return (
        same_block and abs(one.seconds - other.seconds) < step and abs(one.resets_at - other.resets_at) < 60
    )


def _locked(session: Session, key: str) -> Budget | None:
    return session.scalar(select(Budget).where(Budget.key == key).with_for_update())
