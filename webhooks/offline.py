"""Catches up with events that were missed while nobody here answered: Bitrix24 keeps a queue of them for us where the portal has one.

One record per object and event (events/offline-events.md). A record is taken off the queue only once it is stored here: read without side
effects, store, then fetch exactly those by their numbers, which removes them and says how they were by then; what happened to one in
between is stored, too. So a crash at any point repeats some, and loses none. Records that came after the reading are left for the next.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite

from connector.bitrix.batch import Command
from connector.bitrix.client import BitrixClient
from connector.bitrix.records.events import Event
from connector.errors import LeadswitchError
from connector.store.database import Database
from connector.store.models import InboundEvent, ModeWatch, Portal, PortalKind, PortalState
from webhooks.actions.tools import Tools
from webhooks.intake import digest_of, row_of

EVERY = timedelta(minutes=15)
PAGE = 50
MOST_PAGES = 20

log = structlog.get_logger(__name__)


def due(db: Database, now: datetime) -> list[int]:
    """Portals that are to be asked for missed events."""
    query = (
        select(ModeWatch.portal_id)
        .join(Portal, Portal.id == ModeWatch.portal_id)
        .where(
            Portal.state == PortalState.ACTIVE,
            Portal.kind == PortalKind.OAUTH,
            or_(ModeWatch.offline_at.is_(None), ModeWatch.offline_at <= now - EVERY),
        )
    )
    with db.read() as session:
        return list(session.scalars(query))


def catch_up(tools: Tools, portal_id: int) -> int:
    """Store what the portal has kept for us; returns how many records that were. Never raises what the portal answers."""
    now = tools.clock.now()
    with tools.db.begin() as session:
        watch = session.get(ModeWatch, portal_id, with_for_update=True)
        if watch is None or (watch.offline_at is not None and watch.offline_at > now - EVERY):
            return 0
        watch.offline_at = now
    total = 0
    try:
        client = tools.client(portal_id)
        for _ in range(MOST_PAGES):
            rows = _listed(client)
            if not rows:
                break
            _store(tools, portal_id, rows)
            taken = _taken_off(client, rows)
            _store(tools, portal_id, taken)
            total += len(taken)
            if not taken:
                break
    except LeadswitchError as error:
        log.info("missed events could not be fetched", portal=portal_id, error=error.key)
    return total


def _listed(client: BitrixClient) -> list[Mapping[str, Any]]:
    result: Any = client.call("event.offline.list", {"order": {"ID": "ASC"}}).result
    return [row for row in result if isinstance(row, Mapping)] if isinstance(result, list) else []


def _taken_off(client: BitrixClient, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Fetched events leave the queue (`clear` is 1 by default, event-offline-get.md). One command for each record: a range of numbers
    would take off what came in between. Raises the first refusal: what stays on the queue is stored already and known then."""
    commands = [
        Command(
            f"e{row['ID']}", "event.offline.get", {"filter": {"=ID": str(row["ID"])}, "limit": 1, "clear": 1}
        )
        for row in rows
    ]
    found: list[Mapping[str, Any]] = []
    for outcome in client.batch(commands).values():
        if outcome.error is not None:
            raise outcome.error
        value: Any = outcome.result
        events = value.get("events") if isinstance(value, Mapping) else None
        found += [row for row in events or () if isinstance(row, Mapping)]
    return found


def _store(tools: Tools, portal_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Each happening once: a record keeps its number and its MESSAGE_ID when its object changes again, and gets a new time."""
    now = tools.clock.now()
    values = []
    for row in rows:
        data = row.get("EVENT_DATA")
        event = Event(
            event=str(row.get("EVENT_NAME", "")),
            data={
                **(data if isinstance(data, Mapping) else {}),
                **{name: str(row.get(name, "")) for name in ("ID", "MESSAGE_ID", "TIMESTAMP_X")},
            },
        )
        values.append(row_of(portal_id, event, digest_of(portal_id, event), now))
    if not values:
        return
    make = sqlite.insert if tools.db.is_sqlite else postgresql.insert
    with tools.db.begin() as session:
        session.execute(make(InboundEvent).on_conflict_do_nothing(index_elements=["digest"]), values)
