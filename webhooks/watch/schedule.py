"""How often the mode of a portal is read: quiet portals rarely, troubled ones more rarely, a guided change every few seconds. Pure.

A portal allows 2 requests a second (settings/performance/limits.md). One reading in `LONGEST` seconds is 0.06 % of that, one in `HOT` 10 %.
"""

SHORTEST = 60
LONGEST = 900
HOT = 5
HOT_FOR = 1800
"""Seconds that a guided change is watched closely; who takes longer is waited for at the usual pace."""
TROUBLE = 3600
GROWTH = 1.5


def next_pause(pause: int, *, changed: bool, hot: bool, failures: int) -> int:
    """Seconds until the next reading, from the pause before this one."""
    if failures:
        return int(min(SHORTEST * 2 ** min(failures, 8), TROUBLE))
    if hot:
        return HOT
    if changed or pause < SHORTEST:
        return SHORTEST
    return min(round(pause * GROWTH), LONGEST)
