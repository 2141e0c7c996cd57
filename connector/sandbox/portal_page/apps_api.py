"""What an administrator does with apps in the market page: add, update, remove, change the card."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, jsonify

from connector.sandbox.launch import Apps, LaunchRefused
from connector.sandbox.portal_page.page_request import body, page_api
from connector.sandbox.portal_page.session import visitor
from connector.sandbox.world import World

URL_FIELDS = ("app_url", "install_url", "event_url", "redirect_uri", "settings_url")


def blueprint(world: World, lifecycle: Apps) -> Blueprint:
    """Routes below /portal/api/app/."""
    api = page_api("portal_apps_api")

    @api.post("/app/<client_id>/<any(install, update, uninstall, finish):what>")
    def change(client_id: str, what: str) -> Any:
        who = visitor(world)
        if client_id not in world.apps:
            abort(404)
        if what == "uninstall":
            lifecycle.uninstall(client_id, who.user, clean=bool(body().get("clean")))
        else:
            {"install": lifecycle.install, "update": lifecycle.update, "finish": lifecycle.finish}[what](
                client_id, who.user
            )
        app = world.apps[client_id]
        return jsonify(present=app.present, installed=app.installed, url=f"/marketplace/app/{app.id}/")

    @api.post("/app/<client_id>/card")
    def card(client_id: str) -> Any:
        app = world.apps.get(client_id) or abort(404)
        if not visitor(world).user.is_admin:
            abort(403)
        sent = body()
        with world.lock:
            for name in URL_FIELDS:
                value = str(sent.get(name, getattr(app, name))).strip()
                if value and not value.startswith(("http://", "https://")):
                    abort(400)
                setattr(app, name, value)
            app.title = str(sent.get("title") or app.title)[:100]
            scopes = str(sent.get("scopes", ",".join(app.scopes)))
            app.scopes = tuple(part.strip() for part in scopes.split(",") if part.strip())
        return jsonify(ok=True)

    @api.errorhandler(LaunchRefused)
    def refused(error: LaunchRefused) -> Any:
        return jsonify(error=error.key), 403

    return api
