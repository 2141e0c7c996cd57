"""The page that shows an app's built-in settings form to administrators. What is sent and read is `app_settings.py`'s."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request

from connector.sandbox.app_settings import AppSettings, FormRefused
from connector.sandbox.portal_page.page_request import same_site
from connector.sandbox.portal_page.session import visitor
from connector.sandbox.world import World


def blueprint(world: World, settings: AppSettings) -> Blueprint:
    """Route /marketplace/app/<id>/settings/."""
    pages = Blueprint("app_settings", __name__)

    @pages.route("/marketplace/app/<int:app_id>/settings/", methods=["GET", "POST"])
    def app_settings(app_id: int) -> Any:
        app = next((app for app in world.apps.values() if app.id == app_id), None) or abort(404)
        who = visitor(world)
        if not app.present or not app.settings_url or not who.user.is_admin:
            abort(404)
        form, saved, problem = None, None, ""
        if request.method == "POST":
            same_site()
        try:
            form = settings.form(app, who.user)
            if request.method == "POST":
                saved = settings.save(app, who.user, form.action, request.form.to_dict())
        except (FormRefused, OSError) as error:
            # Only the class of a network error: its text may repeat an address with a token in it.
            problem = str(error) if isinstance(error, FormRefused) else who.text("settings.unreachable")
        page = {"app": app, "form": form, "saved": saved, "problem": problem, "entered": request.form}
        return render_template("app_settings.html", section=f"app-{app.id}", **page)

    return pages
