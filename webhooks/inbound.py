"""Events that Bitrix24 posts: verified, kept, then handled. Knows no Flask; must never believe, keep or act on an unverified one.

Delivery is at most once and unordered (settings/performance/queue.md), so an event is stored before it is answered, and what was
not finished is finished by `finish_pending`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from types import MappingProxyType

from pydantic import ValidationError
from sqlalchemy import select

from connector.bitrix.oauth import OAuthClient
from connector.bitrix.records.events import Event, nested
from connector.clock import Clock, SystemClock
from connector.errors import LaunchRefused, LeadswitchError, NotAllowed, TransportError
from connector.portals.credential import token_fits
from connector.portals.install import install_by_event
from connector.portals.opening import launch_of_event
from connector.portals.removal import uninstall
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import EventState, InboundEvent, Portal

MAX_FIELDS = 500
_INSTALLING = frozenset({"ONAPPINSTALL", "ONAPPUPDATE"})
_UNFINISHED = (EventState.RECEIVED, EventState.FAILED)

Handler = Callable[[Database, int, Event, Clock], None]


def handle_event(
    db: Database,
    settings: Settings,
    form: Iterable[tuple[str, str]],
    *,
    clock: Clock | None = None,
    oauth: OAuthClient | None = None,
) -> int:
    """The HTTP status to answer one posted form (pairs of name and value) with.

    200 kept (or known already) · 400 not an event · 403 not verified, nothing kept · 503 the OAuth server could not be asked.
    """
    clock = clock or SystemClock()
    event = _parse(form)
    if event is None:
        return HTTPStatus.BAD_REQUEST
    if event.code in _INSTALLING:
        return _install(db, settings, event, clock, oauth)
    portal_id = _verified_portal(db, event)
    if portal_id is None:
        return HTTPStatus.FORBIDDEN
    event_id = _keep(db, portal_id, event, clock)
    if event_id is not None:
        _finish(db, event_id, clock)
    return HTTPStatus.OK


def finish_pending(db: Database, *, clock: Clock | None = None) -> int:
    """Handle what was kept but not finished (the process ended in between, or it failed); returns how many events that were."""
    clock = clock or SystemClock()
    query = select(InboundEvent.id).where(InboundEvent.state.in_(_UNFINISHED)).order_by(InboundEvent.id)
    with db.read() as session:
        pending = list(session.scalars(query))
    for event_id in pending:
        _finish(db, event_id, clock)
    return len(pending)


def _uninstalled(db: Database, portal_id: int, event: Event, clock: Clock) -> None:
    uninstall(db, portal_id, clean=str(event.data.get("CLEAN", "0")) == "1", clock=clock)


HANDLERS: Mapping[str, Handler] = MappingProxyType({"ONAPPUNINSTALL": _uninstalled})


def _parse(form: Iterable[tuple[str, str]]) -> Event | None:
    pairs = list(form)
    if len(pairs) > MAX_FIELDS:
        return None
    try:
        return Event.model_validate(nested(pairs))
    except (ValidationError, ValueError):
        return None


def _install(db: Database, settings: Settings, event: Event, clock: Clock, oauth: OAuthClient | None) -> int:
    """Verified by its tokens instead of an application token, which it is the first to bring."""
    claimed = launch_of_event(event.auth)
    try:
        ref = install_by_event(db, settings, claimed, event.auth.application_token, clock=clock, oauth=oauth)
    except (LaunchRefused, NotAllowed):
        return HTTPStatus.FORBIDDEN
    except TransportError:
        return HTTPStatus.SERVICE_UNAVAILABLE
    event_id = _keep(db, ref.id, event, clock)
    if event_id is not None:
        _settle(db, event_id, EventState.HANDLED, clock)
    return HTTPStatus.OK


def _verified_portal(db: Database, event: Event) -> int | None:
    with db.read() as session:
        portal = session.scalar(select(Portal).where(Portal.member_id == event.auth.member_id))
        if portal is None or not token_fits(portal, event.auth.application_token):
            return None
        return portal.id


def _keep(db: Database, portal_id: int, event: Event, clock: Clock) -> int | None:
    """Store the event, encrypted; None if it is known already or its portal is gone by now."""
    digest = _digest(portal_id, event)
    with db.begin() as session:
        if session.get(Portal, portal_id, with_for_update=True) is None:
            return None
        if session.scalar(select(InboundEvent.id).where(InboundEvent.digest == digest)) is not None:
            return None
        row = InboundEvent(
            portal_id=portal_id,
            digest=digest,
            event=event.code,
            sent_at=_moment(event.ts),
            received_at=clock.now(),
            payload=event.model_dump(mode="json", by_alias=False),
        )
        session.add(row)
        session.flush()
        return row.id


def _finish(db: Database, event_id: int, clock: Clock) -> None:
    with db.read() as session:
        row = session.get(InboundEvent, event_id)
        if row is None or row.payload is None:
            return
        portal_id, event = row.portal_id, Event.model_validate(row.payload)
    handler = HANDLERS.get(event.code)
    if handler is None:
        _settle(db, event_id, EventState.IGNORED, clock)
        return
    try:
        handler(db, portal_id, event, clock)
    except LeadswitchError as problem:
        _settle(db, event_id, EventState.FAILED, clock, str(problem))
    else:
        _settle(db, event_id, EventState.HANDLED, clock)


def _settle(db: Database, event_id: int, state: EventState, clock: Clock, error: str = "") -> None:
    """Note the outcome; the payload, which may hold tokens, goes unless it is needed for another try."""
    with db.begin() as session:
        row = session.get(InboundEvent, event_id)
        if row is None:
            return
        row.state, row.error, row.handled_at = state, error, clock.now()
        if state is not EventState.FAILED:
            row.payload = None


def _digest(portal_id: int, event: Event) -> str:
    """The same for an event that comes twice, also by two handlers; tokens and their life are left out."""
    what = [portal_id, event.code, event.ts, event.data]
    return sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()


def _moment(ts: int | None) -> datetime | None:
    try:
        return None if ts is None else datetime.fromtimestamp(ts, UTC)
    except (OverflowError, OSError, ValueError):
        return None
