"""What people decide about a plan that is ready: findings that they accept, leads that they leave out. Beside the plan, never in it.

The plan, its lead records and its digest stay as they are; the decisions have a digest of their own, over the plan's digest and every
decision, so that a run says exactly what it was told to do. A plan that has been applied can no longer be decided about.

`Plan.decisions` is `{"accepted", "codes", "leads"}`, each from code or lead id to `{"user_id", "name", "via", "at"}`, with `flow` (leads
left out by stage that would have been converted) and `left_out` (their number). Must never write to a portal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from connector.clock import Clock, SystemClock
from connector.errors import DecisionUnfit, PlanAlreadyApplied, PlanNotFound, PlanNotReady
from connector.planning.catalogue import CATALOGUE
from connector.planning.model import Severity
from connector.plans.document import canonical
from connector.plans.queries import Header
from connector.portals import audit
from connector.store.database import Database
from connector.store.models import Plan, PlanFinding, PlanLead, PlanState, Run

Actor = Mapping[str, Any]
Json = dict[str, Any]
ACCEPTED, CODES, LEADS = "accepted", "codes", "leads"
KINDS = (ACCEPTED, CODES, LEADS)
MOST_LEADS = 2_000
"""Leads that can be left out one by one; more are left out by their finding, or by the options of a new plan."""
_BY_OPTIONS = "excluded"


def accept(
    db: Database, plan_id: str, codes: Sequence[str], actor: Actor, *, clock: Clock | None = None
) -> None:
    """Somebody has seen these findings and goes on with them; an error cannot be accepted. Raises `DecisionUnfit` and as all here:
    `PlanNotFound`, `PlanNotReady`, `PlanAlreadyApplied`. Deciding the same again changes nothing.
    """
    for code in codes:
        kind = CATALOGUE.get(code)
        if kind is None or kind.severity is Severity.ERROR:
            raise DecisionUnfit(decision=code)

    def change(session: Session, plan: Plan, by: Json) -> bool:
        return sum(_put(session, plan, ACCEPTED, code, by) for code in codes) > 0

    _decide(db, plan_id, actor, clock, change)


def leave_out_finding(
    db: Database, plan_id: str, code: str, actor: Actor, *, clock: Clock | None = None
) -> None:
    """All leads with this finding stay leads."""
    kind = CATALOGUE.get(code)
    if kind is None or kind.scope != "lead":
        raise DecisionUnfit(decision=code)
    _decide(db, plan_id, actor, clock, lambda session, plan, by: _put(session, plan, CODES, code, by))


def leave_out_lead(
    db: Database, plan_id: str, lead_id: int, actor: Actor, *, clock: Clock | None = None
) -> None:
    """This lead stays a lead."""

    def change(session: Session, plan: Plan, by: Json) -> bool:
        here = select(PlanLead.lead_id).where(PlanLead.plan_id == plan.id, PlanLead.lead_id == lead_id)
        if session.scalar(here) is None or len((plan.decisions or {}).get(LEADS, ())) >= MOST_LEADS:
            raise DecisionUnfit(decision=str(lead_id))
        return _set(plan, LEADS, str(lead_id), by)

    _decide(db, plan_id, actor, clock, change)


def take_back(
    db: Database, plan_id: str, kind: str, key: str, actor: Actor, *, clock: Clock | None = None
) -> None:
    """As if this decision (one of `KINDS`, with its code or lead id) had not been made; one that was not made is no mistake."""
    if kind not in KINDS:
        raise DecisionUnfit(decision=kind)
    _decide(db, plan_id, actor, clock, lambda _, plan, __: _set(plan, kind, key, None))


def decide(
    db: Database,
    plan_id: str,
    wanted: Mapping[str, Sequence[str]],
    actor: Actor,
    *,
    exactly: bool = False,
    clock: Clock | None = None,
) -> None:
    """Several decisions at once, all or none: `wanted` has codes or lead ids by kind; with `exactly` whatever else was decided is taken
    back. Raises what the single ones raise.
    """
    for kind, keys in wanted.items():
        for code in keys if kind in (ACCEPTED, CODES) else ():
            known = CATALOGUE.get(code)
            fits = known is not None and (known.scope == "lead" or kind == ACCEPTED)
            if known is None or not fits or (kind == ACCEPTED and known.severity is Severity.ERROR):
                raise DecisionUnfit(decision=code)

    def change(session: Session, plan: Plan, by: Json) -> bool:
        before = {kind: set((plan.decisions or {}).get(kind, ())) for kind in KINDS}
        changed = False
        for kind in KINDS if exactly else ():
            for key in before[kind] - set(wanted.get(kind, ())):
                changed |= _set(plan, kind, key, None)
        for kind in (ACCEPTED, CODES):
            for code in wanted.get(kind, ()):
                changed |= _put(session, plan, kind, code, by)
        return _put_leads(session, plan, wanted.get(LEADS, ()), by) or changed

    _decide(db, plan_id, actor, clock, change)


def counts(plan: Header) -> Mapping[str, Any]:
    """The plan's counts without the leads that were left out: `convertible`, `managed.deals`, `flow` and `excluded`. What those leads
    would have added in clients and activities is not known without reading them all, and stays in."""
    left = int(plan.decisions.get("left_out", 0))
    if not left:
        return plan.counts
    minus = {(row["stage"], row["deal_stage"]): int(row["leads"]) for row in plan.decisions.get("flow", ())}
    managed = dict(plan.counts.get("managed", {}))
    managed["deals"] = managed.get("deals", 0) - left
    flow = [
        {**row, "leads": row["leads"] - minus.get((row["stage"], row["deal_stage"]), 0)}
        for row in plan.counts.get("flow", ())
    ]
    return {
        **plan.counts,
        "convertible": plan.counts.get("convertible", 0) - left,
        "excluded": plan.counts.get("excluded", 0) + left,
        "managed": managed,
        "flow": [row for row in flow if row["leads"] > 0],
    }


def exported(plan: Header) -> Json:
    """The decisions as a plan file carries them in its summary; empty without any."""
    if not plan.decided:
        return {}
    return {**_keys(plan.decisions), "digest": plan.decided}


def digest_of(plan_digest: str, made: Mapping[str, Iterable[Any]]) -> str:
    """SHA-256 as hex over the plan's digest and all decisions (`made` by kind); empty when there are none."""
    if not any(made.get(kind) for kind in KINDS):
        return ""
    return hashlib.sha256(canonical({"plan": plan_digest, **_keys(made)})).hexdigest()


