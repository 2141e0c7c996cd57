"""Which deliveries are due, who does them, and what became of a try. Does none of them itself.

A delivery belongs to the process that holds its lease; one that dies leaves it to another after `LEASE`. One delivery per endpoint is under
way at a time, and those about one subject go out in the order in which things happened.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from connector.portals.audit import Did, record
from connector.store.database import Database
from connector.store.models import (
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    Endpoint,
    EndpointState,
    Portal,
)
from webhooks.outbound.endpoints import disable
from webhooks.outbound.schedule import GIVE_UP, next_try

LEASE = timedelta(seconds=90)
MORE = "more"
"""Outcome of a try that has not come to its end and is to go on at once."""
NOBODY = {"user_id": None, "name": "", "via": "leadswitch"}


@dataclass(frozen=True, slots=True)
class Tried:
    """How a try ended. `final`: trying again is of no use. `detail` is kept with the delivery."""

    ok: bool
    outcome: str
    status: int | None = None
    answer: str = ""
    duration_ms: int = 0
    wish: float | None = None
    final: bool = False
    detail: Mapping[str, Any] | None = None


def claim(
    db: Database,
    holder: str,
    now: datetime,
    *,
    limit: int = 8,
    per_portal: int = 3,
    portal_id: int | None = None,
) -> list[Delivery]:
    """Deliveries that are due, now leased to `holder`; of one portal no more than `per_portal` are under way at a time."""
    due = _due(now)
    with db.read() as session:
        portals = list(session.scalars(due.with_only_columns(Delivery.portal_id).order_by(None).distinct()))
    if portal_id is not None:
        portals = [one for one in portals if one == portal_id]
    random.shuffle(portals)
    taken: list[Delivery] = []
    for one in portals:
        if len(taken) >= limit:
            break
        with db.begin() as session:
            taken += _claim_of(
                session, one, due, holder=holder, now=now, most=min(per_portal, limit - len(taken))
            )
    return taken


def _claim_of(
    session: Session, portal_id: int, due: Select[Delivery], *, holder: str, now: datetime, most: int
) -> list[Delivery]:
    leased = (
        Delivery.portal_id == portal_id,
        Delivery.state == DeliveryState.PENDING,
        Delivery.lease_until >= now,
    )
    under_way = session.scalar(select(func.count()).select_from(Delivery).where(*leased)) or 0
    query = (
        due.where(Delivery.portal_id == portal_id).limit(50).with_for_update(skip_locked=True, of=Delivery)
    )
    taken: list[Delivery] = []
    busy: set[str] = set()
    for row in session.scalars(query):
        if len(taken) + under_way >= most:
            break
        if row.endpoint_id is None or row.endpoint_id not in busy:
            busy.add(row.endpoint_id or "")
            row.lease_holder, row.lease_until = holder, now + LEASE
            taken.append(row)
    return taken


def _due(now: datetime) -> Select[Delivery]:
    other, earlier = aliased(Delivery), aliased(Delivery)
    pending = Delivery.state == DeliveryState.PENDING
    same_endpoint = other.endpoint_id == Delivery.endpoint_id
    under_way = exists().where(same_endpoint, other.state == DeliveryState.PENDING, other.lease_until >= now)
    before = exists().where(
        earlier.endpoint_id == Delivery.endpoint_id,
        earlier.subject == Delivery.subject,
        earlier.state == DeliveryState.PENDING,
        earlier.position < Delivery.position,
    )
    free = or_(Delivery.lease_until.is_(None), Delivery.lease_until < now)
    return (
        select(Delivery)
        .where(pending, Delivery.next_at <= now, free, ~under_way, ~before)
        .order_by(Delivery.next_at, Delivery.position)
    )


def settle(
    db: Database, delivery_id: str, tried: Tried, *, holder: str, now: datetime, rng: random.Random
) -> None:
    """Note a try and what follows from it: done, tried again later, or given up. A lease that was lost changes nothing but the log."""
    with db.begin() as session:
        row = session.get(Delivery, delivery_id, with_for_update=True)
        if row is None:
            return
        if tried.outcome == MORE:
            if row.lease_holder == holder:
                row.lease_holder = row.lease_until = None
            return
        session.add(
            DeliveryAttempt(
                delivery_id=row.id,
                at=now,
                status=tried.status,
                duration_ms=tried.duration_ms,
                outcome=tried.outcome,
                answer=tried.answer,
            )
        )
        if row.lease_holder != holder or row.state != DeliveryState.PENDING:
            return
        row.lease_holder = row.lease_until = None
        row.attempts += 1
        if tried.detail is not None:
            row.detail = dict(tried.detail)
        over = tried.ok or tried.final or tried.outcome == "gone"
        again = None if over else next_try(row.attempts, now, rng, tried.wish)
        if again is not None:
            row.next_at, row.reason = again, tried.outcome
        else:
            row.state = DeliveryState.DONE if tried.ok else DeliveryState.FAILED
            row.reason, row.finished_at = "" if tried.ok else tried.outcome, now
        if row.endpoint_id is not None:
            _judge(session, row.endpoint_id, tried, now)


def _judge(session: Session, endpoint_id: str, tried: Tried, now: datetime) -> None:
    """An endpoint that says it is gone, or that has taken nothing for days, is switched off and its owner told."""
    endpoint = session.get(Endpoint, endpoint_id, with_for_update=True)
    if endpoint is None or endpoint.state != EndpointState.ACTIVE:
        return
    if tried.ok:
        endpoint.failing_since = None
        return
    endpoint.failing_since = endpoint.failing_since or now
    gone = tried.outcome == "gone"
    if not gone and now - endpoint.failing_since < GIVE_UP:
        return
    disable(session, endpoint, "gone" if gone else "failing", now)
    detail = {"endpoint": endpoint.id, "address": endpoint.address, "reason": endpoint.reason}
    record(session, endpoint.portal_id, at=now, who=NOBODY, action=Did.ENDPOINT_DISABLED, detail=detail)
    _tell_owner(session, endpoint, now)


def _tell_owner(session: Session, endpoint: Endpoint, now: datetime) -> None:
    """Who made the endpoint, or who installed the app, gets a notification in Bitrix24."""
    portal = session.get_one(Portal, endpoint.portal_id)
    owner = endpoint.created_by.get("user_id") or portal.owner_id
    if not owner:
        return
    session.add(
        Delivery(
            id=f"msg_{endpoint.id}_{int(now.timestamp())}",
            portal_id=portal.id,
            kind="notify",
            event="endpoint.disabled",
            action={
                "type": "notify",
                "users": [int(owner)],
                "text": "",
                "name": endpoint.name or endpoint.address,
            },
            subject=f"endpoint:{endpoint.id}",
            next_at=now,
            created_at=now,
        )
    )
