"""Where a portal has our companion a run sets the CRM mode by itself: read back, refused past leads in work, taken back by undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.errors import LeadswitchError
from connector.planning.model import CrmMode
from connector.switching import modes, service
from connector.switching.runner import SliceResult
from tests.switching.harness import Stage, changes, check_switched

CLASSIC, SIMPLE = 1, 2
SETTER = "leadswitch.crm.mode.set"


@pytest.fixture
def portal(stage: Callable[..., Stage]) -> Stage:
    """A self-hosted portal with the companion."""
    return stage(leads=20, self_hosted=True)


def set_calls(portal: Stage, run_id: str) -> list[tuple[str, dict[str, Any]]]:
    return [(line.state, line.params) for line in portal.journal(run_id) if line.method == SETTER]


def leaving(portal: Stage, stay: int, **more: Any) -> str:
    """A run over all leads in work but this many, which stay as they are."""
    return portal.start(leads={"ids": portal.active()[stay:]}, leftovers="leave", **more)


def test_a_run_sets_the_mode_by_itself_and_undo_sets_it_back(portal: Stage) -> None:
    before = portal.picture()
    run_id = portal.start()
    assert portal.drive(run_id) is SliceResult.DONE
    check_switched(portal, run_id, before)
    assert portal.world.mode == SIMPLE
    assert portal.world.counters["mode.flips"] == 1
    assert set_calls(portal, run_id) == [("done", {"mode": SIMPLE})]
    assert portal.run(run_id).report["mode"] == {"before": "classic", "now": "simple", "wanted": "simple"}

    undo_id = portal.undo(run_id)
    assert portal.drive(undo_id) is SliceResult.DONE
    assert portal.world.mode == CLASSIC
    assert set_calls(portal, undo_id) == [("done", {"mode": CLASSIC})]
    assert changes(before, portal.picture()) == {}


def test_leads_that_were_left_stay_as_they_are_and_their_number_is_passed(portal: Stage) -> None:
    left = portal.active()[:4]
    run_id = leaving(portal, 4)
    assert portal.drive(run_id) is SliceResult.DONE
    assert set_calls(portal, run_id) == [("done", {"mode": SIMPLE, "leftovers": 4})]
    assert portal.world.mode == SIMPLE
    assert portal.active() == left
    assert not [deal for deal in portal.world.deals if deal["LEAD_ID"] in left]


def test_without_the_choice_to_leave_leads_the_mode_is_not_set_past_them(portal: Stage) -> None:
    run_id = portal.start(leads={"ids": portal.active()[4:]})
    assert portal.drive(run_id) is SliceResult.WAITING
    waiting = portal.run(run_id).waiting_for
    assert (waiting["what"], waiting["count"]) == ("leads", 4)
    assert set_calls(portal, run_id) == []
    assert portal.world.mode == CLASSIC


def test_a_lead_that_came_after_counting_is_not_run_over(
    portal: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four leads are in work; the run saw three of them."""
    run_id = leaving(portal, 4)
    real = modes.set_call
    with monkeypatch.context() as late:
        late.setattr(
            modes,
            "set_call",
            lambda *known, active_leads, **more: real(*known, active_leads=active_leads - 1, **more),
        )
        assert portal.drive(run_id) is SliceResult.WAITING
    assert portal.world.mode == CLASSIC
    assert "4 leads are in work" in portal.run(run_id).waiting_for["note"]
    service.resume(portal.db, run_id, {"user_id": 1})
    assert portal.drive(run_id) is SliceResult.DONE
    assert portal.world.mode == SIMPLE
    assert [params for _state, params in set_calls(portal, run_id)][-1] == {"mode": SIMPLE, "leftovers": 4}


def test_a_companion_that_refuses_leaves_the_last_step_to_a_person(portal: Stage) -> None:
    portal.world.settings.companion_writable = False
    run_id = portal.start()
    assert portal.drive(run_id) is SliceResult.WAITING
    waiting = portal.run(run_id).waiting_for
    assert waiting["what"] == "flip"
    assert "read-only" in waiting["note"]
    portal.set_mode(SIMPLE)
    assert portal.drive(run_id) is SliceResult.DONE
    assert set_calls(portal, run_id) == [("failed", {"mode": SIMPLE})]


def test_a_refused_change_is_asked_for_again_only_when_somebody_resumes(portal: Stage) -> None:
    portal.world.settings.companion_writable = False
    run_id = portal.start()
    for _poll in range(3):
        assert portal.drive(run_id) is SliceResult.WAITING
    assert set_calls(portal, run_id) == [("failed", {"mode": SIMPLE})]
    portal.world.settings.companion_writable = True
    service.resume(portal.db, run_id, {"user_id": 1})
    assert portal.drive(run_id) is SliceResult.DONE
    assert [state for state, _params in set_calls(portal, run_id)] == ["failed", "done"]
    assert portal.world.mode == SIMPLE


def test_to_classic_is_set_without_a_person_too(portal: Stage) -> None:
    portal.set_mode(SIMPLE)
    run_id = portal.start(to="classic")
    assert portal.drive(run_id) is SliceResult.DONE
    assert portal.world.mode == CLASSIC


def test_a_cloud_portal_has_no_setter_and_is_never_asked_to_set(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=4)
    run_id = portal.start()
    assert portal.drive(run_id) is SliceResult.WAITING
    assert portal.run(run_id).waiting_for["what"] == "flip"
    assert f"method.{SETTER}" not in portal.world.counters


def test_a_cloud_portal_refuses_a_plan_that_would_leave_leads(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=6)
    with pytest.raises(LeadswitchError):
        leaving(portal, 2)


def test_the_number_of_leads_goes_only_with_simple() -> None:
    (setter,) = modes.SETTERS
    assert modes.set_call(setter, CrmMode.SIMPLE, active_leads=3).params == {"mode": 2, "leftovers": 3}
    assert modes.set_call(setter, CrmMode.SIMPLE, active_leads=0).params == {"mode": 2}
    assert modes.set_call(setter, CrmMode.CLASSIC, active_leads=3).params == {"mode": 1}