def adopt(session: Session, plan: Plan, given: Mapping[str, Any], actor: Actor, clock: Clock) -> None:
    """Take over the decisions of a plan file, in the transaction that made the plan ready."""
    by = _by(actor, clock)
    plan.decisions = {kind: {str(key): by for key in given.get(kind, ())} for kind in KINDS}
    _settle(session, plan)


def _keys(made: Mapping[str, Iterable[Any]]) -> Json:
    found: Json = {kind: sorted(map(str, made.get(kind, ()))) for kind in (ACCEPTED, CODES)}
    return {**found, LEADS: sorted(int(key) for key in made.get(LEADS, ()))}


def _decide(
    db: Database,
    plan_id: str,
    actor: Actor,
    clock: Clock | None,
    change: Callable[[Session, Plan, Json], bool],
) -> None:
    clock = clock or SystemClock()
    with db.begin() as session:
        plan = session.get(Plan, plan_id, with_for_update=True)
        if plan is None:
            raise PlanNotFound(plan=plan_id)
        if plan.state != PlanState.READY:
            raise PlanNotReady(state=plan.state)
        applied = session.scalar(select(Run.id).where(Run.plan_id == plan_id, Run.kind == "apply").limit(1))
        if applied is not None:
            raise PlanAlreadyApplied(run=applied)
        before = plan.decided
        if not change(session, plan, _by(actor, clock)):
            return
        _settle(session, plan)
        if plan.decided != before:
            detail = {"plan": plan_id, "left_out": (plan.decisions or {}).get("left_out", 0)}
            audit.record(
                session,
                plan.portal_id,
                at=clock.now(),
                who=actor,
                action=audit.Did.DECIDED,
                detail={**detail, "decided": plan.decided[:12]},
            )


