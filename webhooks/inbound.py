"""Events that Bitrix24 posts: verified, kept, then handled. Knows no Flask; must never believe, keep or act on an unverified one.

Delivery is at most once and unordered (settings/performance/queue.md), so an event is stored before it is answered, and what was
not finished is finished by `finish_pending`. Only the few events of the app's own life are handled with the answer or right after it; all
others wait for the job that `webhooks.worker` does.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus

from pydantic import ValidationError
from sqlalchemy import select, update

from connector.bitrix.oauth import OAuthClient
from connector.bitrix.records.events import Event, EventAuth, nested
from connector.clock import Clock, SystemClock
from connector.errors import LaunchRefused, LeadswitchError, NotAllowed, TransportError
from connector.portals.install import install_by_event
from connector.portals.opening import launch_of_event
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import EventState, InboundEvent, Portal, PortalState
from webhooks.handlers import HANDLERS, SLOW
from webhooks.intake import Intake, Kept, Reason, digest_of, row_of
from webhooks.leads import LEAD_EVENTS
from webhooks.native.robot import robot_event

MAX_FIELDS = 500
_INSTALLING = frozenset({"ONAPPINSTALL", "ONAPPUPDATE"})
_UNFINISHED = (EventState.RECEIVED, EventState.FAILED)
# Documented without an application token (on-app-payment.md), so anybody can send it: no more than a hint to ask the portal.
_HINTS = frozenset({"ONAPPPAYMENT"})
HINT_SECONDS = 300

Later = Callable[[Callable[[], None]], None]

log = logging.getLogger(__name__)


def in_a_thread(work: Callable[[], None]) -> None:
    """Do it beside the answer. What a process leaves undone when it ends, `finish_pending` does."""
    threading.Thread(target=work, name="event", daemon=True).start()


def handle_event(
    db: Database,
    settings: Settings,
    form: Iterable[tuple[str, str]],
    *,
    clock: Clock | None = None,
    oauth: OAuthClient | None = None,
    later: Later = in_a_thread,
    intake: Intake | None = None,
) -> int:
    """The HTTP status to answer one posted form (pairs of name and value) with.

    200 kept (or known already) · 400 not an event · 403 not verified, nothing kept · 503 the OAuth server could not be asked.
    `later` runs what is too slow for the answer; `intake` is what the threads of a process share.
    """
    clock = clock or SystemClock()
    intake = intake or Intake(db, clock)
    event = _parse(form)
    if event is None:
        intake.refuse(Reason.NOT_AN_EVENT)
        return HTTPStatus.BAD_REQUEST
    if event.code in _INSTALLING:
        status, event_id = _install(db, settings, event, clock, oauth)
        if status == HTTPStatus.FORBIDDEN:
            intake.refuse(Reason.NOT_CONFIRMED)
    elif event.code in _HINTS and not event.auth.application_token:
        status, event_id = _hint(db, event, clock)
        if status == HTTPStatus.FORBIDDEN:
            intake.refuse(Reason.UNKNOWN_PORTAL)
    else:
        kept = intake.keep(event)
        status = HTTPStatus.OK if kept.reason is None else HTTPStatus.FORBIDDEN
        event_id = _to_do(kept, event)
    if event_id is not None:
        work = partial(_finish, db, settings, event_id, clock)
        (later if event.code in SLOW else _now)(work)
    return status


def handle_robot(
    db: Database,
    settings: Settings,
    form: Iterable[tuple[str, str]],
    *,
    clock: Clock | None = None,
    later: Later = in_a_thread,
    intake: Intake | None = None,
) -> int:
    """The same for a call of our automation rule: 200 kept, 400 not a call, 403 not verified."""
    clock = clock or SystemClock()
    intake = intake or Intake(db, clock)
    event = robot_event(form)
    if event is None:
        intake.refuse(Reason.NOT_AN_EVENT)
        return HTTPStatus.BAD_REQUEST
    kept = intake.keep(event)
    if (event_id := _to_do(kept, event)) is not None:
        later(partial(_finish, db, settings, event_id, clock))
    return HTTPStatus.OK if kept.reason is None else HTTPStatus.FORBIDDEN


def _to_do(kept: Kept, event: Event) -> int | None:
    """The event that is handled right away; everything but the app's own life waits for the job."""
    return kept.event_id if kept.new and event.code in HANDLERS else None


def _now(work: Callable[[], None]) -> None:
    work()


