"""Start, pause, resume, cancel, retry: what people ask of a run, and what the run makes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from connector.errors import AlreadyRunning, PlanAlreadyApplied, PlanHasErrors, WrongRunState
from connector.portals import audit
from connector.store.models import Plan
from connector.switching import service
from connector.switching.foreground import drive
from connector.switching.runner import SliceResult
from tests.switching.harness import ACTOR, QUICK, Stage, check_switched


def after_some_writes(portal: Stage, run_id: str, do: Callable[[], None], writes: int = 30) -> None:
    """Do something from another thread once the run has written so much."""

    def wait() -> None:
        while len(portal.journal(run_id)) < writes:
            time.sleep(0.005)
        do()

    threading.Thread(target=wait, daemon=True).start()


def test_a_plan_is_applied_once(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10)
    plan_id = portal.plan()
    run_id = service.start(portal.db, plan_id, ACTOR)
    with pytest.raises(PlanAlreadyApplied) as refused:
        service.start(portal.db, plan_id, ACTOR)
    assert refused.value.details["run"] == run_id
    portal.drive(run_id)
    with pytest.raises(PlanAlreadyApplied):
        service.start(portal.db, plan_id, ACTOR)


def test_a_portal_has_one_run_at_a_time(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10)
    first, second = portal.plan(), portal.plan()
    service.start(portal.db, first, ACTOR)
    with pytest.raises(AlreadyRunning):
        service.start(portal.db, second, ACTOR)


def test_two_people_who_start_at_once_get_one_run(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10)
    plans = [portal.plan() for _ in range(4)]
    outcomes: list[str] = []

    def begin(plan_id: str) -> None:
        try:
            outcomes.append(service.start(portal.db, plan_id, ACTOR))
        except AlreadyRunning:
            outcomes.append("refused")

    threads = [threading.Thread(target=begin, args=(plan_id,)) for plan_id in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("refused") == 3


def test_a_plan_with_errors_about_itself_is_refused(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=5)
    plan_id = portal.plan()
    with portal.db.begin() as session:
        plan = session.get_one(Plan, plan_id)
        head = dict(plan.facts["head"])
        head["findings"] = [{"code": "maybe-incomplete", "severity": "error", "params": {}}]
        plan.facts = {**plan.facts, "head": head}
    with pytest.raises(PlanHasErrors):
        service.start(portal.db, plan_id, ACTOR)


def test_a_run_paused_in_the_middle_goes_on_where_it_was(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=40)
    before = portal.picture()
    run_id = portal.start(create="both")
    after_some_writes(portal, run_id, lambda: service.pause(portal.db, run_id, ACTOR))
    assert portal.drive(run_id) is SliceResult.PAUSED
    sent = len(portal.journal(run_id))
    assert portal.drive(run_id) is SliceResult.PAUSED
    assert len(portal.journal(run_id)) == sent
    service.resume(portal.db, run_id, ACTOR)
    assert portal.drive(run_id, holder="another machine") is SliceResult.WAITING
    check_switched(portal, run_id, before)


def test_a_cancelled_run_leaves_no_lead_half_done(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=60)
    portal.effort = type(QUICK)(in_flight=8, slice_seconds=60, settle_seconds=0, longest_idle=0.02)
    before = portal.picture()
    run_id = portal.start(create="both")
    after_some_writes(portal, run_id, lambda: service.cancel(portal.db, run_id, ACTOR))
    assert portal.drive(run_id) is SliceResult.CANCELLED
    states = {lead.state for lead in portal.leads(run_id)}
    assert states == {"done", "pending"}
    check_switched(portal, run_id, before)
    untouched = {lead.lead_id for lead in portal.leads(run_id) if lead.state == "pending"}
    assert untouched <= set(portal.active())


def test_a_paused_run_can_be_cancelled_and_its_open_leads_are_finished(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=40)
    before = portal.picture()
    run_id = portal.start(create="both")
    after_some_writes(portal, run_id, lambda: service.pause(portal.db, run_id, ACTOR))
    assert portal.drive(run_id) is SliceResult.PAUSED
    service.cancel(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.CANCELLED
    assert {lead.state for lead in portal.leads(run_id)} <= {"done", "pending"}
    check_switched(portal, run_id, before)
    with pytest.raises(WrongRunState):
        service.resume(portal.db, run_id, ACTOR)


def test_a_run_that_was_never_begun_is_cancelled_at_once(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=5)
    run_id = portal.start()
    service.cancel(portal.db, run_id, ACTOR)
    assert portal.run(run_id).state == "cancelled"
    assert portal.drive(run_id) is SliceResult.CANCELLED
    assert portal.journal(run_id) == []


def test_two_processes_never_work_on_one_run(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=60)
    before = portal.picture()
    run_id = portal.start(create="both")
    results: list[SliceResult] = []
    threads = [
        threading.Thread(target=lambda name=name: results.append(portal.drive(run_id, holder=name)))
        for name in ("a", "b", "c")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(SliceResult.BUSY) >= 1
    check_switched(portal, run_id, before)


def test_everything_asked_is_on_record(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=5)
    run_id = portal.start()
    service.pause(portal.db, run_id, ACTOR)
    service.resume(portal.db, run_id, ACTOR)
    service.cancel(portal.db, run_id, ACTOR)
    said = [entry.action for entry in audit.entries(portal.db, portal.ref.id)]
    assert said[:4] == ["run.cancelled", "run.resumed", "run.paused", "run.started"]


def test_the_shell_drives_a_run_with_progress_and_waits_for_the_mode(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=20)
    run_id = portal.start()
    seen: list[tuple[str, int]] = []

    def flip() -> None:
        while portal.run(run_id).state != "waiting":
            time.sleep(0.02)
        portal.set_mode(2)

    threading.Thread(target=flip, daemon=True).start()
    effort = type(QUICK)(settle_seconds=0, poll_watched=0.1)
    end = drive(
        portal.db,
        portal.client,
        run_id,
        holder="shell",
        actor=ACTOR,
        wait=20,
        effort=effort,
        show=lambda now: seen.append((now.state, now.ended)),
    )
    assert end.state == "done"
    assert end.done == end.total == end.ended
    assert end.report is not None and end.report["mode"]["now"] == "simple"
    assert seen[-1] == ("done", end.total)
