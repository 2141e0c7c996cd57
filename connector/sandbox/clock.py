"""The portal's clock: real time plus an offset, optionally faster. It never sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

PORTAL_ZONE = timezone(timedelta(hours=3))
"""The server's offset; documented answers carry the server's offset, not the user's (data-types.md)."""


class Clock:
    """Seconds since the epoch as the portal sees them; may be moved and sped up by the control surface."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._origin = source()
        self._base = self._origin
        self.speed = 1.0

    def now(self) -> float:
        """Portal time, seconds since the epoch."""
        return self._base + (self._source() - self._origin) * self.speed

    def advance(self, seconds: float) -> None:
        """Move portal time by this many seconds (may be negative)."""
        self._base += seconds

    def set_speed(self, speed: float) -> None:
        """Run portal time `speed` times as fast as real time from now on."""
        self._base, self._origin = self.now(), self._source()
        self.speed = speed

    def freeze(self, at: float) -> None:
        """Stop portal time at this moment."""
        self._base, self._origin, self.speed = at, self._source(), 0.0


def iso(moment: float) -> str:
    """`2026-08-21T10:00:00+03:00`, the documented datetime form."""
    return datetime.fromtimestamp(int(moment), PORTAL_ZONE).isoformat()


def day(moment: float) -> str:
    """Midnight of that day in the same form; `date` fields are answered so."""
    return datetime.fromtimestamp(moment, PORTAL_ZONE).strftime("%Y-%m-%dT00:00:00+03:00")


def parse_moment(text: str) -> int | None:
    """Seconds since the epoch of an ISO or `YYYY-MM-DD[ hh:mm:ss]` text; None when it is not one."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        for form in ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y"):
            try:
                moment = datetime.strptime(text.strip(), form).replace(tzinfo=PORTAL_ZONE)
                break
            except ValueError:
                continue
        else:
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=PORTAL_ZONE)
    return int(moment.astimezone(UTC).timestamp())
