"""What must hold before anything may be asked of a run: one live run per portal, a plan that may be applied. Must never call a portal.

That only one run of a portal lives is enforced by a unique index; the check before it only gives the better answer.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from connector.errors import (
    AlreadyRunning,
    PlanAlreadyApplied,
    PlanHasErrors,
    PlanNotReady,
    PlanTooOld,
    RunNotFound,
)
from connector.store.database import Database
from connector.store.models import LIVE_STATES, Plan, PlanState, Portal, Run, lock_key
from connector.switching.calls import Row

Actor: TypeAlias = Mapping[str, Any]
"""`{"user_id", "name", "via"}`; via is web, api or cli."""


class one_live_run:
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


def check_plan(session: Session, plan: Plan) -> None:
    if plan.state != PlanState.READY:
        raise PlanNotReady(state=plan.state)
    head: Row = plan.facts.get("head") or {}
    errors = [found for found in head.get("findings", ()) if found.get("severity") == "error"]
    if errors:
        raise PlanHasErrors(count=len(errors))
    applied = session.scalar(select(Run.id).where(Run.plan_id == plan.id, Run.kind == "apply").limit(1))
    if applied is not None:
        raise PlanAlreadyApplied(run=applied)


def check_age(plan: Plan, valid_days: int | None, now: datetime) -> None:
    """A plan file tells its age itself, whenever it was taken in."""
    made = str((plan.facts.get("head") or {}).get("created") or "")
    at = datetime.fromisoformat(made) if made else plan.created_at
    days = (now - (at if at.tzinfo else at.replace(tzinfo=UTC))).days
    if valid_days is not None and days >= valid_days:
        raise PlanTooOld(days=days, limit=valid_days)


def no_other_run(session: Session, portal_id: int) -> None:
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


def get_run(session: Session, run_id: str) -> Run:
    run = session.get(Run, run_id, with_for_update=True)
    if run is None:
        raise RunNotFound(run=run_id)
    return run


def is_held(run: Run, now: datetime) -> bool:
    """Whether a process is at work on it."""
    return run.lease_until is not None and run.lease_until > now
