"""What the pages show of a portal right now. Asked of the portal itself and kept for a few seconds, since one page asks more than once."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connector.bitrix.client import BitrixClient
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


@contextmanager
def hurried_client(db: Database, settings: Settings, portal_id: int, clock: Clock) -> Iterator[BitrixClient]:
    """The portal's client for what somebody is waiting for: it gives up after `PATIENCE_SECONDS` with `NotSent`."""
    until = clock.monotonic() + PATIENCE_SECONDS
    hurried = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
    client = open_client(
        db,
        settings.model_copy(update=hurried),
        portal_id,
        clock=clock,
        cancel=lambda: clock.monotonic() > until,
    )
    try:
        yield client
    except Cancelled:
        raise NotSent(portal=client.portal) from None


class FactsCache:
    """Facts by portal, each at most `FRESH_SECONDS` old. Thread-safe; two threads may both ask a portal, none waits for the other."""

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        self._db, self._settings, self._clock = db, settings, clock
        self._kept: dict[int, tuple[float, PortalFacts]] = {}
        self._lock = threading.Lock()

    def of(self, portal_id: int, *, fresh: bool = False) -> PortalFacts:
        """The facts of a portal. Raises the errors of the wire."""
        now = self._clock.monotonic()
        with self._lock:
            kept = self._kept.get(portal_id)
        if kept and not fresh and now - kept[0] < FRESH_SECONDS:
            return kept[1]
        with hurried_client(self._db, self._settings, portal_id, self._clock) as client:
            facts = read_facts(client)
        with self._lock:
            self._kept[portal_id] = (now, facts)
        return facts

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
