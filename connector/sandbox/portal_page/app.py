"""The Flask application of everything a browser opens on the portal: OAuth pages, CRM pages, market, app frames."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, redirect, request

from connector.sandbox.app_settings import AppSettings
from connector.sandbox.events import EventDelivery
from connector.sandbox.launch import Apps
from connector.sandbox.portal_page import (
    app_settings_views,
    apps_api,
    apps_views,
    frame_api,
    mode_api,
    oauth_views,
    record_api,
    views,
)
from connector.sandbox.portal_page.context import page_context
from connector.sandbox.portal_page.session import remember, visitor
from connector.sandbox.world import World

# The app sits in a frame from any address; everything else is ours. Inline styles carry stage colours.
POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-src *; form-action *; "
    "base-uri 'none'; object-src 'none'"
)


def create_app(world: World, events: EventDelivery, lifecycle: Apps | None = None) -> Flask:
    """The page application over one world; *events* delivers what happens to apps, *lifecycle* installs them."""
    app = Flask("connector.sandbox.portal_page", template_folder="templates", static_folder=None)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    lifecycle = lifecycle or Apps(world, events)
    app.register_blueprint(oauth_views.blueprint(world, events.oauth))
    app.register_blueprint(views.blueprint(world))
    app.register_blueprint(mode_api.blueprint(world))
    app.register_blueprint(record_api.blueprint(world))
    app.register_blueprint(apps_views.blueprint(world, lifecycle))
    app.register_blueprint(app_settings_views.blueprint(world, AppSettings(world, events.oauth)))
    app.register_blueprint(apps_api.blueprint(world, lifecycle))
    app.register_blueprint(frame_api.blueprint(world, lifecycle, events))

    @app.context_processor
    def common() -> dict[str, Any]:
        return page_context(world, visitor(world))

    @app.route("/")
    def root() -> Any:
        return redirect("/portal/")

    @app.after_request
    def finish(response: Response) -> Response:
        if "visitor" in g and request.method == "GET":
            remember(response)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if response.mimetype == "text/html":
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return app
