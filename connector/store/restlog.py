"""Lines of the REST log on their way into the database: gathered in memory, written many at a time. Must never slow a request down.

A line that cannot be written is lost, with a warning: the log is for support, nothing depends on it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from connector.store.models import Portal, PortalState, RestLog

if TYPE_CHECKING:
    from connector.store.database import Database

SECONDS = 2.0
MOST = 5_000

log = logging.getLogger(__name__)

Line = Mapping[str, Any]
"""Columns of `RestLog`, all of them, masked already."""


class RestLogBuffer:
    """One per database object. Thread-safe; lines are in the database after about `seconds`, at the latest when it is closed."""

    def __init__(self, db: Database, *, seconds: float = SECONDS, most: int = MOST) -> None:
        self._db = db
        self._seconds = seconds
        self._most = most
        self._lines: list[Line] = []
        self._timer: threading.Timer | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    def add(self, line: Line) -> None:
        """Keep a line; returns at once."""
        with self._lock:
            if self._closed or len(self._lines) >= self._most:
                return
            self._lines.append(line)
            self._wake()

    def flush(self) -> None:
        """Write what there is, now."""
        with self._writing:
            with self._lock:
                lines, self._lines, self._timer = self._lines, [], None
            if lines:
                self._write(lines)

    def close(self) -> None:
        """Write what there is and take nothing more."""
        with self._lock:
            self._closed = True
            timer = self._timer
        if timer is not None:
            timer.cancel()
        self.flush()

    def _wake(self) -> None:
        if self._timer is None and not self._closed:
            self._timer = threading.Timer(self._seconds, self.flush)
            self._timer.daemon = True
            self._timer.start()

    def _write(self, lines: list[Line]) -> None:
        portals = {line["portal_id"] for line in lines}
        # A portal may have left since; then its lines are not kept either.
        there = select(Portal.id).where(Portal.id.in_(portals), Portal.state != PortalState.UNINSTALLED)
        try:
            with self._db.begin() as session:
                known = set(session.scalars(there.with_for_update(read=True)))
                if kept := [dict(line) for line in lines if line["portal_id"] in known]:
                    session.execute(insert(RestLog), kept)
        except OperationalError:
            log.warning("the REST log could not be written; %d lines are tried again", len(lines))
            with self._lock:
                self._lines[:0] = lines
                self._wake()
        except SQLAlchemyError:
            log.exception("%d lines of the REST log were lost", len(lines))
