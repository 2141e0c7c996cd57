"""A posted rule form as a rule, and a rule as form values. What the form cannot say is kept as it was; JSON says everything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from connector.errors import BadRule
from connector.i18n import _
from webhooks.rules.model import RuleForm
from webhooks.rules.service import read_form

COUNTS = ("left_behind", "leads")
LONGEST_JSON = 20_000


@dataclass(frozen=True, slots=True)
class Values:
    """What the form shows: posted or stored, always in the shape of the fields."""

    name: str = ""
    enabled: bool = True
    on: tuple[str, ...] = ()
    when: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, str] = field(default_factory=dict)
    endpoints: tuple[str, ...] = ()
    chat: bool = False
    users: tuple[str, ...] = ()
    more_users: str = ""
    text: str = ""
    template: str = ""
    trigger: bool = False
    dry_run: bool = False


def rule_of(form: MultiDict[str, str], before: RuleForm | None = None) -> RuleForm:
    """The rule that the fields describe. Raises BadRule. Options of a dry run and limits without a field stay as they were `before`."""
    when: dict[str, Any] = {name: form[name] for name in ("from", "to", "severity", "kind") if form.get(name)}
    if form.get("ours") in ("yes", "no"):
        when["ours"] = form["ours"] == "yes"
    kept = dict(before.model_dump(mode="json", by_alias=True)["when"]["counts"]) if before else {}
    limits = {name: _number(form, name) for name in COUNTS}
    counts = {name: value for name, value in kept.items() if name not in COUNTS}
    when["counts"] = counts | {
        name: {"at_least": limit} for name, limit in limits.items() if limit is not None
    }
    document = {
        "name": form.get("name", "").strip(),
        "enabled": bool(form.get("enabled")),
        "on": form.getlist("on"),
        "when": when,
        "do": _actions(form, before),
    }
    if not document["name"]:
        raise BadRule(where=_("name"), reason=_("it is missing"))
    if not document["on"]:
        raise BadRule(where=_("when"), reason=_("choose at least one event"))
    if not document["do"]:
        raise BadRule(where=_("do"), reason=_("choose at least one action"))
    return read_form(document)


def rule_of_json(text: str) -> RuleForm:
    """The rule that somebody wrote as JSON. Raises BadRule."""
    if len(text) > LONGEST_JSON:
        raise BadRule(where="JSON", reason=_("it is too long"))
    try:
        return read_form(json.loads(text))
    except (ValueError, RecursionError):
        raise BadRule(where="JSON", reason=_("it is not valid JSON")) from None


def _actions(form: MultiDict[str, str], before: RuleForm | None) -> list[dict[str, Any]]:
    body = "text" if form.get("chat") else "event"
    found: list[dict[str, Any]] = [
        {"type": "webhook", "endpoint": id_, "body": body} for id_ in form.getlist("endpoint") if id_
    ]
    users = [*form.getlist("user"), *form.get("more_users", "").replace(";", ",").split(",")]
    ids = list(dict.fromkeys(user.strip() for user in users if user.strip()))
    if ids:
        found.append(
            {"type": "notify", "users": [_user(user) for user in ids], "text": form.get("text", "").strip()}
        )
    if (template := _number(form, "template")) is not None:
        found.append({"type": "workflow", "template": template})
    if form.get("trigger"):
        found.append({"type": "trigger"})
    if form.get("dry_run"):
        earlier = next((action for action in (before.do if before else ()) if action.type == "dry_run"), None)
        found.append(earlier.model_dump(mode="json") if earlier is not None else {"type": "dry_run"})
    return found


def _user(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 12):
        raise BadRule(where=_("employees"), reason=_("“%(text)s” is not an ID", text=text[:40]))
    return int(text)


def _number(form: MultiDict[str, str], name: str) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRule(where=name, reason=_("“%(text)s” is not a number", text=text[:40]))
    return int(text)


def values_of(rule: RuleForm, known_users: frozenset[str]) -> Values:
    """A stored rule as form values; employees that the page does not list stand in the field for IDs."""
    document = rule.model_dump(mode="json", by_alias=True)
    when = document["when"]
    by_type = {action["type"]: action for action in document["do"]}
    users = [str(user) for user in by_type.get("notify", {}).get("users", ())]
    ours = {True: "yes", False: "no"}.get(when["ours"], "")
    return Values(
        name=rule.name,
        enabled=rule.enabled,
        on=tuple(document["on"]),
        when={name: when[name] or "" for name in ("from", "to", "severity", "kind")} | {"ours": ours},
        counts={name: str((when["counts"].get(name) or {}).get("at_least") or "") for name in COUNTS},
        endpoints=tuple(action["endpoint"] for action in document["do"] if action["type"] == "webhook"),
        chat=by_type.get("webhook", {}).get("body") == "text",
        users=tuple(user for user in users if user in known_users),
        more_users=", ".join(user for user in users if user not in known_users),
        text=by_type.get("notify", {}).get("text", ""),
        template=str(by_type.get("workflow", {}).get("template", "")),
        trigger="trigger" in by_type,
        dry_run="dry_run" in by_type,
    )


def posted(form: MultiDict[str, str]) -> Values:
    """What somebody has just sent, to be shown again with what is wrong with it."""
    return Values(
        name=form.get("name", "")[:120],
        enabled=bool(form.get("enabled")),
        on=tuple(form.getlist("on")),
        when={name: form.get(name, "") for name in ("from", "to", "severity", "kind", "ours")},
        counts={name: form.get(name, "")[:12] for name in COUNTS},
        endpoints=tuple(form.getlist("endpoint")),
        chat=bool(form.get("chat")),
        users=tuple(form.getlist("user")),
        more_users=form.get("more_users", "")[:200],
        text=form.get("text", "")[:500],
        template=form.get("template", "")[:12],
        trigger=bool(form.get("trigger")),
        dry_run=bool(form.get("dry_run")),
    )


def as_json(rule: RuleForm) -> str:
    """The rule as people edit it: without what is not set."""
    document = rule.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    for action, full in zip(document["do"], rule.do, strict=True):
        action.setdefault("type", full.type)
    document["do"] = [{"type": action.pop("type"), **action} for action in document["do"]]
    return json.dumps(
        {"name": document.pop("name"), "enabled": rule.enabled, **document}, ensure_ascii=False, indent=2
    )
