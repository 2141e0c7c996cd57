"""What every page can use: the app's parts, the bearer of this answer, texts and icons. Must never read the portal or the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, render_template, request, url_for

from connector import i18n
from connector.clock import Clock
from connector.portals.rights import Action, may
from connector.settings import Settings
from connector.store.database import Database
from connector.switching.engine import Engine
from connector.web import words
from connector.web.assets import asset
from connector.web.facts import FactsCache
from connector.web.session import Sessions, WebSession
from connector.web.suggest import Advisor
from webhooks.intake import Intake

KEY = "leadswitch"


@dataclass(frozen=True, slots=True)
class Web:
    """The parts that pages work with."""

    settings: Settings
    db: Database
    engine: Engine
    sessions: Sessions
    facts: FactsCache
    advisor: Advisor
    clock: Clock
    intake: Intake
    woken: Callable[[], None]


def web() -> Web:
    """The parts of the running app."""
    parts: Web = current_app.extensions[KEY]
    return parts


def session() -> WebSession | None:
    """Who is in front of this page, once that is verified."""
    found: WebSession | None = g.get("session")
    return found


def bearer() -> str:
    """The renewed token of this answer, made once."""
    who = session()
    if who is None:
        return ""
    if "bearer" not in g:
        g.bearer = web().sessions.issue(who)
    token: str = g.bearer
    return token


def is_fragment() -> bool:
    """Whether a script asks for a part of a page."""
    return "HX-Request" in request.headers


def _shared() -> dict[str, Any]:
    code = i18n.language()
    return {
        "session": session(),
        "may_enter": "viewer" in g and may(g.viewer, Action.OVERVIEW),
        "may_administrate": "viewer" in g and may(g.viewer, Action.SETTINGS),
        "tabs": [
            {"key": key, "path": url_for(endpoint), "label": i18n._(label), "icon": icon}
            for key, endpoint, label, icon in words.TABS
        ],
        "tab": "",
        "portal_host": g.get("portal_host", ""),
        "lang": code,
        "lang_tag": code.replace("_", "-"),
        "languages": i18n.available(),
        "layout": "bare.html" if g.get("bare") else "base.html",
        "here": g.get("here") or request.path,
        "here_fields": g.get("here_fields") or {},
        "mode_names": _told(words.MODE_NAMES),
        "mode_summaries": _told(words.MODE_SUMMARIES),
        "mode_points": {mode: [i18n._(text) for text in texts] for mode, texts in words.MODE_POINTS.items()},
        "severity_icons": words.SEVERITY_ICONS,
        "nav": "",
        "step": "",
    }


def _told(table: Any) -> dict[str, str]:
    return {str(key): i18n._(text) for key, text in table.items()}


def page(template: str, step: str = "", **values: Any) -> str:
    """A page of the wizard; `step` names its place in the row of steps."""
    steps = [{"key": key, "label": i18n._(label)} for key, label in words.STEPS]
    index = next((place for place, one in enumerate(steps) if one["key"] == step), 0)
    return render_template(f"pages/{template}.html", step=step, steps=steps, step_index=index, **values)


def part(template: str, **values: Any) -> str:
    """A fragment for a page that is open."""
    return render_template(f"partials/{template}.html", **values)


def install(app: Flask) -> None:
    """Give templates their words."""
    app.context_processor(_shared)
    app.jinja_env.globals.update(
        _=i18n._,
        gettext=i18n._,
        ngettext=i18n.ngettext,
        pgettext=i18n.pgettext,
        number=i18n.number,
        asset=asset,
        bearer=bearer,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
