"""The page on which administrators name employees who may switch, and take that back. Must never name anybody whom the portal does not
know: id and name are read from it again, whatever a form says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, request

from connector.errors import BitrixError, sentences
from connector.i18n import _, day
from connector.portals import rights
from connector.portals.card import portal_card
from connector.portals.people import LONGEST, Colleague, colleague, find_people
from connector.portals.rights import Action, NamedUser
from connector.web.context import is_fragment, page, part, web
from connector.web.facts import hurried_client
from connector.web.failures import Message, show
from connector.web.guard import me, portal, signed_in
from connector.web.plans import onward

people = Blueprint("people", __name__, url_prefix="/app/people")


@dataclass(frozen=True, slots=True)
class NamedLine:
    """Somebody who may switch, and who said so."""

    id: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked for and who was found; `problem` says why nothing could be looked up."""

    text: str
    found: tuple[Colleague, ...] = ()
    problem: str = ""


@people.route("", methods=["POST", "GET"])
@signed_in(Action.NAME_PEOPLE)
def show_people() -> str:
    """Whom administrators have named, and a search for more. The search field alone gets its results as a fragment."""
    named = rights.named_users(web().db, portal().id)
    search = _search(request.form.get("find", ""))
    values: dict[str, Any] = {"search": search, "named_ids": {one.id for one in named}}
    if is_fragment():
        return part("people_found", **values)
    return page(
        "people",
        nav="settings",
        tab="people",
        named=[_line(one) for one in named],
        owner=portal_card(web().db, portal().id).owner_name,
        here_fields={"find": search.text} if search.text else {},
        **values,
    )


@people.route("/<int:user_id>/ask", methods=["POST", "GET"])
@signed_in(Action.NAME_PEOPLE)
def ask(user_id: int) -> Any:
    """What naming this person means, before it is done."""
    person = _known(user_id)
    if person is None:
        return _nobody()
    return page("people_ask", nav="settings", tab="people", person=person)


@people.route("/<int:user_id>/name", methods=["POST", "GET"])
@signed_in(Action.NAME_PEOPLE)
def name(user_id: int) -> Any:
    """Let this person switch, too. A second click changes nothing."""
    person = _known(user_id)
    if person is None:
        return _nobody()
    rights.name_user(web().db, portal().id, me(), user_id=person.id, name=person.name, clock=web().clock)
    return onward("people.show_people")


@people.route("/<int:user_id>/unname", methods=["POST", "GET"])
@signed_in(Action.NAME_PEOPLE)
def unname(user_id: int) -> Any:
    """Take it back; it holds from their next click on."""
    rights.unname_user(web().db, portal().id, me(), user_id=user_id, clock=web().clock)
    return onward("people.show_people")


def _search(text: str) -> Search:
    text = text.strip()[:LONGEST]
    if not text:
        return Search("")
    try:
        with hurried_client(web().db, web().settings, portal().id, web().clock) as client:
            return Search(text, tuple(find_people(client, text)))
    except BitrixError as error:
        return Search(text, problem=" ".join(sentences(error.told(), _)))


def _known(user_id: int) -> Colleague | None:
    with hurried_client(web().db, web().settings, portal().id, web().clock) as client:
        return colleague(client, user_id)


def _nobody() -> Any:
    return show(
        Message(
            "no-employee",
            _("There is no such employee"),
            (_("They were dismissed, or are no employee of this Bitrix24. Nothing was changed."),),
            "warning",
            "person",
        ),
        404,
    )


def _line(one: NamedUser) -> NamedLine:
    at = day(datetime.fromisoformat(one.at))
    return NamedLine(one.id, one.name, _("Named by %(name)s on %(when)s", name=one.by or "–", when=at))
