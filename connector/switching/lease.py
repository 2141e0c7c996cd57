"""Who works on a run: one process at a time, proved in the same transaction as everything it writes. Decides nothing about the run."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast

import structlog
from sqlalchemy import CursorResult, or_, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from connector.clock import Clock
from connector.store.database import Database
from connector.store.models import Run

log = structlog.get_logger(__name__)

LEASE_SECONDS = 9.0
"""A dead process is noticed after this; a live one renews three times as often. Less than `jobs.SILENT_SECONDS`, after which others take
its jobs over: by then the run must be free, and somebody is at work on it again within fifteen seconds.
"""


class LeaseLost(Exception):
    """Another process has taken this run over; whatever was about to be written or sent must not be."""


class Lease:
    """The right of one process (`holder`) to work on one run, until a moment that it keeps moving."""

    def __init__(
        self, db: Database, run_id: str, holder: str, clock: Clock, seconds: float = LEASE_SECONDS
    ) -> None:
        self._db, self._run_id, self._holder, self._clock, self._seconds = db, run_id, holder, clock, seconds
        self._lost = threading.Event()

    def take(self) -> bool:
        """Take the run if nobody holds it; True on success. Taking what one holds already renews it."""
        now = self._clock.now()
        free = or_(Run.lease_holder.is_(None), Run.lease_holder == self._holder, Run.lease_until < now)
        with self._db.begin() as session:
            return self._move(session, free)

    def renew(self, session: Session) -> None:
        """Move the end of the lease inside the caller's transaction. Raises LeaseLost, which must roll it back."""
        if self._lost.is_set() or not self._move(session, Run.lease_holder == self._holder):
            self._lost.set()
            raise LeaseLost(self._run_id)

    @property
    def is_lost(self) -> bool:
        """Whether it is known to be lost; the connection asks before every request."""
        return self._lost.is_set()

    def release(self) -> None:
        """Give the run back, if it is still ours."""
        with self._db.begin() as session:
            session.execute(
                update(Run)
                .where(Run.id == self._run_id, Run.lease_holder == self._holder)
                .values(lease_holder=None, lease_until=None)
            )

    def _move(self, session: Session, condition: Any) -> bool:
        until = self._clock.now() + timedelta(seconds=self._seconds)
        statement = update(Run).where(Run.id == self._run_id, condition)
        moved = session.execute(statement.values(lease_holder=self._holder, lease_until=until))
        return cast(CursorResult[Any], moved).rowcount == 1

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew in the background while the block waits for the portal; a call may take longer than the lease."""
        stop = threading.Event()
        thread = threading.Thread(target=self._beat, args=(stop,), name=f"lease-{self._run_id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _beat(self, stop: threading.Event) -> None:
        while not stop.wait(self._seconds / 3):
            try:
                with self._db.begin() as session:
                    self.renew(session)
            except LeaseLost:
                return
            except SQLAlchemyError as problem:
                # The next beat, or the next transaction of the run itself, will tell.
                log.warning("lease not renewed", run=self._run_id, problem=type(problem).__name__)
