"""When to try again, and how long to pause: tenacity, driven by the policy table. Knows nothing of HTTP.

A call is repeated only if its policy row says so *and* repeating is harmless or the answer proves that it did not run.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

import tenacity

from connector.bitrix.calls import Kind
from connector.bitrix.policy import Action, policy_of
from connector.bitrix.transport import WireSettings
from connector.clock import Clock
from connector.errors import BadAnswer, BitrixError, Cancelled, LimitError, MethodTimeLimit, NotSent

T = TypeVar("T")
_SLICE = 0.25


class Deadline:
    """A point on the monotonic clock until which work may take."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = clock.monotonic() + seconds

    def restart(self) -> None:
        """Progress was made: the whole time again."""
        self._end = self._clock.monotonic() + self._seconds

    @property
    def left(self) -> float:
        return max(0.0, self._end - self._clock.monotonic())


class Patience:
    """Pauses, cancellation and the retry loop, shared by single calls, batches and lists."""

    def __init__(
        self,
        settings: WireSettings,
        clock: Clock,
        rng: random.Random,
        cancel: Callable[[], bool] | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self._cancel = cancel

    def deadline(self) -> Deadline:
        """The whole time budget of one call, batch request or page."""
        return Deadline(self._clock, self._settings.budget_seconds)

    def check(self) -> None:
        """Raises Cancelled if the caller has asked to stop."""
        if self._cancel is not None and self._cancel():
            raise Cancelled

    def sleep(self, seconds: float) -> None:
        """Wait, in slices, so that a stop is noticed at once. Raises Cancelled."""
        if self._cancel is None:
            self._clock.sleep(seconds)
            return
        end = self._clock.monotonic() + seconds
        self.check()
        while (left := end - self._clock.monotonic()) > 0:
            self._clock.sleep(min(_SLICE, left))
            self.check()

    def pause(self, attempt: int, error: BitrixError | None = None) -> float:
        """Seconds before the next try: doubling, half of it at random. After a limit error only the random part, the
        waiting itself is done where the slot is reserved.
        """
        longest = self._settings.longest_pause
        if isinstance(error, LimitError):
            return self._rng.uniform(0.0, self._settings.first_pause)
        base = min(longest, self._settings.first_pause * 2.0 ** min(max(attempt - 1, 0), 16))
        return base * self._rng.uniform(0.5, 1.0)

    def again(self, error: BaseException, kind: Kind, attempt: int) -> bool:
        """Whether try number `attempt` (from 1) that ended in `error` is followed by another one."""
        if not isinstance(error, BitrixError) or (isinstance(error, LimitError) and not error.asked):
            return False
        most: float = self._settings.attempts
        if isinstance(error, NotSent | BadAnswer):
            most = min(most, self._settings.connect_attempts)
        if isinstance(error, MethodTimeLimit):
            # Every one of these waits a minute or more; the time budget is what ends them.
            most = float("inf")
        return attempt < most and policy_of(error).action_for(kind) in (Action.RETRY, Action.WAIT)

    def run(
        self,
        work: Callable[[], T],
        kind: Kind,
        deadline: Deadline,
        failed: Callable[[BitrixError], None] | None = None,
    ) -> T:
        """Do `work` until it succeeds, must not be repeated, or the budget is spent; then its last error is raised.

        `failed` is told of every try that is followed by another one.
        """

        def retry(state: tenacity.RetryCallState) -> bool:
            error = state.outcome.exception() if state.outcome else None
            return error is not None and self.again(error, kind, state.attempt_number)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return self.pause(state.attempt_number, error if isinstance(error, BitrixError) else None)

        def before_sleep(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            if failed is not None and isinstance(error, BitrixError):
                failed(error)

        return tenacity.Retrying(
            retry=retry,
            wait=wait,
            stop=lambda state: state.upcoming_sleep >= deadline.left,
            sleep=self.sleep,
            before_sleep=before_sleep,
            reraise=True,
        )(work)
