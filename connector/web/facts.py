"""What the pages show of a portal right now. Asked of the portal itself and kept for a few seconds, since one page asks more than once."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.clock import Clock
from connector.errors import Cancelled, NotSent
from connector.planning.model import PortalFacts, Stage
from connector.planning.stages import in_work
from connector.portals.access import open_client
from connector.reading import read_facts
from connector.settings import Settings
from connector.store.database import Database
from connector.web.flow import safe_color

FRESH_SECONDS = 20.0
PATIENCE_SECONDS = 12.0
"""Somebody is looking at an empty page meanwhile: asking again is left to them."""
CONNECT_SECONDS, READ_SECONDS = 5.0, 25.0


class FactsCache:
    """Facts by portal, each at most `FRESH_SECONDS` old. Thread-safe; two threads may both ask a portal, none waits for the other."""

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        hurried = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
        self._db, self._settings, self._clock = db, settings.model_copy(update=hurried), clock
        self._kept: dict[int, tuple[float, PortalFacts]] = {}
        self._lock = threading.Lock()

    def of(self, portal_id: int, *, fresh: bool = False) -> PortalFacts:
        """The facts of a portal. Raises the errors of the wire."""
        now = self._clock.monotonic()
        with self._lock:
            kept = self._kept.get(portal_id)
        if kept and not fresh and now - kept[0] < FRESH_SECONDS:
            return kept[1]
        facts = self._read(portal_id, until=now + PATIENCE_SECONDS)
        with self._lock:
            self._kept[portal_id] = (now, facts)
        return facts

    def _read(self, portal_id: int, until: float) -> PortalFacts:
        def late() -> bool:
            return self._clock.monotonic() > until

        client = open_client(self._db, self._settings, portal_id, clock=self._clock, cancel=late)
        try:
            return read_facts(client)
        except Cancelled:
            raise NotSent(portal=client.portal) from None

    def forget(self, portal_id: int) -> None:
        """The next page asks the portal again."""
        with self._lock:
            self._kept.pop(portal_id, None)


@dataclass(frozen=True, slots=True)
class StageCount:
    """Active leads of one stage; `share` is the length of its bar, 0 to 100, against the fullest stage."""

    id: str
    name: str
    color: str
    count: int
    share: float


def stage_counts(facts: PortalFacts) -> tuple[StageCount, ...]:
    """Active leads by stage, in the order of the stages."""
    counts = facts.active_leads_by_stage
    most = max(counts.values(), default=0) or 1
    return tuple(
        StageCount(
            s.id, s.name, safe_color(s.color), counts.get(s.id, 0), round(counts.get(s.id, 0) / most * 100, 1)
        )
        for s in in_work(facts.lead_stages)
    )


def active_total(facts: PortalFacts) -> int:
    """All leads that are in work."""
    return sum(facts.active_leads_by_stage.values())


def stage_table(stages: tuple[Stage, ...]) -> Mapping[str, Stage]:
    """Stages by id."""
    return {s.id: s for s in stages}


def facts_view(facts: PortalFacts) -> dict[str, Any]:
    """What the overview shows."""
    return {"facts": facts, "stages": stage_counts(facts), "active_total": active_total(facts)}
