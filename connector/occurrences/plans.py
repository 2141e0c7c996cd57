"""What is told of a plan when it is ready to be read. Called in the transaction that makes it so."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from connector.occurrences.kinds import Kind, PlanReady
from connector.occurrences.log import occurred
from connector.store.models import Plan, PlanFinding


def plan_ready(session: Session, plan: Plan, leads: int, at: datetime) -> None:
    """The plan has just become ready; `leads` is how many it covers."""
    grouped = (
        select(PlanFinding.severity, func.count())
        .where(PlanFinding.plan_id == plan.id)
        .group_by(PlanFinding.severity)
    )
    findings = {str(severity): int(count) for severity, count in session.execute(grouped)}
    occurred(
        session,
        plan.portal_id,
        Kind.PLAN_READY,
        PlanReady.model_validate(
            {
                "plan": plan.id,
                "to": plan.direction,
                "digest": plan.digest,
                "leads": leads,
                "findings": findings,
            }
        ),
        at=at,
        subject=f"plan:{plan.id}",
        key=f"plan:{plan.id}",
        people={"who": dict(plan.created_by)},
    )
