"""The page on which administrators make and revoke keys of the JSON API. Must never show a key a second time, nor put it in a link."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, request, url_for

from connector.i18n import N_, _
from connector.portals import api_keys
from connector.portals.api_keys import LONGEST_NAME, SCOPES, KeyCard, Scope
from connector.portals.rights import Action
from connector.web.api.problem import DOCS
from connector.web.context import page, web
from connector.web.guard import actor, portal, signed_in
from connector.web.plans import onward
from connector.web.reportview import when

keys = Blueprint("keys", __name__, url_prefix="/app/api-keys")

DAYS: Mapping[str, str] = {
    "30": N_("In 30 days"),
    "90": N_("In 90 days"),
    "365": N_("In a year"),
    "": N_("Never"),
}
USUAL_DAYS = "90"
STATES: Mapping[str, tuple[str, str, str]] = {
    "active": (N_("active"), "ok", "ok"),
    "expired": (N_("expired"), "warning", "clock"),
    "revoked": (N_("revoked"), "text", "ban"),
}
_FORM = re.compile(r"[A-Za-z0-9_-]{22}\Z")


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key in the list."""

    id: str
    name: str
    shown: str
    scopes: tuple[str, ...]
    made: str
    used: str
    expires: str
    state: str
    tone: str
    icon: str
    active: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as it was filled; `problem` says what is missing."""

    name: str
    scopes: frozenset[str]
    days: str
    problem: str = ""


EMPTY = Filled("", frozenset(scope.value for scope in Scope if scope.endswith(":read")), USUAL_DAYS)


@keys.route("", methods=["POST", "GET"])
@signed_in(Action.API_KEYS)
def show_keys() -> str:
    """Every key of the portal, and a form for a new one."""
    return _page(EMPTY)


@keys.route("/new", methods=["POST", "GET"])
@signed_in(Action.API_KEYS)
def create() -> Any:
    """Make a key and show it, once. Sent again, the same form shows that its key was made, and not the key."""
    g.here = url_for("keys.show_keys")
    form = _FORM.match(request.form.get("form", ""))
    if form is None:
        return onward("keys.show_keys")
    filled = _filled()
    if filled.problem:
        return _page(filled), 422
    _, text = api_keys.create(
        web().db,
        portal().id,
        actor(),
        name=filled.name,
        scopes=[scope for scope in Scope if scope.value in filled.scopes],
        days=int(filled.days) if filled.days else None,
        clock=web().clock,
        made_for=f"{portal().id}:{form[0]}",
    )
    return _page(EMPTY, made=text or "", again=text is None)


@keys.route("/<key_id>/revoke", methods=["POST", "GET"])
@signed_in(Action.API_KEYS)
def revoke(key_id: str) -> Any:
    """Close a key for good. A second click changes nothing."""
    api_keys.revoke(web().db, portal().id, key_id, actor(), clock=web().clock)
    return onward("keys.show_keys")


def _page(filled: Filled, *, made: str = "", again: bool = False) -> str:
    return page(
        "api_keys",
        nav="settings",
        tab="keys",
        keys=[_line(card) for card in api_keys.listed(web().db, portal().id, clock=web().clock)],
        made=made,
        again=again,
        filled=filled,
        form=secrets.token_urlsafe(16),
        scopes=[(scope.value, _(text)) for scope, text in SCOPES.items()],
        days=[(value, _(text)) for value, text in DAYS.items()],
        longest=LONGEST_NAME,
        docs=DOCS,
    )


def _filled() -> Filled:
    name = " ".join(request.form.get("name", "").split())[:LONGEST_NAME]
    scopes = frozenset(request.form.getlist("scope")) & {scope.value for scope in Scope}
    days = request.form.get("days", USUAL_DAYS)
    problem = "" if scopes else _("Choose at least one permission.")
    return Filled(
        name, scopes, days if days in DAYS else USUAL_DAYS, problem if name else _("Say what the key is for.")
    )


def _line(card: KeyCard) -> KeyLine:
    text, tone, icon = STATES[card.state]
    made_by = str(card.created_by.get("name") or "–")
    return KeyLine(
        id=card.id,
        name=card.name,
        shown=card.shown,
        scopes=card.scopes,
        made=_("%(when)s, %(name)s", when=when(card.created_at), name=made_by),
        used=when(card.last_used_at) if card.last_used_at else _("never"),
        expires=when(card.expires_at) if card.expires_at else _("never"),
        state=_(text),
        tone=tone,
        icon=icon,
        active=card.state == "active",
    )
