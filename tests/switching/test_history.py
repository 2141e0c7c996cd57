"""When a lead was created is noted in its deal's timeline, once, and goes with the deal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.switching.runner import SliceResult
from tests.switching.harness import Stage, changes, check_switched


@pytest.mark.parametrize("kind", ["", "drop_after", "drop_before"])
def test_the_creation_date_is_noted_once(stage: Callable[..., Stage], kind: str) -> None:
    portal = stage(leads=16)
    before = portal.picture()
    run_id = portal.start(created_field="timeline")
    if kind:
        portal.portal.rest.dispatcher.faults.add(method="batch", kind=kind, nth=(3, 5, 8))
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    assert {lead.reason for lead in portal.leads(run_id)} == {""}
    notes = {row["BINDINGS"][0][1]: row for row in portal.world.log_messages}
    assert len(portal.world.log_messages.rows) == len(portal.leads(run_id)) == len(notes)
    for lead in portal.leads(run_id):
        row = notes[int(lead.deal_id or 0)]
        assert row["TITLE"].startswith(f"#{lead.lead_id} ")
        assert row["TEXT"].startswith("Created on: 20")
    undo_id = portal.undo(run_id)
    assert portal.drive(undo_id) is SliceResult.DONE
    assert changes(before, portal.picture()) == {}
    assert not portal.world.log_messages.rows
