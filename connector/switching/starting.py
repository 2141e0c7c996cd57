"""How a run comes to be: of a plan, beside Bitrix24's own switch, or to undo another one. Must never call a portal."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector.clock import Clock, SystemClock
from connector.errors import NothingToWatch, PlanNotFound, WrongRunState
from connector.occurrences import run_changed
from connector.planning.model import CrmMode
from connector.portals import audit
from connector.store.database import Database
from connector.store.models import Plan, Portal, Run, RunState
from connector.switching.filling import leads_of_plan, leads_to_undo, leads_to_watch
from connector.switching.rules import Actor, check_age, check_plan, get_run, no_other_run, one_live_run


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
    with one_live_run(db, plan_id) as session:
        plan = _usable(session, plan_id, valid_days, now)
        no_other_run(session, plan.portal_id)
        run = _new_run(plan, "apply", actor, now)
        session.add(run)
        session.flush()
        total = leads_of_plan(session, run.id, plan_id)
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
    with one_live_run(db, plan_id) as session:
        plan = _usable(session, plan_id, valid_days, now)
        if plan.direction != CrmMode.SIMPLE:
            raise NothingToWatch()
        no_other_run(session, plan.portal_id)
        run = _new_run(plan, "native", actor, now)
        session.add(run)
        session.flush()
        total = leads_to_watch(session, run.id, plan_id)
        run.counters = {"total": total}
        run_changed(session, run, now)
        detail = {"run": run.id, "plan": plan_id, "leads": total}
        audit.record(session, plan.portal_id, at=now, who=actor, action=audit.Did.WATCHED, detail=detail)
        return run.id


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
    with one_live_run(db, run_id) as session:
        run = get_run(session, run_id)
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
        no_other_run(session, run.portal_id)
        new = _new_run(session.get_one(Plan, run.plan_id), "undo", actor, now)
        new.undo_of = run_id
        session.add(new)
        session.flush()
        total = leads_to_undo(session, new.id, run_id, leads)
        whole = leads is None
        new.counters = {"total": total, "whole": whole}
        back = _mode_before(session, run)
        if back is not None and (whole if mode_back is None else mode_back):
            new.counters = {**new.counters, "mode_back": back}
        run_changed(session, new, now)
        detail = {"run": new.id, "undo_of": run_id, "leads": total}
        audit.record(session, run.portal_id, at=now, who=actor, action=audit.Did.UNDONE, detail=detail)
        return new.id


def _usable(session: Session, plan_id: str, valid_days: int | None, now: datetime) -> Plan:
    """A plan that a run may begin with; raises what says why not."""
    plan = session.get(Plan, plan_id)
    if plan is None:
        raise PlanNotFound(plan=plan_id)
    check_plan(session, plan)
    check_age(plan, valid_days, now)
    return plan


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


def _mode_before(session: Session, run: Run) -> str | None:
    """The mode that this run has changed, or None if the portal is still in it (as far as was read)."""
    before = run.counters.get("mode_before")
    now = session.get_one(Portal, run.portal_id).mode
    return before if before in set(CrmMode) and now is not None and before != now else None


def run_of_plan(db: Database, plan_id: str) -> str | None:
    """The run that has applied a plan, if there is one: a plan is applied once."""
    with db.read() as session:
        return session.scalar(select(Run.id).where(Run.plan_id == plan_id, Run.kind == "apply").limit(1))
