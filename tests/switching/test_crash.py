"""What happens when a process dies, or an answer is lost, at any point of a run: nothing twice, nothing lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from connector.store.models import JournalState, Run
from connector.switching import runner
from connector.switching.book import RunBook
from connector.switching.journal import Entry
from connector.switching.runner import SliceResult
from connector.switching.shift import Effort
from connector.switching.tasks import Turn
from tests.switching.harness import QUICK, Stage, changes, check_switched

SMALL = Effort(in_flight=6, slice_seconds=60, settle_seconds=0.0, longest_idle=0.02)


class Killed(BaseException):
    """Stands for a process that is not there any more."""


@dataclass
class Killer:
    """Raises at the n-th place where a process could die: before or after intents, before or after outcomes are stored."""

    at: int = 0
    seen: int = 0

    def pass_by(self) -> None:
        self.seen += 1
        if self.seen == self.at:
            raise Killed


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Killer:
    found = Killer()
    intend, settle = RunBook.intend, RunBook.settle

    def killing_intend(self: RunBook, entries: Sequence[Entry]) -> bool:
        found.pass_by()
        answer = intend(self, entries)
        found.pass_by()
        return answer

    def killing_settle(self: RunBook, turn: Turn) -> None:
        found.pass_by()
        settle(self, turn)
        found.pass_by()

    monkeypatch.setattr(RunBook, "intend", killing_intend)
    monkeypatch.setattr(RunBook, "settle", killing_settle)
    return found


def drive_through(portal: Stage, run_id: str, killer: Killer, places: Sequence[int]) -> SliceResult:
    """Processes one after the other; each dies at its place until one does not get there. The lease of a dead one is taken away."""
    for number, place in enumerate(itertools.cycle(places)):
        assert number < 400, "never came to an end"
        killer.seen, killer.at = 0, place
        try:
            return portal.drive(run_id, holder=f"process-{number}")
        except Killed:
            runner._shifts.clear()
            with portal.db.begin() as session:
                run = session.get_one(Run, run_id)
                run.lease_holder = run.lease_until = None
    raise AssertionError


@pytest.mark.parametrize("places", [(3, 11, 19, 27), (2, 14, 21, 32), (25, 16, 9, 37)])
def test_a_process_killed_at_any_point_never_makes_two_deals(
    stage: Callable[..., Stage], killer: Killer, places: Sequence[int]
) -> None:
    portal = stage(leads=16)
    portal.effort = SMALL
    before = portal.picture()
    run_id = portal.start(create="both")
    assert drive_through(portal, run_id, killer, places) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    assert {lead.state for lead in portal.leads(run_id)} == {"done"}
    settled = {entry.state for entry in portal.journal(run_id)}
    assert not settled & {JournalState.INTENT, JournalState.UNKNOWN}


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "error_after", "html_after", "truncated"])
def test_lost_answers_are_looked_for_before_anything_is_sent_again(
    stage: Callable[..., Stage], kind: str
) -> None:
    portal = stage(leads=24)
    portal.effort = replace(QUICK, in_flight=10)
    before = portal.picture()
    run_id = portal.start(create="both")
    portal.portal.rest.dispatcher.faults.add(method="batch", kind=kind, nth=(3, 5, 8, 9, 14))
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    assert {lead.state for lead in portal.leads(run_id)} == {"done"}


@pytest.mark.parametrize("places", [(2, 17, 29), (3, 15, 24, 38)])
def test_undo_survives_kills_and_lost_answers(
    stage: Callable[..., Stage], killer: Killer, places: Sequence[int]
) -> None:
    portal = stage(leads=16)
    portal.effort = SMALL
    before = portal.picture()
    run_id = portal.start(create="both")
    portal.drive(run_id)
    undo_id = portal.undo(run_id)
    portal.portal.rest.dispatcher.faults.add(method="batch", kind="drop_after", nth=(4, 7, 12))
    assert drive_through(portal, undo_id, killer, places) is SliceResult.DONE
    assert {lead.state for lead in portal.leads(undo_id)} == {"undone"}
    assert changes(before, portal.picture()) == {}
