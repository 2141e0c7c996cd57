"""Rules, endpoints and deliveries as lines to read. Decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.i18n import _, number
from connector.portals.modes import Change
from connector.web import automationwords as told
from connector.web import words
from connector.web.automationwords import State
from connector.web.reportview import when
from webhooks.outbound.deliveries import AttemptView, DeliveryView
from webhooks.outbound.endpoints import EndpointView
from webhooks.rules.preview import Preview
from webhooks.rules.service import ReactionView, RuleView


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule."""

    id: str
    name: str
    enabled: bool
    events: str
    actions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EndpointLine:
    """One endpoint; `stamp` is what a rotation has to know."""

    id: str
    name: str
    address: str
    active: bool
    state: State
    note: str
    personal_data: bool
    overlap: str
    stamp: str


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery."""

    id: str
    when: str
    event: str
    action: str
    icon: str
    state: State
    note: str
    attempts: str
    next: str
    is_webhook: bool


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change of the mode."""

    what: str
    when: str
    how: str
    leads: str


def event(name: str) -> str:
    """An event in words."""
    return _(told.EVENTS[name]) if name in told.EVENTS else name


def rule_line(rule: RuleView) -> RuleLine:
    """A rule."""
    kinds = dict.fromkeys(action.type for action in rule.form.do)
    actions = tuple((_(told.ACTIONS[kind][0]), told.ACTIONS[kind][1]) for kind in kinds)
    return RuleLine(
        rule.id, rule.form.name, rule.form.enabled, ", ".join(event(kind) for kind in rule.form.on), actions
    )


def endpoint_line(one: EndpointView) -> EndpointLine:
    """An endpoint."""
    failing = one.state == "active" and one.failing_since is not None
    note = _(told.REASONS[one.reason]) if one.reason in told.REASONS else ""
    if failing and one.failing_since is not None:
        note = _("Nothing was taken since %(when)s.", when=when(one.failing_since))
    return EndpointLine(
        id=one.id,
        name=one.name or one.address,
        address=one.address,
        active=one.state == "active",
        state=told.ENDPOINT_STATES["failing" if failing else one.state],
        note=note,
        personal_data=one.personal_data,
        overlap=when(one.overlap_until) if one.overlap_until else "",
        stamp=one.updated_at.isoformat(),
    )


def delivery_line(one: DeliveryView) -> DeliveryLine:
    """A delivery."""
    label, icon = told.ACTIONS.get(one.kind, (one.kind, "info"))
    note = _(told.REASONS[one.reason]) if one.reason in told.REASONS else one.reason
    return DeliveryLine(
        id=one.id,
        when=when(one.created_at),
        event=event(one.event),
        action=_(label),
        icon=icon,
        state=told.DELIVERY_STATES[one.state],
        note=note,
        attempts=number(one.attempts),
        next=when(one.next_at) if one.next_at is not None and one.attempts else "",
        is_webhook=one.kind == "webhook",
    )


def attempt_line(one: AttemptView) -> Mapping[str, str]:
    """A try."""
    text = _(told.REASONS[one.outcome]) if one.outcome in told.REASONS else one.outcome
    return {
        "when": when(one.at),
        "status": str(one.status) if one.status is not None else "–",
        "text": text,
        "took": _("%(n)s ms", n=number(one.duration_ms)),
        "answer": one.answer,
    }


_WORDS: Mapping[str, Mapping[str, str]] = {
    "from": words.MODE_NAMES,
    "to": words.MODE_NAMES,
    "kind": told.RUNS,
    "severity": words.SEVERITY_WORDS,
}
"""What a condition compares, where it is a word of ours."""


def reaction_line(one: ReactionView) -> Mapping[str, Any]:
    """A rule has seen an event."""
    return {
        "when": when(one.at),
        "rule": one.rule_name,
        "id": one.rule,
        "event": event(one.event),
        "state": State(_("Acted"), "ok", "check") if one.matched else State(_("Did not act"), "info", "ban"),
        "reasons": [reason_text(reason) for reason in one.reasons],
    }


def reason_text(reason: Mapping[str, Any]) -> str:
    """One condition: what was wanted and what was found."""
    code = str(reason["code"])
    name, dot, rest = code.partition(".")
    label = _(told.CONDITIONS.get(name, name)) + (f" ({rest})" if dot else "")
    found = "–" if reason["found"] is None else _value(name, reason["found"])
    return _(
        "%(what)s: wanted %(wanted)s, found %(found)s",
        what=label,
        wanted=_value(name, reason["wanted"]),
        found=found,
    )


def _value(condition: str, value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str) and value in (known := _WORDS.get(condition, {})):
        return _(known[value])
    if isinstance(value, Mapping):
        low, high = value.get("at_least"), value.get("at_most")
        return "–".join(
            str(end)
            for end in ("" if low is None else f"≥ {low}", "" if high is None else f"≤ {high}")
            if end
        )
    return str(value)


def change_line(one: Change) -> ChangeLine:
    """A change of the mode, with what became of the leads."""
    names = words.MODE_NAMES
    what = f"{_(names[one.from_mode])} → {_(names[one.to_mode])}"
    how = [_(told.NOTICED[one.noticed_by])] if one.noticed_by in told.NOTICED else []
    if one.after is not None:
        how.append(_("not before %(when)s", when=when(one.after)))
    leads = ""
    if one.report is not None:
        leads = _(
            "Converted: %(converted)s · new deals: %(deals)s · leads still in work: %(left)s",
            converted=number(one.report.get("converted", 0)),
            deals=number(one.report.get("deals", 0)),
            left=number(one.report.get("left", 0)),
        )
    return ChangeLine(what, when(one.noticed_at), " · ".join(how), leads)


def preview_view(found: Preview) -> Mapping[str, Any]:
    """What a rule would do with a made-up event."""
    return {
        "event": event(found.event),
        "listens": found.listens,
        "matched": found.matched,
        "reasons": [reason_text(reason) for reason in found.reasons],
        "data": _pretty(found.data),
        "would": [
            {
                "label": _(told.ACTIONS[one.type][0]),
                "icon": told.ACTIONS[one.type][1],
                "target": one.target,
                "request": _request(one.request),
            }
            for one in found.would
        ],
    }


def _request(request: Mapping[str, Any]) -> str:
    if "headers" not in request:
        return _pretty(request)
    head = "\n".join(f"{name}: {value}" for name, value in request["headers"].items())
    return f"{head}\n\n{_pretty(json.loads(request['body']))}"


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def body_text(body: str | None) -> str:
    """The bytes of a webhook, laid out to be read."""
    return _pretty(json.loads(body)) if body else ""


def native_lines(state: Mapping[str, str]) -> Sequence[tuple[str, bool, str]]:
    """Our rule and trigger in Bitrix24: name, whether it is there, why not."""
    why = {"scope": _("The app was not given the permission; an administrator has to install it again.")}
    return [
        (
            _(label),
            state.get(key) == "ready",
            ""
            if state.get(key) == "ready"
            else why.get(state.get(key, ""), _("This Bitrix24 does not offer it.")),
        )
        for key, label in told.NATIVE.items()
    ]
