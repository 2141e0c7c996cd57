"""Runs: start, watch, pause, resume, cancel, retry and undo them. Asks switching, which has the last word; must never do its work."""

from collections.abc import Callable
from typing import Annotated, Any

from flask import Response, url_for
from pydantic import Field

from connector.errors import DigestMismatch
from connector.plans import queries as plan_queries
from connector.portals import audit
from connector.portals.api_keys import Scope
from connector.store.models import RunState
from connector.switching import queries, service
from connector.switching.progress import RunProgress
from connector.web import downloads
from connector.web.api.audit import line_of
from connector.web.api.caller import caller
from connector.web.api.etags import require_seen
from connector.web.api.files import REPORTS, sent
from connector.web.api.fitting import OneOf, Query, Text
from connector.web.api.operation import Headers, operation
from connector.web.api.paging import PageQuery, links, onward, resume
from connector.web.api.plans import shape as plan_shape
from connector.web.api.run_shapes import (
    JournalLines,
    LeadId,
    RetryForm,
    RunEvents,
    RunForm,
    RunLeads,
    RunProgressShape,
    Runs,
    RunShape,
    UndoForm,
    journal_of,
    lead_of,
    progress_of,
    run_of,
)
from connector.web.context import web

TAG = "runs"
LEAD_STATES = ("pending", "running", "done", "skipped", "failed", "undone", "kept")


class RunsQuery(PageQuery):
    """Which runs."""

    state: Annotated[str, OneOf(RunState)] | None = None


class RunLeadQuery(PageQuery):
    """Which leads of a run."""

    state: Annotated[str, OneOf(LEAD_STATES)] | None = None
    reason: Text = Field(default="", max_length=100, description="Code of a reason, such as stale.")


class JournalQuery(PageQuery):
    """Which lines of a journal."""

    lead_id: int | None = LeadId


class ReportQuery(Query):
    """What to take home."""

    format: Annotated[str, OneOf(REPORTS)]


@operation("GET", "/runs", tag=TAG, scope=Scope.RUNS_READ, answer=Runs)
def list_runs(query: RunsQuery) -> tuple[Runs, Headers]:
    """Runs of the portal, the newest first."""
    states = (query.state,) if query.state else ()
    found = queries.page(
        web().db,
        caller().portal.id,
        after=resume(query),
        states=states,
        limit=query.limit + 1,
        clock=web().clock,
    )
    rows = found[: query.limit]
    following = onward(query, queries.place_of(rows[-1]) if len(found) > query.limit else None)
    return Runs(data=[_shape(one) for one in rows], next=following), links(query, following)


@operation(
    "POST",
    "/runs",
    tag=TAG,
    scope=Scope.RUNS_WRITE,
    answer=RunShape,
    status=202,
    points=True,
    takes_match=True,
)
def start_run(json: RunForm) -> tuple[RunShape, Headers]:
    """Carry a plan out: its leads are converted, then the mode is changed.

    `If-Match` is the plan as you have read it, with what was decided about it.

    With `native` Bitrix24 converts instead, in its own dialog, and the run only watches; it ends up `waiting` for `native`.

    The run goes on by itself. Where only a person can change the mode, it ends up `waiting` for `flip`.
    """
    plan = plan_queries.header(web().db, json.plan_id, portal_id=caller().portal.id)
    if json.digest is not None and plan.digest != json.digest:
        raise DigestMismatch
    require_seen(plan_shape(plan.id))
    days = web().settings.plan_valid_days
    if json.native:
        run_id = service.start_native(web().db, plan.id, caller().actor, valid_days=days, clock=web().clock)
    else:
        run_id = service.start(
            web().db,
            plan.id,
            caller().actor,
            replan_stale=json.replan_stale,
            valid_days=days,
            clock=web().clock,
        )
    return _woken(run_id), {"Location": url_for("api.get_run", run_id=run_id)}


@operation(
    "POST",
    "/plans/<plan_id>/watch",
    tag=TAG,
    scope=Scope.RUNS_WRITE,
    answer=RunShape,
    status=202,
)
def watch_native(plan_id: str) -> tuple[RunShape, Headers]:
    """Watch Bitrix24's own switch with the predictions of a plan: a run of the kind native, which writes nothing to the portal.

    A person switches in Bitrix24; the run then compares what was predicted with what came, lead by lead.
    """
    plan = plan_queries.header(web().db, plan_id, portal_id=caller().portal.id)
    run_id = service.start_native(web().db, plan.id, caller().actor, clock=web().clock)
    return _woken(run_id), {"Location": url_for("api.get_run", run_id=run_id)}


@operation("GET", "/runs/<run_id>", tag=TAG, scope=Scope.RUNS_READ, answer=RunShape)
def get_run(run_id: str) -> RunShape:
    """One run: how it stands, what it waits for, its report."""
    return _shape(_run(run_id))


@operation("GET", "/runs/<run_id>/progress", tag=TAG, scope=Scope.RUNS_READ, answer=RunProgressShape)
def get_run_progress(run_id: str) -> RunProgressShape:
    """How far a run is, and nothing else: for asking often."""
    return progress_of(_run(run_id))


