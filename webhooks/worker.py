"""The automation of one process: handles stored events, watches modes, shows what happened to the rules, does what they want.

Everything is claimed in the database, so any number of processes may do this, and what one leaves undone when it dies another takes up.
"""

import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import structlog

from connector.clock import Clock, SystemClock
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Delivery
from webhooks import leads, offline
from webhooks.actions.deals import fire_trigger, start_workflow
from webhooks.actions.dryrun import dry_run
from webhooks.actions.notify import notify
from webhooks.actions.tools import Tools, tools
from webhooks.actions.webhook import send
from webhooks.inbound import finish_pending
from webhooks.outbound import queue
from webhooks.outbound.queue import Tried
from webhooks.rules.dispatch import dispatch
from webhooks.watch import aftermath, reader

TICK_SECONDS = 1.0
SELDOM_SECONDS = 30.0
THREADS = 8

PERFORM: dict[str, Callable[[Tools, Delivery], Tried]] = {
    "webhook": send,
    "notify": notify,
    "workflow": start_workflow,
    "trigger": fire_trigger,
    "dry_run": dry_run,
}

log = structlog.get_logger(__name__)


def perform(kit: Tools, row: Delivery, holder: str) -> Tried:
    """One try of a claimed delivery, and what it came to. A fault of ours is a failed try, too, and logged."""
    try:
        tried = PERFORM[row.kind](kit, row)
    except Exception as problem:
        log.exception("delivery", delivery=row.id, kind=row.kind)
        tried = Tried(False, "fault", answer=type(problem).__name__)
    queue.settle(kit.db, row.id, tried, holder=holder, now=kit.clock.now(), rng=kit.rng)
    return tried


class Automation:
    """Start it once the database is migrated, stop it before the database is closed. `woken` by whoever has stored something."""

    def __init__(
        self, db: Database, settings: Settings, *, clock: Clock | None = None, kit: Tools | None = None
    ) -> None:
        self._db, self._settings = db, settings
        self._clock = clock or SystemClock()
        self.tools = kit or tools(db, settings, self._clock)
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{id(self):x}"
        self._stop, self._wake = threading.Event(), threading.Event()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="automation")
        self._guard = threading.Lock()
        self._busy: dict[str, Future[None]] = {}
        self._looked: dict[int, float] = {}
        self._seldom = float("-inf")
        self._thread = threading.Thread(target=self._run, name="automation", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is under way."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def woken(self) -> None:
        """There is something new: do not wait for the next tick."""
        self._wake.set()

    def once(self) -> None:
        """One round; what takes long goes on in threads."""
        now = self._clock.now()
        finish_pending(self._db, self._settings, clock=self._clock, again=False)
        for portal_id in leads.portals_waiting(self._db):
            if self._clock.monotonic() - self._looked.get(portal_id, float("-inf")) >= leads.EVERY_SECONDS:
                self._beside(f"leads:{portal_id}", partial(self._look, portal_id))
        if self._clock.monotonic() - self._seldom >= SELDOM_SECONDS:
            self._seldom = self._clock.monotonic()
            reader.enrol(self._db, now)
            for portal_id in offline.due(self._db, now):
                self._beside(f"offline:{portal_id}", partial(self._catch_up, portal_id))
        for portal_id in reader.claim(self._db, now):
            self._beside(f"mode:{portal_id}", partial(self._read, portal_id))
        for change in aftermath.due(self._db, now):
            self._beside(f"change:{change.change}", partial(self._report, change))
        dispatch(self._db, clock=self._clock)
        for row in queue.claim(self._db, self.holder, now, limit=THREADS):
            self._beside(f"delivery:{row.id}", partial(self._perform, row))

    def settled(self, seconds: float = 30.0) -> bool:
        """Wait until nothing is under way in threads; False when that took longer. For tests and the shell."""
        until = self._clock.monotonic() + seconds
        while futures := self._under_way():
            for future in futures:
                future.exception(timeout=max(until - self._clock.monotonic(), 0.01))
        return True

    # ------------------------------------------------------------------------------------------------- in threads

    def _look(self, portal_id: int) -> None:
        self._looked[portal_id] = self._clock.monotonic()
        leads.look(self.tools, portal_id)
        self._wake.set()

    def _read(self, portal_id: int) -> None:
        if reader.read(self.tools, portal_id).change is not None:
            self._wake.set()

    def _report(self, change: aftermath.Due) -> None:
        aftermath.report(self.tools, change)
        self._wake.set()

    def _catch_up(self, portal_id: int) -> None:
        if offline.catch_up(self.tools, portal_id):
            self._wake.set()

    def _perform(self, row: Delivery) -> None:
        perform(self.tools, row, self.holder)
        self._wake.set()

    def _beside(self, name: str, work: Callable[[], None]) -> None:
        """Do it in a thread, unless the same is under way."""
        with self._guard:
            self._busy = {key: future for key, future in self._busy.items() if not future.done()}
            if name not in self._busy:
                self._busy[name] = self._pool.submit(_quietly, name, work)

    def _under_way(self) -> list[Future[None]]:
        with self._guard:
            return [future for future in self._busy.values() if not future.done()]

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            _quietly("round", self.once)
            self._wake.wait(TICK_SECONDS)


def _quietly(name: str, work: Callable[[], None]) -> None:
    """The automation must outlive whatever one piece of it meets; the next round sees the same tables again."""
    try:
        work()
    except Exception:
        log.exception("automation", what=name)
