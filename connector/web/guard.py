"""Lets a request in: from our own pages, with a valid session, of a portal that has the app, by somebody who may. Every page goes
through here; must never trust what a form says about portal, user or rights."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import Response, abort, g, make_response, request

from connector import i18n
from connector.portals import preferences
from connector.portals.card import portal_card
from connector.portals.refs import PortalRef
from connector.portals.rights import Action, Role, Viewer, may, require, viewer
from connector.web import failures
from connector.web.context import bearer, page, session, web
from connector.web.headers import allow_frame
from connector.web.origin import same_site
from connector.web.session import FIELD, HEADER, NoSession, SessionExpired, WebSession

View = Callable[..., Any]

ACTING = frozenset(
    {
        Action.APPLY,
        Action.CONTROL,
        Action.UNDO,
        Action.PIPELINES,
        Action.NAME_PEOPLE,
        Action.SETTINGS,
        Action.API_KEYS,
        Action.AUTOMATION,
    }
)
VOUCHED = timedelta(hours=1)
"""Who changes something is an administrator by the portal's word of the last hour: nobody tells us when that ends."""


def signed_in(action: Action) -> Callable[[View], View]:
    """The view may be used by who may do `action`; it finds them in `me()` and their portal in `portal()`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if request.method in ("GET", "HEAD"):
                return failures.outside()
            refused = _enter(action)
            return refused if refused is not None else view(*args, **kwargs)

        return guarded

    return decorate


def enter(who: WebSession, portal: PortalRef) -> None:
    """This request is made by `who`, just verified, on `portal`."""
    g.session, g.portal, g.portal_host = who, portal, portal.host
    i18n.speak(who.lang)
    allow_frame(who.origin)


def recognise(person: Viewer, here: str) -> None:
    """The rights of a person whom a launch has just confirmed; `here` is where their page is found again: a launch is not repeated."""
    g.viewer, g.here = person, here


def me() -> Viewer:
    """Who asks, with the rights of this moment."""
    found: Viewer = g.viewer
    return found


def portal() -> PortalRef:
    """The portal of the session."""
    found: PortalRef = g.portal
    return found


def actor() -> dict[str, object]:
    """Who asks, as plans, runs and the audit log keep it."""
    return me().actor("web")


def renew(response: Response) -> Response:
    """Hand the renewed token to scripts too."""
    if session() is not None:
        response.headers[HEADER] = bearer()
    return response


def _enter(action: Action) -> Any:
    if not same_site(request):
        abort(403)
    try:
        who = web().sessions.read(_token())
    except SessionExpired:
        return failures.expired()
    except NoSession:
        return failures.outside()
    if action in ACTING and web().clock.now().timestamp() - who.since > VOUCHED.total_seconds():
        return failures.expired()
    if wanted := request.form.get("lang"):
        who = who.speaking(i18n.pick(wanted))
        preferences.keep_language(web().db, who.portal_id, who.user_id, who.lang, web().clock)
    enter(who, portal_card(web().db, who.portal_id).ref)
    g.viewer = viewer(web().db, who.portal_id, user_id=who.user_id, name=who.name, is_admin=who.admin)
    if me().role is Role.OTHER and not may(me(), action):
        return denied()
    require(me(), action)
    return None


def denied() -> Response:
    """For employees without rights: both modes explained, and whom to ask. Nothing of the CRM is read for it."""
    card = portal_card(web().db, portal().id)
    return make_response(page("denied", owner=card.owner_name, mode=card.mode or ""), 403)


def recall() -> None:
    """A token of ours, even an old one, tells which portal frames this answer and which language is read, whatever goes wrong next: a
    page for nobody would be a blank frame. It opens nothing."""
    who = web().sessions.peek(_token())
    if who is not None:
        i18n.speak(who.lang)
        allow_frame(who.origin)


def _token() -> str:
    return request.form.get(FIELD) or request.headers.get("Authorization", "").removeprefix("Bearer ")
