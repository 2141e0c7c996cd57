"""How long a method takes on a portal, measured, so that a batch can be cut before the portal cuts it (60 s)."""

from __future__ import annotations

import threading
from collections.abc import Collection

_FIRST_GUESS = 0.2  # fifty commands of an unknown method are ten seconds
_WEIGHT = 0.3
_LONGEST = 60.0


class Pace:
    """Seconds per command by method: an exponentially weighted average that jumps up at once and comes down slowly."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    def seconds(self, method: str) -> float:
        """Expected seconds of one command."""
        with self._lock:
            return self._seconds.get(method, _FIRST_GUESS)

    def learn(self, method: str, duration: float | None) -> None:
        """One measured command."""
        if duration is None or duration < 0:
            return
        with self._lock:
            old = self._seconds.get(method)
            mixed = duration if old is None else old + _WEIGHT * (duration - old)
            self._seconds[method] = mixed

    def share(self, methods: Collection[str], seconds: float, commands: int) -> None:
        """A whole batch without times of its own: every command took its part."""
        for method in methods:
            self.learn(method, seconds / max(1, commands))

    def slower(self, methods: Collection[str]) -> None:
        """A batch of these was lost, perhaps because it took too long: a quarter of it next time, so that three losses
        lead from fifty commands to one.
        """
        with self._lock:
            for method in methods:
                known = max(self._seconds.get(method, _FIRST_GUESS), _FIRST_GUESS)
                self._seconds[method] = min(_LONGEST, 4 * known)
