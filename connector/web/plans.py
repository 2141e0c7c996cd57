"""Pages of one plan: dry run with progress, preview, table of leads, one lead, confirmation, start."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, redirect, request, url_for

from connector.errors import AlreadyRunning, BitrixError, PlanAlreadyApplied, sentences
from connector.i18n import _, duration, ngettext, number
from connector.planning.encode import lead_from_json
from connector.planning.model import CrmMode, PortalFacts
from connector.planning.options import Leftovers, Options
from connector.plans import decisions, queries, service
from connector.plans.queries import Header
from connector.plans.samples import sample_findings
from connector.portals import preferences
from connector.portals.retention import retention_days
from connector.portals.rights import Action
from connector.switching import service as switching
from connector.web import forms, leadlines, leadview, pages, planview, words
from connector.web.context import is_fragment, page, part, web
from connector.web.downloads import plan_downloads
from connector.web.failures import Link, Message, show
from connector.web.guard import actor, me, portal, signed_in
from connector.web.leadcompare import lead_comparison
from connector.web.todo import blocked, todo, unseen

plans = Blueprint("plans", __name__, url_prefix="/app/plans")
SAME_SECONDS = 30.0
PACE_SECONDS = 3.0
"""What is younger does not tell how long the rest takes."""


@plans.route("/new", methods=["POST", "GET"])
@signed_in(Action.PLAN)
def create() -> Any:
    """Start a dry run with the posted options, or show the form again with what is wrong."""
    facts = web().facts.of(portal().id)
    try:
        options = forms.options_of(request.form, facts)
    except forms.BadForm as bad:
        pages.keep_filled()
        return pages.options_page(bad.kept, bad.texts, request.form), 422
    if wrong := forms.problems(options, facts):
        pages.keep_filled()
        return pages.options_page(options, tuple(wrong)), 422
    plan_id = _same(options)
    if plan_id is None:
        plan_id = service.create(web().db, portal(), options, actor(), clock=web().clock)
        web().engine.enqueue("plan", plan_id, portal().key)
    preferences.drop_draft(web().db, portal().id, me().user_id, web().clock)
    return onward("plans.show", plan_id=plan_id)


@plans.route("/<plan_id>", methods=["POST", "GET"], endpoint="show")
@signed_in(Action.READ_PLAN)
def show_plan(plan_id: str) -> Any:
    """The plan as far as it is: progress, preview, or why it failed."""
    plan = _plan(plan_id)
    if plan.state == "building":
        return page("building", "preview", plan=planview.card(plan), building=True, progress=_progress(plan))
    if plan.state == "ready":
        return _preview(plan)
    return show(_failed(plan), 200)


@plans.route("/<plan_id>/progress", methods=["POST", "GET"])
@signed_in(Action.READ_PLAN)
def progress(plan_id: str) -> str:
    """The progress of a dry run, as a fragment; the last one no longer asks for the next."""
    plan = _plan(plan_id)
    return part(
        "plan_progress", plan=planview.card(plan), building=plan.state == "building", progress=_progress(plan)
    )


@plans.route("/<plan_id>/leads", methods=["POST", "GET"])
@signed_in(Action.READ_PLAN)
def leads(plan_id: str) -> str:
    """The table of leads: a fragment for the search field, a page of its own without scripts."""
    plan = _plan(plan_id)
    chosen, lines = _lines(plan)
    if is_fragment():
        return part("leads", plan=planview.card(plan), filter=chosen, page=lines)
    g.here_fields = lines.here
    return page("leads", "preview", plan=planview.card(plan), filter=chosen, page=lines)


@plans.route("/<plan_id>/leads/<int:lead_id>", methods=["POST", "GET"])
@signed_in(Action.READ_PLAN)
def lead(plan_id: str, lead_id: int) -> str:
    """One lead, before and after."""
    plan = _plan(plan_id)
    found, facts = lead_from_json(queries.lead(web().db, plan_id, lead_id)), web().facts.of(portal().id)
    fields = {
        name: request.form[name]
        for name in ("search", "stage", "severity", "kind", "code", "after", "trail")
        if request.form.get(name)
    }
    return page(
        "lead",
        "preview",
        plan=planview.card(plan),
        lead=leadview.lead_view(found, facts),
        compare=lead_comparison(found, facts),
        choice=_choice(plan, lead_id),
        here_fields=fields,
    )


@plans.route("/<plan_id>/confirm", methods=["POST", "GET"])
@signed_in(Action.APPLY)
def confirm(plan_id: str) -> str:
    """Step 5: what can and what cannot be undone, and the tick."""
    plan = _plan(plan_id)
    return _preview(plan, undecided=True) if blocked(plan) else _confirm(plan)


@plans.route("/<plan_id>/start", methods=["POST", "GET"])
@signed_in(Action.APPLY)
def start(plan_id: str) -> Any:
    """Carry the plan out. A second click finds the run that the first one started."""
    plan = _plan(plan_id)
    if run_id := switching.run_of_plan(web().db, plan_id):
        return onward("runs.show", run_id=run_id)
    if blocked(plan):
        return _preview(plan, undecided=True), 422
    if request.form.get("agreed") != "yes":
        return _confirm(plan, missing_tick=True), 422
    replan = request.form.get("replan_stale") == "yes"
    try:
        run_id = switching.start(
            web().db,
            plan_id,
            actor(),
            replan_stale=replan,
            valid_days=web().settings.plan_valid_days,
            clock=web().clock,
        )
    except (PlanAlreadyApplied, AlreadyRunning):
        # Somebody else's click came in between the look and the start.
        if first := switching.run_of_plan(web().db, plan_id):
            return onward("runs.show", run_id=first)
        raise
    web().engine.enqueue("run", run_id, portal().key)
    return onward("runs.show", run_id=run_id)


def _choice(plan: Header, lead_id: int) -> str:
    """What can be decided about a lead: `leave-out`, `take-in`, or nothing."""
    used = switching.run_of_plan(web().db, plan.id)
    if used or plan.direction == CrmMode.CLASSIC:
        return ""
    if str(lead_id) in plan.decisions.get(decisions.LEADS, {}):
        return "take-in"
    return "" if queries.is_excluded(web().db, plan.id, lead_id) else "leave-out"


def onward(endpoint: str, **values: Any) -> Response:
    """Go to another page with the same posted fields, so that the token travels on and a reload does not act twice."""
    answer = redirect(url_for(endpoint, **values), 307)
    assert isinstance(answer, Response)
    return answer


def _plan(plan_id: str) -> Header:
    return queries.header(web().db, plan_id, portal_id=portal().id)


def _same(options: Options) -> str | None:
    """The plan that a first click on the same button has just made."""
    now = web().clock.now()
    for plan in queries.recent(web().db, portal().id, limit=3):
        fresh = (now - plan.created_at).total_seconds() < SAME_SECONDS
        if fresh and plan.state == "building" and plan.options == options.model_dump(mode="json"):
            return plan.id
    return None


def _facts() -> PortalFacts | None:
    """Facts for names and colours; a plan can be read when the portal does not answer."""
    try:
        return web().facts.of(portal().id)
    except BitrixError:
        return None


def _progress(plan: Header) -> dict[str, Any]:
    done, total = int(plan.progress.get("read", 0)), int(plan.progress.get("total", 0))
    if plan.state != "building":
        return {
            "text": _("The plan is ready.") if plan.state == "ready" else _("The dry run has stopped."),
            "done": 1,
            "total": 1,
            "detail": "",
        }
    text = _("Reading the leads") if done else _("Reading stages, pipelines and fields")
    detail = _("%(done)s of %(all)s leads", done=number(done), all=number(total)) if total else ""
    elapsed = (web().clock.now() - plan.created_at).total_seconds()
    if done and total > done and elapsed > PACE_SECONDS:
        left = duration(elapsed / done * (total - done))
        detail = f"{detail} · {_('about %(time)s left', time=left)}"
    return {"text": text, "done": done, "total": total, "detail": detail}


def _lines(plan: Header) -> tuple[leadlines.Filter, leadlines.LinePage]:
    form = request.form.to_dict()
    chosen = leadlines.filter_of(form, plan.head)
    found = queries.leads(
        web().db, plan.id, search=chosen.search, stage=chosen.stage, severity="" if chosen.left_out else chosen.severity,
        code=chosen.code, kind=chosen.kind, excluded=True if chosen.left_out else None, after=form.get("after", ""), limit=leadlines.PAGE,
    )  # fmt: skip
    return chosen, leadlines.line_page(found, chosen, form, plan, _facts())


def _preview(plan: Header, *, undecided: bool = False) -> str:
    assert plan.head is not None
    facts, counts = _facts(), queries.findings(web().db, plan.id)
    samples = sample_findings(web().db, plan.id)
    chosen, lines = _lines(plan)
    title, subtitle = planview.headline(plan)
    used = switching.run_of_plan(web().db, plan.id)
    return page(
        "preview", "preview",
        plan=planview.card(plan), title=title, subtitle=subtitle, used=used,
        left_out=int(plan.decisions.get("left_out", 0)), undecided=undecided,
        totals=planview.totals(plan), summary=planview.summary(plan, facts),
        todo=todo(plan, counts, samples), severities=planview.severity_counts(plan),
        classic=planview.classic_groups(plan),
        flow=planview.flow(plan, facts), converts=plan.direction == CrmMode.SIMPLE,
        compare=planview.comparison(plan, counts, samples), downloads=plan_downloads(plan.id),
        filter=chosen, page=lines,
    )  # fmt: skip


def _confirm(plan: Header, *, missing_tick: bool = False) -> str:
    simple = plan.direction == CrmMode.SIMPLE
    converts = int(decisions.counts(plan).get("convertible", 0)) if simple else 0
    options = Options.model_validate(plan.options)
    stay = int(plan.counts.get("leads", 0)) - converts if simple else 0
    sentence = _("Nothing is converted. You change the mode in Bitrix24, and Leadswitch checks it.")
    if converts:
        sentence = ngettext(
            "%(n)s lead becomes a deal in “%(pipeline)s”.",
            "%(n)s leads become deals in “%(pipeline)s”.",
            converts,
            pipeline=planview.pipeline_name(options, _facts()),
        )
    warnings = []
    if stay:
        text = _("They are named before the mode is changed. Bitrix24 would convert them by its own rules.")
        if options.leftovers is Leftovers.BLOCK:
            text = _(
                "The mode is changed only when no lead is in work: convert or close them by hand, then continue."
            )
        warnings.append(
            {
                "title": ngettext("%(n)s lead is not converted", "%(n)s leads are not converted", stay),
                "text": text,
            }
        )
    return page(
        "confirm", "confirm",
        plan=planview.card(plan), converts=converts, sentence=sentence, warnings=warnings, missing_tick=missing_tick,
        undoable=[_(text) for text in (words.UNDOABLE if simple else words.UNDOABLE_CLASSIC)],
        not_undoable=[_(text) for text in (words.NOT_UNDOABLE if simple else words.NOT_UNDOABLE_CLASSIC)],
        may_watch=simple,
        unseen=unseen(plan),
        course=[_(text) for text in (words.COURSE if converts else words.COURSE_FLIP)],
    )  # fmt: skip


def _failed(plan: Header) -> Message:
    links = (
        Link(
            url_for("pages.options"),
            _("Change options"),
            "settings",
            "primary",
            {"to": plan.direction, "from": plan.id},
        ),
        Link(url_for("pages.overview"), _("Overview"), "screen"),
    )
    if plan.state == "expired":
        days = retention_days(web().db, web().settings, portal().id)
        texts = (_("Plans are kept for %(n)s days. Make a new dry run.", n=days),)
        return Message("plan-expired", _("This plan is not kept any more"), texts, "warning", "clock", links)
    said = sentences(plan.error, _)
    why = said if len(said) > 1 else (*said, _("Nothing was changed in your CRM."))
    return Message(
        "plan-failed",
        _("The dry run could not be finished"),
        tuple(t for t in why if t),
        "error",
        "error",
        links,
    )
