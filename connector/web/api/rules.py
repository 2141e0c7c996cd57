"""Rules: when this happens and that holds, do those. Kept and shown as JSON; `webhooks.rules` has the last word. Acts on none of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from flask import url_for
from pydantic import Field

from connector.occurrences import Kind
from connector.portals.api_keys import Scope
from connector.web.api.caller import caller
from connector.web.api.etags import require_seen
from connector.web.api.operation import Headers, operation
from connector.web.api.paging import Page, PageQuery, links, onward, resume
from connector.web.api.plan_shapes import PlanForm
from connector.web.api.shapes import Form, Shape, Who, plain, who_of
from connector.web.context import web
from webhooks.rules import model, preview, service
from webhooks.rules.service import ReactionView, RuleView

TAG = "rules"


class DryRun(model.DryRunAction):
    """Make a plan; changes nothing. Its end is the event `plan.ready`."""

    options: PlanForm = Field(default_factory=PlanForm)


Do = Annotated[
    model.WebhookAction | model.NotifyAction | model.WorkflowAction | model.TriggerAction | DryRun,
    Field(discriminator="type"),
]


class RuleForm(model.RuleForm):
    """A rule: `on` what it acts, `when` which conditions hold, what it is to `do`."""

    name: Annotated[str, Field(min_length=1, max_length=120, pattern=plain(120))]
    do: Annotated[tuple[Do, ...], Field(min_length=1, max_length=10)]

    def form(self) -> model.RuleForm:
        """The same for `webhooks.rules`."""
        return service.read_form(self.model_dump(mode="json", by_alias=True))


class RuleSwitch(Form):
    """The off switch."""

    enabled: bool


class RuleShape(Shape):
    """A rule that is kept."""

    id: str
    rule: dict[str, Any] = Field(description="As `RuleForm`, whole.")
    created_by: Who
    created_at: datetime
    updated_at: datetime


class Rules(Shape):
    """All rules, the oldest first."""

    data: list[RuleShape]


class Reaction(Shape):
    """A rule has seen something that happened: whether it acted, and why or why not."""

    id: int
    rule_id: str
    event: str
    occurred_at: datetime
    at: datetime
    matched: bool
    reasons: list[dict[str, Any]] = Field(
        description="By condition: what was wanted, what was found, whether it held."
    )
    data: dict[str, Any]


class Reactions(Page, Shape):
    """What rules have seen, the newest first."""

    data: list[Reaction]


class TryForm(Form):
    """A rule, and the event to try it with."""

    rule: RuleForm
    event: Kind


class Would(Shape):
    """One thing that would be done."""

    type: str
    target: str = Field(description="Where: the beginning of an endpoint's address, or a method of Bitrix24.")
    request: dict[str, Any] = Field(
        description="What would be sent. A webhook is signed with a secret made up for this."
    )


class Tried(Shape):
    """What a rule would do."""

    event: str
    data: dict[str, Any] = Field(description="The made-up event.")
    listens: bool = Field(description="Whether the rule waits for such events.")
    matched: bool
    reasons: list[dict[str, Any]]
    would: list[Would]


@operation("GET", "/rules", tag=TAG, scope=Scope.RULES_READ, answer=Rules)
def list_rules() -> Rules:
    """All rules of the portal."""
    return Rules(data=[_rule(one) for one in service.rules(web().db, caller().portal.id)])


@operation("POST", "/rules", tag=TAG, scope=Scope.RULES_WRITE, answer=RuleShape, status=201)
def create_rule(json: RuleForm) -> tuple[RuleShape, Headers]:
    """Make a rule; it acts on what happens from now on."""
    made = service.create_rule(web().db, caller().portal.id, json.form(), caller().actor, clock=web().clock)
    return _rule(made), {"Location": url_for("api.get_rule", rule_id=made.id)}


@operation("POST", "/try-rule", tag=TAG, scope=Scope.RULES_READ, answer=Tried)
def try_rule(json: TryForm) -> Tried:
    """Try a rule out with a made-up event: what it would do, down to the bytes that would be sent. Nothing is done or kept."""
    form = json.rule.form()
    service.check_rule(web().db, caller().portal.id, form)
    found = preview.try_rule(web().db, caller().portal.id, form, json.event, clock=web().clock)
    return Tried(
        event=found.event,
        data=dict(found.data),
        listens=found.listens,
        matched=found.matched,
        reasons=[dict(reason) for reason in found.reasons],
        would=[Would(type=one.type, target=one.target, request=dict(one.request)) for one in found.would],
    )


@operation("GET", "/rules/<rule_id>", tag=TAG, scope=Scope.RULES_READ, answer=RuleShape)
def get_rule(rule_id: str) -> RuleShape:
    """One rule."""
    return _rule(service.rule(web().db, caller().portal.id, rule_id))


@operation("PUT", "/rules/<rule_id>", tag=TAG, scope=Scope.RULES_WRITE, answer=RuleShape, takes_match=True)
def put_rule(rule_id: str, json: RuleForm) -> RuleShape:
    """Put another rule in the place of this one."""
    require_seen(get_rule(rule_id))
    return _rule(
        service.change_rule(
            web().db, caller().portal.id, rule_id, json.form(), caller().actor, clock=web().clock
        )
    )


@operation("PATCH", "/rules/<rule_id>", tag=TAG, scope=Scope.RULES_WRITE, answer=RuleShape, takes_match=True)
def switch_rule(rule_id: str, json: RuleSwitch) -> RuleShape:
    """Switch a rule on or off; what it has set off already goes on."""
    require_seen(get_rule(rule_id))
    return _rule(
        service.switch_rule(
            web().db, caller().portal.id, rule_id, json.enabled, caller().actor, clock=web().clock
        )
    )


@operation("DELETE", "/rules/<rule_id>", tag=TAG, scope=Scope.RULES_WRITE, status=204, takes_match=True)
def delete_rule(rule_id: str) -> None:
    """Delete a rule with its history; the log of its deliveries stays."""
    require_seen(get_rule(rule_id))
    service.delete_rule(web().db, caller().portal.id, rule_id, caller().actor, clock=web().clock)


@operation("GET", "/rules/<rule_id>/history", tag=TAG, scope=Scope.RULES_READ, answer=Reactions)
def list_reactions(rule_id: str, query: PageQuery) -> tuple[Reactions, Headers]:
    """What a rule has seen and did, and why or why not."""
    known = service.rule(web().db, caller().portal.id, rule_id)
    found = service.history(
        web().db, caller().portal.id, rule_id=known.id, before=resume(query), limit=query.limit + 1
    )
    rows = found[: query.limit]
    following = onward(query, rows[-1].id if len(found) > query.limit else None)
    return Reactions(data=[_reaction(one) for one in rows], next=following), links(query, following)


def _rule(one: RuleView) -> RuleShape:
    document: Mapping[str, Any] = one.form.model_dump(mode="json", by_alias=True)
    return RuleShape(
        id=one.id,
        rule=dict(document),
        created_by=who_of(one.created_by),
        created_at=one.created_at,
        updated_at=one.updated_at,
    )


def _reaction(one: ReactionView) -> Reaction:
    return Reaction(
        id=one.id,
        rule_id=one.rule,
        event=one.event,
        occurred_at=one.occurred_at,
        at=one.at,
        matched=one.matched,
        reasons=[dict(reason) for reason in one.reasons],
        data=dict(one.data),
    )
