"""What the engine keeps calling, and what it should be calling: one slice of a job, and the jobs that nobody works on. Knows no engine.

All truth is in our tables: a job that the engine has lost is found here again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, or_, select
from sqlalchemy.exc import SQLAlchemyError

from connector.bitrix.client import BitrixClient
from connector.clock import Clock, SystemClock
from connector.errors import LeadswitchError, RunNotFound
from connector.plans import service as plans
from connector.portals.access import open_client
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Plan, PlanState, Portal, Run, RunState, Worker
from connector.store.trouble import trouble_of
from connector.store.upsert import upsert
from connector.switching.runner import SliceResult, let_go, run_slice
from connector.switching.shift import Effort, OpenClient

log = structlog.get_logger(__name__)

MORE = "more"
PLAN, RUN = "plan", "run"
WORKING = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSING, RunState.CANCELLING)
SILENT_SECONDS = 10.0
"""A worker that has not been heard of for so long is taken for dead."""
WATCHED_SECONDS = 30.0
"""Somebody who looked at a waiting run so recently is taken to be looking still; so is a dialog that converted a lead so recently."""


@dataclass(frozen=True, slots=True)
class Due:
    """A job that should be worked on. `name` is the same as long as it is the same piece of work."""

    kind: str
    id: str
    portal_key: str
    name: str


class Jobs:
    """Slices of plans and runs for one process (`holder`)."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        holder: str,
        *,
        clock: Clock | None = None,
        effort: Effort | None = None,
        client: OpenClient | None = None,
    ) -> None:
        self._settings, self._db, self.holder = settings, db, holder
        self._clock, self._effort = clock or SystemClock(), effort or Effort()
        self._open: OpenClient = client or self._open_client
        self._stopping = False
        self._slices: dict[str, Callable[[str], str]] = {PLAN: self._plan, RUN: self._run}

    def stop(self) -> None:
        """Slices end at their next safe point from now on."""
        self._stopping = True

    def let_go(self) -> None:
        """Give all leases of this process back."""
        let_go(self.holder)

    def slice(self, kind: str, id_: str) -> str:
        """One slice of a job: `more` while it should be called again. Never raises: what a job cannot do becomes its state."""
        if self._stopping:
            return "stopped"
        try:
            return self._slices[kind](id_)
        except RunNotFound:
            return "gone"
        except LeadswitchError as error:
            log.warning("job ended", kind=kind, id=id_, error=error.key)
            return "failed"
        except SQLAlchemyError as problem:
            # A locked or full database: nothing was sent without its intent, so it may simply be tried again.
            log.error("database", kind=kind, id=id_, problem=trouble_of(problem).key)
            self._clock.sleep(2.0)
            return MORE

    def _run(self, run_id: str) -> str:
        result = run_slice(
            self._db,
            self._open,
            run_id,
            holder=self.holder,
            clock=self._clock,
            effort=self._effort,
            stop=lambda: self._stopping,
        )
        return MORE if result is SliceResult.MORE else result.value

    def _plan(self, plan_id: str) -> str:
        with self._db.read() as session:
            plan = session.get(Plan, plan_id)
        if plan is None or plan.state != PlanState.BUILDING:
            return "done"
        client = self._open(plan.portal_id, lambda: self._stopping)
        plans.build(self._db, client, plan_id, cancel=lambda: self._stopping, clock=self._clock)
        return "done"

    def _open_client(self, portal_id: int, cancel: Callable[[], bool]) -> BitrixClient:
        return open_client(self._db, self._settings, portal_id, clock=self._clock, cancel=cancel)

    # ------------------------------------------------------------------------------------------------- what is due

    def due(self) -> list[Due]:
        """Jobs that nobody works on and somebody should."""
        now = self._clock.now()
        with self._db.read() as session:
            keys = {portal.id: portal.key for portal in session.scalars(select(Portal))}
            free = or_(Run.lease_until.is_(None), Run.lease_until < now)
            runs = session.scalars(select(Run).where(Run.state.in_(WORKING), free)).all()
            waiting = session.scalars(select(Run).where(Run.state == RunState.WAITING, free)).all()
            building = session.scalars(select(Plan).where(Plan.state == PlanState.BUILDING)).all()
        found = [Due(RUN, run.id, keys[run.portal_id], f"run:{run.id}:{run.attempt}") for run in runs]
        found += [
            Due(RUN, run.id, keys[run.portal_id], f"run:{run.id}:{run.attempt}:{_poll(run)}")
            for run in waiting
            if self._is_time(run, now)
        ]
        found += [Due(PLAN, plan.id, keys[plan.portal_id], f"plan:{plan.id}") for plan in building]
        return found

    def _is_time(self, run: Run, now: datetime) -> bool:
        """Whether a waiting run should ask the portal again: often while somebody looks, seldom else, at last not any more."""
        waiting = run.waiting_for or {}
        polled, watched, until = (_moment(waiting.get(name)) for name in ("polled_at", "watched_at", "until"))
        if polled is None:
            return True
        moved = _moment(waiting.get("moved_at"))
        recent = [at for at in (watched, moved) if at is not None]
        is_watched = any(now - at < timedelta(seconds=WATCHED_SECONDS) for at in recent)
        if until is not None and now > until and not is_watched:
            return False
        pause = self._effort.poll_watched if is_watched else self._effort.poll_unwatched
        return now - polled >= timedelta(seconds=pause)

    # ------------------------------------------------------------------------------------------------- workers

    def beat(self) -> None:
        """Say that this process lives."""
        now = self._clock.now()
        with self._db.begin() as session:
            session.execute(upsert(self._db, Worker, {"id": self.holder}, {"seen_at": now}))
            session.execute(delete(Worker).where(Worker.seen_at < now - timedelta(days=1)))

    def living(self) -> set[str]:
        """Workers that have been heard of lately."""
        since = self._clock.now() - timedelta(seconds=SILENT_SECONDS)
        with self._db.read() as session:
            return set(session.scalars(select(Worker.id).where(Worker.seen_at > since)))


def _poll(run: Run) -> str:
    return str((run.waiting_for or {}).get("polled_at", ""))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
