"""A process that ends right after it has closed a lead: the lead is converted, and stays so."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from connector.store.models import Journal, JournalState, Run
from connector.switching import runner
from connector.switching.book import RunBook
from connector.switching.runner import SliceResult
from connector.switching.steps import CLOSE
from connector.switching.tasks import Turn
from tests.switching.harness import Stage, check_switched


class Killed(BaseException):
    """Stands for a process that is not there any more."""


def test_a_lead_closed_before_a_crash_is_not_taken_for_one_that_somebody_changed(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = stage(leads=16)
    before = portal.picture()
    run_id = portal.start(create="both")
    settle = RunBook.settle

    def dying(self: RunBook, turn: Turn) -> None:
        settle(self, turn)
        with self.db.read() as session:
            closed = session.scalars(
                select(Journal.id).where(Journal.method == CLOSE, Journal.state == JournalState.DONE)
            ).all()
        if closed:
            raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(RunBook, "settle", dying)
        portal.drive(run_id)
    runner._shifts.clear()
    with portal.db.begin() as session:
        run = session.get_one(Run, run_id)
        run.lease_holder = run.lease_until = None

    assert portal.drive(run_id, holder="another") is SliceResult.WAITING
    assert {lead.state for lead in portal.leads(run_id)} == {"done"}
    check_switched(portal, run_id, before)
