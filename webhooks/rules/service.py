"""Rules as people keep them: list, create, change, switch off, delete, and what each of them did. Does nothing of what they say.

Whoever calls this has checked that the person may (`Action.AUTOMATION`). What belongs to another portal is not found.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from connector.clock import Clock, SystemClock
from connector.errors import BadRule, RuleNotFound, TooMany
from connector.portals.audit import Did, record
from connector.store.database import Database
from connector.store.models import Endpoint, Occurrence, Reaction, Rule
from webhooks.rules.model import RuleForm, WebhookAction

Actor = Mapping[str, Any]
"""`{"user_id", "name", "via"}`; via is web, api or cli."""
MOST = 100


@dataclass(frozen=True, slots=True)
class RuleView:
    """A stored rule."""

    id: str
    form: RuleForm
    created_at: datetime
    updated_at: datetime
    created_by: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReactionView:
    """A rule has seen an event. `reasons` are `{"code", …}`: which conditions held or did not."""

    id: int
    rule: str
    rule_name: str
    event: str
    at: datetime
    occurred_at: datetime
    matched: bool
    reasons: Sequence[Mapping[str, Any]]
    data: Mapping[str, Any]


def read_form(document: object) -> RuleForm:
    """A rule from JSON. Raises BadRule that names the first part that is wrong."""
    try:
        return RuleForm.model_validate(document)
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "rule"
        raise BadRule(where=where, reason=first["msg"].removeprefix("Value error, ")) from None


def rules(db: Database, portal_id: int) -> list[RuleView]:
    """All rules of a portal, oldest first."""
    with db.read() as session:
        return [_view(row) for row in rows(session, portal_id)]


def rows(session: Session, portal_id: int) -> list[Rule]:
    """The rows, oldest first."""
    return list(
        session.scalars(select(Rule).where(Rule.portal_id == portal_id).order_by(Rule.created_at, Rule.id))
    )


def rule(db: Database, portal_id: int, rule_id: str) -> RuleView:
    """One rule. Raises RuleNotFound."""
    with db.read() as session:
        return _view(_get(session, portal_id, rule_id))


def create_rule(
    db: Database, portal_id: int, form: RuleForm, actor: Actor, *, clock: Clock | None = None
) -> RuleView:
    """Store a rule; it acts on what happens from now on. Raises BadRule for an endpoint that the portal has not, TooMany."""
    now = (clock or SystemClock()).now()
    with db.begin() as session:
        _check(session, portal_id, form)
        count = session.scalar(select(func.count()).select_from(Rule).where(Rule.portal_id == portal_id))
        if (count or 0) >= MOST:
            raise TooMany(most=MOST)
        row = Rule(
            id=f"rl_{secrets.token_hex(10)}",
            portal_id=portal_id,
            enabled=form.enabled,
            document=_stored(form),
            created_at=now,
            created_by=dict(actor),
            updated_at=now,
        )
        session.add(row)
        _note(session, row, Did.RULE_CREATED, actor, now)
        session.flush()
        return _view(row)


def change_rule(
    db: Database, portal_id: int, rule_id: str, form: RuleForm, actor: Actor, *, clock: Clock | None = None
) -> RuleView:
    """Put another form in its place. Raises RuleNotFound, BadRule."""
    now = (clock or SystemClock()).now()
    with db.begin() as session:
        row = _get(session, portal_id, rule_id, lock=True)
        _check(session, portal_id, form)
        row.document, row.enabled, row.updated_at = _stored(form), form.enabled, now
        _note(session, row, Did.RULE_CHANGED, actor, now)
        session.flush()
        return _view(row)


def switch_rule(
    db: Database, portal_id: int, rule_id: str, enabled: bool, actor: Actor, *, clock: Clock | None = None
) -> RuleView:
    """The off switch; what a rule has set off already goes on. Raises RuleNotFound."""
    form = rule(db, portal_id, rule_id).form.model_copy(update={"enabled": enabled})
    return change_rule(db, portal_id, rule_id, form, actor, clock=clock)


def delete_rule(
    db: Database, portal_id: int, rule_id: str, actor: Actor, *, clock: Clock | None = None
) -> None:
    """Its history goes with it, the log of its deliveries stays. Raises RuleNotFound."""
    with db.begin() as session:
        row = _get(session, portal_id, rule_id, lock=True)
        _note(session, row, Did.RULE_DELETED, actor, (clock or SystemClock()).now())
        session.delete(row)


def history(
    db: Database, portal_id: int, *, rule_id: str | None = None, before: int | None = None, limit: int = 50
) -> list[ReactionView]:
    """What rules have seen and did, newest first; `before` is the id of the last line that is known already."""
    query = (
        select(Reaction, Rule, Occurrence)
        .join(Rule, Rule.id == Reaction.rule_id)
        .join(Occurrence, Occurrence.id == Reaction.occurrence_id)
        .where(Reaction.portal_id == portal_id)
        .order_by(Reaction.id.desc())
        .limit(limit)
    )
    if rule_id is not None:
        query = query.where(Reaction.rule_id == rule_id)
    if before is not None:
        query = query.where(Reaction.id < before)
    with db.read() as session:
        return [
            ReactionView(
                id=seen.id,
                rule=row.id,
                rule_name=str(row.document.get("name", "")),
                event=what.kind,
                at=seen.at,
                occurred_at=what.at,
                matched=seen.matched,
                reasons=seen.reasons,
                data=what.data,
            )
            for seen, row, what in session.execute(query)
        ]


def check_rule(db: Database, portal_id: int, form: RuleForm) -> None:
    """Raises BadRule for what `create_rule` would refuse: an endpoint that the portal has not."""
    with db.read() as session:
        _check(session, portal_id, form)


def form_of(row: Rule) -> RuleForm:
    """The form of a row; the switch has the last word over the document."""
    return RuleForm.model_validate({**row.document, "enabled": row.enabled})


def _check(session: Session, portal_id: int, form: RuleForm) -> None:
    known = set(session.scalars(select(Endpoint.id).where(Endpoint.portal_id == portal_id)))
    for place, action in enumerate(form.do):
        if isinstance(action, WebhookAction) and action.endpoint not in known:
            raise BadRule(where=f"do.{place}.endpoint", reason=f"there is no endpoint {action.endpoint}")


def _stored(form: RuleForm) -> dict[str, Any]:
    return form.model_dump(mode="json", by_alias=True, exclude_defaults=False)


def _get(session: Session, portal_id: int, rule_id: str, *, lock: bool = False) -> Rule:
    row = session.get(Rule, rule_id, with_for_update=True if lock else None)
    if row is None or row.portal_id != portal_id:
        raise RuleNotFound(rule=rule_id)
    return row


def _note(session: Session, row: Rule, did: Did, actor: Actor, now: datetime) -> None:
    detail = {"rule": row.id, "name": row.document.get("name", ""), "enabled": row.enabled}
    record(session, row.portal_id, at=now, who=actor, action=did, detail=detail)


def _view(row: Rule) -> RuleView:
    return RuleView(row.id, form_of(row), row.created_at, row.updated_at, row.created_by)
