"""The job engine: runs end without anybody driving them, one at a time per portal, and a process's work survives it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from connector.switching import service
from connector.switching.engine import Engine
from tests.switching.harness import ACTOR, QUICK, Stage, check_switched


@pytest.fixture
def engine() -> Iterator[Callable[[Stage, str], Engine]]:
    started: list[Engine] = []

    def make(stage: Stage, name: str = "worker-1") -> Engine:
        effort = replace(QUICK, slice_seconds=1.0, poll_unwatched=0.5)
        made = Engine(stage.settings, stage.db, executor=name, effort=effort)
        made.start()
        started.append(made)
        return made

    yield make
    for made in started:
        made.stop()


def until(condition: Callable[[], bool], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "took too long"
        time.sleep(0.1)


def test_a_run_goes_on_by_itself_waits_for_the_mode_and_ends(
    stage: Callable[..., Stage], engine: Callable[..., Engine]
) -> None:
    portal = stage(leads=20)
    before = portal.picture()
    run_id = portal.start()
    jobs = engine(portal)
    jobs.enqueue("run", run_id, portal.ref.key)
    jobs.enqueue("run", run_id, portal.ref.key)
    until(lambda: portal.run(run_id).state == "waiting")
    check_switched(portal, run_id, before)
    portal.set_mode(2)
    until(lambda: portal.run(run_id).state == "done")


def test_work_that_nobody_enqueued_is_found_and_a_restart_goes_on(
    stage: Callable[..., Stage], engine: Callable[..., Engine]
) -> None:
    portal = stage(leads=40)
    before = portal.picture()
    run_id = portal.start()
    first = engine(portal)
    until(lambda: int(portal.run(run_id).counters.get("commands", 0)) > 0)
    first.stop()
    assert portal.run(run_id).lease_holder is None
    engine(portal, "worker-2")
    until(lambda: portal.run(run_id).state == "waiting")
    check_switched(portal, run_id, before)


def test_an_engine_that_did_not_come_up_leaves_room_for_the_next(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=1)
    failing = Engine(portal.settings, portal.db, executor="failing")

    async def start_in_a_loop() -> None:
        failing.start()

    with pytest.raises(RuntimeError):
        asyncio.run(start_in_a_loop())
    assert not failing.running
    second = Engine(portal.settings, portal.db, executor="second")
    second.start()
    assert second.running
    second.stop()


def test_a_run_can_be_paused_and_resumed_while_the_engine_works(
    stage: Callable[..., Stage], engine: Callable[..., Engine]
) -> None:
    portal = stage(leads=60)
    before = portal.picture()
    portal.portal.rest.dispatcher.faults.add(method="batch", kind="delay", seconds=0.3)
    run_id = portal.start()
    jobs = engine(portal)
    until(lambda: int(portal.run(run_id).counters.get("commands", 0)) > 0)
    service.pause(portal.db, run_id, ACTOR)
    until(lambda: portal.run(run_id).state == "paused", 5.0)
    sent = len(portal.journal(run_id))
    time.sleep(1.0)
    assert len(portal.journal(run_id)) == sent
    portal.portal.rest.dispatcher.faults.clear()
    service.resume(portal.db, run_id, ACTOR)
    jobs.enqueue("run", run_id, portal.ref.key)
    until(lambda: portal.run(run_id).state == "waiting")
    check_switched(portal, run_id, before)
