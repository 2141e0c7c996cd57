"""The log of deliveries, and what people may ask of them: look, send one again, send again what an endpoint missed. Sends nothing itself.

A delivery that is sent again keeps its `webhook-id` and its body, so that a receiver can tell that it has seen it.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from connector.clock import Clock, SystemClock
from connector.errors import DeliveryNotFound, EndpointDisabled
from connector.portals.audit import Did, record
from connector.store.database import Database
from connector.store.models import Delivery, DeliveryAttempt, DeliveryState, Endpoint, EndpointState, Portal
from webhooks.outbound import payload
from webhooks.outbound.endpoints import Actor, get

MISSED = (DeliveryState.FAILED, DeliveryState.DROPPED)


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One try. `outcome` is ok, refused, redirected, gone, throttled, silent, blocked or failed; `status` the HTTP status, if any."""

    at: datetime
    status: int | None
    duration_ms: int
    outcome: str
    answer: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One delivery. `kind` is webhook, notify, workflow, trigger or dry_run; `state` pending, done, failed or dropped, `reason` why."""

    id: str
    event: str
    kind: str
    endpoint: str | None
    rule: str | None
    action: Mapping[str, Any]
    subject: str
    state: str
    reason: str
    detail: Mapping[str, Any]
    attempts: int
    next_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    position: int = 0

    @property
    def cursor(self) -> str:
        """What `page` takes to go on behind this one."""
        return f"{self.created_at.isoformat()}~{self.position}~{self.id}"


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """A delivery with what it sends and every try of it, oldest first."""

    delivery: DeliveryView
    body: str | None
    attempts: Sequence[AttemptView]


def page(
    db: Database,
    portal_id: int,
    *,
    endpoint_id: str | None = None,
    rule_id: str | None = None,
    state: str | None = None,
    kind: str | None = None,
    behind: str | None = None,
    limit: int = 50,
) -> list[DeliveryView]:
    """Deliveries of a portal, newest first. `behind` is the `cursor` of the last one that is known already; a broken one counts as none."""
    query = (
        select(Delivery)
        .where(Delivery.portal_id == portal_id)
        .order_by(Delivery.created_at.desc(), Delivery.position.desc(), Delivery.id.desc())
        .limit(limit)
    )
    wanted = {"endpoint_id": endpoint_id, "rule_id": rule_id, "state": state, "kind": kind}
    for name, value in wanted.items():
        if value is not None:
            query = query.where(getattr(Delivery, name) == value)
    if (known := _cursor(behind)) is not None:
        query = query.where(tuple_(Delivery.created_at, Delivery.position, Delivery.id) < known)
    with db.read() as session:
        return [_view(row) for row in session.scalars(query)]


def delivery(db: Database, portal_id: int, delivery_id: str) -> DeliveryDetail:
    """One delivery with its tries. Raises DeliveryNotFound."""
    with db.read() as session:
        row = _get(session, portal_id, delivery_id)
        tries = session.scalars(
            select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == row.id).order_by(DeliveryAttempt.id)
        )
        attempts = [
            AttemptView(one.at, one.status, one.duration_ms, one.outcome, one.answer) for one in tries
        ]
        return DeliveryDetail(_view(row), row.body, attempts)


def redeliver(
    db: Database, portal_id: int, delivery_id: str, actor: Actor, *, clock: Clock | None = None
) -> DeliveryView:
    """Have a webhook sent again, whatever became of it. Raises DeliveryNotFound (also for what is not a webhook), EndpointDisabled."""
    now = (clock or SystemClock()).now()
    with db.begin() as session:
        row = _get(session, portal_id, delivery_id)
        if row.kind != "webhook" or row.endpoint_id is None:
            raise DeliveryNotFound(delivery=delivery_id)
        _need_active(session, portal_id, row.endpoint_id)
        _again(session, [row.id], now)
        record(session, portal_id, at=now, who=actor, action=Did.REDELIVERED, detail={"delivery": row.id})
        session.refresh(row)
        return _view(row)


def replay(
    db: Database,
    portal_id: int,
    endpoint_id: str,
    since: datetime,
    actor: Actor,
    *,
    everything: bool = False,
    clock: Clock | None = None,
) -> int:
    """Send again what an endpoint has missed since a moment, or with `everything` all of it, oldest first. Returns how many.

    Raises EndpointNotFound, EndpointDisabled.
    """
    now = (clock or SystemClock()).now()
    query = select(Delivery.id).where(Delivery.endpoint_id == endpoint_id, Delivery.created_at >= since)
    if not everything:
        query = query.where(Delivery.state.in_(MISSED))
    with db.begin() as session:
        _need_active(session, portal_id, endpoint_id)
        ids = list(session.scalars(query))
        _again(session, ids, now)
        detail = {"endpoint": endpoint_id, "since": since.isoformat(), "deliveries": len(ids)}
        record(session, portal_id, at=now, who=actor, action=Did.REDELIVERED, detail=detail)
    return len(ids)


def send_test(
    db: Database, portal_id: int, endpoint_id: str, actor: Actor, *, clock: Clock | None = None
) -> DeliveryView:
    """Queue a test event (`leadswitch.test`), signed and logged like any other. Raises EndpointNotFound, EndpointDisabled."""
    now = (clock or SystemClock()).now()
    with db.begin() as session:
        _need_active(session, portal_id, endpoint_id)
        portal = session.get_one(Portal, portal_id)
        where = {"key": portal.key, "host": portal.host}
        row = Delivery(
            id=f"msg_{secrets.token_hex(12)}",
            portal_id=portal_id,
            endpoint_id=endpoint_id,
            kind="webhook",
            event=payload.TEST,
            action={"type": "webhook", "endpoint": endpoint_id, "body": "event"},
            body=payload.body(payload.TEST, now, where, {}, None),
            subject="test",
            next_at=now,
            created_at=now,
        )
        session.add(row)
        detail = {"endpoint": endpoint_id, "delivery": row.id}
        record(session, portal_id, at=now, who=actor, action=Did.ENDPOINT_TESTED, detail=detail)
        session.flush()
        return _view(row)


def _need_active(session: Session, portal_id: int, endpoint_id: str) -> Endpoint:
    row = get(session, portal_id, endpoint_id)
    if row.state != EndpointState.ACTIVE:
        raise EndpointDisabled()
    return row


def _again(session: Session, ids: Sequence[str], now: datetime) -> None:
    """As new, with the schedule from its beginning; the log of earlier tries stays."""
    fresh = {"state": DeliveryState.PENDING, "reason": "", "attempts": 0, "next_at": now, "finished_at": None}
    for start in range(0, len(ids), 500):
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(ids[start : start + 500]))
            .values(**fresh)
            .execution_options(synchronize_session=False)
        )


def _get(session: Session, portal_id: int, delivery_id: str) -> Delivery:
    row = session.get(Delivery, delivery_id)
    if row is None or row.portal_id != portal_id:
        raise DeliveryNotFound(delivery=delivery_id)
    return row


def _cursor(text: str | None) -> tuple[datetime, int, str] | None:
    parts = (text or "").split("~")
    try:
        moment, position, id_ = parts
        when, place = datetime.fromisoformat(moment), int(position)
    except ValueError:
        return None
    return (when, place, id_) if when.tzinfo is not None else None


def _view(row: Delivery) -> DeliveryView:
    return DeliveryView(
        id=row.id,
        event=row.event,
        kind=row.kind,
        endpoint=row.endpoint_id,
        rule=row.rule_id,
        action=row.action,
        subject=row.subject,
        state=row.state,
        reason=row.reason,
        detail=row.detail or {},
        attempts=row.attempts,
        next_at=row.next_at if row.state == DeliveryState.PENDING else None,
        created_at=row.created_at,
        finished_at=row.finished_at,
        position=row.position,
    )
