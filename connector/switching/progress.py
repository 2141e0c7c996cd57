"""How a run stands, for people and programs: counts, rate, time left, what it waits for. Reads our tables only; works nothing out anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from connector.bitrix.limits import Rate
from connector.clock import Clock, SystemClock
from connector.errors import RunNotFound
from connector.store.database import Database
from connector.store.models import Budget, BudgetOperating, Portal, Run, RunLead, RunState
from connector.switching.book import ENDED

RESTING = (RunState.WAITING, RunState.PAUSED, RunState.DONE, RunState.CANCELLED, RunState.FAILED)
WINDOW = 180.0
"""Seconds that the rate looks back."""
SILENT = timedelta(seconds=45)
"""Other processes take a run over sooner than this; longer silence is worth telling."""
REFUSED_SECONDS = 15.0
"""A refusal is told for so long."""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A run as it is now. Counts are leads; `done` are those that came out as wanted (converted, or undone in an undo), `ended` all that
    need nothing more. `rate` is leads per minute, `seconds_left` follows from it; both None when there is nothing to tell them from.

    `stale` are skipped leads that had changed since the plan and could be planned anew, told when the run rests.
    `silent_since` is the last sign of life of a run that should be worked on and is not.
    `waiting_for` is `{"what": flip | native | leads | portal | rights | deviation | failures | operating | bucket, …}` or None.
    """

    id: str
    portal_id: int
    plan_id: str
    kind: str
    undo_of: str | None
    state: str
    phase: str
    total: int
    ended: int
    done: int
    skipped: int
    failed: int
    kept: int
    rate: float | None
    seconds_left: float | None
    waiting_for: Mapping[str, Any] | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    created_by: Mapping[str, Any]
    report: Mapping[str, Any] | None
    commands: int
    stale: int = 0
    silent_since: datetime | None = None

    @property
    def is_live(self) -> bool:
        """Whether it is not at its end."""
        return self.finished_at is None


def progress(db: Database, run_id: str, *, clock: Clock | None = None) -> RunProgress:
    """One run. Raises RunNotFound."""
    now = (clock or SystemClock()).now()
    with db.read() as session:
        run = session.get(Run, run_id)
        if run is None:
            raise RunNotFound(run=run_id)
        return progress_of(session, run, now)


def stale_of(session: Session, run_ids: Sequence[str]) -> dict[str, int]:
    """How many leads of each run were skipped because they had changed; for lists, which must not ask run by run."""
    query = (
        select(RunLead.run_id, func.count())
        .where(RunLead.run_id.in_(run_ids), RunLead.state == "skipped", RunLead.reason == "stale")
        .group_by(RunLead.run_id)
    )
    return {run_id: int(count) for run_id, count in session.execute(query).all()}


def progress_of(session: Session, run: Run, now: datetime, stale: int | None = None) -> RunProgress:
    """The progress of a row; `stale` is asked for where the caller does not know it."""
    counters: Mapping[str, Any] = run.counters or {}
    counts = {state: int(counters.get(state, 0)) for state in ENDED}
    total, ended = int(counters.get("total", 0)), sum(counts.values())
    moving = run.state == RunState.RUNNING or (run.kind == "native" and run.state == RunState.WAITING)
    rate = _rate(counters.get("points") or (), now) if moving else None
    left = (total - ended) / rate * 60 if rate and total > ended else None
    return RunProgress(
        id=run.id,
        portal_id=run.portal_id,
        plan_id=run.plan_id,
        kind=run.kind,
        undo_of=run.undo_of,
        state=run.state,
        phase=run.phase,
        total=total,
        ended=ended,
        done=counts["done"] + counts["undone"],
        skipped=counts["skipped"],
        failed=counts["failed"],
        kept=counts["kept"],
        rate=rate,
        seconds_left=left,
        waiting_for=run.waiting_for
        or (_limits(session, run, now) if run.state == RunState.RUNNING else None),
        error=run.error,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        created_by=run.created_by,
        report=run.report,
        commands=int(counters.get("commands", 0)),
        silent_since=_silent(run, now),
        stale=_stale(session, run, stale) if counts["skipped"] and run.state in RESTING else 0,
    )


def _silent(run: Run, now: datetime) -> datetime | None:
    """A lease that ran out a while ago: the process is gone, or it cannot write (a full disk), and nobody has taken over."""
    working = run.state in (RunState.RUNNING, RunState.PAUSING, RunState.CANCELLING)
    if not working or run.lease_until is None or now - run.lease_until < SILENT:
        return None
    return run.lease_until


def _stale(session: Session, run: Run, known: int | None) -> int:
    return known if known is not None else stale_of(session, [run.id]).get(run.id, 0)


def _rate(points: Any, now: datetime) -> float | None:
    """Leads per minute over the last minutes."""
    recent = [point for point in points if now.timestamp() - point[0] <= WINDOW]
    if len(recent) < 2 or recent[-1][0] <= recent[0][0]:
        return None
    rate = (recent[-1][1] - recent[0][1]) / (recent[-1][0] - recent[0][0]) * 60
    return rate if rate > 0 else None


def _limits(session: Session, run: Run, now: datetime) -> Mapping[str, Any] | None:
    """What of the portal's limits holds the run up: `{"what": "operating", "method", "until"}` (unix seconds) for a method whose working
    time is used up, else `{"what": "bucket", "refused"}` when the bucket is full or the portal refused requests lately.
    """
    portal = session.get_one(Portal, run.portal_id)
    row = session.scalar(
        select(BudgetOperating)
        .where(BudgetOperating.key == portal.host, BudgetOperating.blocked_until > now.timestamp())
        .order_by(BudgetOperating.blocked_until)
        .limit(1)
    )
    if row is not None:
        return {"what": "operating", "method": row.method, "until": row.blocked_until}
    budget = session.get(Budget, portal.host)
    if budget is None:
        return None
    rate = Rate.of_licence(portal.plan)
    refused = now.timestamp() - budget.refused_at < REFUSED_SECONDS
    full = budget.free_at - now.timestamp() > (rate.capacity - 2) * budget.slowdown / rate.leak
    return {"what": "bucket", "refused": refused} if refused or full else None
