"""Drives one run for a while: takes the lease, goes through the phases of its kind, comes to rest with a reason. The engine and the shell
only keep calling `run_slice` until it says that there is no more.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import structlog

from connector.clock import Clock, SystemClock
from connector.errors import (
    BitrixError,
    Cancelled,
    LeadswitchError,
    LimitError,
    PortalBlocked,
    PortalMoved,
    RunNotFound,
    TransportError,
)
from connector.occurrences import run_changed
from connector.store.database import Database
from connector.store.models import Run, RunState
from connector.switching.leadwork import Flow
from connector.switching.lease import LeaseLost
from connector.switching.phases import go_through
from connector.switching.shift import Effort, OpenClient, Shift, open_shift

log = structlog.get_logger(__name__)


class SliceResult(StrEnum):
    """How a slice ended. `more`: call again; `busy`: another process has this run; all others are states in which it rests."""

    MORE = "more"
    BUSY = "busy"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


RESTING: Mapping[str, SliceResult] = {
    RunState.PAUSED: SliceResult.PAUSED,
    RunState.CANCELLED: SliceResult.CANCELLED,
    RunState.WAITING: SliceResult.WAITING,
    RunState.DONE: SliceResult.DONE,
    RunState.FAILED: SliceResult.FAILED,
}
ENDED = (RunState.CANCELLED, RunState.DONE, RunState.FAILED)

_shifts: dict[tuple[str, str], Shift] = {}
_troubled: dict[tuple[str, str], float] = {}
"""Since when (monotonic) a run has met nothing but trouble here."""
_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of `run_slice`."""

    db: Database
    open_client: OpenClient
    run_id: str
    holder: str
    clock: Clock
    effort: Effort
    stop: Callable[[], bool]


def run_slice(
    db: Database,
    open_client: OpenClient,
    run_id: str,
    *,
    holder: str,
    clock: Clock | None = None,
    effort: Effort | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> SliceResult:
    """Work on a run for about `effort.slice_seconds`. Raises RunNotFound and what the database raises; everything else becomes a state
    of the run with its reason.

    `holder` names this process; the same process may call again at once and goes on where it was without asking anew. `stop` is asked
    before every request: when the process is to end, the slice ends as `more` at the next safe point.
    """
    call = _Call(db, open_client, run_id, holder, clock or SystemClock(), effort or Effort(), stop)
    resting = _resting(call)
    if resting is not None:
        _end_shift(call)
        return resting
    try:
        shift = _shift(call)
        return SliceResult.BUSY if shift is None else _work(call, shift)
    except LeaseLost:
        _drop_shift(call)
        return SliceResult.BUSY
    except Cancelled as error:
        _drop_shift(call)
        return _interrupted(call, error)
    except BitrixError as error:
        # Reads of a phase that the portal would not answer: nothing is lost.
        _drop_shift(call)
        return _passing(call, error) or _rest(call, RunState.PAUSED, error)
    except LeadswitchError as error:
        _drop_shift(call)
        return _rest(call, RunState.FAILED, error)
    except BaseException:
        _drop_shift(call)
        raise


def _passing(call: _Call, error: BitrixError) -> SliceResult | None:
    """What to do about trouble that may pass by itself: try again soon, or at the next look of a waiting run. None: it has lasted."""
    if not isinstance(error, TransportError | LimitError) or isinstance(error, PortalMoved | PortalBlocked):
        return None
    now = call.clock.now()
    with call.db.begin() as session:
        run = session.get_one(Run, call.run_id, with_for_update=True)
        if run.lease_holder not in (None, call.holder):
            return SliceResult.BUSY
        if run.state == RunState.WAITING:
            run.waiting_for = {**(run.waiting_for or {}), "polled_at": now.isoformat()}
            run.lease_holder = run.lease_until = None
            return SliceResult.WAITING
    began = _troubled.setdefault((call.run_id, call.holder), call.clock.monotonic())
    if call.clock.monotonic() - began >= call.effort.trouble_seconds:
        return None
    call.clock.sleep(call.effort.longest_idle)
    return SliceResult.MORE


def _shift(call: _Call) -> Shift | None:
    key = (call.run_id, call.holder)
    with _guard:
        shift = _shifts.get(key)
    if shift is not None and shift.db is call.db and shift.lease.take():
        return shift
    shift = open_shift(
        call.db,
        call.open_client,
        call.run_id,
        holder=call.holder,
        clock=call.clock,
        effort=call.effort,
        stop=call.stop,
    )
    if shift is not None:
        with _guard:
            _shifts[key] = shift
    return shift


def _drop_shift(call: _Call) -> Shift | None:
    """Forget what is in memory; the lease stays until it is given back or runs out."""
    with _guard:
        return _shifts.pop((call.run_id, call.holder), None)


def _end_shift(call: _Call) -> None:
    shift = _drop_shift(call)
    if shift is not None:
        shift.lease.release()


def _resting(call: _Call) -> SliceResult | None:
    """The state of a run that nobody should work on just now, or None."""
    with call.db.read() as session:
        run = session.get(Run, call.run_id)
        if run is None:
            raise RunNotFound(run=call.run_id)
        if run.state in ENDED:
            return RESTING[run.state]
        return SliceResult.PAUSED if run.state == RunState.PAUSED else None


def _interrupted(call: _Call, error: Cancelled) -> SliceResult:
    """A read was given up because somebody wants a pause, another process has the run, or this one is to end."""
    with call.db.read() as session:
        run = session.get_one(Run, call.run_id)
        if run.wanted == "pause":
            return _rest(call, RunState.PAUSED, error)
        return SliceResult.MORE if run.lease_holder == call.holder else SliceResult.BUSY


def let_go(holder: str) -> None:
    """Give back everything that this process holds, so that another one need not wait for the leases to run out."""
    with _guard:
        mine = [key for key in _shifts if key[1] == holder]
        shifts = [_shifts.pop(key) for key in mine]
    for shift in shifts:
        shift.lease.release()


def _rest(call: _Call, state: RunState, error: LeadswitchError) -> SliceResult:
    """The run rests because of an error; also when the lease could not even be used."""
    asked = isinstance(error, Cancelled)
    log.log(
        logging.INFO if asked else logging.WARNING,
        "run rests",
        run=call.run_id,
        state=state.value,
        error=error.key,
    )
    with call.db.begin() as session:
        run = session.get_one(Run, call.run_id, with_for_update=True)
        if run.lease_holder not in (None, call.holder):
            return SliceResult.BUSY
        run.state, run.wanted = state, "go"
        run.waiting_for = (
            None
            if asked
            else {"what": "portal", "error": error.key, "text": error.user_message(), "told": error.told()}
        )
        run.error = None if asked else error.key
        run.lease_holder = run.lease_until = None
        if state in ENDED:
            run.finished_at = call.clock.now()
        run_changed(session, run, call.clock.now())
    return RESTING[state]


def _work(call: _Call, shift: Shift) -> SliceResult:
    shift.until = shift.clock.monotonic() + shift.effort.slice_seconds
    with shift.lease.kept():
        flow = go_through(shift)
    _troubled.pop((call.run_id, call.holder), None)
    if flow is Flow.MORE:
        return SliceResult.MORE
    with shift.db.read() as session:
        state = session.get_one(Run, call.run_id).state
    _end_shift(call)
    return RESTING.get(state, SliceResult.MORE)
