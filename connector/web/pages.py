"""Overview, choice of the mode, options, history: the pages before and beside a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from connector.planning.model import CrmMode, PortalFacts
from connector.planning.options import Options
from connector.plans import queries as plan_queries
from connector.portals import preferences
from connector.portals.retention import retention_days
from connector.portals.rights import Action
from connector.switching import queries as run_queries
from connector.switching.service import run_of_plan
from connector.web import forms, history
from connector.web.context import page, part, web
from connector.web.facts import active_total, facts_view
from connector.web.guard import me, portal, signed_in
from connector.web.reportview import when
from connector.web.session import FIELD
from connector.web.suggest import Suggestion

FRESH = timedelta(days=1)
"""An older dry run says little about the leads of today."""


@dataclass(frozen=True, slots=True)
class LastPlan:
    """A dry run that can be gone on with."""

    id: str
    when: str
    who: str


pages = Blueprint("pages", __name__, url_prefix="/app")


@pages.route("", methods=["POST", "GET"])
@signed_in(Action.OVERVIEW)
def overview() -> str:
    """Step 1: the mode now, both modes explained, active leads, who may switch."""
    return overview_page()


def overview_page() -> str:
    """The overview of the portal of this request; also what a launch opens."""
    facts, live = web().facts.of(portal().id, fresh=True), _live()
    return page(
        "overview",
        "overview",
        nav="overview",
        live=live,
        last=None if live else _last(),
        suggestion=_suggestion(facts),
        **facts_view(facts),
    )


@pages.route("/choose", methods=["POST", "GET"])
@signed_in(Action.PLAN)
def choose() -> str:
    """Step 2: the mode that is wanted."""
    keep_filled()
    facts = web().facts.of(portal().id)
    return page("choose", "choose", live=_live(), suggestion=_suggestion(facts), **facts_view(facts))


@pages.route("/options", methods=["POST", "GET"])
@signed_in(Action.PLAN)
def options() -> str:
    """Step 3: how leads become deals; for Classic CRM, what changes. `from` is a plan whose options are taken over."""
    facts = web().facts.of(portal().id)
    earlier = request.form.get("from")
    if earlier:
        chosen = Options.model_validate(plan_queries.header(web().db, earlier, portal_id=portal().id).options)
        return options_page(chosen)
    keep_filled()
    filled = request.form if _is_filled() or request.form.get("to") == CrmMode.CLASSIC else _draft()
    try:
        return options_page(forms.options_of(filled, facts))
    except forms.BadForm as bad:
        return options_page(bad.kept, bad.texts, filled)


def options_page(
    chosen: Options, problems: tuple[str, ...] = (), typed: Mapping[str, str] | None = None
) -> str:
    """The option form with a choice filled in, and what is wrong with what was `typed`."""
    facts = web().facts.of(portal().id)
    if chosen.to is CrmMode.CLASSIC:
        return page("options_classic", "options", problems=problems, here_fields={"to": "classic"})
    return page(
        "options",
        "options",
        problems=problems,
        form=forms.view(chosen, facts, typed),
        active_total=active_total(facts),
        here_fields={"to": "simple"},
    )


def _draft() -> MultiDict[str, str]:
    """What this person has filled in and not used yet: a reload, or another language, does not lose it."""
    return MultiDict(preferences.draft(web().db, portal().id, me().user_id))


def _is_filled() -> bool:
    """Whether the option form was posted, and not only the way to it."""
    return "create" in request.form


def keep_filled() -> None:
    """Keep the option form as it was posted, if it was."""
    if _is_filled():
        pairs = [(n, v) for n, v in request.form.items(multi=True) if n not in (FIELD, "lang", "from")]
        preferences.keep_draft(web().db, portal().id, me().user_id, pairs, web().clock)


@pages.route("/options/draft", methods=["POST"])
@signed_in(Action.PLAN)
def keep_draft() -> Response:
    """The form changes: keep it as it is just now."""
    keep_filled()
    return Response(status=HTTPStatus.NO_CONTENT)


@pages.route("/options/stages", methods=["POST", "GET"])
@signed_in(Action.PLAN)
def stage_map() -> str:
    """The stage map for the pipeline that was just chosen, as a fragment."""
    facts = web().facts.of(portal().id)
    try:
        chosen = forms.options_of(request.form, facts)
    except forms.BadForm:
        chosen = Options(pipeline=forms.pipeline_of(request.form, facts))
    return part("stage_map", form=forms.view(chosen, facts))


@pages.route("/history", methods=["POST", "GET"], endpoint="history")
@signed_in(Action.READ_PLAN)
def history_view() -> str:
    """Every plan and run of the portal that is still kept, each list a page at a time."""
    at = {name: history.page_of(request.form.get(name, "")) for name in ("runs", "plans")}
    return page(
        "history",
        nav="history",
        retention=retention_days(web().db, web().settings, portal().id),
        plans=history.plan_rows(web().db, portal().id, at["plans"]),
        runs=history.run_rows(web().db, portal().id, at["runs"]),
        at=at,
        here_fields={name: str(number) for name, number in at.items() if number},
    )


def _suggestion(facts: PortalFacts) -> Suggestion | None:
    return web().advisor.of(portal().id, facts.mode)


def _last() -> LastPlan | None:
    """The newest dry run, while it waits to be carried out: where somebody goes on who had to leave."""
    plans = plan_queries.recent(web().db, portal().id, limit=1)
    if not plans or plans[0].state not in ("building", "ready"):
        return None
    plan = plans[0]
    if web().clock.now() - plan.created_at > FRESH or run_of_plan(web().db, plan.id) is not None:
        return None
    return LastPlan(plan.id, when(plan.created_at), str(plan.created_by.get("name") or ""))


def _live() -> Any:
    return run_queries.live(web().db, portal().id)
