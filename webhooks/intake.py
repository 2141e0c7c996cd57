"""Stores posted events: verified against the portal's application token, each once, many of them in one transaction. Handles none.

Threads that come together share one commit: the first to have the turn stores what all the others brought. An event is stored before its
thread answers; one that is not verified is never kept, only counted.
"""

import json
import threading
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from connector.bitrix.records.events import Event, EventAuth
from connector.clock import Clock
from connector.portals.credential import token_fits
from connector.store.database import Database
from connector.store.models import EventState, InboundEvent, Portal, PortalState, Refusal


class Reason(StrEnum):
    """Why a post was refused, as it is counted."""

    TOO_LARGE = "too-large"
    NOT_AN_EVENT = "not-an-event"
    NOT_A_FORM = "not-a-form"
    UNKNOWN_PORTAL = "unknown-portal"
    WRONG_TOKEN = "wrong-token"  # noqa: S105  (the name of a reason)
    NOT_CONFIRMED = "not-confirmed"


FLUSH_SECONDS = 1.0
"""Refusals are counted here and written together: who posts rubbish must not make us write for each of it."""


@dataclass(slots=True)
class Kept:
    """What became of one event. `new` is False when it was known already."""

    portal_id: int | None = None
    event_id: int | None = None
    new: bool = False
    reason: Reason | None = None


@dataclass(slots=True)
class _Item:
    event: Event
    kept: Kept = field(default_factory=Kept)
    problem: Exception | None = None
    done: bool = False


