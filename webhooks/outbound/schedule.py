"""When a delivery is tried again, and when an endpoint is given up. The numbers are those of the Standard Webhooks specification."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_MINUTE, _HOUR = 60.0, 3600.0
PAUSES = (
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
"""Seconds after the first try, the second, …; together a little more than three days."""
JITTER = 0.2
LONGEST_WISH = 24 * _HOUR
"""The longest `Retry-After` that is honoured."""
GIVE_UP = timedelta(days=3)
"""An endpoint at which nothing has succeeded for so long is switched off."""


def next_try(attempts: int, now: datetime, rng: random.Random, wish: float | None = None) -> datetime | None:
    """When to try again after so many tries, at the earliest when the receiver wishes (`wish`, seconds); None when it was the last."""
    if attempts > len(PAUSES):
        return None
    pause = PAUSES[attempts - 1] * (1 + JITTER * rng.random())
    return now + timedelta(seconds=max(pause, min(wish or 0.0, LONGEST_WISH)))


def wish_of(header: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for; None when it says nothing that can be read."""
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)
