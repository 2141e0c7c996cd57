"""The settings page for administrators: how long plans are kept, what is stored, what goes when the app is removed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from connector.i18n import _, ngettext, number
from connector.portals import retention
from connector.portals.card import portal_card
from connector.portals.rights import Action
from connector.web.context import page, web
from connector.web.guard import me, portal, signed_in
from connector.web.plans import onward
from connector.web.viewparts import Item

portalsettings = Blueprint("portalsettings", __name__, url_prefix="/app/settings")


@portalsettings.route("", methods=["POST", "GET"])
@signed_in(Action.SETTINGS)
def show_settings() -> str:
    """What can be set, and what is stored."""
    db, settings = web().db, web().settings
    return page(
        "settings",
        nav="settings",
        tab="settings",
        days=retention.retention_days(db, settings, portal().id),
        choices=[
            (str(days), ngettext("%(n)s day", "%(n)s days", days)) for days in retention.choices(settings)
        ],
        stored=_told(retention.stored(db, portal().id)),
        rest_log_days=settings.rest_log_days,
        owner=portal_card(db, portal().id).owner_name,
        saved="saved" in request.args,
    )


@portalsettings.route("/save", methods=["POST", "GET"])
@signed_in(Action.SETTINGS)
def save() -> Any:
    """Take over what was chosen."""
    given = request.form.get("days", "")
    days = int(given) if given.isascii() and given.isdecimal() and len(given) < 9 else 0
    retention.keep_for(web().db, web().settings, portal().id, me(), days, clock=web().clock)
    return onward("portalsettings.show_settings", saved=1)


def _told(kept: retention.Stored) -> list[Item]:
    return [
        Item(_("Plans"), number(kept.plans)),
        Item(_("Copies of leads in plans"), number(kept.leads)),
        Item(_("Runs with their journals"), number(kept.runs)),
        Item(_("Lines of the audit log"), number(kept.audit)),
        Item(_("Lines of the log of requests"), number(kept.rest_log)),
    ]
