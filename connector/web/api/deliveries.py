"""Deliveries: what rules have set off, how often it was tried, and sending one again. Sends nothing itself."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from connector.portals.api_keys import Scope
from connector.store.models import DeliveryState
from connector.web.api.caller import caller
from connector.web.api.fitting import OneOf, Text
from connector.web.api.operation import Headers, operation
from connector.web.api.paging import Page, PageQuery, links, onward, resume
from connector.web.api.shapes import Shape
from connector.web.context import web
from webhooks.outbound import deliveries as log
from webhooks.outbound.deliveries import DeliveryView

TAG = "deliveries"
KINDS = ("webhook", "notify", "workflow", "trigger", "dry_run")


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    endpoint_id: Text = Field(default="", max_length=64)
    rule_id: Text = Field(default="", max_length=64)
    state: Annotated[str, OneOf(DeliveryState)] | None = None
    kind: Annotated[str, OneOf(KINDS)] | None = None


class DeliveryShape(Shape):
    """One action of a rule on something that happened."""

    id: str = Field(description="The `webhook-id`; the same in every try.")
    event: str
    kind: str = Field(description="webhook, notify, workflow, trigger or dry_run.")
    endpoint_id: str | None
    rule_id: str | None
    action: dict[str, Any]
    subject: str
    state: str = Field(description="pending, done, failed or dropped.")
    reason: str
    detail: dict[str, Any]
    attempts: int
    next_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


class Deliveries(Page, Shape):
    """Deliveries, the newest first."""

    data: list[DeliveryShape]


class Attempt(Shape):
    """One try."""

    at: datetime
    status: int | None = Field(description="HTTP status, if there was an answer.")
    duration_ms: int
    outcome: str = Field(description="ok, refused, redirected, gone, throttled, silent, blocked or failed.")
    answer: str = Field(description="The beginning of what was answered.")


class DeliveryRecord(Shape):
    """A delivery with what is sent and every try."""

    delivery: DeliveryShape
    body: str | None
    tries: list[Attempt]


@operation("GET", "/deliveries", tag=TAG, scope=Scope.WEBHOOKS_READ, answer=Deliveries)
def list_deliveries(query: DeliveryQuery) -> tuple[Deliveries, Headers]:
    """Deliveries of the portal, the newest first."""
    found = log.page(
        web().db,
        caller().portal.id,
        endpoint_id=query.endpoint_id or None,
        rule_id=query.rule_id or None,
        state=query.state,
        kind=query.kind,
        behind=resume(query),
        limit=query.limit + 1,
    )
    rows = found[: query.limit]
    following = onward(query, rows[-1].cursor if len(found) > query.limit else None)
    return Deliveries(data=[delivery_of(one) for one in rows], next=following), links(query, following)


@operation("GET", "/deliveries/<delivery_id>", tag=TAG, scope=Scope.WEBHOOKS_READ, answer=DeliveryRecord)
def get_delivery(delivery_id: str) -> DeliveryRecord:
    """One delivery: what is sent, and every try."""
    found = log.delivery(web().db, caller().portal.id, delivery_id)
    tries = [
        Attempt(at=t.at, status=t.status, duration_ms=t.duration_ms, outcome=t.outcome, answer=t.answer)
        for t in found.attempts
    ]
    return DeliveryRecord(delivery=delivery_of(found.delivery), body=found.body, tries=tries)


@operation(
    "POST",
    "/deliveries/<delivery_id>/redeliver",
    tag=TAG,
    scope=Scope.WEBHOOKS_WRITE,
    answer=DeliveryShape,
    status=202,
)
def redeliver(delivery_id: str) -> DeliveryShape:
    """Have a webhook sent again, whatever became of it, with the same `webhook-id`."""
    return delivery_of(
        log.redeliver(web().db, caller().portal.id, delivery_id, caller().actor, clock=web().clock)
    )


def delivery_of(one: DeliveryView) -> DeliveryShape:
    """A delivery as the API shows it."""
    return DeliveryShape(
        id=one.id,
        event=one.event,
        kind=one.kind,
        endpoint_id=one.endpoint,
        rule_id=one.rule,
        action=dict(one.action),
        subject=one.subject,
        state=one.state,
        reason=one.reason,
        detail=dict(one.detail),
        attempts=one.attempts,
        next_at=one.next_at,
        created_at=one.created_at,
        finished_at=one.finished_at,
    )
