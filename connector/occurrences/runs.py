"""What is told of a run when it begins, rests or ends. Called in the transaction that changes its state; decides nothing about the run."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from connector.occurrences.kinds import Kind, LeadLeftBehind, Switch
from connector.occurrences.log import MOST_NAMED, occurred
from connector.store.models import Plan, PlanLead, Run, RunLead, RunState

STATES: Mapping[str, Kind] = {
    RunState.QUEUED: Kind.SWITCH_STARTED,
    RunState.PAUSED: Kind.SWITCH_PAUSED,
    RunState.DONE: Kind.SWITCH_COMPLETED,
    RunState.FAILED: Kind.SWITCH_FAILED,
    RunState.CANCELLED: Kind.SWITCH_CANCELLED,
}
_BEHIND = ("skipped", "failed")


def run_changed(session: Session, run: Run, at: datetime) -> None:
    """The run has come into its state just now. Once per state and attempt; states that nobody waits for say nothing."""
    kind = STATES.get(run.state)
    if kind is None:
        return
    if run.kind == "undo" and kind is Kind.SWITCH_COMPLETED:
        kind = Kind.SWITCH_UNDONE
    session.flush()
    direction = session.scalar(select(Plan.direction).where(Plan.id == run.plan_id))
    occurred(
        session,
        run.portal_id,
        kind,
        _switch(run, str(direction)),
        at=at,
        subject=f"run:{run.id}",
        key=f"run:{run.id}:{kind.value}:{run.attempt}",
        people={"who": dict(run.created_by)},
    )
    if kind is Kind.SWITCH_COMPLETED:
        _left_behind(session, run, at)


def _switch(run: Run, direction: str) -> Switch:
    counters = run.counters or {}
    counts = {name: max(int(counters.get(name, 0)), 0) for name in ("skipped", "failed", "kept")}
    return Switch.model_validate(
        {
            "run": run.id,
            "plan": run.plan_id,
            "kind": run.kind,
            "undo_of": run.undo_of,
            "to": direction,
            "phase": run.phase,
            "leads": int(counters.get("total", 0)),
            "done": int(counters.get("done", 0)) + int(counters.get("undone", 0)),
            "error": run.error,
            **counts,
        }
    )


def _left_behind(session: Session, run: Run, at: datetime) -> None:
    mine = (RunLead.run_id == run.id, RunLead.state.in_(_BEHIND))
    grouped = session.execute(select(RunLead.reason, func.count()).where(*mine).group_by(RunLead.reason))
    reasons = Counter({str(reason) or "unknown": int(count) for reason, count in grouped})
    if not reasons:
        return
    query = select(RunLead.lead_id).where(*mine).order_by(RunLead.position).limit(MOST_NAMED)
    ids = tuple(session.scalars(query))
    named = select(PlanLead.lead_id, PlanLead.title).where(
        PlanLead.plan_id == run.plan_id, PlanLead.lead_id.in_(ids)
    )
    titles = {str(lead_id): title for lead_id, title in session.execute(named)}
    data = LeadLeftBehind(cause="run", run=run.id, count=reasons.total(), leads=ids, reasons=dict(reasons))
    occurred(
        session,
        run.portal_id,
        Kind.LEAD_LEFT_BEHIND,
        data,
        at=at,
        subject=f"run:{run.id}",
        key=f"run:{run.id}:left:{run.attempt}",
        people={"titles": titles},
    )
