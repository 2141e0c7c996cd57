"""Tries a rule out: what it would do with an event, down to the bytes that would be sent. Does and stores nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector import i18n
from connector.clock import Clock, SystemClock
from connector.occurrences import Data, Kind
from connector.store.database import Database
from connector.store.models import Endpoint, Occurrence, Portal
from webhooks.actions.notify import METHOD, params
from webhooks.native.names import TRIGGER
from webhooks.outbound.endpoints import new_secret
from webhooks.outbound.sender import headers
from webhooks.rules.dispatch import webhook_body
from webhooks.rules.match import judge
from webhooks.rules.model import (
    Action,
    DryRunAction,
    NotifyAction,
    RuleForm,
    TriggerAction,
    WebhookAction,
    WorkflowAction,
)
from webhooks.rules.samples import AT, PEOPLE, sample
from webhooks.rules.texts import tell

SAMPLE_ID = "msg_sample"


@dataclass(frozen=True, slots=True)
class Would:
    """One thing that would be done. `target` is where; `request` what would be sent (headers and body, or REST method and parameters)."""

    type: str
    target: str
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Preview:
    """`listens` is False when the rule is off or does not wait for such events; else `matched` and why; `would` is empty unless matched."""

    event: str
    data: Mapping[str, Any]
    listens: bool
    matched: bool
    reasons: tuple[Mapping[str, Any], ...]
    would: tuple[Would, ...]


def try_rule(
    db: Database,
    portal_id: int,
    form: RuleForm,
    kind: Kind,
    data: Data | None = None,
    *,
    clock: Clock | None = None,
) -> Preview:
    """What the rule would do with this event, by default a made-up one. A rule that is off is tried as if it were on."""
    data = data or sample(kind)
    shown = data.model_dump(mode="json", by_alias=True)
    verdict = judge(form.model_copy(update={"enabled": True}), kind, data)
    if verdict is None:
        return Preview(kind.value, shown, False, False, (), ())
    would: tuple[Would, ...] = ()
    if verdict.matched:
        now = (clock or SystemClock()).now()
        with db.read() as session:
            portal = session.get_one(Portal, portal_id)
            known = {
                action.endpoint: session.get(Endpoint, action.endpoint)
                for action in form.do
                if isinstance(action, WebhookAction)
            }
        happened = Occurrence(
            id=0,
            portal_id=portal_id,
            kind=kind.value,
            at=AT,
            subject="sample",
            data=shown,
            people=dict(PEOPLE),
        )
        would = tuple(_would(portal, happened, data, action, endpoints=known, now=now) for action in form.do)
    return Preview(kind.value, shown, True, verdict.matched, verdict.reasons, would)


def _would(
    portal: Portal,
    happened: Occurrence,
    data: Data,
    action: Action,
    *,
    endpoints: Mapping[str, Endpoint | None],
    now: datetime,
) -> Would:
    if isinstance(action, WebhookAction):
        endpoint = endpoints.get(action.endpoint)
        mine = endpoint is not None and endpoint.portal_id == portal.id
        body = webhook_body(
            portal, happened, data, action, personal=bool(endpoint and mine and endpoint.personal_data)
        )
        # Signed with a secret that is made up on the spot: the real one is shown once and never used for show.
        head = headers(SAMPLE_ID, body, [new_secret()], now)
        return Would(
            "webhook",
            endpoint.address if endpoint is not None and mine else "",
            {"headers": head, "body": body},
        )
    if isinstance(action, NotifyAction):
        with i18n.speaking(i18n.pick(portal.language)):
            message = action.text or tell(Kind(happened.kind), data, portal.host)
        calls = [dict(params(user, message, SAMPLE_ID)) for user in action.users]
        return Would("notify", METHOD, {"method": METHOD, "params": calls})
    if isinstance(action, WorkflowAction):
        document = ["crm", "CCrmDocumentDeal", "DEAL_…"]
        call = {"TEMPLATE_ID": action.template, "DOCUMENT_ID": document}
        return Would(
            "workflow", "bizproc.workflow.start", {"method": "bizproc.workflow.start", "params": call}
        )
    if isinstance(action, TriggerAction):
        method = "crm.automation.trigger.execute"
        return Would(
            "trigger",
            method,
            {"method": method, "params": {"CODE": TRIGGER, "OWNER_TYPE_ID": 2, "OWNER_ID": "…"}},
        )
    assert isinstance(action, DryRunAction)
    return Would("dry_run", portal.host, {"options": action.options.model_dump(mode="json")})
