"""What events about leads and deals make us do: look at the CRM mode and at the new leads of a portal, in one request. Changes nothing.

A lead that is closed as converted right after it came shows Simple CRM, one that stays new shows Classic CRM: whichever it is, the mode is
read in the same request, so that a change is noticed within seconds (api-reference/crm/leads/index.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from connector.bitrix.batch import Command
from connector.bitrix.client import BitrixClient
from connector.bitrix.records.events import Event
from connector.errors import (
    BitrixError,
    DeadCredential,
    LeadswitchError,
    LimitError,
    PortalNotKnown,
    TransportError,
)
from connector.occurrences import Kind, LeadAutoconverted, occurred
from connector.portals.modes import note_reading
from connector.store.database import Database
from connector.store.models import EventState, InboundEvent, Portal, PortalState, Rule, Run, RunLead
from connector.switching.modes import mode_of
from webhooks.actions.tools import Tools

NEW_LEAD = "ONCRMLEADADD"
HINTS = frozenset({NEW_LEAD, "ONCRMDEALADD"})
LEAD_EVENTS = tuple(sorted(HINTS))
AT_ONCE = 50
"""Leads looked at in one request; also the most that one batch and one page hold."""
EVERY_SECONDS = 5.0
"""Between two looks at one portal: a tenth of the 2 requests a second that it allows."""
SOON_ENOUGH = 30.0
"""A mode that was read so recently needs no other look because of a deal."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    rows: Sequence[int]
    leads: Sequence[int]


def portals_waiting(db: Database) -> list[int]:
    """Portals with events about leads that nobody has looked at."""
    query = (
        select(InboundEvent.portal_id)
        .join(Portal, Portal.id == InboundEvent.portal_id)
        .where(
            InboundEvent.state == EventState.RECEIVED,
            InboundEvent.event.in_(LEAD_EVENTS),
            Portal.state != PortalState.UNINSTALLED,
        )
        .distinct()
    )
    with db.read() as session:
        return list(session.scalars(query))


def look(tools: Tools, portal_id: int) -> bool:
    """Look at what the newest events of a portal are about; True when there is more. Never raises: what fails is tried again."""
    waiting = _waiting(tools.db, portal_id)
    if not waiting.rows:
        return False
    try:
        if waiting.leads or _is_stale(tools, portal_id):
            _ask(tools, portal_id, waiting.leads)
    except (TransportError, LimitError, DeadCredential, PortalNotKnown) as error:
        log.info("events wait for their portal", portal=portal_id, error=error.key)
        return False
    except LeadswitchError as error:
        log.warning("events could not be looked at", portal=portal_id, error=error.key)
        _settle(tools, waiting.rows, EventState.FAILED, error.key)
        return True
    _settle(tools, waiting.rows, EventState.HANDLED)
    return True


def _waiting(db: Database, portal_id: int) -> _Waiting:
    """The next events, oldest first. Without a rule that wants to know of each lead, the leads of the newest ones are enough."""
    query = (
        select(InboundEvent)
        .where(
            InboundEvent.portal_id == portal_id,
            InboundEvent.state == EventState.RECEIVED,
            InboundEvent.event.in_(LEAD_EVENTS),
        )
        .order_by(InboundEvent.id)
    )
    with db.read() as session:
        wanted = _is_wanted(session, portal_id)
        rows: list[int] = []
        leads: dict[int, None] = {}
        for row in session.scalars(query.limit(AT_ONCE) if wanted else query):
            rows.append(row.id)
            lead = _lead(row)
            if lead is not None:
                leads[lead] = None
    return _Waiting(rows, list(leads)[-AT_ONCE:])


def _is_wanted(session: Session, portal_id: int) -> bool:
    found = session.scalars(select(Rule.document).where(Rule.portal_id == portal_id, Rule.enabled.is_(True)))
    return any(Kind.LEAD_AUTOCONVERTED.value in document.get("on", ()) for document in found)


def _lead(row: InboundEvent) -> int | None:
    if row.event != NEW_LEAD or row.payload is None:
        return None
    return Event.model_validate(row.payload).entity_id


def _is_stale(tools: Tools, portal_id: int) -> bool:
    """Deals alone: worth a look when the mode was not read lately and no run of ours makes them."""
    with tools.db.read() as session:
        portal = session.get(Portal, portal_id)
        live = session.scalar(
            select(Run.id).where(Run.portal_id == portal_id, Run.finished_at.is_(None)).limit(1)
        )
    if portal is None or live is not None:
        return False
    seen = portal.mode_seen_at
    return seen is None or (tools.clock.now() - seen).total_seconds() > SOON_ENOUGH


def _ask(tools: Tools, portal_id: int, leads: Sequence[int]) -> None:
    """One request: the mode, the leads as they are, the deals that name them."""
    client = tools.client(portal_id)
    commands = [Command("mode", "crm.settings.mode.get")]
    if leads:
        commands += [
            _list("leads", 1, ["id", "stageSemanticId"], {"@id": list(leads)}),
            _list("deals", 2, ["id", "leadId"], {"@leadId": list(leads)}),
        ]
    found = client.batch(commands)
    mode = mode_of(_need(found["mode"], client))
    now = tools.clock.now()
    converted: dict[int, list[int]] = {}
    if leads:
        rows: Any = _need(found["leads"], client)
        deals: Any = _need(found["deals"], client)
        converted = {int(row["id"]): [] for row in rows["items"] if row.get("stageSemanticId") == "S"}
        for deal in deals["items"]:
            converted.get(int(deal.get("leadId") or 0), []).append(int(deal["id"]))
    with tools.db.begin() as session:
        note_reading(session, portal_id, mode.value, at=now, source="event")
        for lead, its in sorted(converted.items()):
            _converted(session, portal_id, lead, its, mode=mode.value, now=now)


def _converted(
    session: Session, portal_id: int, lead: int, deals: Sequence[int], *, mode: Any, now: datetime
) -> None:
    """Told once per lead, and not when a run of ours has converted it."""
    ours = select(RunLead.run_id).join(Run, Run.id == RunLead.run_id)
    if session.scalar(ours.where(Run.portal_id == portal_id, RunLead.lead_id == lead).limit(1)) is not None:
        return
    data = LeadAutoconverted(lead=lead, deals=tuple(sorted(deals)), mode=mode)
    key = f"lead:{lead}:autoconverted"
    occurred(session, portal_id, Kind.LEAD_AUTOCONVERTED, data, at=now, subject=f"lead:{lead}", key=key)


def _list(label: str, entity_type: int, select_: list[str], filter_: dict[str, Any]) -> Command:
    params = {"entityTypeId": entity_type, "select": select_, "filter": filter_, "order": {"id": "ASC"}}
    return Command(label, "crm.item.list", params)


def _need(outcome: Any, client: BitrixClient) -> Any:
    if not outcome.ok:
        raise outcome.error or BitrixError(portal=client.portal, method=outcome.method)
    return outcome.result


def _settle(tools: Tools, rows: Sequence[int], state: EventState, error: str = "") -> None:
    values = {"state": state, "error": error, "handled_at": tools.clock.now(), "payload": None}
    with tools.db.begin() as session:
        for start in range(0, len(rows), 500):
            chunk = rows[start : start + 500]
            session.execute(update(InboundEvent).where(InboundEvent.id.in_(chunk)).values(values))
