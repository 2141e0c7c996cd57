"""The portal's limits: the request bucket per source address and the operating time per method (limits.md).

It only counts and refuses; costs are virtual seconds, nothing sleeps.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from connector.sandbox.errors import RestError
from connector.sandbox.world import World

WINDOW = 600
MINUTE = 60


@dataclass(slots=True)
class _Bucket:
    level: float = 0.0
    at: float = 0.0


@dataclass(slots=True)
class Limits:
    """State of both limits; one per portal."""

    world: World
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _used: dict[tuple[str, str], deque[tuple[int, float]]] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget what was counted."""
        self._buckets.clear()
        self._used.clear()

    def enter(self, address: str) -> None:
        """Count one HTTP request; 503 QUERY_LIMIT_EXCEEDED when the bucket is full. Refused ones do not fill it."""
        if not self.world.settings.limits:
            return
        burst, leak = self.world.settings.bucket()
        now = self.world.clock.now()
        bucket = self._buckets.setdefault(address, _Bucket(0.0, now))
        bucket.level = max(0.0, bucket.level - max(0.0, now - bucket.at) * leak)
        bucket.at = now
        if bucket.level + 1 > burst:
            self.world.count("refused_bucket")
            raise RestError("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)
        bucket.level += 1

    def cost(self, method: str) -> float:
        """Seconds one call of this method takes."""
        settings = self.world.settings
        return settings.operating_costs.get(method, settings.operating_default_cost)

    def check(self, client: str, method: str) -> None:
        """429 OPERATION_TIME_LIMIT before execution when the method has used up its time; other methods go on."""
        settings = self.world.settings
        if (
            settings.limits
            and settings.operating_limit
            and self.used(client, method) >= settings.operating_limit
        ):
            self.world.count("refused_operating")
            raise RestError("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)

    def spend(self, client: str, method: str, seconds: float) -> None:
        """Add the time of one call."""
        minute = int(self.world.clock.now()) // MINUTE * MINUTE
        used = self._used.setdefault((client, method), deque())
        if used and used[-1][0] == minute:
            used[-1] = (minute, used[-1][1] + seconds)
        else:
            used.append((minute, seconds))

    def used(self, client: str, method: str) -> float:
        """Seconds used in the ten one-minute buckets that still count."""
        used = self._used.get((client, method))
        if not used:
            return 0.0
        oldest = int(self.world.clock.now()) // MINUTE * MINUTE - WINDOW
        while used and used[0][0] <= oldest:
            used.popleft()
        return sum(seconds for _, seconds in used)

    def reset_at(self, client: str, method: str) -> int:
        """When the oldest bucket leaves the sum, unix time."""
        used = self._used.get((client, method))
        first = used[0][0] if used else int(self.world.clock.now()) // MINUTE * MINUTE
        return first + WINDOW
