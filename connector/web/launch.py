"""Where Bitrix24 comes in: the app page, the installer page, events, and the answers to anybody who only looks. The addresses are those of
the app card. Believes nothing that is posted; `connector.portals` and `webhooks.inbound` verify."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, make_response, request, url_for
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from connector import i18n
from connector.portals import preferences
from connector.portals.access import open_client
from connector.portals.install import install as install_portal
from connector.portals.install import set_up
from connector.portals.launch import Opened
from connector.portals.launch import launch as launch_portal
from connector.portals.manifest import app_manifest
from connector.portals.opening import Opening, parse_opening
from connector.portals.rights import Role
from connector.web import failures, guard, pages
from connector.web.context import page, web
from connector.web.headers import allow_frame
from connector.web.session import WebSession
from webhooks.inbound import handle_event, handle_robot
from webhooks.intake import Reason
from webhooks.native.setup import register

launch = Blueprint("launch", __name__)
_URLS = app_manifest().urls


@launch.route(_URLS.handler, methods=["POST", "GET"])
def app() -> Any:
    """The app is opened: verify, then show the overview to whom it may be shown."""
    if request.method != "POST":
        return failures.outside()
    opening = _opening()
    opened = launch_portal(web().db, web().settings, opening, clock=web().clock)
    let_in(opened)
    if guard.me().role is Role.OTHER:
        return guard.denied()
    return pages.overview_page()


@launch.route(_URLS.installer, methods=["POST", "GET"])
def installer() -> Any:
    """The installer page: verify, keep the administrator's credential, bind what the card names; the page then ends the installation."""
    if request.method != "POST":
        return failures.outside()
    opening = _opening()
    opened = install_portal(web().db, web().settings, opening, clock=web().clock)
    let_in(opened)
    address = web().settings.base_url or request.host_url.rstrip("/")
    set_up(web().db, web().settings, opened.ref, address, clock=web().clock)
    client = open_client(web().db, web().settings, opened.ref.id, clock=web().clock)
    register(web().db, client, opened.ref.id, address, clock=web().clock)
    return page("installed")


@launch.route(_URLS.events, methods=["POST", "GET"])
def events() -> Response:
    """An event of Bitrix24. The answer never says why one was refused: only the portal itself may learn more, from us asking it."""
    if request.method != "POST":
        return make_response("", 200)
    pairs = _pairs()
    if isinstance(pairs, int):
        return make_response("", pairs)
    status = handle_event(web().db, web().settings, pairs, clock=web().clock, intake=web().intake)
    return _answered(status)


@launch.route(_URLS.robot, methods=["POST", "GET"])
def robot() -> Response:
    """A call of our automation rule; answered like an event, the mode follows by `bizproc.event.send`."""
    if request.method != "POST":
        return make_response("", 200)
    pairs = _pairs()
    if isinstance(pairs, int):
        return make_response("", pairs)
    return _answered(handle_robot(web().db, web().settings, pairs, clock=web().clock, intake=web().intake))


def _pairs() -> list[tuple[str, str]] | int:
    """The posted form, or the status to refuse it with; what is no form, or too large, is counted and never read."""
    if request.mimetype not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        web().intake.refuse(Reason.NOT_A_FORM)
        return HTTPStatus.BAD_REQUEST
    try:
        return list(request.form.items(multi=True))
    except RequestEntityTooLarge:
        web().intake.refuse(Reason.TOO_LARGE)
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    except (HTTPException, ValueError):
        web().intake.refuse(Reason.NOT_AN_EVENT)
        return HTTPStatus.BAD_REQUEST


def _answered(status: int) -> Response:
    web().woken()
    return make_response("", status)


def _opening() -> Opening:
    """The posted launch. Until it is confirmed, only the language is taken from it, and the frame that an error may be shown in."""
    i18n.speak(
        i18n.pick(request.args.get("LANG"), request.form.get("LANG"), *request.accept_languages.values())
    )
    claimed = request.args.get("DOMAIN") or request.form.get("DOMAIN", "")
    secure = (request.args.get("PROTOCOL") or request.form.get("PROTOCOL", "1")) != "0"
    allow_frame(f"{'https' if secure else 'http'}://{claimed}")
    return parse_opening(request.args.to_dict(), request.form.to_dict())


def let_in(opened: Opened) -> None:
    """This request is made by the person whom the portal has just confirmed."""
    person = opened.viewer
    if chosen := preferences.language(web().db, opened.ref.id, person.user_id):
        i18n.speak(i18n.pick(chosen))
    who = WebSession(
        portal_id=opened.ref.id,
        origin=opened.origin,
        user_id=person.user_id,
        name=person.name,
        admin=person.is_admin,
        lang=i18n.language(),
        since=int(web().clock.now().timestamp()),
        tz=opened.time_zone,
    )
    guard.enter(who, opened.ref)
    guard.recognise(person, url_for("pages.overview"))
