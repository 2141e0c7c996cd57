"""Shows what has happened to the rules, once, and turns what they want into deliveries, in one transaction. Sends nothing itself.

A process that is killed in between leaves the occurrence as it was: another one shows it again, and nothing is set off twice.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector import i18n
from connector.clock import Clock
from connector.occurrences import Data, Kind, data_of
from connector.store.database import Database
from connector.store.models import (
    Delivery,
    DeliveryState,
    Endpoint,
    EndpointState,
    Occurrence,
    Portal,
    Reaction,
    Rule,
)
from webhooks.outbound import payload
from webhooks.rules.match import judge
from webhooks.rules.model import Action, RuleForm, WebhookAction
from webhooks.rules.service import form_of
from webhooks.rules.texts import tell

AT_ONCE = 200
PLACES = 100
"""More actions than a rule can have: `position` is unique and in the order of what happened."""


def dispatch(db: Database, *, clock: Clock, portal_id: int | None = None) -> int:
    """Everything that is new, in order. Returns how many occurrences that were; with `portal_id` only those of one portal."""
    total = 0
    while count := _some(db, clock, portal_id):
        total += count
    return total


def _some(db: Database, clock: Clock, portal_id: int | None) -> int:
    query = (
        select(Occurrence).where(Occurrence.dispatched_at.is_(None)).order_by(Occurrence.id).limit(AT_ONCE)
    )
    if portal_id is not None:
        query = query.where(Occurrence.portal_id == portal_id)
    with db.read() as session:
        if session.scalar(query.with_only_columns(Occurrence.id).limit(1)) is None:
            return 0
    now = clock.now()
    with db.begin() as session:
        # In the order of their numbers, by one process at a time: the others see none of these.
        found = list(session.scalars(query.with_for_update(skip_locked=True)))
        rules = _rules(session, {row.portal_id for row in found})
        for row in found:
            row.dispatched_at = now
            for rule, form in rules.get(row.portal_id, ()):
                if rule.created_at <= row.at:
                    _show(session, row, rule, form, now)
        return len(found)


def _rules(session: Session, portals: set[int]) -> dict[int, list[tuple[Rule, RuleForm]]]:
    query = select(Rule).where(Rule.portal_id.in_(portals)).order_by(Rule.created_at, Rule.id)
    grouped: dict[int, list[tuple[Rule, RuleForm]]] = {}
    for rule in session.scalars(query):
        grouped.setdefault(rule.portal_id, []).append((rule, form_of(rule)))
    return grouped


def _show(session: Session, row: Occurrence, rule: Rule, form: RuleForm, now: datetime) -> None:
    kind, data = Kind(row.kind), data_of(row.kind, row.data)
    verdict = judge(form, kind, data)
    if verdict is None:
        return
    session.add(
        Reaction(
            portal_id=row.portal_id,
            rule_id=rule.id,
            occurrence_id=row.id,
            at=now,
            matched=verdict.matched,
            reasons=[dict(reason) for reason in verdict.reasons],
        )
    )
    if not verdict.matched:
        return
    portal = session.get_one(Portal, row.portal_id)
    for place, action in enumerate(form.do):
        made = delivery_of(session, portal, row, data, action=action, now=now)
        made.rule_id, made.position = rule.id, row.id * PLACES + place
        session.add(made)


def delivery_of(
    session: Session, portal: Portal, row: Occurrence, data: Data, *, action: Action, now: datetime
) -> Delivery:
    """What an action sets off, ready to be done."""
    made = Delivery(
        id=new_id(),
        portal_id=portal.id,
        occurrence_id=row.id,
        kind=action.type,
        event=row.kind,
        action=action.model_dump(mode="json", by_alias=True),
        subject=row.subject,
        state=DeliveryState.PENDING,
        next_at=now,
        created_at=now,
    )
    if isinstance(action, WebhookAction):
        endpoint = session.get(Endpoint, action.endpoint)
        if endpoint is None or endpoint.portal_id != portal.id:
            made.state, made.reason, made.finished_at = DeliveryState.DROPPED, "no-endpoint", now
            return made
        made.endpoint_id = endpoint.id
        made.body = webhook_body(portal, row, data, action, personal=endpoint.personal_data)
        if endpoint.state != EndpointState.ACTIVE:
            made.state, made.reason, made.finished_at = DeliveryState.DROPPED, "endpoint-disabled", now
    return made


def webhook_body(
    portal: Portal, row: Occurrence, data: Data, action: WebhookAction, *, personal: bool
) -> str:
    """The bytes of a webhook as text."""
    if action.body == "text":
        with i18n.speaking(i18n.pick(portal.language)):
            return payload.chat_body(tell(Kind(row.kind), data, portal.host))
    where = {"key": portal.key, "host": portal.host}
    return payload.body(row.kind, row.at, where, row.data, row.people if personal else None)


def new_id() -> str:
    """A `webhook-id`."""
    return f"msg_{secrets.token_hex(12)}"


def waiting(db: Database, portal_ids: Sequence[int] | None = None) -> int:
    """How many occurrences no rule has seen yet."""
    query = select(Occurrence.id).where(Occurrence.dispatched_at.is_(None))
    if portal_ids is not None:
        query = query.where(Occurrence.portal_id.in_(portal_ids))
    with db.read() as session:
        return len(session.scalars(query).all())
