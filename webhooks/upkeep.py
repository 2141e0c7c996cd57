"""What a serving process does beside answering: finish events that were kept but not handled, and let old data go.

Runs at once and then every hour, in a thread; any number of processes may do so. Must never end the process when it fails.
"""

import logging
import threading

from connector.clock import Clock, SystemClock
from connector.portals.removal import purge
from connector.settings import Settings
from connector.store.database import Database
from webhooks.inbound import finish_pending

EVERY_SECONDS = 3600.0

log = logging.getLogger(__name__)


class Upkeep:
    """Start it once the database is migrated, stop it before the database is closed."""

    def __init__(self, db: Database, settings: Settings, *, clock: Clock | None = None) -> None:
        self._db = db
        self._settings = settings
        self._clock = clock or SystemClock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def once(self) -> None:
        """One round."""
        finish_pending(self._db, self._settings, clock=self._clock)
        purge(self._db, self._settings, self._clock)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.once()
            except Exception:
                log.exception("upkeep failed; it is tried again in an hour")
            self._stop.wait(EVERY_SECONDS)
