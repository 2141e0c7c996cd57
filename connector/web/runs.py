"""Pages of one run: live progress with its controls, the guided flip, the report, undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import Blueprint, abort, url_for

from connector.errors import AlreadyRunning
from connector.i18n import _, ngettext
from connector.planning.model import CrmMode
from connector.portals import audit
from connector.portals.card import portal_card
from connector.portals.rights import Action
from connector.switching import queries, service
from connector.switching.progress import RunProgress
from connector.web import nativeview, reportview, runview, words
from connector.web.context import page, part, session, web
from connector.web.downloads import run_downloads
from connector.web.guard import actor, portal, signed_in
from connector.web.plans import onward

runs = Blueprint("runs", __name__, url_prefix="/app/runs")

VERBS: Mapping[str, Callable[..., Any]] = {
    "pause": service.pause,
    "resume": service.resume,
    "cancel": service.cancel,
    "retry": service.retry,
    "replan": partial(service.retry, replan=True),
}
WAKES = ("resume", "retry", "replan", "cancel")


@runs.route("/<run_id>", methods=["POST", "GET"], endpoint="show")
@signed_in(Action.READ_PLAN)
def show_run(run_id: str) -> Any:
    """The run as it is: at work, waiting for the mode, or finished. A watched native switch has pages of its own."""
    run = _run(run_id)
    if run.kind == "native":
        return onward("native.show", run_id=run_id)
    if runview.is_flip(run):
        return _flip_page(run)
    if run.state in runview.ENDED:
        return _report_page(run)
    return page("run", "run", run=runview.run_view(run))


@runs.route("/<run_id>/progress", methods=["POST", "GET"])
@signed_in(Action.READ_PLAN)
def progress(run_id: str) -> str:
    """The progress as a fragment; when the run has another page now, it leads there."""
    return part("run_progress", run=runview.run_view(_run(run_id)))


@runs.route("/<run_id>/flip", methods=["POST", "GET"])
@signed_in(Action.READ_PLAN)
def flip(run_id: str) -> str:
    """The wait for the mode as a fragment. Somebody is looking, so the portal is asked more often."""
    run = _run(run_id)
    if runview.is_flip(run):
        service.watch(web().db, run_id, clock=web().clock)
    return part("flip_state", run=runview.run_view(run), flip=_flip(run))


@runs.route("/<run_id>/control/<verb>", methods=["POST", "GET"])
@signed_in(Action.CONTROL)
def control(run_id: str, verb: str) -> Any:
    """Pause, resume, cancel or retry; a click on what has already happened does nothing."""
    if verb not in VERBS:
        abort(404)
    run = _run(run_id)
    offered = nativeview.watch_view(run, "").controls if run.kind == "native" else runview.controls(run)
    if any(one.verb == verb for one in offered):
        VERBS[verb](web().db, run_id, actor(), clock=web().clock)
        if verb in WAKES:
            web().engine.enqueue("run", run_id, portal().key)
    return onward("runs.show", run_id=run_id)


@runs.route("/<run_id>/try", methods=["POST", "GET"])
@signed_in(Action.CONTROL)
def try_inquiry(run_id: str) -> Any:
    """One test inquiry, when somebody asks for it; a click on what is under way does nothing."""
    if runview.may_try(_run(run_id)):
        service.try_inquiry(web().db, run_id, actor(), clock=web().clock)
        web().engine.enqueue("run", run_id, portal().key)
    return onward("runs.show", run_id=run_id)


@runs.route("/<run_id>/undo", methods=["POST", "GET"])
@signed_in(Action.UNDO)
def undo(run_id: str) -> str:
    """What undo brings back and what it cannot, before it starts."""
    run = _run(run_id)
    fine = run.done
    simple = ((run.report or {}).get("mode") or {}).get("wanted") != CrmMode.CLASSIC
    sentence = ngettext(
        "%(n)s lead goes back to where it was.", "%(n)s leads go back to where they were.", fine
    )
    return page(
        "undo", "report",
        run=runview.run_view(run),
        sentence=sentence if fine else _("The mode is changed back; nothing was converted."),
        undoable=[_(text) for text in (words.UNDOABLE if simple else words.UNDOABLE_CLASSIC)],
        not_undoable=[_(text) for text in (words.NOT_UNDOABLE if simple else words.NOT_UNDOABLE_CLASSIC)],
        course=[_(text) for text in words.COURSE_UNDO],
    )  # fmt: skip


@runs.route("/<run_id>/undo/start", methods=["POST", "GET"])
@signed_in(Action.UNDO)
def undo_start(run_id: str) -> Any:
    """Take a run back. A second click finds the undo that the first one started."""
    run = _run(run_id)
    if first := _undoing(run.id):
        return onward("runs.show", run_id=first)
    try:
        undo_id = service.undo(web().db, run_id, actor(), clock=web().clock)
    except AlreadyRunning:
        # Somebody else's click came in between the look and the start.
        if first := _undoing(run.id):
            return onward("runs.show", run_id=first)
        raise
    web().engine.enqueue("run", undo_id, portal().key)
    return onward("runs.show", run_id=undo_id)


def _undoing(run_id: str) -> str:
    live = queries.live(web().db, portal().id)
    return live.id if live is not None and live.undo_of == run_id else ""


def _run(run_id: str) -> RunProgress:
    return queries.run(web().db, run_id, portal_id=portal().id, clock=web().clock)


def _flip(run: RunProgress) -> runview.FlipView:
    who = session()
    return runview.flip_view(run, who.origin if who else "", portal_card(web().db, portal().id).mode)


def _flip_page(run: RunProgress) -> str:
    service.watch(web().db, run.id, clock=web().clock)
    shown = _flip(run)
    mode = {"mode": _(words.MODE_NAMES[shown.to])}
    guide = {
        device: [
            {"picture": step.picture, "text": _(step.text, **mode) if "%(" in step.text else _(step.text)}
            for step in steps
        ]
        for device, steps in words.GUIDE.items()
    }
    return page("flip", "flip", run=runview.run_view(run), flip=shown, guide=guide)


def _report_page(run: RunProgress) -> str:
    web().facts.forget(portal().id)
    total = reportview.left_total(run)
    left = queries.leads(web().db, run.id, states=reportview.LEFT, limit=reportview.NAMED) if total else []
    undos = [queries.run(web().db, id_) for id_ in queries.undone_by(web().db, run.id)]
    undone = next((one for one in reversed(undos) if reportview.takes_back(one, run)), None)
    return page(
        "report", "report",
        run=runview.run_view(run),
        report=reportview.report_view(run, left, total, undone),
        plan_path=url_for("plans.show", plan_id=run.plan_id),
        may_try=runview.may_try(run) and undone is None,
        actions=reportview.actions(audit.of_run(web().db, portal().id, run.id)),
        downloads=run_downloads(run.id),
    )  # fmt: skip
