"""Endpoints: addresses that signed webhooks go to. A secret is answered when it is made, never again; an address is told by its host."""

from datetime import datetime
from typing import Annotated

from flask import url_for
from pydantic import AwareDatetime, Field

from connector.portals.api_keys import Scope
from connector.web.api.caller import caller
from connector.web.api.deliveries import DeliveryShape, delivery_of
from connector.web.api.etags import require_seen
from connector.web.api.operation import Headers, operation
from connector.web.api.shapes import Form, Shape, Who, plain, who_of
from connector.web.context import web
from webhooks.outbound import deliveries, endpoints
from webhooks.outbound.endpoints import OVERLAP_HOURS, EndpointView

TAG = "endpoints"
Url = Annotated[
    str, Field(min_length=1, max_length=2000, description="A public https address, on port 443 or 8443.")
]
Name = Annotated[str, Field(max_length=120, pattern=plain(120))]
Personal = Annotated[bool, Field(description="Whether payloads may carry names of people.")]


class EndpointShape(Shape):
    """An address that signed webhooks go to."""

    id: str
    address: str = Field(description="Its beginning; the rest may be a secret.")
    name: str
    personal_data: bool
    state: str = Field(description="active or disabled.")
    reason: str = Field(description="Why it is disabled: by-hand, gone or failing.")
    failing_since: datetime | None
    overlap_until: datetime | None = Field(description="Until then the former secret signs along.")
    created_by: Who
    created_at: datetime


class Endpoints(Shape):
    """All endpoints, the oldest first."""

    data: list[EndpointShape]


class EndpointForm(Form):
    """A new endpoint."""

    url: Url
    name: Name = ""
    personal_data: Personal = False


class EndpointChange(Form):
    """What is to be changed; what is not given stays."""

    url: Url | None = None
    name: Name | None = None
    personal_data: Personal | None = None
    enabled: bool | None = Field(default=None, description="Off drops what still waits; it can be replayed.")


class NewEndpoint(Shape):
    """An endpoint that was made, with its secret."""

    endpoint: EndpointShape
    secret: str = Field(description="Standard Webhooks secret, `whsec_…`; shown only now.")


class RotateForm(Form):
    """How long the former secret goes on signing."""

    overlap_hours: float = Field(default=OVERLAP_HOURS, ge=0, le=24 * 14)


class NewSecret(Shape):
    """A secret that was made."""

    secret: str = Field(description="Shown only now.")


class ReplayForm(Form):
    """What is to be sent again."""

    since: AwareDatetime = Field(description="Deliveries made since then.")
    everything: bool = Field(default=False, description="Also what has arrived, not only what was missed.")


class Replayed(Shape):
    """What is sent again."""

    deliveries: int


@operation("GET", "/endpoints", tag=TAG, scope=Scope.WEBHOOKS_READ, answer=Endpoints)
def list_endpoints() -> Endpoints:
    """All endpoints of the portal."""
    return Endpoints(data=[_endpoint(one) for one in endpoints.endpoints(web().db, caller().portal.id)])


@operation("POST", "/endpoints", tag=TAG, scope=Scope.WEBHOOKS_WRITE, answer=NewEndpoint, status=201)
def create_endpoint(json: EndpointForm) -> tuple[NewEndpoint, Headers]:
    """Make an endpoint. A rule with a webhook action sends to it; private addresses are refused."""
    made, secret = endpoints.create_endpoint(
        web().db,
        web().settings,
        caller().portal.id,
        url=json.url,
        name=json.name,
        personal_data=json.personal_data,
        actor=caller().actor,
        clock=web().clock,
    )
    answer = NewEndpoint(endpoint=_endpoint(made), secret=secret)
    return answer, {"Location": url_for("api.get_endpoint", endpoint_id=made.id)}


@operation("GET", "/endpoints/<endpoint_id>", tag=TAG, scope=Scope.WEBHOOKS_READ, answer=EndpointShape)
def get_endpoint(endpoint_id: str) -> EndpointShape:
    """One endpoint."""
    return _endpoint(endpoints.endpoint(web().db, caller().portal.id, endpoint_id))


@operation(
    "PATCH",
    "/endpoints/<endpoint_id>",
    tag=TAG,
    scope=Scope.WEBHOOKS_WRITE,
    answer=EndpointShape,
    takes_match=True,
)
def change_endpoint(endpoint_id: str, json: EndpointChange) -> EndpointShape:
    """Change the address or the name of an endpoint, or switch it on or off."""
    require_seen(get_endpoint(endpoint_id))
    return _endpoint(
        endpoints.change_endpoint(
            web().db,
            web().settings,
            caller().portal.id,
            endpoint_id,
            actor=caller().actor,
            url=json.url,
            name=json.name,
            personal_data=json.personal_data,
            enabled=json.enabled,
            clock=web().clock,
        )
    )


@operation(
    "DELETE", "/endpoints/<endpoint_id>", tag=TAG, scope=Scope.WEBHOOKS_WRITE, status=204, takes_match=True
)
def delete_endpoint(endpoint_id: str) -> None:
    """Delete an endpoint; its deliveries and their log go with it."""
    require_seen(get_endpoint(endpoint_id))
    endpoints.delete_endpoint(
        web().db, caller().portal.id, endpoint_id, actor=caller().actor, clock=web().clock
    )


@operation(
    "POST", "/endpoints/<endpoint_id>/rotate-secret", tag=TAG, scope=Scope.WEBHOOKS_WRITE, answer=NewSecret
)
def rotate_secret(endpoint_id: str, json: RotateForm) -> NewSecret:
    """A new secret. For some hours the former one signs along, so that a receiver can change without losing anything."""
    secret = endpoints.rotate_secret(
        web().db,
        caller().portal.id,
        endpoint_id,
        actor=caller().actor,
        overlap_hours=json.overlap_hours,
        clock=web().clock,
    )
    return NewSecret(secret=secret)


@operation(
    "POST",
    "/endpoints/<endpoint_id>/test",
    tag=TAG,
    scope=Scope.WEBHOOKS_WRITE,
    answer=DeliveryShape,
    status=202,
)
def test_endpoint(endpoint_id: str) -> DeliveryShape:
    """Send a test event (`leadswitch.test`), signed, tried and logged like any other."""
    return delivery_of(
        deliveries.send_test(web().db, caller().portal.id, endpoint_id, caller().actor, clock=web().clock)
    )


@operation("POST", "/endpoints/<endpoint_id>/replay", tag=TAG, scope=Scope.WEBHOOKS_WRITE, answer=Replayed)
def replay_deliveries(endpoint_id: str, json: ReplayForm) -> Replayed:
    """Send again what an endpoint has missed since a moment, or everything since then, with the same `webhook-id`."""
    count = deliveries.replay(
        web().db,
        caller().portal.id,
        endpoint_id,
        json.since,
        caller().actor,
        everything=json.everything,
        clock=web().clock,
    )
    return Replayed(deliveries=count)


def _endpoint(one: EndpointView) -> EndpointShape:
    return EndpointShape(
        id=one.id,
        address=one.address,
        name=one.name,
        personal_data=one.personal_data,
        state=one.state,
        reason=one.reason,
        failing_since=one.failing_since,
        overlap_until=one.overlap_until,
        created_by=who_of(one.created_by),
        created_at=one.created_at,
    )
