"""What the pages show of a portal right now. Asked of the portal itself and kept for a few seconds, since one page asks more than once."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.planning.model import PortalFacts, Stage
from connector.planning.stages import in_work
from connector.portals.access import open_client
from connector.reading import read_facts
from connector.web.context import web
from connector.web.flow import safe_color

FRESH_SECONDS = 20.0
_kept: dict[int, tuple[float, PortalFacts]] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class StageCount:
    """Active leads of one stage; `share` is the length of its bar, 0 to 100, against the fullest stage."""

    id: str
    name: str
    color: str
    count: int
    share: float


def portal_facts(portal_id: int, *, fresh: bool = False) -> PortalFacts:
    """The facts of a portal, at most `FRESH_SECONDS` old. Raises the errors of the wire."""
    parts = web()
    now = parts.clock.monotonic()
    with _lock:
        kept = _kept.get(portal_id)
    if kept and not fresh and now - kept[0] < FRESH_SECONDS:
        return kept[1]
    client = open_client(parts.db, parts.settings, portal_id, clock=parts.clock)
    facts = read_facts(client)
    with _lock:
        _kept[portal_id] = (now, facts)
    return facts


def forget(portal_id: int) -> None:
    """The next page asks the portal again."""
    with _lock:
        _kept.pop(portal_id, None)


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
