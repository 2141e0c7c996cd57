"""Keys of the JSON API: made and revoked by administrators, shown once, kept as a hash. Must never store or return a key a second time.

A key reads `lsk_` + public half (12 characters, its id) + `_` + secret half (256 random bits, of which SHA-256 is kept: what cannot be
guessed needs no slow hash). A key belongs to one portal and may do what its scopes say, whoever holds it, until it is revoked.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from connector.clock import Clock
from connector.errors import KeyExpired, KeyRefused, KeyRevoked, NothingHere
from connector.i18n import N_
from connector.portals import audit
from connector.store.database import Database
from connector.store.models import ApiKey, Portal, PortalState


class Scope(StrEnum):
    """What a key may do. `…:read` looks, `…:write` acts; one does not include the other."""

    MODE_READ = "mode:read"
    MODE_WRITE = "mode:write"
    PIPELINES_READ = "pipelines:read"
    PIPELINES_WRITE = "pipelines:write"
    PLANS_READ = "plans:read"
    PLANS_WRITE = "plans:write"
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    RULES_READ = "rules:read"
    RULES_WRITE = "rules:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    AUDIT_READ = "audit:read"
    PEOPLE_READ = "people:read"


SCOPES: Mapping[Scope, str] = MappingProxyType(
    {
        Scope.MODE_READ: N_("See the CRM mode and its changes"),
        Scope.MODE_WRITE: N_("Ask for a change of the CRM mode: starts a dry run"),
        Scope.PIPELINES_READ: N_("See pipelines and stages"),
        Scope.PIPELINES_WRITE: N_("Create, change and delete pipelines and stages"),
        Scope.PLANS_READ: N_("Read dry runs, with the leads and clients in them"),
        Scope.PLANS_WRITE: N_("Start dry runs"),
        Scope.RUNS_READ: N_("Read switches, their leads and their journal"),
        Scope.RUNS_WRITE: N_("Start, pause, resume, cancel, retry and undo switches"),
        Scope.RULES_READ: N_("Read automation rules and what they did"),
        Scope.RULES_WRITE: N_("Create, change and delete automation rules"),
        Scope.WEBHOOKS_READ: N_("Read endpoints and deliveries of webhooks"),
        Scope.WEBHOOKS_WRITE: N_("Create, change and delete endpoints of webhooks, deliver again"),
        Scope.AUDIT_READ: N_("Read who did what"),
        Scope.PEOPLE_READ: N_("See who may switch besides administrators"),
    }
)
"""Every scope in words: the form, the API description and the shell show this table."""

LONGEST_NAME = 80
WINDOW = timedelta(minutes=1)
_SHAPE = re.compile(r"lsk_(?P<id>[a-z2-7]{12})_(?P<secret>[A-Za-z0-9_-]{43})\Z")
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass(frozen=True, slots=True)
class KeyCard:
    """A key as lists show it, without its secret. `state` is active, expired or revoked; `created_by` is `{"user_id", "name", "via"}`."""

    id: str
    portal_id: int
    name: str
    scopes: tuple[str, ...]
    created_by: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    state: str

    @property
    def shown(self) -> str:
        """What tells it apart without giving it away."""
        return f"lsk_{self.id}_…"

    @property
    def actor(self) -> dict[str, Any]:
        """As plans, runs and the audit log keep who did something: the key's name, and the administrator who made it."""
        return {"user_id": self.created_by.get("user_id"), "name": self.name, "via": "api"}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A key that was let in, and what is left to it: `remaining` of `limit` requests until `resets_in` whole seconds are over.

    `exceeded`: this request was one too many.
    """

    card: KeyCard
    limit: int
    remaining: int
    resets_in: int
    exceeded: bool


def create(
    db: Database,
    portal_id: int,
    by: Mapping[str, Any],
    *,
    name: str,
    scopes: Iterable[Scope],
    clock: Clock,
    days: int | None = None,
    made_for: str | None = None,
) -> tuple[KeyCard, str | None]:
    """A new key and its text, which nobody can ask for again; the text is None when the form `made_for` has made its key before.

    `by` is an actor whose right to do this was checked (`Action.API_KEYS`); `days` until it expires, None for never.
    """
    now = clock.now()
    secret, id_ = secrets.token_urlsafe(32), "".join(secrets.choice(_LETTERS) for _ in range(12))
    row = ApiKey(
        id=id_,
        portal_id=portal_id,
        name=" ".join(name.split())[:LONGEST_NAME],
        secret_hash=_hash(secret),
        scopes=[scope.value for scope in Scope if scope in set(scopes)],
        created_by=dict(by),
        created_at=now,
        made_for=made_for,
        expires_at=now + timedelta(days=days) if days is not None else None,
    )
    try:
        with db.begin() as session:
            session.add(row)
            session.flush()
            _record(session, row, by, audit.Did.KEY_CREATED, now)
            return _card(row, now), f"lsk_{id_}_{secret}"
    except IntegrityError:
        return _made_before(db, portal_id, made_for, now), None


def _made_before(db: Database, portal_id: int, made_for: str | None, now: datetime) -> KeyCard:
    with db.read() as session:
        row = session.scalar(select(ApiKey).where(ApiKey.portal_id == portal_id, ApiKey.made_for == made_for))
        if row is None:
            raise NothingHere
        return _card(row, now)


def revoke(db: Database, portal_id: int, key_id: str, by: Mapping[str, Any], *, clock: Clock) -> KeyCard:
    """Close a key for good, from the next request on; twice changes nothing. Raises `NothingHere` for a key of another portal."""
    now = clock.now()
    with db.begin() as session:
        row = session.get(ApiKey, key_id, with_for_update=True)
        if row is None or row.portal_id != portal_id:
            raise NothingHere
        if row.revoked_at is None:
            row.revoked_at = now
            _record(session, row, by, audit.Did.KEY_REVOKED, now)
        return _card(row, now)


def listed(db: Database, portal_id: int, *, clock: Clock) -> Sequence[KeyCard]:
    """All keys of a portal, the newest first; revoked ones too."""
    query = select(ApiKey).where(ApiKey.portal_id == portal_id).order_by(ApiKey.created_at.desc(), ApiKey.id)
    with db.read() as session:
        return [_card(row, clock.now()) for row in session.scalars(query)]


def admit(db: Database, text: str, *, per_minute: int, clock: Clock) -> Admitted:
    """The key that `text` is, counted as used once. Raises `KeyRefused`, `KeyExpired` or `KeyRevoked`; those count nothing."""
    shape = _SHAPE.match(text)
    if shape is None:
        raise KeyRefused
    now = clock.now()
    # Looked at first without writing: what is no key must not make anybody wait for the writer.
    with db.read() as session:
        _checked(session, session.get(ApiKey, shape["id"]), shape["secret"], now)
    with db.begin() as session:
        row = _checked(session, session.get(ApiKey, shape["id"], with_for_update=True), shape["secret"], now)
        if row.window_start is None or not timedelta() <= now - row.window_start < WINDOW:
            row.window_start, row.window_count = now, 0
        row.last_used_at = now
        exceeded = row.window_count >= per_minute
        if not exceeded:
            row.window_count += 1
        left = (row.window_start + WINDOW - now).total_seconds()
        return Admitted(
            _card(row, now),
            per_minute,
            max(per_minute - row.window_count, 0),
            max(int(left + 0.999), 1),
            exceeded,
        )


def _checked(session: Session, row: ApiKey | None, secret: str, now: datetime) -> ApiKey:
    if row is None or not compare_digest(row.secret_hash, _hash(secret)):
        raise KeyRefused
    portal = session.get(Portal, row.portal_id)
    if portal is None or portal.state == PortalState.UNINSTALLED:
        raise KeyRefused
    if row.revoked_at is not None:
        raise KeyRevoked(name=row.name)
    if row.expires_at is not None and row.expires_at <= now:
        raise KeyExpired(name=row.name)
    return row


def _record(session: Session, row: ApiKey, by: Mapping[str, Any], did: audit.Did, now: datetime) -> None:
    detail = {"id": row.id, "name": row.name, "scopes": list(row.scopes)}
    audit.record(session, row.portal_id, at=now, who=by, action=did, detail=detail)


def _card(row: ApiKey, now: datetime) -> KeyCard:
    expired = row.expires_at is not None and row.expires_at <= now
    return KeyCard(
        id=row.id,
        portal_id=row.portal_id,
        name=row.name,
        scopes=tuple(row.scopes),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        state="revoked" if row.revoked_at is not None else "expired" if expired else "active",
    )


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