def finish_pending(
    db: Database, settings: Settings, *, clock: Clock | None = None, again: bool = True
) -> int:
    """Handle what was kept but not finished (it is the job's, the process ended in between, or it failed); returns how many events.

    With `again` also what has failed before. Events about leads are not among them: `webhooks.leads` takes those together.
    """
    clock = clock or SystemClock()
    _ignore_unknown(db, clock)
    states = _UNFINISHED if again else (EventState.RECEIVED,)
    query = (
        select(InboundEvent.id)
        .where(InboundEvent.state.in_(states), InboundEvent.event.in_(HANDLERS))
        .order_by(InboundEvent.id)
    )
    with db.read() as session:
        pending = list(session.scalars(query))
    for event_id in pending:
        _finish(db, settings, event_id, clock)
    return len(pending)


def _ignore_unknown(db: Database, clock: Clock) -> None:
    """Events that nobody here knows are on record, and that is all; thousands of them at once."""
    theirs = (InboundEvent.state == EventState.RECEIVED, InboundEvent.event.not_in([*HANDLERS, *LEAD_EVENTS]))
    with db.read() as session:
        if session.scalar(select(InboundEvent.id).where(*theirs).limit(1)) is None:
            return
    values = {"state": EventState.IGNORED, "handled_at": clock.now(), "payload": None}
    with db.begin() as session:
        session.execute(update(InboundEvent).where(*theirs).values(values))


def _parse(form: Iterable[tuple[str, str]]) -> Event | None:
    pairs = list(form)
    if len(pairs) > MAX_FIELDS or any("\0" in name or "\0" in value for name, value in pairs):
        return None
    try:
        return Event.model_validate(nested(pairs))
    except (ValidationError, ValueError):
        return None


def _install(
    db: Database, settings: Settings, event: Event, clock: Clock, oauth: OAuthClient | None
) -> tuple[int, int | None]:
    """Verified by its tokens instead of an application token, which it is the first to bring. They are stored by then: not kept twice."""
    claimed = launch_of_event(event.auth)
    try:
        ref = install_by_event(db, settings, claimed, event.auth.application_token, clock=clock, oauth=oauth)
    except (LaunchRefused, NotAllowed):
        return HTTPStatus.FORBIDDEN, None
    except TransportError:
        return HTTPStatus.SERVICE_UNAVAILABLE, None
    event_id = _keep(db, ref.id, event.model_copy(update={"auth": EventAuth()}), clock)
    if event_id is not None and event.code not in HANDLERS:
        _settle(db, event_id, EventState.HANDLED, clock)
        return HTTPStatus.OK, None
    return HTTPStatus.OK, event_id


def _hint(db: Database, event: Event, clock: Clock) -> tuple[int, int | None]:
    """Keep only that it came, and no more than one in `HINT_SECONDS`: whoever sent it must not make us ask the portal all day."""
    with db.read() as session:
        here = Portal.state != PortalState.UNINSTALLED
        portal_id = session.scalar(select(Portal.id).where(Portal.member_id == event.auth.member_id, here))
    if portal_id is None:
        return HTTPStatus.FORBIDDEN, None
    moment = int(clock.now().timestamp()) // HINT_SECONDS * HINT_SECONDS
    return HTTPStatus.OK, _keep(db, portal_id, Event(event=event.code, ts=moment), clock)


def _keep(db: Database, portal_id: int, event: Event, clock: Clock) -> int | None:
    """Store an event of a portal that is verified otherwise; None if it is known already or its portal is gone by now."""
    digest = digest_of(portal_id, event)
    with db.begin() as session:
        if session.get(Portal, portal_id, with_for_update=True) is None:
            return None
        if session.scalar(select(InboundEvent.id).where(InboundEvent.digest == digest)) is not None:
            return None
        row = InboundEvent(**row_of(portal_id, event, digest, clock.now()))
        session.add(row)
        session.flush()
        return row.id


def _finish(db: Database, settings: Settings, event_id: int, clock: Clock) -> None:
    with db.read() as session:
        row = session.get(InboundEvent, event_id)
        if row is None or row.payload is None:
            return
        portal_id, event = row.portal_id, Event.model_validate(row.payload)
    try:
        HANDLERS[event.code](db, settings, portal_id, event, clock)
    except LeadswitchError as problem:
        log.warning("event %s could not be handled and is tried again: %s", event.code, problem)
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
