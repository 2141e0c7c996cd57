"""The pages of automation for administrators: rules, endpoints, what was delivered, and trying a rule out. Holds no rule of its own.

A secret is shown in the one answer that follows its making and never again; a reload of that answer makes no second one.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, g, request, url_for

from connector.errors import BadAddress, BadRule, EndpointDisabled, LeadswitchError, TooMany, sentences
from connector.i18n import _
from connector.occurrences import Kind
from connector.portals import modes, rights
from connector.portals.card import portal_card
from connector.portals.rights import Action
from connector.web import automationforms as forms
from connector.web import automationview as view
from connector.web import automationwords as told
from connector.web.context import page, web
from connector.web.guard import actor, portal, signed_in
from connector.web.plans import onward
from webhooks.native.setup import state_of
from webhooks.outbound import deliveries, endpoints
from webhooks.rules import service as rules
from webhooks.rules.model import RuleForm
from webhooks.rules.preview import try_rule

automation = Blueprint("automation", __name__, url_prefix="/app/automation")
RECENT = 6
LINES = 30
ALL = "all"


def _shown(template: str, **values: Any) -> str:
    return page(template, nav="settings", tab="automation", **values)


@automation.route("", methods=["POST", "GET"])
@signed_in(Action.AUTOMATION)
def show_automation() -> str:
    """Rules, endpoints, the last deliveries, the last changes of the mode."""
    db, id_ = web().db, portal().id
    return _shown(
        "automation",
        rules=[view.rule_line(one) for one in rules.rules(db, id_)],
        endpoints=[view.endpoint_line(one) for one in endpoints.endpoints(db, id_)],
        deliveries=[view.delivery_line(one) for one in deliveries.page(db, id_, limit=RECENT)],
        changes=[view.change_line(one) for one in modes.changes(db, id_, limit=RECENT)],
        native=view.native_lines(state_of(db, id_)),
    )


# ----------------------------------------------------------------------------------------------------------- rules


@automation.route("/rule", methods=["POST", "GET"])
@signed_in(Action.AUTOMATION)
def new_rule() -> str:
    """The form of a new rule."""
    return _rule_page(forms.Values(), None)


@automation.route("/rules/<rule_id>", methods=["POST", "GET"])
@signed_in(Action.AUTOMATION)
def show_rule(rule_id: str) -> str:
    """The form of a rule, and what it has seen."""
    found = rules.rule(web().db, portal().id, rule_id)
    return _rule_page(forms.values_of(found.form, _known()), found)


@automation.route("/rule/save", methods=["POST", "GET"], defaults={"rule_id": ""})
@automation.route("/rules/<rule_id>/save", methods=["POST", "GET"])
@signed_in(Action.AUTOMATION)
def save_rule(rule_id: str) -> Any:
    """Keep what was posted, or show it again with what is wrong; with `try` only show what it would do."""
    db, id_, form = web().db, portal().id, request.form
    before = rules.rule(db, id_, rule_id) if rule_id else None
    written = form.get("json") if form.get("as_json") else None
    values = forms.posted(form)
    try:
        rule = (
            forms.rule_of_json(written)
            if written is not None
            else forms.rule_of(form, before.form if before else None)
        )
        if form.get("try"):
            if written is not None:
                values = forms.values_of(rule, _known())
            return _rule_page(
                values, before, tried=_tried(rule, form.get("sample", "")), json=written, rule=rule
            )
        if before is not None:
            rules.change_rule(db, id_, rule_id, rule, actor(), clock=web().clock)
        else:
            rules.create_rule(db, id_, rule, actor(), clock=web().clock)
    except (BadRule, TooMany) as wrong:
        return _rule_page(values, before, problem=_sentences(wrong), json=written), 422
    return onward("automation.show_automation")


@automation.route("/rules/<rule_id>/<verb>", methods=["POST", "GET"])
@signed_in(Action.AUTOMATION)
def do_with_rule(rule_id: str, verb: str) -> Any:
    """The off switch of a rule, and its end."""
    if verb == "delete":
        rules.delete_rule(web().db, portal().id, rule_id, actor(), clock=web().clock)
    elif verb in ("on", "off"):
        rules.switch_rule(web().db, portal().id, rule_id, verb == "on", actor(), clock=web().clock)
    else:
        abort(404)
    return onward("automation.show_automation")


def _rule_page(
    values: forms.Values,
    found: rules.RuleView | None,
    *,
    problem: tuple[str, ...] = (),
    tried: Any = None,
    json: str | None = None,
    rule: RuleForm | None = None,
) -> str:
    db, id_ = web().db, portal().id
    seen = rules.history(db, id_, rule_id=found.id, limit=RECENT) if found is not None else []
    shown = rule or (found.form if found is not None else None)
    written = json if json is not None else forms.as_json(shown) if shown is not None else ""
    kinds = [(kind.value, view.event(kind)) for kind in Kind]
    return _shown(
        "automation_rule",
        values=values,
        rule_id=found.id if found is not None else "",
        problem=problem,
        tried=tried,
        json=written,
        json_open=json is not None,
        kinds=kinds,
        sample=request.form.get("sample") or (values.on[0] if values.on else kinds[0][0]),
        levels=[(value, _(text)) for value, text in told.LEVELS.items()],
        runs=[(value, _(text)) for value, text in told.RUNS.items()],
        endpoints=[view.endpoint_line(one) for one in endpoints.endpoints(db, id_)],
        people=_people(),
        history=[view.reaction_line(one) for one in seen],
        here_fields={},
    )


def _tried(rule: RuleForm, sample: str) -> Any:
    kind = Kind(sample) if sample in set(Kind) else rule.on[0]
    return view.preview_view(try_rule(web().db, portal().id, rule, kind, clock=web().clock))


def _people() -> list[tuple[str, str]]:
    """Whom a rule may notify without anybody looking an ID up: who installed the app, and whom administrators named."""
    card = portal_card(web().db, portal().id)
    found = {str(card.owner_id): card.owner_name} if card.owner_id else {}
    found |= {str(one.id): one.name for one in rights.named_users(web().db, portal().id)}
    return list(found.items())


def _known() -> frozenset[str]:
    return frozenset(id_ for id_, _name in _people())


# ------------------------------------------------------------------------------------------------------- endpoints


@automation.route("/endpoint", methods=["POST", "GET"])
@signed_in(Action.AUTOMATION)
def new_endpoint() -> str:
    """The form of a new endpoint."""
    return _shown("automation_endpoint", line=None, url="", name="", problem=(), once=secrets.token_hex(10))


@automation.route("/endpoint/create", methods=["POST", "GET"])
@signed_in(Action.AUTOMATION)
def create_endpoint() -> Any:
    """Make it and show its secret, this once. With `everything` a rule that sends it all events comes with it."""
    form, db, id_ = request.form, web().db, portal().id
    try:
        made, secret = endpoints.create_endpoint(
            db,
            web().settings,
            id_,
            url=form.get("url", ""),
            name=form.get("name", ""),
            personal_data=bool(form.get("personal_data")),
            actor=actor(),
            clock=web().clock,
            once=form.get("once", ""),
        )
        if secret and form.get("everything"):
            name = _("Everything to %(endpoint)s", endpoint=made.name or made.address)[:120]
            document = {"name": name, "on": list(Kind), "do": [{"type": "webhook", "endpoint": made.id}]}
            rules.create_rule(db, id_, rules.read_form(document), actor(), clock=web().clock)
    except (BadAddress, BadRule, TooMany) as wrong:
        again = {
            "url": form.get("url", "")[:500],
            "name": form.get("name", "")[:120],
            "once": secrets.token_hex(10),
        }
        return _shown("automation_endpoint", line=None, problem=_sentences(wrong), **again), 422
    return _endpoint_page(made.id, secret)


@automation.route("/endpoints/<endpoint_id>", methods=["POST", "GET"])
@signed_in(Action.AUTOMATION)
def show_endpoint(endpoint_id: str) -> str:
    """One endpoint and what was sent there."""
    return _endpoint_page(endpoint_id)


@automation.route("/endpoints/<endpoint_id>/<verb>", methods=["POST", "GET"])
@signed_in(Action.AUTOMATION)
def do_with_endpoint(endpoint_id: str, verb: str) -> Any:
    """Test it, change it, give it a new secret, switch it off, send again what it has missed, delete it."""
    db, id_, form, by, clock = web().db, portal().id, request.form, actor(), web().clock
    try:
        if verb == "delete":
            endpoints.delete_endpoint(db, id_, endpoint_id, actor=by, clock=clock)
            return onward("automation.show_automation")
        if verb == "rotate":
            secret = endpoints.rotate_secret(
                db, id_, endpoint_id, actor=by, seen=_moment(form.get("stamp", "")), clock=clock
            )
            return _endpoint_page(endpoint_id, secret)
        if verb == "test":
            deliveries.send_test(db, id_, endpoint_id, by, clock=clock)
        elif verb == "replay":
            since = clock.now() - timedelta(days=web().settings.retention_days)
            deliveries.replay(db, id_, endpoint_id, since, by, clock=clock)
        elif verb in ("on", "off"):
            endpoints.change_endpoint(
                db, web().settings, id_, endpoint_id, actor=by, enabled=verb == "on", clock=clock
            )
        elif verb == "save":
            endpoints.change_endpoint(
                db,
                web().settings,
                id_,
                endpoint_id,
                actor=by,
                name=form.get("name", ""),
                url=form.get("url") or None,
                personal_data=bool(form.get("personal_data")),
                clock=clock,
            )
        else:
            abort(404)
    except (BadAddress, EndpointDisabled) as wrong:
        return _endpoint_page(endpoint_id, problem=_sentences(wrong)), 422
    web().woken()
    return onward("automation.show_endpoint", endpoint_id=endpoint_id)


def _endpoint_page(endpoint_id: str, secret: str = "", problem: tuple[str, ...] = ()) -> str:
    db, id_ = web().db, portal().id
    found = endpoints.endpoint(db, id_, endpoint_id)
    g.here = url_for("automation.show_endpoint", endpoint_id=endpoint_id)
    sent = deliveries.page(db, id_, endpoint_id=endpoint_id, limit=LINES)
    return _shown(
        "automation_endpoint",
        line=view.endpoint_line(found),
        name=found.name,
        secret=secret,
        problem=problem,
        deliveries=[view.delivery_line(one) for one in sent],
        missed=any(one.state in deliveries.MISSED for one in sent),
    )


# ------------------------------------------------------------------------------------------------------ deliveries


@automation.route("/log", methods=["POST", "GET"])
@signed_in(Action.AUTOMATION)
def log() -> str:
    """What was done, newest first, and what rules have seen."""
    db, id_, behind = web().db, portal().id, request.form.get("behind") or None
    found = deliveries.page(db, id_, behind=behind, limit=LINES)
    return _shown(
        "automation_log",
        deliveries=[view.delivery_line(one) for one in found],
        older=found[-1].cursor if len(found) == LINES else "",
        newer=bool(behind),
        history=[view.reaction_line(one) for one in rules.history(db, id_, limit=LINES)],
        here_fields={"behind": behind} if behind else {},
    )


@automation.route("/log/<delivery_id>", methods=["POST", "GET"])
@signed_in(Action.AUTOMATION)
def show_delivery(delivery_id: str) -> str:
    """One delivery: what was sent and what became of each try."""
    found = deliveries.delivery(web().db, portal().id, delivery_id)
    detail = found.delivery.detail
    return _shown(
        "automation_delivery",
        line=view.delivery_line(found.delivery),
        body=view.body_text(found.body),
        attempts=[view.attempt_line(one) for one in found.attempts],
        deals=detail if "deals" in detail else None,
        plan=detail.get("plan", ""),
    )


@automation.route("/log/<delivery_id>/again", methods=["POST", "GET"])
@signed_in(Action.AUTOMATION)
def redeliver(delivery_id: str) -> Any:
    """Send a webhook again."""
    deliveries.redeliver(web().db, portal().id, delivery_id, actor(), clock=web().clock)
    web().woken()
    return onward("automation.show_delivery", delivery_id=delivery_id)


def _sentences(wrong: LeadswitchError) -> tuple[str, ...]:
    return tuple(sentences(wrong.told(), _))


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        abort(400)
