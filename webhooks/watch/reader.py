"""Reads the mode of portals whose time has come, and notes what it finds. One process at a time reads a portal."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from sqlalchemy import CursorResult, and_, or_, select, update
from sqlalchemy.orm import Session

from connector.errors import LeadswitchError
from connector.portals.modes import Change, Source, note_reading
from connector.store.database import Database
from connector.store.models import ModeWatch, Portal, PortalKind, PortalState, Rule, Run, RunState
from connector.switching.modes import read_mode
from connector.switching.service import look_again
from webhooks.actions.tools import Tools
from webhooks.watch.schedule import HOT_FOR, SHORTEST, next_pause

CLAIM = timedelta(seconds=60)
"""A process that dies while it reads holds the portal up for so long."""

_FOR_THE_FLIP = and_(
    Run.state == RunState.WAITING, Run.waiting_for["what"].as_string().in_(("flip", "native"))
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """One reading: the mode, or the key of the error that kept us from it; and what had changed."""

    portal_id: int
    mode: str | None
    at: datetime
    change: Change | None = None
    error: str = ""


def enrol(db: Database, now: datetime) -> None:
    """Portals that are to be watched and are not yet: where the app is installed, and where a webhook has rules."""
    ruled = select(Rule.id).where(Rule.portal_id == Portal.id, Rule.enabled.is_(True)).exists()
    watched = select(ModeWatch.portal_id)
    query = select(Portal.id).where(
        Portal.state == PortalState.ACTIVE,
        or_(Portal.kind == PortalKind.OAUTH, ruled),
        Portal.id.not_in(watched),
    )
    with db.read() as session:
        if session.scalar(query.limit(1)) is None:
            return
    with db.begin() as session:
        session.add_all(
            ModeWatch(portal_id=id_, next_at=now, pause=SHORTEST) for id_ in session.scalars(query)
        )


def hint(db: Database, portal_id: int, why: str, now: datetime) -> None:
    """Something points to a change: read the mode at once."""
    with db.begin() as session:
        session.execute(
            update(ModeWatch).where(ModeWatch.portal_id == portal_id).values(next_at=now, hint=why)
        )


def claim(db: Database, now: datetime, limit: int = 20) -> list[int]:
    """Portals whose mode is to be read now; nobody else gets them for a while."""
    due = (
        select(ModeWatch.portal_id, ModeWatch.next_at)
        .join(Portal, Portal.id == ModeWatch.portal_id)
        .where(Portal.state == PortalState.ACTIVE)
    )
    waiting = select(Run.id).where(Run.portal_id == ModeWatch.portal_id, _FOR_THE_FLIP).exists()
    fresh = or_(
        ModeWatch.next_at <= now, waiting & (ModeWatch.pause > SHORTEST) & ModeWatch.hot_until.is_(None)
    )
    with db.read() as session:
        found = session.execute(due.where(fresh).order_by(ModeWatch.next_at).limit(limit)).all()
    taken = []
    for portal_id, next_at in found:
        with db.begin() as session:
            mine = session.execute(
                update(ModeWatch)
                .where(ModeWatch.portal_id == portal_id, ModeWatch.next_at == next_at)
                .values(next_at=now + CLAIM)
            )
        if cast(CursorResult[Any], mine).rowcount == 1:
            taken.append(portal_id)
    return taken


def read(tools: Tools, portal_id: int, source: Source = "watch") -> Read:
    """Read the mode and note it. Never raises BitrixError: an error makes the next reading come later."""
    try:
        mode = read_mode(tools.client(portal_id))
    except LeadswitchError as error:
        log.info("the mode could not be read", portal=portal_id, error=error.key)
        now = tools.clock.now()
        with tools.db.begin() as session:
            _plan(session, portal_id, now, changed=False, failed=True)
        return Read(portal_id, None, now, error=error.key)
    now = tools.clock.now()
    with tools.db.begin() as session:
        run_id = _waiting_run(session, portal_id)
        change = note_reading(session, portal_id, mode.value, at=now, source=source, run_id=run_id)
        _plan(session, portal_id, now, changed=change is not None, failed=False)
    if change is not None and run_id is not None:
        look_again(tools.db, run_id)
    return Read(portal_id, mode.value, now, change)


def _waiting_run(session: Session, portal_id: int) -> str | None:
    """The run that waits for a person to change the mode, if there is one."""
    return session.scalar(select(Run.id).where(Run.portal_id == portal_id, _FOR_THE_FLIP).limit(1))


def _plan(session: Session, portal_id: int, now: datetime, *, changed: bool, failed: bool) -> None:
    watch = session.get(ModeWatch, portal_id, with_for_update=True)
    if watch is None:
        return
    flip = _waiting_run(session, portal_id) is not None
    if not flip:
        watch.hot_until = None
    elif watch.hot_until is None:
        watch.hot_until = now + timedelta(seconds=HOT_FOR)
    hot = flip and watch.hot_until is not None and now < watch.hot_until
    watch.failures = watch.failures + 1 if failed else 0
    watch.pause = next_pause(watch.pause, changed=changed, hot=hot, failures=watch.failures)
    watch.next_at, watch.hint = now + timedelta(seconds=watch.pause), ""
