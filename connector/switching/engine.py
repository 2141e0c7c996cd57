"""The durable job engine: DBOS keeps calling a job's slices until there are no more. The only module that imports dbos.

DBOS stores which workflow is where; everything about plans and runs is in our tables. So the workflow is two lines that never change, and
whatever the engine loses, `Jobs.due` finds again. One queue, partitioned by portal: a portal has one job at a time, portals run side by
side. DBOS and its registry are global to a process, hence one engine per process (technology.md 1.3).
"""

import socket
import threading
from datetime import datetime, timedelta

import structlog
from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from connector.clock import SystemClock
from connector.errors import RunError
from connector.settings import Settings
from connector.store.database import Database
from connector.switching.jobs import MORE, RUN, Due, Jobs
from connector.switching.shift import Effort, OpenClient

log = structlog.get_logger(__name__)

QUEUE = "leadswitch"
VERSION = "jobs-1"
"""Bumped only when the workflow below changes: workflows of another version are never taken up again."""
BEAT_SECONDS = 2.0
KEEP_DAYS = 30
UNDER_WAY = frozenset({"PENDING", "ENQUEUED", "DELAYED"})

_jobs: Jobs | None = None


@DBOS.step()
def work_slice(kind: str, id_: str) -> str:
    """One slice of one job."""
    return _jobs.slice(kind, id_) if _jobs is not None else "stopped"


@DBOS.workflow()
def work(kind: str, id_: str) -> str:
    """A job from here to where it rests."""
    while (result := work_slice(kind, id_)) == MORE:
        pass
    return result


class Engine:
    """Jobs of one process. `executor` must be unique among processes and the same after a restart; by default host and port."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        *,
        executor: str = "",
        effort: Effort | None = None,
        client: OpenClient | None = None,
    ) -> None:
        self._settings, self._db = settings, db
        self.executor = executor or f"{socket.gethostname()}:{settings.port}"
        self._effort, self._client = effort, client
        self._clock = SystemClock()
        self._own: Jobs | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._cleaned: datetime | None = None

    @property
    def running(self) -> bool:
        """Whether jobs are worked on in this process."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to work on jobs, also on those that an earlier process left. Raises RunError when an engine runs here already."""
        global _jobs  # noqa: PLW0603  (DBOS has one registry of functions per process)
        if _jobs is not None:
            raise RunError("an engine is running in this process already")
        self._own = _jobs = Jobs(
            self._settings, self._db, self.executor, effort=self._effort, client=self._client
        )
        try:
            _jobs.beat()
            DBOS(config=self._config())
            DBOS.launch()
            DBOS.register_queue(QUEUE, partition_concurrency=1, polling_interval_sec=0.5)
        except BaseException:
            # One that did not come up must not keep the next one out.
            DBOS.destroy()
            self._own = _jobs = None
            raise
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, args=(_jobs,), name="jobs-watch", daemon=True)
        self._thread.start()

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name="leadswitch",
            system_database_url=self._engine_url(),
            application_version=VERSION,
            executor_id=self.executor,
            log_level="WARNING",
        )

    def _engine_url(self) -> str:
        """PostgreSQL: the same database, in DBOS's own schema. SQLite: a file of its own beside ours, since one writer locks all."""
        url = make_url(self._settings.effective_database_url())
        if url.get_backend_name() == "sqlite":
            return url.set(database=f"{url.database}.jobs").render_as_string(hide_password=False)
        return url.set(drivername="postgresql").render_as_string(hide_password=False)

    def stop(self) -> None:
        """End at the next safe point; what is not finished goes on at the next start, or in another process."""
        global _jobs  # noqa: PLW0603
        jobs = self._own
        if jobs is None:
            return
        jobs.stop()
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        DBOS.destroy(workflow_completion_timeout_sec=5)
        jobs.let_go()
        self._thread = self._own = _jobs = None

    def enqueue(self, kind: str, id_: str, portal_key: str) -> None:
        """Have a job (`plan` or `run`) worked on soon. The same job twice is one; a job that nobody enqueued is found by itself."""
        jobs = self._own
        if jobs is None:
            return
        known = [due for due in jobs.due() if (due.kind, due.id) == (kind, id_)]
        for due in known or [Due(kind, id_, portal_key, f"{kind}:{id_}:wake")]:
            self._enqueue(due)

    def _enqueue(self, due: Due) -> None:
        name = self._free_name(due.name)
        if name is None:
            return
        # Plans only read, so they need not wait for the run of their portal.
        partition = due.portal_key if due.kind == RUN else f"{due.portal_key}/plans"
        with SetWorkflowID(name), SetEnqueueOptions(queue_partition_key=partition):
            DBOS.enqueue_workflow(QUEUE, work, due.kind, due.id)

    def _free_name(self, base: str) -> str | None:
        """A workflow id that was not used; None when this piece of work is under way already."""
        number = 0
        while True:
            name = f"{base}#{number}" if number else base
            status = DBOS.get_workflow_status(name)
            if status is None:
                return name
            if status.status in UNDER_WAY:
                return None
            number += 1

    # ------------------------------------------------------------------------------------------------- watching

    def _watch(self, jobs: Jobs) -> None:
        """Say that we live, take over from the dead, find what is due, throw old workflows away."""
        while not self._stop.wait(BEAT_SECONDS):
            try:
                jobs.beat()
                self._take_over(jobs.living())
                for due in jobs.due():
                    self._enqueue(due)
                self._clean()
            except SQLAlchemyError as problem:
                log.warning("watch", problem=type(problem).__name__)
            except Exception:
                # The watch must outlive whatever one round of it meets; the next round sees the same tables again.
                if not self._stop.is_set():
                    log.exception("watch")

    def _take_over(self, living: set[str]) -> None:
        for found in DBOS.list_workflows(status="PENDING", load_input=False, load_output=False):
            if found.executor_id and found.executor_id not in living:
                log.warning("taking over", workflow=found.workflow_id, executor=found.executor_id)
                # Without the queue's name the workflow would lose its partition, and with it the rule of one run per portal.
                DBOS.resume_workflow(found.workflow_id, queue_name=found.queue_name or QUEUE)

    def _clean(self) -> None:
        now = self._clock.now()
        if self._cleaned is not None and now - self._cleaned < timedelta(days=1):
            return
        self._cleaned = now
        before = (now - timedelta(days=KEEP_DAYS)).isoformat()
        while old := DBOS.list_workflows(
            completed_before=before, limit=500, load_input=False, load_output=False
        ):
            DBOS.delete_workflows([found.workflow_id for found in old])
