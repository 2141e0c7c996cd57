"""The loop that every phase over leads shares: feed the crew, take turns, notice what concerns the run as a whole. Knows no plan."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from connector.errors import AccessDenied, AuthError, BitrixError, LimitError, PortalBlocked
from connector.store.models import RunState
from connector.switching.book import RUN
from connector.switching.calls import Program, Row, Verdict
from connector.switching.looks import PAGE
from connector.switching.shift import Shift, Work
from connector.switching.tasks import Turn


class Flow(StrEnum):
    """How a phase ends for now: go to the `next` one, `more` of the same later, or the run has come to `rest`."""

    NEXT = "next"
    MORE = "more"
    REST = "rest"


Feed = Callable[[Shift, int], Sequence[Work]]
Judge = Callable[[Shift, int, Verdict], Row | None]
"""(shift, lead, verdict) → what the run waits for because of it, or None."""


def work_leads(shift: Shift, feed: Feed, judge: Judge) -> Flow:
    """Work until there are no more leads, the slice is over, or the run must rest. A cancelled run brings leads under way to an end."""
    while True:
        cancelling = shift.book.wanted == "cancel"
        if cancelling:
            shift.leave_untouched()
        room = room_for(shift)
        if room > 0 and not (cancelling and shift.resumed):
            works = feed(shift, 0 if cancelling else room)
            shift.crew.choice.last = len(works) < room
            shift.take_in(works)
        if not shift.busy:
            if cancelling:
                shift.book.stop(RunState.CANCELLED)
                return Flow.REST
            return Flow.NEXT
        turn = shift.turn()
        if turn.stopped or shift.book.wanted == "pause":
            shift.book.stop(RunState.PAUSED)
            return Flow.REST
        waiting = trouble(shift, turn) or _verdicts(shift, turn, judge)
        if waiting and not cancelling:
            shift.book.stop(RunState.PAUSED, waiting)
            return Flow.REST
        if shift.time_is_up:
            return Flow.MORE


def work_alone(shift: Shift, program: Program, key: int = RUN) -> Verdict | Flow:
    """Run a program that is about the run as a whole to its end. A Flow instead: the slice is over, or the run has come to rest.

    A refused right is an outcome of such a program, not a reason to pause.
    """
    with shift.crew.judging_rights():
        shift.crew.admit(key, program, shift.journal.load([key])[key])
        while True:
            turn = shift.turn()
            if key in turn.finished:
                return turn.finished[key]
            waiting = trouble(shift, turn)
            wanted = shift.book.wanted
            if waiting or wanted != "go" or shift.time_is_up:
                shift.crew.drop(key)
            if waiting or wanted != "go":
                shift.book.stop(RunState.CANCELLED if wanted == "cancel" else RunState.PAUSED, waiting)
                return Flow.REST
            if shift.time_is_up:
                return Flow.MORE


def room_for(shift: Shift) -> int:
    """How many more leads may be taken in. Of all, one is written to until it has shown that the portal behaves as planned.

    Leads that are only looked at, before they are begun or after everything is written, do not count: they wait to share their reads.
    """
    most = shift.effort.in_flight
    shift.crew.choice.writers = most if shift.book.counters.get("proved") else 1
    return most + min(most, PAGE) - shift.busy + shift.crew.reading_back


def _verdicts(shift: Shift, turn: Turn, judge: Judge) -> Row | None:
    for lead_id, verdict in turn.finished.items():
        waiting = judge(shift, lead_id, verdict)
        if waiting:
            return waiting
    return None


def trouble(shift: Shift, turn: Turn) -> Row | None:
    """What the run must wait for because the portal takes nothing from us, or None while that may pass by itself."""
    error = turn.halt
    if error is None:
        if turn.ok:
            shift.trouble_since = None
        return None
    if isinstance(error, AccessDenied):
        shift.book.counters["denied"] = True
        return {"what": "rights", **_named(error)}
    if isinstance(error, AuthError | PortalBlocked):
        return {"what": "portal", **_named(error)}
    if isinstance(error, LimitError) or turn.ok:
        return None
    now = shift.clock.monotonic()
    shift.trouble_since = shift.trouble_since if shift.trouble_since is not None else now
    if now - shift.trouble_since < shift.effort.trouble_seconds:
        return None
    return {"what": "portal", **_named(error)}


def _named(error: BitrixError) -> Row:
    return {
        "error": error.key,
        "method": error.method,
        "code": error.code,
        "text": error.user_message(),
        "told": error.told(),
    }