class Intake:
    """One per process and database. Thread-safe."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._guard = threading.Lock()
        self._turn = threading.Condition(self._guard)
        self._storing = False
        self._waiting: list[_Item] = []
        self._refused: Counter[tuple[str, int, str]] = Counter()
        self._flushed = clock.monotonic()

    def keep(self, event: Event) -> Kept:
        """Verify and store one event; returns once it is stored. Raises what the database raises."""
        item = _Item(event)
        with self._turn:
            self._waiting.append(item)
            # Whoever was stored meanwhile goes on at once; of the others, the first to wake stores for all.
            self._turn.wait_for(lambda: item.done or not self._storing)
            if not item.done:
                items, self._waiting = self._waiting, []
                self._storing = True
            else:
                items = []
        if items:
            try:
                self._store(items)
            finally:
                with self._turn:
                    self._storing = False
                    self._turn.notify_all()
        if item.problem is not None:
            raise item.problem
        if item.kept.reason is not None:
            self.refuse(item.kept.reason, item.kept.portal_id or 0)
        return item.kept

    def _store(self, items: Sequence[_Item]) -> None:
        now = self._clock.now()
        try:
            with self._db.begin() as session:
                self._count(session)
                for item, kept in zip(
                    items, store(session, [item.event for item in items], now, self._db), strict=True
                ):
                    item.kept = kept
        except Exception as problem:
            # Every thread of this turn hears of it: none of their events was stored.
            for item in items:
                item.problem = problem
        finally:
            for item in items:
                item.done = True

    def refuse(self, reason: Reason, portal_id: int = 0) -> None:
        """Count a post that was not kept."""
        day = self._clock.now().date().isoformat()
        with self._guard:
            self._refused[day, portal_id, reason.value] += 1
            due = self._clock.monotonic() - self._flushed >= FLUSH_SECONDS
        if due:
            self.flush()

    def flush(self) -> None:
        """Write the counts down."""
        with self._guard:
            if not self._refused:
                return
        with self._db.begin() as session:
            self._count(session)

    def _count(self, session: Session) -> None:
        with self._guard:
            counts, self._refused = self._refused, Counter()
            self._flushed = self._clock.monotonic()
        for (day, portal_id, reason), count in counts.items():
            row = session.get(Refusal, (day, portal_id, reason), with_for_update=True)
            if row is None:
                session.add(Refusal(day=day, portal_id=portal_id, reason=reason, count=count))
            else:
                row.count += count


def store(session: Session, events: Sequence[Event], now: datetime, db: Database) -> list[Kept]:
    """Verify and store events in the caller's transaction, in their order. Tokens of who acted are not kept: ours is the portal's own."""
    portals = _portals(session, {event.auth.member_id for event in events if event.auth.member_id})
    rows: dict[str, dict[str, Any]] = {}
    digests: list[str | None] = []
    kept: list[Kept] = []
    for event in events:
        portal = portals.get(event.auth.member_id)
        fits = portal is not None and token_fits(portal.application_token_hash, event.auth.application_token)
        if portal is None or not fits:
            reason = Reason.UNKNOWN_PORTAL if portal is None else Reason.WRONG_TOKEN
            kept.append(Kept(portal_id=portal.id if portal is not None else None, reason=reason))
            digests.append(None)
            continue
        digest = digest_of(portal.id, event)
        first = digest not in rows
        if first:
            rows[digest] = row_of(portal.id, event, digest, now)
        kept.append(Kept(portal_id=portal.id, new=first))
        digests.append(digest)
    made = _insert(session, list(rows.values()), db)
    ids = {**made, **_known(session, rows.keys() - made.keys())}
    for one, mine in zip(kept, digests, strict=True):
        if mine is not None:
            one.event_id = ids.get(mine)
            one.new = one.new and mine in made
    return kept


# Built once: a burst of events is answered in little more than the time that the database takes.
_TABLE = cast(Table, InboundEvent.__table__)
_THEM = cast(Table, Portal.__table__).c
_PORTALS = (
    select(_THEM.id, _THEM.member_id, _THEM.application_token_hash)
    .where(_THEM.member_id.in_(bindparam("members", expanding=True)), _THEM.state != PortalState.UNINSTALLED)
    # On PostgreSQL they must still be there when the events are inserted; that lock disturbs nobody else.
    .with_for_update(read=True, key_share=True)
)
_INSERTS = {
    is_sqlite: make(_TABLE)
    .on_conflict_do_nothing(index_elements=["digest"])
    .returning(_TABLE.c.digest, _TABLE.c.id)
    for is_sqlite, make in ((True, sqlite.insert), (False, postgresql.insert))
}


def _portals(session: Session, members: set[str]) -> dict[str, Any]:
    found = session.connection().execute(_PORTALS, {"members": list(members)})
    return {str(row.member_id): row for row in found}


def _insert(session: Session, rows: Sequence[dict[str, Any]], db: Database) -> dict[str, int]:
    """Digest → number of those that were not there yet; the others are not stored again."""
    if not rows:
        return {}
    return {row.digest: row.id for row in session.connection().execute(_INSERTS[db.is_sqlite], rows)}


def _known(session: Session, digests: Collection[str]) -> dict[str, int]:
    if not digests:
        return {}
    query = select(InboundEvent.digest, InboundEvent.id).where(InboundEvent.digest.in_(digests))
    return {row.digest: row.id for row in session.execute(query)}


def row_of(portal_id: int, event: Event, digest: str, now: datetime) -> dict[str, Any]:
    """The stored form of a verified event, without the tokens of whoever acted."""
    bare = event.model_copy(update={"auth": EventAuth()})
    return {
        "portal_id": portal_id,
        "digest": digest,
        "event": event.code,
        "sent_at": _moment(event.ts),
        "received_at": now,
        "payload": bare.model_dump(mode="json", by_alias=False),
        "state": EventState.RECEIVED,
        "error": "",
    }


def digest_of(portal_id: int, event: Event) -> str:
    """The same for an event that comes twice, also by two handlers; tokens and their life are left out."""
    what = [portal_id, event.code, event.ts, event.data]
    return sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()


def refusals(db: Database, portal_id: int, *, since: str) -> dict[str, int]:
    """Posts that claimed to be of this portal and were refused since a day (`YYYY-MM-DD`), by reason."""
    query = select(Refusal).where(Refusal.portal_id == portal_id, Refusal.day >= since)
    counts: Counter[str] = Counter()
    with db.read() as session:
        for row in session.scalars(query):
            counts[row.reason] += row.count
    return dict(counts)


def _moment(ts: int | None) -> datetime | None:
    try:
        return None if ts is None else datetime.fromtimestamp(ts, UTC)
    except (OverflowError, OSError, ValueError):
        return None
