"""What people may ask of runs: pause, resume, cancel, retry, and what `starting` offers. Leaves the work to the runner.

Must never call a portal. That only one run of a portal lives is enforced by a unique index, not by these checks alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from connector.clock import Clock, SystemClock
from connector.errors import WrongRunState
from connector.occurrences import run_changed
from connector.portals import audit
from connector.store.database import Database
from connector.store.models import LIVE_STATES, Portal, Run, RunLead, RunState, lock_key
from connector.switching.progress import RunProgress, progress
from connector.switching.rounds import may_go_again, put_back
from connector.switching.rules import Actor, get_run, is_held, no_other_run, one_live_run
from connector.switching.starting import run_of_plan, start, start_native, undo

__all__ = [
    "Actor",
    "RunProgress",
    "cancel",
    "look_again",
    "pause",
    "progress",
    "resume",
    "retry",
    "run_of_plan",
    "start",
    "start_native",
    "try_inquiry",
    "undo",
    "watch",
]

INQUIRY_PHASE = "inquiry"


@dataclass(frozen=True, slots=True)
class _Order:
    """One thing that may be asked of a run: in which states, what it changes, and how the audit log calls it."""

    allowed: Sequence[str]
    did: audit.Did
    change: Callable[[Session, Run, datetime], None]


def _give(db: Database, run_id: str, actor: Actor, order: _Order, clock: Clock | None) -> None:
    now = (clock or SystemClock()).now()
    with db.begin() as session:
        run = get_run(session, run_id)
        if run.state not in order.allowed:
            raise WrongRunState(state=run.state)
        before = run.state
        order.change(session, run, now)
        if run.state != before:
            _tell(session, run, now)
        audit.record(session, run.portal_id, at=now, who=actor, action=order.did, detail={"run": run_id})


def _tell(session: Session, run: Run, now: datetime) -> None:
    """A run that goes on is no news: only where it came to rest, or ended, at once."""
    if run.state in (RunState.PAUSED, RunState.CANCELLED):
        run_changed(session, run, now)


def pause(db: Database, run_id: str, actor: Actor, *, clock: Clock | None = None) -> None:
    """Ask a run to stop within one batch; one that nobody works on just now is paused at once. Raises RunNotFound, WrongRunState."""
    _give(db, run_id, actor, PAUSE, clock)


def _pause(session: Session, run: Run, now: datetime) -> None:  # noqa: ARG001
    if is_held(run, now):
        run.state, run.wanted = RunState.PAUSING, "pause"
    else:
        run.state, run.wanted = RunState.PAUSED, "go"


def resume(db: Database, run_id: str, actor: Actor, *, clock: Clock | None = None) -> None:
    """Let a paused run go on, or look at once what a waiting one waits for. Raises RunNotFound, WrongRunState."""
    _give(db, run_id, actor, RESUME, clock)


def _resume(session: Session, run: Run, now: datetime) -> None:  # noqa: ARG001
    run.wanted = "go"
    run.attempt += 1
    if run.state == RunState.WAITING:
        run.waiting_for = {**(run.waiting_for or {}), "until": None}
    else:
        run.state, run.waiting_for, run.error = RunState.QUEUED, None, None


def cancel(db: Database, run_id: str, actor: Actor, *, clock: Clock | None = None) -> None:
    """End a run: leads under way are brought to an end, nothing more is begun, what is done stays done.

    A run without leads under way is cancelled at once; else the runner must be called: a watched switch still reports what it has seen,
    unless the portal cannot be asked. Raises RunNotFound, WrongRunState.
    """
    _give(db, run_id, actor, CANCEL, clock)


def _cancel(session: Session, run: Run, now: datetime) -> None:
    running = (
        select(func.count()).select_from(RunLead).where(RunLead.run_id == run.id, RunLead.state == "running")
    )
    unreported = run.kind == "native" and run.started_at is not None and run.state != RunState.CANCELLING
    if unreported and run.state == RunState.PAUSED and (run.waiting_for or {}).get("what") == "portal":
        unreported = False
    if run.phase == INQUIRY_PHASE and not is_held(run, now):
        # The switch itself was done before; only its test is given up.
        run.state, run.wanted, run.finished_at, run.waiting_for = RunState.DONE, "go", now, None
        return
    if session.scalar(running) or unreported or is_held(run, now):
        run.state, run.wanted = RunState.CANCELLING, "cancel"
    else:
        run.state, run.wanted, run.finished_at = RunState.CANCELLED, "go", now
    run.waiting_for = None


PAUSE = _Order(
    (RunState.QUEUED, RunState.RUNNING, RunState.PAUSING, RunState.WAITING), audit.Did.PAUSED, _pause
)
RESUME = _Order((RunState.PAUSED, RunState.PAUSING, RunState.WAITING), audit.Did.RESUMED, _resume)
CANCEL = _Order(LIVE_STATES, audit.Did.CANCELLED, _cancel)


def retry(
    db: Database, run_id: str, actor: Actor, *, replan: bool = False, clock: Clock | None = None
) -> int:
    """Put failed leads back into their run, and with `replan` also those that were skipped because they had changed. Returns how many.

    Raises RunNotFound, WrongRunState (only a run at rest can be retried, and only an apply), AlreadyRunning.
    """
    allowed = (RunState.DONE, RunState.CANCELLED, RunState.PAUSED, RunState.WAITING, RunState.FAILED)
    now = (clock or SystemClock()).now()
    with one_live_run(db, run_id) as session:
        run = get_run(session, run_id)
        if run.state not in allowed or run.kind != "apply":
            raise WrongRunState(state=run.state)
        if run.state not in LIVE_STATES:
            no_other_run(session, run.portal_id)
        count = _put_back(session, run, replan)
        if count:
            run.state, run.phase, run.wanted = RunState.QUEUED, "setup" if replan else "leads", "go"
            run.waiting_for = run.error = run.finished_at = None
            run.lock_key = lock_key(session.get_one(Portal, run.portal_id).host)
            run.attempt += 1
        detail = {"run": run_id, "leads": count}
        audit.record(session, run.portal_id, at=now, who=actor, action=audit.Did.RETRIED, detail=detail)
    return count


def try_inquiry(db: Database, run_id: str, actor: Actor, *, clock: Clock | None = None) -> None:
    """Have a finished switch tried with one test inquiry, which is removed again; only when somebody asks for it.

    Raises RunNotFound, WrongRunState (only a switch that is done), AlreadyRunning.
    """
    now = (clock or SystemClock()).now()
    with one_live_run(db, run_id) as session:
        run = get_run(session, run_id)
        if run.state != RunState.DONE or run.kind != "apply":
            raise WrongRunState(state=run.state)
        no_other_run(session, run.portal_id)
        run.state, run.phase, run.wanted = RunState.QUEUED, INQUIRY_PHASE, "go"
        run.finished_at = None
        run.lock_key = lock_key(session.get_one(Portal, run.portal_id).host)
        run.counters = {**run.counters, "inquiries": int(run.counters.get("inquiries", 0)) + 1}
        detail = {"run": run_id}
        audit.record(session, run.portal_id, at=now, who=actor, action=audit.Did.TRIED, detail=detail)


def _put_back(session: Session, run: Run, replan: bool) -> int:
    count, counters = 0, dict(run.counters)
    left = select(RunLead).where(RunLead.run_id == run.id, RunLead.state.in_(("failed", "skipped")))
    for lead in session.scalars(left):
        if may_go_again(lead, stale=replan):
            counters[lead.state] = int(counters.get(lead.state, 1)) - 1
            put_back(lead)
            count += 1
    run.counters = counters
    return count


def watch(db: Database, run_id: str, *, clock: Clock | None = None) -> None:
    """Somebody is looking at a waiting run: the portal is asked more often for a while."""
    now = (clock or SystemClock()).now()
    with db.begin() as session:
        run = get_run(session, run_id)
        if run.state == RunState.WAITING:
            run.waiting_for = {**(run.waiting_for or {}), "watched_at": now.isoformat()}


def look_again(db: Database, run_id: str) -> None:
    """The mode has changed, as somebody else has read: a run that waits for that asks the portal now instead of at its next turn."""
    with db.begin() as session:
        run = session.get(Run, run_id, with_for_update=True)
        if run is not None and run.state == RunState.WAITING:
            run.waiting_for = {**(run.waiting_for or {}), "polled_at": None, "until": None}
