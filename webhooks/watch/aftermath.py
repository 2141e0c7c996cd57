"""What became of the leads when the mode changed without a run of ours: read from the portal afterwards, kept with the change. Reads only.

Bitrix24's own dialog converts leads before it changes the mode, so what was converted since the reading before, and what is still in
work, tells what it did (native_switch.md 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select

from connector.bitrix.batch import Command
from connector.errors import BitrixError, LeadswitchError
from connector.occurrences import Kind, LeadLeftBehind, occurred
from connector.portals.modes import SUBJECT
from connector.store.database import Database
from connector.store.models import ModeChange, Portal, PortalState
from webhooks.actions.tools import Tools

AGAIN = timedelta(minutes=5)
GIVE_UP = timedelta(days=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """A change whose leads are to be looked at."""

    change: int
    portal_id: int
    to_mode: str
    after: datetime | None
    noticed_at: datetime


def due(db: Database, now: datetime, *, portal_id: int | None = None) -> list[Due]:
    """Changes that nobody has looked after yet."""
    query = (
        select(ModeChange)
        .join(Portal, Portal.id == ModeChange.portal_id)
        .where(ModeChange.report_due <= now, Portal.state == PortalState.ACTIVE)
        .order_by(ModeChange.id)
        .limit(20)
    )
    if portal_id is not None:
        query = query.where(ModeChange.portal_id == portal_id)
    with db.read() as session:
        return [
            Due(row.id, row.portal_id, row.to_mode, row.after, row.noticed_at)
            for row in session.scalars(query)
        ]


def report(tools: Tools, change: Due) -> Mapping[str, Any] | None:
    """Read what became of the leads and keep it; None when the portal did not answer (it is asked again, for a day)."""
    try:
        found = _read(tools, change)
    except LeadswitchError as error:
        log.info("leads could not be looked at", change=change.change, error=error.key)
        now = tools.clock.now()
        with tools.db.begin() as session:
            row = session.get(ModeChange, change.change)
            if row is not None:
                row.report_due = now + AGAIN if now - change.noticed_at < GIVE_UP else None
        return None
    now = tools.clock.now()
    with tools.db.begin() as session:
        row = session.get(ModeChange, change.change, with_for_update=True)
        if row is None or row.report_due is None:
            return found
        row.report, row.report_due = dict(found), None
        if change.to_mode == "simple" and found["left"]:
            data = LeadLeftBehind(
                cause="mode",
                change=change.change,
                count=found["left"],
                leads=tuple(found["left_ids"]),
                reasons={},
            )
            occurred(
                session,
                change.portal_id,
                Kind.LEAD_LEFT_BEHIND,
                data,
                at=now,
                subject=SUBJECT,
                key=f"mode:{change.change}:left",
            )
    return found


def _read(tools: Tools, change: Due) -> dict[str, Any]:
    """One request. Counts are the portal's own (`total`), ids those of the first page."""
    client = tools.client(change.portal_id)
    commands = [_leads("left", {"=stageSemanticId": "P"})]
    if change.after is not None:
        since = change.after.isoformat(timespec="seconds")
        commands += [
            _leads("converted", {"=stageSemanticId": "S", ">=movedTime": since}),
            _deals("deals", {">leadId": 0, ">=createdTime": since}),
        ]
    found = client.batch(commands)
    answer: dict[str, Any] = {"left": 0, "converted": 0, "deals": 0, "left_ids": [], "converted_ids": []}
    for command in commands:
        outcome = found[command.label]
        if not outcome.ok:
            raise outcome.error or BitrixError(portal=client.portal, method=outcome.method)
        rows: Any = outcome.result
        ids = [int(row["id"]) for row in rows["items"]]
        answer[command.label] = outcome.total if outcome.total is not None else len(ids)
        if f"{command.label}_ids" in answer:
            answer[f"{command.label}_ids"] = ids
    return answer


def _leads(label: str, filter_: Mapping[str, Any]) -> Command:
    return Command(
        label,
        "crm.item.list",
        {"entityTypeId": 1, "select": ["id"], "filter": dict(filter_), "order": {"id": "ASC"}},
    )


def _deals(label: str, filter_: Mapping[str, Any]) -> Command:
    return Command(
        label,
        "crm.item.list",
        {"entityTypeId": 2, "select": ["id"], "filter": dict(filter_), "order": {"id": "ASC"}},
    )
