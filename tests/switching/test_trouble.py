"""Things that go wrong with the portal as a whole while a run is at work: a clear reason, nothing lost, and a way on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import METHODS
from connector.switching import service
from connector.switching.runner import SliceResult
from tests.switching.harness import ACTOR, Stage, check_switched


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`refuse(method, error, after=n)`: from the n-th call on a method answers with this error; returns how to end that."""
    undo: list[Callable[[], None]] = []

    def make(name: str, error: RestError, after: int = 0) -> Callable[[], None]:
        entry = METHODS[name]
        original, seen = entry.handler, [0]

        def handler(call: Any) -> Any:
            seen[0] += 1
            if seen[0] > after:
                raise error
            return original(call)

        def end() -> None:
            object.__setattr__(entry, "handler", original)

        object.__setattr__(entry, "handler", handler)
        undo.append(end)
        return end

    yield make
    for end in undo:
        end()


def test_rights_taken_away_in_mid_run_pause_it_and_it_goes_on_when_they_are_back(
    stage: Callable[..., Stage], refuse: Callable[..., Any]
) -> None:
    portal = stage(leads=30)
    before = portal.picture()
    run_id = portal.start(create="both")
    given_back = refuse("crm.item.add", RestError("ACCESS_DENIED", "Access denied.", 403), after=12)
    assert portal.drive(run_id) is SliceResult.PAUSED
    waiting = portal.run(run_id).waiting_for
    assert (waiting["what"], waiting["method"]) == ("rights", "crm.item.add")
    given_back()
    service.resume(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)


def test_a_run_without_rights_can_be_cancelled_and_takes_half_done_leads_back(
    stage: Callable[..., Stage], refuse: Callable[..., Any]
) -> None:
    portal = stage(leads=30)
    before = portal.picture()
    run_id = portal.start(create="both")
    refuse("crm.lead.update", RestError("ACCESS_DENIED", "Access denied.", 403), after=3)
    assert portal.drive(run_id) is SliceResult.PAUSED
    service.cancel(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.CANCELLED
    assert {lead.state for lead in portal.leads(run_id)} <= {"done", "failed", "pending"}
    check_switched(portal, run_id, before)


def test_a_pipeline_deleted_in_mid_run_stops_it_before_every_lead_has_failed(
    stage: Callable[..., Stage], refuse: Callable[..., Any]
) -> None:
    portal = stage(leads=60)
    before = portal.picture()
    run_id = portal.start(create="contact")
    handler = METHODS["crm.item.add"].handler

    def no_pipeline(call: Any) -> Any:
        if call.integer("entityTypeId") == 2 and len(portal.world.deals.rows) > len(before["deals"]) + 5:
            raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", "Pipeline not found")
        return handler(call)

    object.__setattr__(METHODS["crm.item.add"], "handler", no_pipeline)
    try:
        assert portal.drive(run_id) is SliceResult.PAUSED
        waiting = portal.run(run_id).waiting_for
        assert waiting["what"] == "failures"
        assert waiting["detail"]["text"] == "Pipeline not found"
    finally:
        object.__setattr__(METHODS["crm.item.add"], "handler", handler)
    service.resume(portal.db, run_id, ACTOR)
    portal.drive(run_id)
    service.retry(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.WAITING
    assert {lead.state for lead in portal.leads(run_id)} == {"done"}
    check_switched(portal, run_id, before)


def test_a_webhook_that_is_gone_pauses_the_run_with_the_reason(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=20)
    before = portal.picture()
    run_id = portal.start()
    hooks = dict(portal.world.webhooks)
    portal.portal.rest.dispatcher.faults.add(
        method="batch", kind="error", status=401, code="NO_AUTH_FOUND", nth=tuple(range(6, 60))
    )
    assert portal.drive(run_id) is SliceResult.PAUSED
    assert portal.run(run_id).waiting_for["error"] == "auth.refused"
    portal.portal.rest.dispatcher.faults.clear()
    assert portal.world.webhooks == hooks
    service.resume(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)


def test_a_portal_that_is_down_pauses_the_run_after_a_while(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=20)
    before = portal.picture()
    portal.effort = type(portal.effort)(settle_seconds=0, trouble_seconds=0.3, longest_idle=0.02)
    run_id = portal.start()
    portal.portal.rest.dispatcher.faults.add(method="batch", kind="drop_before", nth=tuple(range(7, 500)))
    assert portal.drive(run_id) is SliceResult.PAUSED
    assert portal.run(run_id).waiting_for["what"] == "portal"
    portal.portal.rest.dispatcher.faults.clear()
    service.resume(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)


@pytest.mark.parametrize(
    ("status", "code"), [(503, "QUERY_LIMIT_EXCEEDED"), (500, "INTERNAL_SERVER_ERROR"), (502, "")]
)
def test_limits_and_faults_that_pass_are_not_noticed(
    stage: Callable[..., Stage], status: int, code: str
) -> None:
    portal = stage(leads=20)
    before = portal.picture()
    run_id = portal.start(create="both")
    portal.portal.rest.dispatcher.faults.add(
        method="batch", kind="error", status=status, code=code, nth=(2, 5, 6, 9)
    )
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)


def test_a_portal_that_treats_the_first_lead_otherwise_stops_the_run_there(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=20)
    run_id = portal.start()
    handler = METHODS["crm.item.add"].handler

    def forgets_the_lead(call: Any) -> Any:
        answer = handler(call)
        if call.integer("entityTypeId") == 2:
            portal.world.deals.change(int(answer["item"]["id"]), {"LEAD_ID": 0})
        return answer

    object.__setattr__(METHODS["crm.item.add"], "handler", forgets_the_lead)
    try:
        assert portal.drive(run_id) is SliceResult.PAUSED
    finally:
        object.__setattr__(METHODS["crm.item.add"], "handler", handler)
    waiting = portal.run(run_id).waiting_for
    assert waiting["what"] == "deviation"
    assert [item["what"] for item in waiting["deviations"]] == ["deal.leadId"]
    assert [lead.state for lead in portal.leads(run_id)].count("done") == 1
    service.resume(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.WAITING


def test_a_portal_that_is_silent_for_a_moment_does_not_pause_a_run_between_two_leads(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=5)
    before = portal.picture()
    run_id = portal.start()
    portal.portal.rest.dispatcher.faults.add(method="batch", kind="drop_before", nth=tuple(range(1, 9)))
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)


def test_a_look_at_the_mode_that_fails_leaves_the_run_waiting(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=3)
    run_id = portal.start()
    assert portal.drive(run_id) is SliceResult.WAITING
    asked = portal.run(run_id).waiting_for["polled_at"]
    portal.portal.rest.dispatcher.faults.add(method="*", kind="drop_before")
    assert portal.drive(run_id) is SliceResult.WAITING
    assert portal.run(run_id).waiting_for["what"] == "flip"
    assert portal.run(run_id).waiting_for["polled_at"] > asked
    portal.portal.rest.dispatcher.faults.clear()
    portal.set_mode(2)
    assert portal.drive(run_id) is SliceResult.DONE
