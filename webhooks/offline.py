"""Catches up with events that were missed while nobody here answered: Bitrix24 keeps a queue of them for us where the portal has one.

One record per object and event (events/offline-events.md). A record is taken off the queue only once it is stored here: read without side
effects, store, then fetch exactly those, which removes them. So a crash in between repeats some, and loses none.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite

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
            _take_off(client, rows)
            total += len(rows)
    except LeadswitchError as error:
        log.info("missed events could not be fetched", portal=portal_id, error=error.key)
    return total


def _listed(client: BitrixClient) -> list[Mapping[str, Any]]:
    result: Any = client.call("event.offline.list", {"order": {"ID": "ASC"}}).result
    return [row for row in result if isinstance(row, Mapping)] if isinstance(result, list) else []


def _take_off(client: BitrixClient, rows: Sequence[Mapping[str, Any]]) -> None:
    """Fetched events leave the queue (`clear` is 1 by default, event-offline-get.md)."""
    ids = [int(row["ID"]) for row in rows]
    filter_ = {">=ID": min(ids), "<=ID": max(ids)}
    client.call("event.offline.get", {"filter": filter_, "limit": PAGE, "clear": 1})


def _store(tools: Tools, portal_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Each record once, told apart by its MESSAGE_ID."""
    now = tools.clock.now()
    values = []
    for row in rows:
        data = row.get("EVENT_DATA")
        event = Event(
            event=str(row.get("EVENT_NAME", "")),
            data={
                **(data if isinstance(data, Mapping) else {}),
                "MESSAGE_ID": str(row.get("MESSAGE_ID", row.get("ID"))),
            },
        )
        values.append(row_of(portal_id, event, digest_of(portal_id, event), now))
    make = sqlite.insert if tools.db.is_sqlite else postgresql.insert
    with tools.db.begin() as session:
        session.execute(make(InboundEvent).on_conflict_do_nothing(index_elements=["digest"]), values)