def _by(actor: Actor, clock: Clock) -> Json:
    return {**actor, "at": clock.now().isoformat(timespec="seconds")}


def _put(session: Session, plan: Plan, kind: str, code: str, by: Json) -> bool:
    """A decision about a finding, which this plan must have."""
    having = select(PlanFinding.id).where(PlanFinding.plan_id == plan.id, PlanFinding.code == code).limit(1)
    if session.scalar(having) is None:
        raise DecisionUnfit(decision=code)
    return _set(plan, kind, code, by)


def _put_leads(session: Session, plan: Plan, ids: Sequence[str], by: Json) -> bool:
    """Leave these leads out, which this plan must have."""
    wanted = [int(one) for one in ids]
    here: set[int] = set()
    for start in range(0, len(wanted), 500):
        some = PlanLead.lead_id.in_(wanted[start : start + 500])
        here |= set(session.scalars(select(PlanLead.lead_id).where(PlanLead.plan_id == plan.id, some)))
    if missing := [one for one in wanted if one not in here]:
        raise DecisionUnfit(decision=str(missing[0]))
    if len({*(plan.decisions or {}).get(LEADS, ()), *map(str, wanted)}) > MOST_LEADS:
        raise DecisionUnfit(decision=str(wanted[-1]))
    return sum(_set(plan, LEADS, str(one), by) for one in wanted) > 0


def _set(plan: Plan, kind: str, key: str, by: Json | None) -> bool:
    """Put a decision in (`by`), or take it out (None); whether that changed anything."""
    made = {name: dict((plan.decisions or {}).get(name, {})) for name in KINDS}
    if (key in made[kind]) == (by is not None):
        return False
    if by is None:
        del made[kind][key]
    else:
        made[kind][key] = by
    plan.decisions = made
    return True


def _settle(session: Session, plan: Plan) -> None:
    """Mark the leads that are left out, and count them."""
    made = plan.decisions or {}
    own = select(PlanFinding.lead_id).where(PlanFinding.plan_id == plan.id, PlanFinding.code == _BY_OPTIONS)
    by_code = select(PlanFinding.lead_id).where(
        PlanFinding.plan_id == plan.id, PlanFinding.code.in_(list(made[CODES]))
    )
    chosen = or_(PlanLead.lead_id.in_(by_code), PlanLead.lead_id.in_([int(key) for key in made[LEADS]]))
    mine = PlanLead.plan_id == plan.id
    quietly = {"synchronize_session": False}
    session.execute(
        update(PlanLead)
        .where(mine, PlanLead.excluded.is_(True), PlanLead.lead_id.not_in(own))
        .values(excluded=False)
        .execution_options(**quietly)
    )
    session.execute(update(PlanLead).where(mine, chosen).values(excluded=True).execution_options(**quietly))
    flow = (
        select(PlanLead.stage, PlanLead.deal_stage, func.count())
        .where(mine, chosen, PlanLead.lead_id.not_in(own), PlanLead.severity != Severity.ERROR.value)
        .group_by(PlanLead.stage, PlanLead.deal_stage)
    )
    rows = [
        {"stage": stage, "deal_stage": deal_stage, "leads": int(leads)}
        for stage, deal_stage, leads in session.execute(flow).all()
    ]
    plan.decisions = {**made, "flow": rows, "left_out": sum(row["leads"] for row in rows)}
    plan.decided = digest_of(plan.digest or "", made)
