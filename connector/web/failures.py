"""What a person sees when something does not work: always a page in their language, never a traceback, never a blank frame.

Every page says what happened, what was not lost, and what to do next. Must never show a secret; errors are redacted where they are made.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Flask, Response, g, make_response, url_for
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from connector.errors import (
    BitrixError,
    DeadCredential,
    DeliveryNotFound,
    EndpointNotFound,
    LaunchRefused,
    LeadswitchError,
    NotAllowed,
    NothingHere,
    PlanNotFound,
    RuleNotFound,
    RunNotFound,
    Who,
    sentences,
)
from connector.i18n import N_, _
from connector.store.trouble import trouble_of
from connector.web.api import problem
from connector.web.context import is_fragment, page, session, web

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Link:
    """A way on from a message."""

    path: str
    label: str
    icon: str = ""
    look: str = "outline"
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A page that says one thing. `kind` is stable (tests, scripts); `reference` helps support to find it in the log."""

    kind: str
    title: str
    texts: tuple[str, ...] = ()
    tone: str = "info"
    icon: str = "info"
    links: tuple[Link, ...] = ()
    reference: str = ""
    server_endpoint: str = ""


_HTTP: Mapping[int, tuple[str, str]] = {
    400: (N_("That request could not be read"), N_("Go back and try again.")),
    403: (N_("That is not possible from here"), N_("Open the app from the Bitrix24 menu and try again.")),
    404: (N_("There is no such page"), N_("It may have been removed, or belong to another portal.")),
    405: (N_("Open Leadswitch inside Bitrix24"), N_("This address works only inside the app. Find it in the Bitrix24 menu.")),
    413: (N_("That was too large"), N_("Send less at once.")),
    429: (N_("Too many requests"), N_("Wait a moment and try again.")),
}  # fmt: skip


_LAST = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Leadswitch</title><p>Something went wrong. Nothing was changed. "
    "Open the app again from the Bitrix24 menu; if it happens again, tell us this reference: {reference}"
)


def show(message: Message, status: int) -> Response:
    """The message as a page, or in place of the page's content when a script asked for a part of it."""
    if is_fragment():
        g.bare = True
    answer = make_response(page("message", message=message), status)
    if is_fragment():
        answer.headers["HX-Retarget"] = "#main"
        answer.headers["HX-Reswap"] = "innerHTML"
    return answer


def expired() -> Response:
    """The session is too old. The page asks the portal to vouch again by itself; without scripts it says how."""
    return show(
        Message(
            "expired",
            _("Your session has ended"),
            (_("Nothing is lost: runs go on by themselves."), _("Continue here, or open Leadswitch again from the Bitrix24 menu.")),
            "info",
            "clock",
            server_endpoint=f"{web().settings.oauth_servers[0]}/rest/",
        ),
        401,
    )  # fmt: skip


def outside() -> Response:
    """Somebody opened the address itself instead of the app in Bitrix24."""
    title, text = _HTTP[405]
    links: tuple[Link, ...] = ()
    if web().settings.client_id:
        links = (Link(url_for("login.begin"), _("Sign in with Bitrix24"), "person"),)
    return show(Message("outside", _(title), (_(text),), "info", "screen", links), 200)


def of_error(error: LeadswitchError) -> Message:
    """One of our errors in the reader's language."""
    what, *texts = sentences(error.told(), _)
    tone, icon = ("warning", "warning") if error.who in (Who.USER, Who.ADMINISTRATOR) else ("error", "error")
    reference = ""
    if isinstance(error, BitrixError):
        reference = " · ".join(part for part in (error.method, error.code, error.request_id) if part)
    if isinstance(error, NotAllowed):
        icon = "lock"
    links: tuple[Link, ...] = ()
    if session() is not None and not isinstance(error, LaunchRefused | DeadCredential):
        links = (Link(url_for("pages.overview"), _("Overview"), "screen"),)
    return Message(error.key, what.rstrip(" ."), tuple(texts), tone, icon, links, reference)


def status_of(error: LeadswitchError) -> int:
    """The HTTP status that goes with an error."""
    if isinstance(error, NotAllowed | LaunchRefused):
        return 403
    if isinstance(error, DeliveryNotFound | EndpointNotFound | RuleNotFound):
        return 404
    if isinstance(error, PlanNotFound | RunNotFound | NothingHere):
        return 404
    if isinstance(error, BitrixError):
        return 502
    return 409


def register(app: Flask) -> None:
    """Every way to fail ends in a page, or in a problem where a script asked."""

    @app.errorhandler(LeadswitchError)
    def _ours(error: LeadswitchError) -> Response:
        log.info("shown to the user: %s", error)
        if problem.is_api():
            return problem.of_error(error)
        return show(of_error(error), status_of(error))

    @app.errorhandler(OperationalError)
    def _database(problem_: OperationalError) -> Response:
        error = trouble_of(problem_)
        log.error("database: %s", error)
        if problem.is_api():
            return problem.of_error(error)
        return show(of_error(error), 503)

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        code = error.code or 500
        if code in (301, 302, 303, 307, 308):
            return make_response(error.get_response())
        if problem.is_api():
            return problem.of_http(error)
        if code == 405:
            return show(Message("outside", _(_HTTP[405][0]), (_(_HTTP[405][1]),), "info", "screen"), 405)
        title, text = _HTTP.get(code, _HTTP[400])
        links = (Link(url_for("pages.overview"), _("Overview"), "screen"),) if session() else ()
        return show(Message(f"http-{code}", _(title), (_(text),), "warning", "warning", links), code)

    @app.errorhandler(Exception)
    def _bug(error: Exception) -> Response:
        reference = secrets.token_hex(4)
        log.exception("unexpected error %s", reference, exc_info=error)
        if problem.is_api():
            return problem.of_bug(reference)
        links = (Link(url_for("pages.overview"), _("Overview"), "screen"),) if session() else ()
        texts = (
            _(
                "This is our mistake, not yours. Nothing was changed by this page; a run that is in progress is not affected."
            ),
            _("Try again. If it happens again, tell us the reference below."),
        )
        message = Message("bug", _("Something went wrong"), texts, "error", "error", links, reference)
        try:
            return show(message, 500)
        except Exception:
            log.exception("the page for error %s failed too", reference)
            return make_response(_LAST.format(reference=reference), 500)
