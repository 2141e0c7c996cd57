"""A whole apply over real HTTP and a real database."""

from __future__ import annotations

from collections.abc import Callable

from connector.switching.runner import SliceResult
from tests.switching.harness import Stage, check_switched


def test_every_lead_becomes_one_deal_and_open_activities_stay_open(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=60)
    before = portal.picture()
    run_id = portal.start(create="both")
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    assert portal.run(run_id).waiting_for["what"] in ("flip", "leads")
