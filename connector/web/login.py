"""Signing in outside the Bitrix24 frame: a person names their portal, the portal asks them, and sends them back. The cookie set here only
ties the way back to this browser; who is signed in stays in the page, as everywhere. Must never send anybody to a portal that has not
installed the app."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, abort, make_response, request, url_for

from connector import i18n
from connector.errors import PortalNotKnown
from connector.portals.login import LIFE, begin_login, finish_login, new_browser_secret
from connector.portals.manifest import app_manifest
from connector.portals.rights import Role
from connector.web import failures, guard, pages
from connector.web.context import page, web
from connector.web.launch import let_in
from connector.web.origin import same_site

login = Blueprint("login", __name__)
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}\Z")


@login.route("/login", methods=["GET", "POST"])
def begin() -> Any:
    """Which portal? With an answer: on to its own page, where the person is asked to let the app in."""
    _speak()
    name = request.form.get("portal", "").strip()
    if request.method != "POST" or not name:
        return page("login", name="", unknown=False)
    if not same_site(request):
        abort(403)
    browser = _browser() or new_browser_secret()
    try:
        begun = begin_login(web().db, web().settings, name, browser, clock=web().clock)
    except PortalNotKnown:
        return make_response(page("login", name=name, unknown=True), 404)
    answer = make_response(page("login_go", begun=begun))
    answer.set_cookie(
        _cookie(),
        browser,
        max_age=int(LIFE.total_seconds()),
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return answer


@login.route(app_manifest().urls.oauth_callback, methods=["GET"])
def callback() -> Response | str:
    """The portal sent the person back. What they see next is found at its own address, so that going back repeats nothing."""
    _speak()
    if "state" not in request.args:
        return failures.outside()
    opened = finish_login(
        web().db,
        web().settings,
        state=request.args["state"],
        code=request.args.get("code", ""),
        browser=_browser(),
        clock=web().clock,
        language=i18n.language(),
    )
    let_in(opened)
    guard.recognise(opened.viewer, url_for("pages.overview"))
    if guard.me().role is Role.OTHER:
        return guard.denied()
    return pages.overview_page()


def _speak() -> None:
    i18n.speak(i18n.pick(request.form.get("lang"), *request.accept_languages.values()))


def _cookie() -> str:
    """With https the browser itself sees to it that no neighbouring host has set it."""
    return "__Host-leadswitch-login" if request.is_secure else "leadswitch-login"


def _browser() -> str:
    """What this browser keeps; empty when it keeps nothing of ours."""
    found = request.cookies.get(_cookie(), "")
    return found if _SECRET.match(found) else ""
