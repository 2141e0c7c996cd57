"""Time as a collaborator: everything that waits or dates something is handed a Clock.

Nothing else in the project may call time.sleep, time.time or datetime.now directly; that is what makes limits,
leases and retries testable in milliseconds.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the project knows about time."""

    def now(self) -> datetime:
        """The wall clock, timezone-aware, UTC. Comparable between processes."""

    def monotonic(self) -> float:
        """Seconds that never run backwards. Comparable inside one process only."""

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds; zero or less returns at once."""


class SystemClock:
    """The real one."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


class FakeClock:
    """A clock for tests: sleeping advances it at once, and every sleep is remembered in `slept` (seconds)."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start or datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self._elapsed = 0.0
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def now(self) -> datetime:
        with self._lock:
            return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            with self._lock:
                self._elapsed += seconds
                self.slept.append(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody having slept."""
        with self._lock:
            self._elapsed += seconds
