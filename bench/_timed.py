"""A portal whose time is counted, not waited for: each command takes what the request study says, each request its way there and back.

The sandbox runs in this process behind real HTTP. Its clock and ours are one; it moves when a request has been worked on or when
somebody sleeps. What comes out is the time on the portal's clock, the same on a busy machine and on an idle one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.sandbox.clock import Clock as PortalClock
from connector.sandbox.rest.call import Call
from connector.sandbox.rest.dispatch import Answer
from connector.sandbox.server import SandboxServer

HTTP_SECONDS = 0.15
"""Round trip and the outer call of one request (request study, assumed)."""
COSTS: Mapping[str, float] = {
    "crm.item.add": 0.15,
    "crm.lead.update": 0.12,
    "crm.item.batchimport": 0.10,
    "crm.activity.binding.add": 0.03,
    "crm.activity.binding.delete": 0.03,
    "crm.item.productrow.set": 0.08,
    "crm.timeline.bindings.bind": 0.03,
    "crm.item.list": 0.10,
    "crm.activity.list": 0.05,
    "crm.item.productrow.list": 0.07,
    "crm.timeline.comment.list": 0.03,
}
"""Seconds per call, of an import per item: given and assumed by the request study."""
OTHER_SECONDS = 0.02


class CountedClock:
    """Time that moves only when somebody says so; sleeping moves it."""

    def __init__(self) -> None:
        self._start = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._elapsed += max(0.0, seconds)

    def timestamp(self) -> float:
        return self.now().timestamp()


def timed_portal(clock: CountedClock, spent: Callable[[float], object], **options: Any) -> SandboxServer:
    """A sandbox on this clock, with the study's costs and the documented limits; not started yet.

    `spent` is told how many seconds the portal worked on each request.
    """
    server = SandboxServer(plan="professional", limits="documented", **options)
    server.world.clock = PortalClock(clock.timestamp)
    settings = server.world.settings
    settings.operating_costs = dict(COSTS)
    settings.operating_default_cost = OTHER_SECONDS
    dispatcher = server.rest.dispatcher
    answer_of = dispatcher.run

    def run(name: str, call: Call) -> Answer:
        answer = answer_of(name, call)
        clock.sleep(answer.spent + HTTP_SECONDS)
        spent(answer.spent)
        return answer

    dispatcher.run = run  # type: ignore[method-assign]
    return server
