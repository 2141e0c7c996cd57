"""The page of the audit log: read, narrowed, paged and taken home by administrators. Must never change or leave out a line."""

from __future__ import annotations

from flask import Blueprint, request
from flask_babel import get_timezone

from connector.portals import audit
from connector.portals.rights import Action
from connector.web import auditview
from connector.web.context import page, web
from connector.web.downloads import audit_downloads
from connector.web.guard import portal, signed_in

auditlog = Blueprint("auditlog", __name__, url_prefix="/app/audit")
LINES = 30


@auditlog.route("", methods=["POST", "GET"])
@signed_in(Action.READ_AUDIT)
def show_log() -> str:
    """A page of the log, newest first."""
    db, form = web().db, request.form.to_dict()
    wanted = auditview.wanted_of(form, get_timezone())
    found = audit.page(
        db, portal().id, wanted, before=_id(form.get("before")), after=_id(form.get("after")), limit=LINES
    )
    chosen = auditview.log_filter(form, audit.people(db, portal().id))
    beside = {name: form[name] for name in ("before", "after") if form.get(name)}
    return page(
        "audit",
        nav="settings",
        tab="audit",
        lines=[auditview.line(one) for one in found.entries],
        links=auditview.links(found),
        filter=chosen,
        downloads=audit_downloads(chosen.fields),
        here_fields={**chosen.fields, **beside},
    )


def _id(text: str | None) -> int | None:
    if text and text.isascii() and text.isdecimal() and len(text) <= auditview.LONGEST_ID:
        return int(text)
    return None
