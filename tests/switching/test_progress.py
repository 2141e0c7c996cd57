"""What is told of a run while it is at work: the pace, the time left, and what of the portal's limits it waits for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete

from connector.clock import FakeClock
from connector.reports.waiting import limit_text
from connector.store.models import Budget, BudgetOperating, Run, RunState
from connector.switching.progress import progress
from tests.switching.harness import Stage


def at_work(portal: Stage, clock: FakeClock, **counters: Any) -> str:
    """A run that is being worked on, with these counters."""
    run_id = portal.start()
    with portal.db.begin() as session:
        run = session.get_one(Run, run_id)
        run.state, run.phase = RunState.RUNNING, "leads"
        run.counters = {**run.counters, **counters}
        session.execute(delete(Budget))  # connecting has used the portal's budget, by another clock
    return run_id


def hours(at: datetime) -> str:
    return at.strftime("%H:%M")


def test_the_pace_and_the_time_left_follow_from_the_last_minutes(stage: Callable[..., Stage]) -> None:
    portal, clock = stage(leads=30), FakeClock()
    now = clock.now().timestamp()
    run_id = at_work(portal, clock, total=100, done=40, points=[[now - 60, 10], [now, 40]])
    told = progress(portal.db, run_id, clock=clock)
    assert told.rate == 30
    assert told.seconds_left == 120
    assert told.waiting_for is None


def test_a_method_without_working_time_is_named_with_the_time_when_it_goes_on(
    stage: Callable[..., Stage],
) -> None:
    portal, clock = stage(leads=5), FakeClock()
    run_id = at_work(portal, clock)
    until = clock.now().timestamp() + 240
    with portal.db.begin() as session:
        session.add(BudgetOperating(key=portal.ref.host, method="crm.item.add", blocked_until=until))
    told = progress(portal.db, run_id, clock=clock)
    said = limit_text(told.waiting_for or {}, hours)
    assert "crm.item.add" in said
    assert datetime.fromtimestamp(until, UTC).strftime("%H:%M") in said
    clock.advance(241)
    assert progress(portal.db, run_id, clock=clock).waiting_for is None


def test_a_full_bucket_and_refusals_are_told(stage: Callable[..., Stage]) -> None:
    portal, clock = stage(leads=5), FakeClock()
    run_id = at_work(portal, clock)
    now = clock.now().timestamp()
    with portal.db.begin() as session:
        session.merge(Budget(key=portal.ref.host, free_at=now + 24.6, slowdown=1.0, refused_at=0.0))
    assert progress(portal.db, run_id, clock=clock).waiting_for == {"what": "bucket", "refused": False}
    with portal.db.begin() as session:
        session.merge(Budget(key=portal.ref.host, free_at=now + 1, slowdown=1.5, refused_at=now - 3))
    told = progress(portal.db, run_id, clock=clock)
    assert "refused" in limit_text(told.waiting_for or {}, hours)
    clock.advance(20)
    assert progress(portal.db, run_id, clock=clock).waiting_for is None
