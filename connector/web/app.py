"""The Flask application, put together. Holds no rules: pages, launch, guard and headers are rooms of their own."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, abort, request
from flask_babel import Babel
from werkzeug.middleware.proxy_fix import ProxyFix

from connector import i18n, resources
from connector.clock import Clock, SystemClock
from connector.settings import Settings
from connector.store.database import Database
from connector.switching.engine import Engine
from connector.web import context, failures, guard
from connector.web.api import problem, routes
from connector.web.api.docs import docs
from connector.web.auditlog import auditlog
from connector.web.automation import automation
from connector.web.decide import decide
from connector.web.downloads import downloads
from connector.web.facts import FactsCache
from connector.web.headers import harden
from connector.web.health import health
from connector.web.keys import keys
from connector.web.launch import launch
from connector.web.legal import legal
from connector.web.login import login
from connector.web.native import native
from connector.web.pages import pages
from connector.web.people import people
from connector.web.pipelines import pipelines
from connector.web.plans import plans
from connector.web.portalsettings import portalsettings
from connector.web.runs import runs
from connector.web.session import Sessions
from connector.web.suggest import Advisor
from webhooks.intake import Intake

LARGEST_POST = 1_000_000
MOST_FIELDS = 2_000


def create_app(
    settings: Settings,
    db: Database,
    engine: Engine,
    clock: Clock | None = None,
    woken: Callable[[], None] = lambda: None,
) -> Flask:
    """The app over an open database and a job engine that somebody else starts and stops. `woken` is told when an event was stored."""
    clock = clock or SystemClock()
    app = Flask(
        "leadswitch",
        template_folder=str(resources.templates_path()),
        static_folder=str(resources.static_path()),
        static_url_path="/static",
    )
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_POST, MAX_FORM_MEMORY_SIZE=LARGEST_POST, MAX_FORM_PARTS=MOST_FIELDS
    )
    sessions = Sessions(db.keyring.derive("session"), settings.session_minutes, clock)
    app.extensions[context.KEY] = context.Web(
        settings,
        db,
        engine,
        sessions,
        FactsCache(db, settings, clock),
        Advisor(db, settings, clock),
        clock,
        Intake(db, clock),
        woken,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    Babel(app, locale_selector=i18n.language, timezone_selector=_time_zone)
    context.install(app)
    failures.register(app)
    for blueprint in (
        launch,
        login,
        health,
        legal,
        pages,
        plans,
        runs,
        native,
        downloads,
        pipelines,
        people,
        auditlog,
        decide,
        portalsettings,
        keys,
        automation,
    ):
        app.register_blueprint(blueprint)
    app.register_blueprint(routes.blueprint())
    app.register_blueprint(docs)
    app.before_request(_forget_language)
    app.before_request(_read_form)
    app.after_request(guard.renew)
    app.after_request(harden)
    return app


def _forget_language() -> None:
    """A thread serves one person after the other; until it is known who asks, their browser says what they read."""
    i18n.speak(i18n.SOURCE if problem.is_api() else i18n.pick(*request.accept_languages.values()))


def _read_form() -> None:
    """No browser sends a NUL, and PostgreSQL takes no text that holds it. What Bitrix24 posts is read by its own views, which count."""
    if request.endpoint in (f"{launch.name}.events", f"{launch.name}.robot"):
        return
    texts = (
        request.path,
        *request.args.values(),
        *(text for pair in request.form.items(True) for text in pair),
    )
    if any("\0" in text for text in texts):
        abort(400)
    guard.recall()


def _time_zone() -> str | None:
    who = context.session()
    return who.tz or None if who is not None else None
