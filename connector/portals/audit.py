"""The audit log: who did what on which portal, and when. Entries are only ever added; secrets have no place in them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from connector.redact import redact
from connector.store.database import Database
from connector.store.models import Audit

_PAGE = 500
_OPENED_ONCE_IN = timedelta(hours=12)
MOST_PEOPLE = 200


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
    DECIDED = "plan.decided"
    APPLIED = "run.started"
    WATCHED = "run.watched"
    PAUSED = "run.paused"
    RESUMED = "run.resumed"
    CANCELLED = "run.cancelled"
    RETRIED = "run.retried"
    TRIED = "run.tried"
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
    ENDPOINT_TESTED = "endpoint.tested"
    SECRET_ROTATED = "endpoint.secret_rotated"  # noqa: S105
    REDELIVERED = "delivery.redelivered"
    PIPELINE_RENAMED = "pipeline.renamed"
    PIPELINES_REORDERED = "pipelines.reordered"
    PIPELINE_DELETED = "pipeline.deleted"
    STAGE_ADDED = "stage.added"
    STAGE_RENAMED = "stage.renamed"
    STAGE_RECOLOURED = "stage.recoloured"
    STAGES_REORDERED = "stages.reordered"
    STAGE_DELETED = "stage.deleted"
    KEY_CREATED = "api_key.created"
    KEY_REVOKED = "api_key.revoked"


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: of one kind, of one user (`NOBODY`: Bitrix24), from `since` on, before `until`. What is empty narrows nothing."""

    action: str = ""
    user_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING = Wanted()
NOBODY = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, newest first, and whether there are others on either side of them."""

    entries: tuple[Entry, ...]
    newer: bool
    older: bool


def record_opened(session: Session, portal_id: int, *, at: datetime, who: Mapping[str, Any]) -> None:
    """Somebody opened the app: one line in twelve hours, since every reload of the portal page is a launch."""
    seen = (
        select(Audit.id)
        .where(
            Audit.portal_id == portal_id,
            Audit.action == Did.OPENED.value,
            Audit.at > at - _OPENED_ONCE_IN,
            Audit.who["user_id"].as_integer() == who["user_id"],
        )
        .limit(1)
    )
    if session.scalar(seen) is None:
        record(session, portal_id, at=at, who=who, action=Did.OPENED)


def entries(
    db: Database,
    portal_id: int,
    *,
    before: int | None = None,
    limit: int = 50,
    wanted: Wanted = EVERYTHING,
) -> list[Entry]:
    """The newest lines, or the next older ones after the line with id `before`."""
    query = select(Audit).where(*_fits(portal_id, wanted)).order_by(Audit.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Audit.id < before)
    with db.read() as session:
        return [_entry(row) for row in session.scalars(query)]


def page(
    db: Database,
    portal_id: int,
    wanted: Wanted = EVERYTHING,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> Page:
    """The newest lines, those older than the line `before`, or those newer than the line `after`, nearest first."""
    if after is None:
        found = entries(db, portal_id, before=before, limit=limit + 1, wanted=wanted)
        return Page(tuple(found[:limit]), before is not None, len(found) > limit)
    query = (
        select(Audit).where(*_fits(portal_id, wanted), Audit.id > after).order_by(Audit.id).limit(limit + 1)
    )
    with db.read() as session:
        found = [_entry(row) for row in session.scalars(query)]
    if len(found) < limit:
        return page(db, portal_id, wanted, limit=limit)
    return Page(tuple(reversed(found[:limit])), len(found) > limit, True)


def people(db: Database, portal_id: int) -> list[tuple[int, str]]:
    """Who stands in the log, by name, with their user id; `NOBODY` is Bitrix24 itself."""
    user = func.coalesce(Audit.who["user_id"].as_integer(), NOBODY)
    query = (
        select(user, func.max(Audit.who["name"].as_string()))
        .where(Audit.portal_id == portal_id)
        .group_by(user)
        .limit(MOST_PEOPLE)
    )
    with db.read() as session:
        found = [(int(id_), str(name or "")) for id_, name in session.execute(query).all()]
    return sorted(found, key=lambda one: (one[0] == NOBODY, one[1].casefold()))


def all_entries(db: Database, portal_id: int, wanted: Wanted = EVERYTHING) -> Iterator[Entry]:
    """Every line, newest first, in constant memory; for exports."""
    before: int | None = None
    while lines := entries(db, portal_id, before=before, limit=_PAGE, wanted=wanted):
        yield from lines
        before = lines[-1].id


def _fits(portal_id: int, wanted: Wanted) -> list[ColumnElement[bool]]:
    user = func.coalesce(Audit.who["user_id"].as_integer(), NOBODY)
    fits: list[ColumnElement[bool]] = [Audit.portal_id == portal_id]
    if wanted.action:
        fits.append(Audit.action == wanted.action)
    if wanted.user_id is not None:
        fits.append(user == wanted.user_id)
    if wanted.since is not None:
        fits.append(Audit.at >= wanted.since)
    if wanted.until is not None:
        fits.append(Audit.at < wanted.until)
    return fits


def of_run(db: Database, portal_id: int, run_id: str) -> list[Entry]:
    """What was done with one run, oldest first."""
    about = or_(Audit.detail["run"].as_string() == run_id, Audit.detail["undo_of"].as_string() == run_id)
    query = select(Audit).where(Audit.portal_id == portal_id, about).order_by(Audit.id).limit(_PAGE)
    with db.read() as session:
        return [_entry(row) for row in session.scalars(query)]


def _entry(row: Audit) -> Entry:
    return Entry(row.id, row.at, row.who, row.action, row.detail)
