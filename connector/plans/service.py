"""Making plans, storing them, and moving them in and out of files. Must never write to a portal."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select

from connector.bitrix.client import BitrixClient
from connector.clock import Clock, SystemClock
from connector.errors import (
    Cancelled,
    DigestMismatch,
    LeadswitchError,
    NotAPlan,
    OptionsUnfit,
    PlanBroken,
    PlanError,
    PlanNotFound,
    PlanNotReady,
    joined,
)
from connector.planning.catalogue import said
from connector.planning.checks import check_options
from connector.planning.encode import lead_from_json, lead_to_json
from connector.planning.model import CrmMode, LeadPlan, LeadSnapshot, PortalFacts, Severity
from connector.planning.options import Automation, Options
from connector.planning.planner import plan_stream
from connector.planning.summary import make_head
from connector.planning.tally import Tally
from connector.plans import decisions, document, queries
from connector.plans.storing import Sink
from connector.portals import audit
from connector.portals.refs import PortalRef, portal_ref
from connector.reading import read_facts, read_leads
from connector.store.database import Database
from connector.store.models import Plan, PlanFinding, PlanLead, PlanState

Actor = Mapping[str, Any]
Progress = Callable[[int, int], None]
EVERY = 500
"""Leads between two looks at `cancel` and two notes of progress."""


def create(
    db: Database,
    portal: PortalRef,
    options: Options,
    actor: Actor,
    *,
    clock: Clock | None = None,
    plan_id: str = "",
) -> str:
    """A new plan in state `building`; `build` fills it. `actor` is `{"user_id", "name", "via"}`. Returns its id.

    Who must be able to ask twice for the same plan gives its `plan_id`: one that is there already stays as it is.
    """
    did, clock = audit.Did.PLANNED, clock or SystemClock()
    return _create(db, portal, options, actor, did=did, clock=clock, plan_id=plan_id)


def _create(
    db: Database,
    portal: PortalRef,
    options: Options,
    actor: Actor,
    *,
    did: audit.Did,
    clock: Clock,
    plan_id: str = "",
) -> str:
    plan_id, now = plan_id or uuid.uuid4().hex, clock.now()
    with db.begin() as session:
        if session.get(Plan, plan_id) is not None:
            return plan_id
        session.add(
            Plan(
                id=plan_id,
                portal_id=portal.id,
                direction=options.to.value,
                options=options.model_dump(mode="json"),
                state=PlanState.BUILDING,
                progress={},
                created_at=now,
                created_by=dict(actor),
            )
        )
        detail = {"plan": plan_id, "to": options.to.value}
        audit.record(session, portal.id, at=now, who=actor, action=did, detail=detail)
    return plan_id


def build(
    db: Database,
    client: BitrixClient,
    plan_id: str,
    *,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
    clock: Clock | None = None,
) -> None:
    """Read the portal and fill the plan. `progress` is told (leads done, leads expected).

    Raises `OptionsUnfit` when the options do not fit the portal, `Cancelled`, or what reading raised; the plan is `failed` then and
    says why. A plan that was left half-built by a killed process is built anew.
    """
    clock = clock or SystemClock()
    portal, options = _begin(db, plan_id)
    sink = Sink(db, plan_id, clock)
    try:
        facts = read_facts(client, key=portal.key, taken_at=clock.now(), via=client.portal)
        _check(options, facts)
        tally, notes = Tally(quiet=options.automation is Automation.QUIET), set[str]()
        for number, plan in enumerate(_planned(client, facts, options, notes), start=1):
            tally.add(plan)
            sink.add(lead_to_json(plan))
            if number % EVERY == 0:
                _pause(sink, number, facts, progress, cancel)
        head = make_head(facts, options, tally, facts.taken_at, notes)
        sink.finish(head)
    except BaseException as error:
        sink.fail(_why(error))
        raise
    if progress:
        progress(tally.leads, tally.leads)


def _planned(
    client: BitrixClient, facts: PortalFacts, options: Options, notes: set[str]
) -> Iterator[LeadPlan]:
    leads: Iterator[LeadSnapshot] = iter(())
    if options.to is CrmMode.SIMPLE:
        leads = read_leads(client, facts, options, notes=notes)
    return plan_stream(facts, options, leads)


def _why(error: BaseException) -> str:
    """What a failed plan keeps in `error`: JSON of `LeadswitchError.told`, to be said in the language of whoever looks."""
    stopped = isinstance(error, Cancelled | KeyboardInterrupt)
    known = error if isinstance(error, LeadswitchError) else PlanBroken(name=type(error).__name__)
    # Planning only reads: whatever a single call may have left open, the portal is as it was.
    told = {**(Cancelled() if stopped else known).told(), "kept": PlanError.kept}
    return json.dumps({**told, "todo": PlanError.todo} if stopped else told, ensure_ascii=False)


def _pause(
    sink: Sink, number: int, facts: PortalFacts, progress: Progress | None, cancel: Callable[[], bool] | None
) -> None:
    expected = max(number, facts.active_total)
    sink.flush({"read": number, "total": expected})
    if progress:
        progress(number, expected)
    if cancel and cancel():
        raise Cancelled


def _check(options: Options, facts: PortalFacts) -> None:
    """Options with an error stop here, before anything is read; the rest of the findings goes into the head."""
    wrong = [
        sentence
        for f in check_options(options, facts)
        if f.severity is Severity.ERROR
        for sentence in said(f)
    ]
    if wrong:
        raise OptionsUnfit(problems=joined(wrong))


def _begin(db: Database, plan_id: str) -> tuple[PortalRef, Options]:
    """The portal and options of a plan that is to be built, cleared of what an earlier attempt left."""
    with db.begin() as session:
        plan = session.get(Plan, plan_id)
        if plan is None:
            raise PlanNotFound(plan=plan_id)
        if plan.state == PlanState.READY:
            raise PlanNotReady(state=plan.state)
        plan.state, plan.error, plan.progress = PlanState.BUILDING, None, {}
        session.execute(delete(PlanFinding).where(PlanFinding.plan_id == plan_id))
        session.execute(delete(PlanLead).where(PlanLead.plan_id == plan_id))
        portal_id, options = plan.portal_id, Options.model_validate(plan.options)
    return portal_ref(db, portal_id), options


def load_file(
    db: Database, portal: PortalRef, path: Path, *, actor: Actor | None = None, clock: Clock | None = None
) -> str:
    """Take a plan file in for `portal` and return the plan's id; a file that is here already gives the plan that is here.

    The whole file is checked before anything is stored. Raises `NotAPlan` (with the line), `PlanFormatUnknown`, `DigestMismatch`,
    `WrongPortal`, or `OSError`.
    """
    clock = clock or SystemClock()
    reader = _checked(path, portal)
    decided = _decided(reader)
    with db.read() as session:
        here = session.scalar(
            select(Plan.id)
            .where(Plan.portal_id == portal.id, Plan.digest == reader.digest, Plan.state == PlanState.READY)
            .where(Plan.decided == decided)
            .order_by(Plan.created_at)
            .limit(1)
        )
    if here is not None:
        return here
    options = _options_of(reader)
    plan_id = _create(db, portal, options, actor or {}, did=audit.Did.PLAN_LOADED, clock=clock)
    sink = Sink(db, plan_id, clock)
    try:
        with path.open("rb") as source:
            again = document.read(source, portal.key)
            for lead in again.leads():
                sink.add(lead)
            sink.finish(again.head)
        if decided:
            with db.begin() as session:
                plan = session.get_one(Plan, plan_id)
                decisions.adopt(session, plan, reader.decisions, actor or {}, clock)
    except BaseException as error:
        sink.fail(_why(error))
        raise
    return plan_id


def _decided(reader: document.PlanReader) -> str:
    """The digest of the decisions in a file; raises `DigestMismatch` when it is not the one that the file names."""
    digest = decisions.digest_of(reader.digest, reader.decisions)
    if digest != reader.decisions.get("digest", ""):
        raise DigestMismatch("the decisions in the summary do not fit their digest")
    return digest


def _checked(path: Path, portal: PortalRef | None) -> document.PlanReader:
    """Read a file to its end: every line, every lead's shape, the digest."""
    with path.open("rb") as source:
        reader = document.read(source)
        if portal is not None:
            document.refuse_foreign(reader.head, portal.key, portal.host)
        for number, lead in enumerate(reader.leads(), start=2):
            try:
                lead_from_json(lead)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as wrong:
                raise NotAPlan(
                    f"line {number}: this lead is not complete ({type(wrong).__name__}: {wrong})", line=number
                ) from wrong
    return reader


def _options_of(reader: document.PlanReader) -> Options:
    try:
        return Options.model_validate(reader.head.options)
    except ValueError as wrong:
        raise NotAPlan("line 1: the options are not those of a plan", line=1) from wrong


def save_file(db: Database, plan_id: str, path: Path) -> str:
    """Write a plan to a file and return its digest. The file appears whole or not at all, readable by its owner only."""
    head = queries.header(db, plan_id)
    if head.head is None:
        raise PlanNotReady(state=head.state)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            digest = document.write(out, head.head, queries.documents(db, plan_id), decisions.exported(head))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return digest
