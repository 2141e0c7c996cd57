"""Addresses that signed webhooks go to: made, changed, switched off, with secrets that are shown once. Sends nothing itself.

Whoever calls this has checked that the person may (`Action.AUTOMATION`). Everything is done for one portal: what belongs to another is
not found.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from connector.clock import Clock, SystemClock
from connector.errors import EndpointNotFound, TooMany
from connector.portals.audit import Did, record
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Delivery, DeliveryState, Endpoint, EndpointState
from webhooks.outbound import address
from webhooks.outbound.address import Resolve

Actor = Mapping[str, Any]
"""`{"user_id", "name", "via"}`; via is web, api or cli."""
MOST = 50
OVERLAP_HOURS = 24.0
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint as people may see it. Until `overlap_until` the former secret signs along; `reason` is by-hand, gone or failing."""

    id: str
    address: str
    name: str
    personal_data: bool
    state: str
    reason: str
    failing_since: datetime | None
    overlap_until: datetime | None
    created_at: datetime
    created_by: Mapping[str, Any]
    updated_at: datetime


def new_secret() -> str:
    """A signing secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def endpoints(db: Database, portal_id: int) -> list[EndpointView]:
    """All endpoints of a portal, oldest first."""
    query = select(Endpoint).where(Endpoint.portal_id == portal_id).order_by(Endpoint.created_at, Endpoint.id)
    with db.read() as session:
        return [_view(row) for row in session.scalars(query)]


def endpoint(db: Database, portal_id: int, endpoint_id: str) -> EndpointView:
    """One endpoint. Raises EndpointNotFound."""
    with db.read() as session:
        return _view(get(session, portal_id, endpoint_id))


def create_endpoint(
    db: Database,
    settings: Settings,
    portal_id: int,
    *,
    url: str,
    name: str = "",
    personal_data: bool = False,
    actor: Actor,
    clock: Clock | None = None,
    resolve: Resolve = address.resolve,
    once: str = "",
) -> tuple[EndpointView, str]:
    """A new endpoint and its secret, which nobody can be shown again. Raises BadAddress, TooMany.

    Who may ask twice for the same one gives `once`, any text: the second time the endpoint is as it is, and its secret empty.
    """
    url = address.check(url, private=settings.webhook_private_networks, resolve=resolve)
    now = (clock or SystemClock()).now()
    secret = new_secret()
    id_ = (
        f"ep_{sha256(f'{portal_id}:{once}'.encode()).hexdigest()[:20]}"
        if once
        else f"ep_{secrets.token_hex(10)}"
    )
    with db.begin() as session:
        if (known := session.get(Endpoint, id_)) is not None:
            return _view(known), ""
        count = session.scalar(
            select(func.count()).select_from(Endpoint).where(Endpoint.portal_id == portal_id)
        )
        if (count or 0) >= MOST:
            raise TooMany(most=MOST)
        row = Endpoint(
            id=id_,
            portal_id=portal_id,
            address=address.shown(url),
            name=name.strip()[:120],
            secrets={"url": url, "now": secret},
            personal_data=personal_data,
            state=EndpointState.ACTIVE,
            created_at=now,
            created_by=dict(actor),
            updated_at=now,
        )
        session.add(row)
        _note(session, row, Did.ENDPOINT_CREATED, actor, now)
        session.flush()
        return _view(row), secret


def change_endpoint(
    db: Database,
    settings: Settings,
    portal_id: int,
    endpoint_id: str,
    *,
    actor: Actor,
    url: str | None = None,
    name: str | None = None,
    personal_data: bool | None = None,
    enabled: bool | None = None,
    clock: Clock | None = None,
    resolve: Resolve = address.resolve,
) -> EndpointView:
    """Change what is given. Switching off drops what still waits; it can be replayed. Raises EndpointNotFound, BadAddress."""
    if url is not None:
        url = address.check(url, private=settings.webhook_private_networks, resolve=resolve)
    now = (clock or SystemClock()).now()
    with db.begin() as session:
        row = get(session, portal_id, endpoint_id, lock=True)
        if url is not None:
            row.address, row.secrets = address.shown(url), {**(row.secrets or {}), "url": url}
        if name is not None:
            row.name = name.strip()[:120]
        if personal_data is not None:
            row.personal_data = personal_data
        if enabled is False and row.state == EndpointState.ACTIVE:
            disable(session, row, "by-hand", now)
        elif enabled and row.state == EndpointState.DISABLED:
            row.state, row.reason, row.failing_since = EndpointState.ACTIVE, "", None
        row.updated_at = now
        _note(session, row, Did.ENDPOINT_CHANGED, actor, now)
        session.flush()
        return _view(row)


def rotate_secret(
    db: Database,
    portal_id: int,
    endpoint_id: str,
    *,
    actor: Actor,
    overlap_hours: float = OVERLAP_HOURS,
    seen: datetime | None = None,
    clock: Clock | None = None,
) -> str:
    """A new secret, shown once. For `overlap_hours` the former one signs along, so that a receiver can change without losing anything.

    `seen` is `updated_at` as the person saw it: when the endpoint has changed since, nothing is done and the answer is empty.
    """
    now = (clock or SystemClock()).now()
    secret = new_secret()
    with db.begin() as session:
        row = get(session, portal_id, endpoint_id, lock=True)
        if seen is not None and row.updated_at != seen:
            return ""
        known = row.secrets or {}
        old = {"old": known["now"], "old_until": (now + timedelta(hours=overlap_hours)).isoformat()}
        row.secrets = {"url": known["url"], "now": secret, **(old if overlap_hours > 0 else {})}
        row.updated_at = now
        _note(session, row, Did.SECRET_ROTATED, actor, now)
    return secret


def delete_endpoint(
    db: Database, portal_id: int, endpoint_id: str, *, actor: Actor, clock: Clock | None = None
) -> None:
    """Its deliveries and their log go with it. Raises EndpointNotFound."""
    with db.begin() as session:
        row = get(session, portal_id, endpoint_id, lock=True)
        _note(session, row, Did.ENDPOINT_DELETED, actor, (clock or SystemClock()).now())
        session.delete(row)


def disable(session: Session, row: Endpoint, reason: str, now: datetime) -> None:
    """Switch it off inside the caller's transaction; deliveries that wait are dropped, and can be replayed later."""
    row.state, row.reason, row.updated_at = EndpointState.DISABLED, reason, now
    session.execute(
        update(Delivery)
        .where(Delivery.endpoint_id == row.id, Delivery.state == DeliveryState.PENDING)
        .values(
            state=DeliveryState.DROPPED,
            reason="endpoint-disabled",
            finished_at=now,
            lease_holder=None,
            lease_until=None,
        )
    )


def signing_secrets(row: Endpoint, now: datetime) -> list[str]:
    """The secrets that sign now, newest first."""
    known = row.secrets or {}
    until = known.get("old_until")
    old = [known["old"]] if until and datetime.fromisoformat(until) > now else []
    return [known["now"], *old]


def get(session: Session, portal_id: int, endpoint_id: str, *, lock: bool = False) -> Endpoint:
    """The row. Raises EndpointNotFound, also for one of another portal."""
    row = session.get(Endpoint, endpoint_id, with_for_update=True if lock else None)
    if row is None or row.portal_id != portal_id:
        raise EndpointNotFound(endpoint=endpoint_id)
    return row


def _note(session: Session, row: Endpoint, did: Did, actor: Actor, now: datetime) -> None:
    detail = {"endpoint": row.id, "address": row.address}
    record(session, row.portal_id, at=now, who=actor, action=did, detail=detail)


def _view(row: Endpoint) -> EndpointView:
    until = (row.secrets or {}).get("old_until")
    return EndpointView(
        id=row.id,
        address=row.address,
        name=row.name,
        personal_data=row.personal_data,
        state=row.state,
        reason=row.reason,
        failing_since=row.failing_since,
        overlap_until=datetime.fromisoformat(until) if until else None,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
    )
