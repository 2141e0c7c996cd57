"""Pages of a watched native switch: what it means, the guide with progress, predicted beside actual, a plan for what was left behind.

Must never write to the portal: whoever presses a button here only makes Leadswitch look.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request, url_for

from connector.errors import AlreadyRunning, BitrixError
from connector.i18n import N_, _
from connector.planning.model import CrmMode, PortalFacts
from connector.planning.options import Leftovers, Options, Selection
from connector.plans import queries as plan_queries
from connector.plans import service as plans
from connector.plans.queries import Header
from connector.portals import audit
from connector.portals.rights import Action
from connector.switching import queries, service
from connector.switching.progress import RunProgress
from connector.web import nativeview, planview, reportview, words
from connector.web.context import is_fragment, page, part, session, web
from connector.web.downloads import run_downloads
from connector.web.guard import actor, portal, signed_in
from connector.web.plans import onward
from connector.web.viewparts import Item, variant_note

native = Blueprint("native", __name__, url_prefix="/app/native")

COURSE = (
    N_("Leadswitch looks at every lead once more and keeps what Bitrix24 is predicted to make of it."),
    N_("You switch the CRM mode in Bitrix24 and let it convert the leads; this page follows along."),
    N_("Then every lead is compared with the prediction. Leads that Bitrix24 left behind are named."),
)
UNABLE = (
    N_("Leadswitch cannot undo what Bitrix24 itself converts"),
    N_("Bitrix24 does not look for existing contacts and companies: doubles are possible"),
    N_("All deals begin in the first stage of one pipeline"),
    N_("Robots and workflows of the new records run at once"),
)


@native.route("/plans/<plan_id>", methods=["POST", "GET"])
@signed_in(Action.APPLY)
def confirm(plan_id: str) -> str:
    """What it means to let Bitrix24 convert, before the watch begins."""
    plan = _plan(plan_id)
    counts = plan.counts.get("native", {})
    predicted = [
        Item(_("Deals"), counts.get("deals", 0)),
        Item(_("New contacts"), counts.get("contacts", 0)),
        Item(_("New companies"), counts.get("companies", 0)),
        Item(_("Activities completed"), counts.get("activities_completed", 0)),
        Item(_("Leads left behind"), counts.get("left_behind", 0)),
    ]
    return page(
        "native_confirm", "confirm",
        plan=planview.card(plan),
        predicted=predicted,
        note=variant_note(str(plan.options.get("variant", ""))),
        course=[_(text) for text in COURSE],
        unable=[_(text) for text in UNABLE],
    )  # fmt: skip


@native.route("/plans/<plan_id>/start", methods=["POST", "GET"])
@signed_in(Action.APPLY)
def start(plan_id: str) -> Any:
    """Begin to watch. A second click finds the run that the first one started."""
    _plan(plan_id)
    if first := _watching(plan_id):
        return onward("native.show", run_id=first)
    try:
        run_id = service.start_native(
            web().db, plan_id, actor(), valid_days=web().settings.plan_valid_days, clock=web().clock
        )
    except AlreadyRunning:
        # Somebody else's click came in between the look and the start.
        if first := _watching(plan_id):
            return onward("native.show", run_id=first)
        raise
    web().engine.enqueue("run", run_id, portal().key)
    return onward("native.show", run_id=run_id)


def _watching(plan_id: str) -> str:
    live = queries.live(web().db, portal().id)
    return live.id if live is not None and live.kind == "native" and live.plan_id == plan_id else ""


@native.route("/<run_id>", methods=["POST", "GET"])
@signed_in(Action.READ_PLAN)
def show(run_id: str) -> str:
    """The watch as it is: the guide with progress, or the comparison."""
    run = _run(run_id)
    if run.state in nativeview.ENDED:
        web().facts.forget(portal().id)
        return page(
            "native_report", "report",
            run=_watched(run),
            result=nativeview.result_view(run),
            lines=_lines(run),
            downloads=run_downloads(run.id),
            plan_path=url_for("plans.show", plan_id=run.plan_id),
            actions=reportview.actions(audit.of_run(web().db, portal().id, run.id)),
        )  # fmt: skip
    service.watch(web().db, run_id, clock=web().clock)
    mode = {"mode": _(words.MODE_NAMES[CrmMode.SIMPLE])}
    guide = {
        device: [
            {"picture": step.picture, "text": _(step.text)}
            if step.picture != "mode"
            else {"picture": "mode", "text": _(nativeview.GUIDE_LAST, **mode)}
            for step in steps
        ]
        for device, steps in words.GUIDE.items()
    }
    return page("native", "flip", run=_watched(run), guide=guide)


@native.route("/<run_id>/state", methods=["POST", "GET"])
@signed_in(Action.READ_PLAN)
def state(run_id: str) -> str:
    """The progress as a fragment. Somebody is looking, so the portal is asked more often."""
    run = _run(run_id)
    if run.state == "waiting":
        service.watch(web().db, run_id, clock=web().clock)
    return part("native_state", run=_watched(run))


@native.route("/<run_id>/leads", methods=["POST", "GET"])
@signed_in(Action.READ_PLAN)
def leads(run_id: str) -> str:
    """The table of the result: a fragment for its filter and pages, a page of its own without scripts."""
    run = _run(run_id)
    if is_fragment():
        return part("native_leads", run=_watched(run), lines=_lines(run))
    return page("native_leads", "report", run=_watched(run), lines=_lines(run))


@native.route("/<run_id>/rest", methods=["POST", "GET"])
@signed_in(Action.PLAN)
def rest(run_id: str) -> Any:
    """A managed plan for everything that is still in work, with the options of the plan that was watched."""
    run = _run(run_id)
    options = Options.model_validate(_plan(run.plan_id).options)
    # A stage map or a way with leftovers was chosen for the whole; who is still there is taken as it is.
    chosen = options.model_copy(update={"leads": Selection(), "leftovers": Leftovers.BLOCK})
    plan_id = plans.create(web().db, portal(), chosen, actor(), clock=web().clock)
    web().engine.enqueue("plan", plan_id, portal().key)
    return onward("plans.show", plan_id=plan_id)


def _plan(plan_id: str) -> Header:
    plan = plan_queries.header(web().db, plan_id, portal_id=portal().id)
    if plan.direction != CrmMode.SIMPLE:
        abort(404)
    return plan


def _run(run_id: str) -> RunProgress:
    run = queries.run(web().db, run_id, portal_id=portal().id, clock=web().clock)
    if run.kind != "native":
        abort(404)
    return run


def _watched(run: RunProgress) -> nativeview.WatchView:
    who = session()
    return nativeview.watch_view(run, who.origin if who else "")


def _lines(run: RunProgress) -> nativeview.LinePage:
    form = request.form.to_dict()
    reason = form.get("reason", "")
    found = queries.leads(
        web().db,
        run.id,
        reason=reason if reason in nativeview.REASONS else "",
        after=_number(form.get("after", "")),
        limit=nativeview.PAGE + 1,
    )
    return nativeview.line_page(found, form, run, _facts())


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def _facts() -> PortalFacts | None:
    """Facts for names; a report can be read when the portal does not answer."""
    try:
        return web().facts.of(portal().id)
    except BitrixError:
        return None
