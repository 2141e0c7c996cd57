"""A test inquiry after a switch: only when asked for, journalled, removed again, and told as it was seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.errors import WrongRunState
from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import METHODS
from connector.switching import inquiry, service
from connector.switching.runner import SliceResult
from tests.switching.harness import ACTOR, Stage, changes


def switched(portal: Stage, mode: int = 2, **options: object) -> str:
    run_id = portal.start(**options)
    portal.drive(run_id)
    portal.set_mode(mode)
    assert portal.drive(run_id) is SliceResult.DONE
    return run_id


def test_in_simple_crm_a_new_inquiry_becomes_a_deal_and_nothing_of_it_stays(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=6)
    run_id = switched(portal)
    assert "inquiry" not in portal.run(run_id).report
    before, kept = portal.picture(), portal.run(run_id).report
    service.try_inquiry(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.DONE
    report = portal.run(run_id).report
    seen = report["inquiry"]
    assert (seen["expected"], seen["as_expected"], seen["mode"]) == ("deal", True, "simple")
    assert len(seen["deal"]) == 1
    assert len(seen["contact"]) == 1
    assert seen["kept"] == []
    assert changes(before, portal.picture()) == {}
    assert {name: report[name] for name in kept} == kept
    lines = [(line.key, line.method) for line in portal.journal(run_id, -1)]
    assert lines[0] == ("inquiry:1", "crm.item.add")
    assert [method for _, method in lines[1:]] == ["crm.item.delete"] * 3
    assert portal.drive(portal.undo(run_id)) is SliceResult.WAITING


def test_in_classic_crm_it_stays_a_lead(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=4, mode="simple")
    run_id = switched(portal, mode=1, to="classic")
    before = portal.picture()
    service.try_inquiry(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.DONE
    seen = portal.run(run_id).report["inquiry"]
    assert (seen["expected"], seen["as_expected"], seen["active"]) == ("lead", True, True)
    assert changes(before, portal.picture()) == {}


def test_what_does_not_come_is_not_claimed_and_what_cannot_be_removed_is_named(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = stage(leads=4)
    run_id = switched(portal)
    monkeypatch.setattr(inquiry, "PAUSE_SECONDS", 0.0)
    portal.world.settings.autocreation = False
    entry = METHODS["crm.item.delete"]
    original = entry.handler

    def refuses(call: object) -> object:
        raise RestError("CRM_TYPE_ERROR_SOMETHING", "It must stay")

    object.__setattr__(entry, "handler", refuses)
    try:
        service.try_inquiry(portal.db, run_id, ACTOR)
        assert portal.drive(run_id) is SliceResult.DONE
    finally:
        object.__setattr__(entry, "handler", original)
    seen = portal.run(run_id).report["inquiry"]
    assert seen["as_expected"] is False
    assert seen["deal"] == []
    assert seen["kept"] == [{"what": "lead", "id": seen["lead"], "why": "refused"}]


def test_a_test_that_was_killed_goes_on_without_a_second_lead(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = stage(leads=4)
    run_id = switched(portal)
    before, count = portal.picture(), len(portal.world.leads.rows)
    service.try_inquiry(portal.db, run_id, ACTOR)
    look = inquiry._look

    def dies(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(inquiry, "_look", dies)
    with pytest.raises(KeyboardInterrupt):
        portal.drive(run_id)
    assert len(portal.world.leads.rows) == count + 1
    monkeypatch.setattr(inquiry, "_look", look)
    assert portal.drive(run_id) is SliceResult.DONE
    assert portal.run(run_id).report["inquiry"]["as_expected"] is True
    assert changes(before, portal.picture()) == {}


def test_only_a_switch_that_is_done_is_tried_and_giving_it_up_leaves_the_switch_done(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=4)
    run_id = portal.start()
    portal.drive(run_id)
    with pytest.raises(WrongRunState):
        service.try_inquiry(portal.db, run_id, ACTOR)
    portal.set_mode(2)
    portal.drive(run_id)
    service.try_inquiry(portal.db, run_id, ACTOR)
    service.cancel(portal.db, run_id, ACTOR)
    assert portal.run(run_id).state == "done"
    assert portal.run(run_id).report["mode"]["now"] == "simple"
