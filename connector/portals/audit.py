"""The audit log: who did what on which portal, and when. Entries are only ever added; secrets have no place in them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector.redact import redact
from connector.store.database import Database
from connector.store.models import Audit

_PAGE = 500


class Did(StrEnum):
    """Everything that is recorded; the value is what exports show."""

    INSTALLED = "app.installed"
    UPDATED = "app.updated"
    UNINSTALLED = "app.uninstalled"
    REAUTHORISED = "app.reauthorised"
    MOVED = "portal.moved"
    WEBHOOK_CONNECTED = "webhook.connected"
    OPENED = "app.opened"
    NAMED_USER = "people.named"
    UNNAMED_USER = "people.unnamed"
    PLANNED = "plan.created"
    PLAN_LOADED = "plan.loaded"
    APPLIED = "run.started"
    PAUSED = "run.paused"
    RESUMED = "run.resumed"
    CANCELLED = "run.cancelled"
    RETRIED = "run.retried"
    UNDONE = "run.undone"
    MODE_CHANGED = "mode.changed"
    DOWNLOADED = "file.downloaded"
    SETTINGS_CHANGED = "settings.changed"
    PIPELINE_CREATED = "pipeline.created"
    RULE_CREATED = "rule.created"
    RULE_CHANGED = "rule.changed"
    RULE_DELETED = "rule.deleted"
    ENDPOINT_CREATED = "endpoint.created"
    ENDPOINT_CHANGED = "endpoint.changed"
    ENDPOINT_DELETED = "endpoint.deleted"
    ENDPOINT_DISABLED = "endpoint.disabled"
    SECRET_ROTATED = "endpoint.secret_rotated"  # noqa: S105
    REDELIVERED = "delivery.redelivered"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log; `who` is `{"user_id", "name", "via"}`."""

    id: int
    at: datetime
    who: Mapping[str, Any]
    action: str
    detail: Mapping[str, Any]


def record(
    session: Session,
    portal_id: int,
    *,
    at: datetime,
    who: Mapping[str, Any],
    action: Did,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a line inside the caller's transaction, so that a deed and its record stand or fall together."""
    masked = redact(dict(detail or {}))
    session.add(Audit(portal_id=portal_id, at=at, who=dict(who), action=action.value, detail=masked))


def entries(db: Database, portal_id: int, *, before: int | None = None, limit: int = 50) -> list[Entry]:
    """The newest lines, or the next older ones after the line with id `before`."""
    query = select(Audit).where(Audit.portal_id == portal_id).order_by(Audit.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Audit.id < before)
    with db.read() as session:
        return [_entry(row) for row in session.scalars(query)]


def all_entries(db: Database, portal_id: int) -> Iterator[Entry]:
    """Every line, newest first, in constant memory; for exports."""
    before: int | None = None
    while page := entries(db, portal_id, before=before, limit=_PAGE):
        yield from page
        before = page[-1].id


def _entry(row: Audit) -> Entry:
    return Entry(row.id, row.at, row.who, row.action, row.detail)
