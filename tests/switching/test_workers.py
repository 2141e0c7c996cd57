"""Several portals, several processes: each portal has one job at a time, portals run side by side, and a dead process is replaced."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.portals.webhook import register_webhook
from connector.sandbox.server import SandboxServer
from connector.switching.engine import Engine
from connector.switching.jobs import RUN, Due, Jobs
from tests.chaos.scene import Scene
from tests.switching.harness import QUICK, Stage, check_switched
from tests.switching.test_engine import until

TAKEN_OVER_SECONDS = 15.0


class Watch:
    """Which portals are worked on at the same time, seen from inside the slices."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.side_by_side = False

    def around(
        self, slice_: Callable[[Jobs, str, str], str], portal_of: dict[str, str]
    ) -> Callable[..., str]:
        def watched(jobs: Jobs, kind: str, id_: str) -> str:
            portal = portal_of[id_]
            with self._lock:
                self._now[portal] += 1
                self.most[portal] = max(self.most[portal], self._now[portal])
                self.side_by_side |= len(+self._now) > 1
            try:
                return slice_(jobs, kind, id_)
            finally:
                with self._lock:
                    self._now[portal] -= 1

        return watched


@pytest.fixture
def two_portals(
    stage: Callable[..., Stage], sandbox: Callable[..., SandboxServer]
) -> Iterator[tuple[Stage, Stage]]:
    first = stage(leads=20)
    other = sandbox(leads=20, seed=9)
    ref = register_webhook(first.db, first.settings, other.ready["webhook"])
    yield first, replace(first, portal=other, ref=ref)


def test_ten_jobs_of_two_portals_never_run_two_on_one_portal(
    two_portals: tuple[Stage, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [portal.picture() for portal in two_portals]
    runs = [portal.start(create="both") for portal in two_portals]
    watch = Watch()
    portal_of = {run: portal.ref.key for run, portal in zip(runs, two_portals, strict=True)}
    monkeypatch.setattr(Jobs, "slice", watch.around(Jobs.slice, portal_of))
    for portal in two_portals:
        portal.portal.rest.dispatcher.faults.add(method="batch", kind="delay", seconds=0.05)
    effort = replace(QUICK, slice_seconds=0.3)
    engine = Engine(two_portals[0].settings, two_portals[0].db, executor="only", effort=effort)
    engine.start()
    try:
        for number in range(5):
            for run in runs:
                engine._enqueue(Due(RUN, run, portal_of[run], f"extra:{run}:{number}"))
        until(lambda: all(two_portals[0].run(run).state == "waiting" for run in runs), 90.0)
    finally:
        engine.stop()
    for portal, run, before in zip(two_portals, runs, pictures, strict=True):
        check_switched(portal, run, before)
    assert dict(watch.most) == dict.fromkeys(portal_of.values(), 1)
    assert watch.side_by_side


@pytest.mark.slow
@pytest.mark.postgres
def test_when_a_process_is_killed_another_one_goes_on_within_fifteen_seconds(
    tmp_path: Path, new_postgres_url: Callable[[], str]
) -> None:
    """With the waits of the real thing, two processes on PostgreSQL."""
    with Scene(tmp_path, 5, 120, new_postgres_url(), 2, real_waits=True).opened() as scene:
        run_id = scene.start()
        scene.server.rest.dispatcher.faults.add(method="batch", kind="delay", seconds=0.2)
        for name in ("worker-0", "worker-1"):
            scene.spawn(name)
        until(lambda: scene.look(run_id)[1] > 0, 120.0)
        holder, commands = scene.look(run_id)[2], scene.look(run_id)[1]
        scene.kill(holder)
        died = time.monotonic()
        until(
            lambda: scene.look(run_id)[2] not in ("", holder) or scene.look(run_id)[1] > commands + 100, 60.0
        )
        assert time.monotonic() - died <= TAKEN_OVER_SECONDS
        assert scene.look(run_id)[2] != holder
