"""What people may ask of runs: start, pause, resume, cancel, retry, undo. Each asks, records who asked, and leaves the work to the runner.

Must never call a portal. That only one run of a portal lives is enforced by a unique index, not by these checks alone.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from connector.clock import Clock, SystemClock
from connector.errors import (
    AlreadyRunning,
    NothingToWatch,
    PlanAlreadyApplied,
    PlanHasErrors,
    PlanNotFound,
    PlanNotReady,
    PlanTooOld,
    RunNotFound,
    WrongRunState,
)
from connector.occurrences import run_changed
from connector.planning.model import CrmMode
from connector.portals import audit
from connector.store.database import Database
from connector.store.models import (
    LIVE_STATES,
    Plan,
    PlanLead,
    PlanState,
    Portal,
    Run,
    RunLead,
    RunState,
    lock_key,
)
from connector.switching.calls import Row
from connector.switching.progress import RunProgress, progress
from connector.switching.rounds import may_go_again, put_back

__all__ = [
    "RunProgress",
    "cancel",
    "look_again",
    "pause",
    "progress",
    "resume",
    "retry",
    "run_of_plan",
    "start",
    "start_native",
    "try_inquiry",
    "undo",
    "watch",
]

Actor: TypeAlias = Mapping[str, Any]
"""`{"user_id", "name", "via"}`; via is web, api or cli."""

CHUNK = 500
INQUIRY_PHASE = "inquiry"
TAKEN_BACK_FROM = ("done", "failed", "skipped")


def start(
    db: Database,
    plan_id: str,
    actor: Actor,
    *,
    replan_stale: bool = False,
    valid_days: int | None = None,
    clock: Clock | None = None,
) -> str:
    """Queue a run of a plan and return its id. `replan_stale`: a lead that has changed since the plan is planned anew instead of skipped;
    `valid_days`: how old the plan may be (None: any age).

    Raises PlanNotFound, PlanNotReady, PlanTooOld, PlanHasErrors (errors about the plan itself; leads with errors are left out),
    PlanAlreadyApplied, AlreadyRunning.
    """
    now = (clock or SystemClock()).now()
    with _one_live_run(db, plan_id) as session:
        plan = session.get(Plan, plan_id)
        if plan is None:
            raise PlanNotFound(plan=plan_id)
        _check_plan(session, plan)
        _check_age(plan, valid_days, now)
        _no_other_run(session, plan.portal_id)
        run = _new_run(plan, "apply", actor, now)
        session.add(run)
        session.flush()
        total = _fill_from_plan(session, run.id, plan_id)
        run.counters = {
            "total": total,
            **({"replan_stale": True} if replan_stale else {}),
            **({"decided": plan.decided} if plan.decided else {}),
        }
        run_changed(session, run, now)
        detail = {"run": run.id, "plan": plan_id, "leads": total, "replan_stale": replan_stale}
        if plan.decided:
            detail |= {"left_out": (plan.decisions or {}).get("left_out", 0), "decided": plan.decided[:12]}
        audit.record(session, plan.portal_id, at=now, who=actor, action=audit.Did.APPLIED, detail=detail)
        return run.id


def start_native(
    db: Database, plan_id: str, actor: Actor, *, valid_days: int | None = None, clock: Clock | None = None
) -> str:
    """Queue the watching of Bitrix24's own switch, with the predictions of a plan, and return the run's id. Nothing will be written.

    Raises PlanNotFound, PlanNotReady, PlanTooOld, PlanHasErrors, PlanAlreadyApplied, NothingToWatch (to Classic CRM), AlreadyRunning.
    """
    now = (clock or SystemClock()).now()
    with _one_live_run(db, plan_id) as session:
        plan = session.get(Plan, plan_id)
        if plan is None:
            raise PlanNotFound(plan=plan_id)
        _check_plan(session, plan)
        _check_age(plan, valid_days, now)
        if plan.direction != CrmMode.SIMPLE:
            raise NothingToWatch()
        _no_other_run(session, plan.portal_id)
        run = _new_run(plan, "native", actor, now)
        session.add(run)
        session.flush()
        total = _fill_native(session, run.id, plan_id)
        run.counters = {"total": total}
        run_changed(session, run, now)
        detail = {"run": run.id, "plan": plan_id, "leads": total}
        audit.record(session, plan.portal_id, at=now, who=actor, action=audit.Did.WATCHED, detail=detail)
        return run.id


class _one_live_run:
    """A writing transaction in which the unique index has the last word about a second run."""

    def __init__(self, db: Database, what: str) -> None:
        self._context = db.begin()
        self._what = what

    def __enter__(self) -> Session:
        return self._context.__enter__()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            self._context.__exit__(kind, error, trace)
        except IntegrityError:
            raise AlreadyRunning(run=self._what) from None
        if isinstance(error, IntegrityError):
            raise AlreadyRunning(run=self._what) from None


def _new_run(plan: Plan, kind: str, actor: Actor, now: datetime) -> Run:
    return Run(
        id=uuid.uuid4().hex,
        portal_id=plan.portal_id,
        plan_id=plan.id,
        kind=kind,
        state=RunState.QUEUED,
        created_by=dict(actor),
        created_at=now,
        counters={},
    )


def _check_plan(session: Session, plan: Plan) -> None:
    if plan.state != PlanState.READY:
        raise PlanNotReady(state=plan.state)
    head: Row = plan.facts.get("head") or {}
    errors = [found for found in head.get("findings", ()) if found.get("severity") == "error"]
    if errors:
        raise PlanHasErrors(count=len(errors))
    applied = session.scalar(select(Run.id).where(Run.plan_id == plan.id, Run.kind == "apply").limit(1))
    if applied is not None:
        raise PlanAlreadyApplied(run=applied)


def _check_age(plan: Plan, valid_days: int | None, now: datetime) -> None:
    """A plan file tells its age itself, whenever it was taken in."""
    made = str((plan.facts.get("head") or {}).get("created") or "")
    at = datetime.fromisoformat(made) if made else plan.created_at
    days = (now - (at if at.tzinfo else at.replace(tzinfo=UTC))).days
    if valid_days is not None and days >= valid_days:
        raise PlanTooOld(days=days, limit=valid_days)


def _no_other_run(session: Session, portal_id: int) -> None:
    """The same portal may be connected twice, by a webhook and by the installed app: the host counts, not the connection."""
    host = session.get_one(Portal, portal_id).host
    same = or_(Run.portal_id == portal_id, Run.lock_key == lock_key(host), Portal.host == host)
    other = session.scalar(
        select(Run.id)
        .join(Portal, Portal.id == Run.portal_id)
        .where(same, Run.state.in_(LIVE_STATES))
        .limit(1)
    )
    if other is not None:
        raise AlreadyRunning(run=other, portal=host)


def _fill_from_plan(session: Session, run_id: str, plan_id: str) -> int:
    """One row per lead of the plan; those without actions, or left out by decision, are skipped with their reason. Returns how many."""
    shared: dict[int, set[str]] = {}
    position, total = -1, 0
    while True:
        rows = session.execute(
            select(PlanLead.lead_id, PlanLead.position, PlanLead.excluded, PlanLead.document)
            .where(PlanLead.plan_id == plan_id, PlanLead.position > position)
            .order_by(PlanLead.position)
            .limit(CHUNK)
        ).all()
        if not rows:
            break
        position = rows[-1].position
        session.execute(insert(RunLead), [_run_lead(run_id, row) for row in rows])
        total += len(rows)
        for row in rows:
            for action in () if row.excluded else row.document["managed"]:
                if str(action["do"]).startswith("reuse-"):
                    shared.setdefault(int(action["params"]["lead"]), set()).add(str(action["do"])[6:])
    for lead_id, entities in shared.items():
        session.execute(
            update(RunLead)
            .where(RunLead.run_id == run_id, RunLead.lead_id == lead_id)
            .values(detail={"shared": sorted(entities)})
        )
    return total


def _fill_native(session: Session, run_id: str, plan_id: str) -> int:
    """Every lead of the plan, also those that it leaves out: Bitrix24 converts all that are in work."""
    query = select(PlanLead.lead_id, PlanLead.position).where(PlanLead.plan_id == plan_id)
    rows: list[Row] = [
        {"run_id": run_id, "lead_id": row.lead_id, "position": row.position, "state": "pending", "reason": ""}
        for row in session.execute(query.order_by(PlanLead.position))
    ]
    if rows:
        session.execute(insert(RunLead), rows)
    return len(rows)


def _run_lead(run_id: str, row: Any) -> Row:
    ready = bool(row.document["managed"]) and not row.excluded
    return {
        "run_id": run_id,
        "lead_id": row.lead_id,
        "position": row.position,
        "state": "pending" if ready else "skipped",
        "reason": "" if ready else "excluded" if row.excluded else "plan-has-errors",
    }


def run_of_plan(db: Database, plan_id: str) -> str | None:
    """The run that has applied a plan, if there is one: a plan is applied once."""
    with db.read() as session:
        return session.scalar(select(Run.id).where(Run.plan_id == plan_id, Run.kind == "apply").limit(1))


# --------------------------------------------------------------------------------------------------------- control


@dataclass(frozen=True, slots=True)
class _Order:
    """One thing that may be asked of a run: in which states, what it changes, and how the audit log calls it."""

    allowed: Sequence[str]
    did: audit.Did
    change: Callable[[Session, Run, datetime], None]


def _give(db: Database, run_id: str, actor: Actor, order: _Order, clock: Clock | None) -> None:
    now = (clock or SystemClock()).now()
    with db.begin() as session:
        run = _get(session, run_id)
        if run.state not in order.allowed:
            raise WrongRunState(state=run.state)
        before = run.state
        order.change(session, run, now)
        if run.state != before:
            _tell(session, run, now)
        audit.record(session, run.portal_id, at=now, who=actor, action=order.did, detail={"run": run_id})


def _tell(session: Session, run: Run, now: datetime) -> None:
    """A run that goes on is no news: only where it came to rest, or ended, at once."""
    if run.state in (RunState.PAUSED, RunState.CANCELLED):
        run_changed(session, run, now)


def pause(db: Database, run_id: str, actor: Actor, *, clock: Clock | None = None) -> None:
    """Ask a run to stop within one batch; one that nobody works on just now is paused at once. Raises RunNotFound, WrongRunState."""
    _give(db, run_id, actor, PAUSE, clock)


def _pause(session: Session, run: Run, now: datetime) -> None:  # noqa: ARG001
    if _is_held(run, now):
        run.state, run.wanted = RunState.PAUSING, "pause"
    else:
        run.state, run.wanted = RunState.PAUSED, "go"


def resume(db: Database, run_id: str, actor: Actor, *, clock: Clock | None = None) -> None:
    """Let a paused run go on, or look at once what a waiting one waits for. Raises RunNotFound, WrongRunState."""
    _give(db, run_id, actor, RESUME, clock)


def _resume(session: Session, run: Run, now: datetime) -> None:  # noqa: ARG001
    run.wanted = "go"
    run.attempt += 1
    if run.state == RunState.WAITING:
        run.waiting_for = {**(run.waiting_for or {}), "until": None}
    else:
        run.state, run.waiting_for, run.error = RunState.QUEUED, None, None


def cancel(db: Database, run_id: str, actor: Actor, *, clock: Clock | None = None) -> None:
    """End a run: leads under way are brought to an end, nothing more is begun, what is done stays done.

    A run without leads under way is cancelled at once; else the runner must be called: a watched switch still reports what it has seen,
    unless the portal cannot be asked. Raises RunNotFound, WrongRunState.
    """
    _give(db, run_id, actor, CANCEL, clock)


def _cancel(session: Session, run: Run, now: datetime) -> None:
    running = (
        select(func.count()).select_from(RunLead).where(RunLead.run_id == run.id, RunLead.state == "running")
    )
    unreported = run.kind == "native" and run.started_at is not None and run.state != RunState.CANCELLING
    if unreported and run.state == RunState.PAUSED and (run.waiting_for or {}).get("what") == "portal":
        unreported = False
    if run.phase == INQUIRY_PHASE and not _is_held(run, now):
        # The switch itself was done before; only its test is given up.
        run.state, run.wanted, run.finished_at, run.waiting_for = RunState.DONE, "go", now, None
        return
    if session.scalar(running) or unreported or _is_held(run, now):
        run.state, run.wanted = RunState.CANCELLING, "cancel"
    else:
        run.state, run.wanted, run.finished_at = RunState.CANCELLED, "go", now
    run.waiting_for = None


PAUSE = _Order(
    (RunState.QUEUED, RunState.RUNNING, RunState.PAUSING, RunState.WAITING), audit.Did.PAUSED, _pause
)
RESUME = _Order((RunState.PAUSED, RunState.PAUSING, RunState.WAITING), audit.Did.RESUMED, _resume)
CANCEL = _Order(LIVE_STATES, audit.Did.CANCELLED, _cancel)


def retry(
    db: Database, run_id: str, actor: Actor, *, replan: bool = False, clock: Clock | None = None
) -> int:
    """Put failed leads back into their run, and with `replan` also those that were skipped because they had changed. Returns how many.

    Raises RunNotFound, WrongRunState (only a run at rest can be retried, and only an apply), AlreadyRunning.
    """
    allowed = (RunState.DONE, RunState.CANCELLED, RunState.PAUSED, RunState.WAITING, RunState.FAILED)
    now = (clock or SystemClock()).now()
    with _one_live_run(db, run_id) as session:
        run = _get(session, run_id)
        if run.state not in allowed or run.kind != "apply":
            raise WrongRunState(state=run.state)
        if run.state not in LIVE_STATES:
            _no_other_run(session, run.portal_id)
        count = _put_back(session, run, replan)
        if count:
            run.state, run.phase, run.wanted = RunState.QUEUED, "setup" if replan else "leads", "go"
            run.waiting_for = run.error = run.finished_at = None
            run.lock_key = lock_key(session.get_one(Portal, run.portal_id).host)
            run.attempt += 1
        detail = {"run": run_id, "leads": count}
        audit.record(session, run.portal_id, at=now, who=actor, action=audit.Did.RETRIED, detail=detail)
    return count


def try_inquiry(db: Database, run_id: str, actor: Actor, *, clock: Clock | None = None) -> None:
    """Have a finished switch tried with one test inquiry, which is removed again; only when somebody asks for it.

    Raises RunNotFound, WrongRunState (only a switch that is done), AlreadyRunning.
    """
    now = (clock or SystemClock()).now()
    with _one_live_run(db, run_id) as session:
        run = _get(session, run_id)
        if run.state != RunState.DONE or run.kind != "apply":
            raise WrongRunState(state=run.state)
        _no_other_run(session, run.portal_id)
        run.state, run.phase, run.wanted = RunState.QUEUED, INQUIRY_PHASE, "go"
        run.finished_at = None
        run.lock_key = lock_key(session.get_one(Portal, run.portal_id).host)
        run.counters = {**run.counters, "inquiries": int(run.counters.get("inquiries", 0)) + 1}
        detail = {"run": run_id}
        audit.record(session, run.portal_id, at=now, who=actor, action=audit.Did.TRIED, detail=detail)


def _put_back(session: Session, run: Run, replan: bool) -> int:
    count, counters = 0, dict(run.counters)
    left = select(RunLead).where(RunLead.run_id == run.id, RunLead.state.in_(("failed", "skipped")))
    for lead in session.scalars(left):
        if may_go_again(lead, stale=replan):
            counters[lead.state] = int(counters.get(lead.state, 1)) - 1
            put_back(lead)
            count += 1
    run.counters = counters
    return count


def undo(
    db: Database,
    run_id: str,
    actor: Actor,
    leads: Sequence[int] | None = None,
    *,
    mode_back: bool | None = None,
    clock: Clock | None = None,
) -> str:
    """Queue the undoing of a run, of all its leads or of some, and return the new run's id.

    `mode_back`: change the CRM mode back first; by default when everything is undone and the run has changed the mode. A run that only
    waits for the mode is ended by this. Raises RunNotFound, WrongRunState, AlreadyRunning.
    """
    now = (clock or SystemClock()).now()
    with _one_live_run(db, run_id) as session:
        run = _get(session, run_id)
        if run.kind != "apply" or run.state not in (
            RunState.DONE,
            RunState.CANCELLED,
            RunState.WAITING,
            RunState.FAILED,
        ):
            raise WrongRunState(state=run.state)
        if run.state == RunState.WAITING:
            run.state, run.finished_at, run.waiting_for = RunState.CANCELLED, now, None
            run_changed(session, run, now)
        _no_other_run(session, run.portal_id)
        new = _new_run(session.get_one(Plan, run.plan_id), "undo", actor, now)
        new.undo_of = run_id
        session.add(new)
        session.flush()
        total = _fill_undo(session, new.id, run_id, leads)
        whole = leads is None
        new.counters = {"total": total, "whole": whole}
        back = _mode_before(session, run)
        if back is not None and (whole if mode_back is None else mode_back):
            new.counters = {**new.counters, "mode_back": back}
        run_changed(session, new, now)
        detail = {"run": new.id, "undo_of": run_id, "leads": total}
        audit.record(session, run.portal_id, at=now, who=actor, action=audit.Did.UNDONE, detail=detail)
        return new.id


def _fill_undo(session: Session, new_id: str, run_id: str, leads: Iterable[int] | None) -> int:
    query = select(RunLead).where(RunLead.run_id == run_id, RunLead.state.in_(TAKEN_BACK_FROM))
    if leads is not None:
        query = query.where(RunLead.lead_id.in_(list(leads)))
    rows = [
        {
            "run_id": new_id,
            "lead_id": lead.lead_id,
            "position": lead.position,
            "state": "pending",
            "reason": "",
            "deal_id": lead.deal_id,
            "contact_id": lead.contact_id,
            "company_id": lead.company_id,
        }
        for lead in session.scalars(query.order_by(RunLead.position))
        if lead.state == "done" or (lead.detail or {}).get("kept")
    ]
    if rows:
        session.execute(insert(RunLead), rows)
    return len(rows)


def _mode_before(session: Session, run: Run) -> str | None:
    """The mode that this run has changed, or None if the portal is still in it (as far as was read)."""
    before = run.counters.get("mode_before")
    now = session.get_one(Portal, run.portal_id).mode
    return before if before in set(CrmMode) and now is not None and before != now else None


def watch(db: Database, run_id: str, *, clock: Clock | None = None) -> None:
    """Somebody is looking at a waiting run: the portal is asked more often for a while."""
    now = (clock or SystemClock()).now()
    with db.begin() as session:
        run = _get(session, run_id)
        if run.state == RunState.WAITING:
            run.waiting_for = {**(run.waiting_for or {}), "watched_at": now.isoformat()}


def look_again(db: Database, run_id: str) -> None:
    """The mode has changed, as somebody else has read: a run that waits for that asks the portal now instead of at its next turn."""
    with db.begin() as session:
        run = session.get(Run, run_id, with_for_update=True)
        if run is not None and run.state == RunState.WAITING:
            run.waiting_for = {**(run.waiting_for or {}), "polled_at": None, "until": None}


def _get(session: Session, run_id: str) -> Run:
    run = session.get(Run, run_id, with_for_update=True)
    if run is None:
        raise RunNotFound(run=run_id)
    return run


def _is_held(run: Run, now: datetime) -> bool:
    """Whether a process is at work on it."""
    return run.lease_until is not None and run.lease_until > now