@operation("POST", "/runs/<run_id>/pause", tag=TAG, scope=Scope.RUNS_WRITE, answer=RunShape, takes_match=True)
def pause_run(run_id: str) -> RunShape:
    """Stop within one batch; everything done so far is recorded."""
    return _control(run_id, service.pause)


@operation(
    "POST", "/runs/<run_id>/resume", tag=TAG, scope=Scope.RUNS_WRITE, answer=RunShape, takes_match=True
)
def resume_run(run_id: str) -> RunShape:
    """Let a paused run go on, or look at once what a waiting one waits for."""
    return _control(run_id, service.resume)


@operation(
    "POST", "/runs/<run_id>/cancel", tag=TAG, scope=Scope.RUNS_WRITE, answer=RunShape, takes_match=True
)
def cancel_run(run_id: str) -> RunShape:
    """End a run. Leads under way are brought to an end, what is done stays done."""
    return _control(run_id, service.cancel)


@operation("POST", "/runs/<run_id>/retry", tag=TAG, scope=Scope.RUNS_WRITE, answer=RunShape, takes_match=True)
def retry_run(run_id: str, json: RetryForm) -> RunShape:
    """Try failed leads again, in the same run."""
    return _control(run_id, service.retry, replan=json.replan)


@operation("POST", "/runs/<run_id>/try", tag=TAG, scope=Scope.RUNS_WRITE, answer=RunShape, takes_match=True)
def try_run(run_id: str) -> RunShape:
    """Have a finished switch tried with one test inquiry: a lead with a clear name is created, looked at and removed again; what came of it
    stands in the run's report."""
    return _control(run_id, service.try_inquiry)


@operation(
    "POST",
    "/runs/<run_id>/undo",
    tag=TAG,
    scope=Scope.RUNS_WRITE,
    answer=RunShape,
    status=202,
    takes_match=True,
)
def undo_run(run_id: str, json: UndoForm) -> tuple[RunShape, Headers]:
    """Take a run back, whole or for some leads: a new run of the kind undo. What cannot be brought back stands in its report."""
    run = _run(run_id)
    require_seen(_shape(run))
    undo_id = service.undo(
        web().db, run.id, caller().actor, json.leads, mode_back=json.mode_back, clock=web().clock
    )
    return _woken(undo_id), {"Location": url_for("api.get_run", run_id=undo_id)}


@operation("GET", "/runs/<run_id>/leads", tag=TAG, scope=Scope.RUNS_READ, answer=RunLeads)
def list_run_leads(run_id: str, query: RunLeadQuery) -> tuple[RunLeads, Headers]:
    """What became of each lead, in the order of the plan."""
    after = resume(query)
    states = (query.state,) if query.state else ()
    found = queries.leads(
        web().db,
        _run(run_id).id,
        states=states,
        reason=query.reason,
        after=-1 if after is None else after,
        limit=query.limit + 1,
    )
    rows = found[: query.limit]
    following = onward(query, rows[-1].position if len(found) > query.limit else None)
    return RunLeads(data=[lead_of(one) for one in rows], next=following), links(query, following)


@operation("GET", "/runs/<run_id>/journal", tag=TAG, scope=Scope.RUNS_READ, answer=JournalLines)
def list_journal(run_id: str, query: JournalQuery) -> tuple[JournalLines, Headers]:
    """Every write of a run, as it was noted before it was sent and settled after."""
    found = queries.journal_page(
        web().db, _run(run_id).id, lead_id=query.lead_id, after=resume(query) or 0, limit=query.limit + 1
    )
    rows = found[: query.limit]
    following = onward(query, rows[-1].id if len(found) > query.limit else None)
    return JournalLines(data=[journal_of(one) for one in rows], next=following), links(query, following)


@operation("GET", "/runs/<run_id>/events", tag=TAG, scope=Scope.RUNS_READ, answer=RunEvents)
def list_run_events(run_id: str) -> RunEvents:
    """Who started, paused, resumed, cancelled, retried or undid a run, and when."""
    run = _run(run_id)
    return RunEvents(data=[line_of(one) for one in audit.of_run(web().db, caller().portal.id, run.id)])


@operation("GET", "/runs/<run_id>/export", tag=TAG, scope=Scope.RUNS_READ, files=REPORTS)
def export_run(run_id: str, query: ReportQuery) -> Response:
    """The report of a run as a file: csv, xlsx, json or html, in the language of the request."""
    run = _run(run_id)
    what = {"kind": "run", "id": run.id, "format": query.format}
    return sent(downloads.run_file(web().db, what, caller().portal.id), what)


def _control(run_id: str, ask: Callable[..., Any], **more: Any) -> RunShape:
    """Ask something of a run of this portal, if `If-Match` allows it, and have it worked on."""
    run = _run(run_id)
    require_seen(_shape(run))
    ask(web().db, run.id, caller().actor, clock=web().clock, **more)
    return _woken(run.id)


def _woken(run_id: str) -> RunShape:
    web().engine.enqueue("run", run_id, caller().portal.key)
    return _shape(_run(run_id))


def _run(run_id: str) -> RunProgress:
    return queries.run(web().db, run_id, portal_id=caller().portal.id, clock=web().clock)


def _shape(run: RunProgress) -> RunShape:
    return run_of(run, queries.undone_by(web().db, run.id))
