"""The recommended mode with its reasons, in the reader's language; asked of the portal once in a while. No page waits for it twice or
fails because of it."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from connector.clock import Clock
from connector.errors import LeadswitchError
from connector.i18n import _, duration, number
from connector.planning.model import CrmMode
from connector.planning.recommend import Advice, recommend
from connector.reading.figures import read_figures
from connector.settings import Settings
from connector.store.database import Database
from connector.web import words
from connector.web.facts import hurried_client

log = logging.getLogger(__name__)
FRESH_SECONDS = 900.0
FAILED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a page says: `mode` is empty where nothing is recommended; `reasons` are (text, mode it speaks for or empty)."""

    mode: str
    title: str
    text: str
    reasons: tuple[tuple[str, str], ...]


class Advisor:
    """Advice by portal, at most `FRESH_SECONDS` old. Thread-safe."""

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        self._db, self._settings, self._clock = db, settings, clock
        self._kept: dict[tuple[int, CrmMode], tuple[float, Advice | None]] = {}
        self._lock = threading.Lock()

    def of(self, portal_id: int, mode: CrmMode) -> Suggestion | None:
        """The suggestion for a portal in `mode`; None when its figures could not be read."""
        now, key = self._clock.monotonic(), (portal_id, mode)
        with self._lock:
            until, advice = self._kept.get(key, (float("-inf"), None))
        if now >= until:
            advice = self._read(portal_id, mode)
            with self._lock:
                self._kept[key] = (now + (FRESH_SECONDS if advice else FAILED_SECONDS), advice)
        return _told(advice, mode) if advice else None

    def _read(self, portal_id: int, mode: CrmMode) -> Advice | None:
        try:
            with hurried_client(self._db, self._settings, portal_id, self._clock) as client:
                return recommend(read_figures(client, mode, self._clock.now()))
        except LeadswitchError as error:
            log.info("no figures for a recommendation: %s", error)
            return None


def _told(advice: Advice, now: CrmMode) -> Suggestion:
    if advice.thin:
        title = _("Too few requests for a recommendation")
        text = _(
            "Read what each mode is for, and choose by how you want to work. The mode can be changed again later."
        )
    elif advice.mode is None:
        title = _("Both modes fit")
        text = _(
            "Your figures do not speak clearly for one of them. Without another reason, stay as you are."
        )
    elif advice.mode is now:
        title = _("%(mode)s fits your figures", mode=_(words.MODE_NAMES[now]))
        text = _("It is the mode that you have. You can still change it, but your figures give no reason to.")
    else:
        title = _("%(mode)s would fit better", mode=_(words.MODE_NAMES[advice.mode]))
        text = _("Your own figures of the last three months speak for it. You know what they leave out.")
    reasons = tuple(
        (
            _(
                one.text,
                **{n: duration(value) if n == "time" else number(value) for n, value in one.params.items()},
            ),
            _(words.MODE_NAMES[one.towards]) if one.towards else "",
        )
        for one in advice.reasons
    )
    return Suggestion(advice.mode.value if advice.mode else "", title, text, reasons)
