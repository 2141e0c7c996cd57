"""Leads that came while a run was at work, and stale ones that are to be planned anew: planned now, with the options of the plan.

They join the run after the others, with their plan in `run_lead.detail`, since the plan itself is never changed.
"""

from collections.abc import Sequence

from sqlalchemy import select, update

from connector.planning.encode import lead_to_json
from connector.planning.model import CrmMode
from connector.planning.options import Options, Selection
from connector.planning.planner import plan_stream
from connector.reading.facts import read_facts
from connector.reading.leads import read_leads
from connector.store.models import PlanLead, RunLead
from connector.switching import modes
from connector.switching.calls import Row
from connector.switching.leadwork import Flow
from connector.switching.rounds import may_go_again, put_back
from connector.switching.shift import Shift

EVERYTHING = 100_000
MOST_REPLANS = 3
"""How often one lead is planned anew in one go; who edits it all the time is left to finish."""


def sweep(shift: Shift) -> Flow:
    """Take in what arrived, and what has changed where that is wanted; `more` when there is something to convert, `next` when there is not
    or on the way to Classic.
    """
    if _go_again(shift):
        return Flow.MORE
    if shift.target is not CrmMode.SIMPLE or not shift.options.leads.everything:
        return Flow.NEXT
    arrived = _arrived(shift)
    if not arrived:
        return Flow.NEXT
    plans = plan_again(shift, arrived)
    first = shift.book.next_position()
    rows = [_row(shift, id_, first + index, plans.get(id_)) for index, id_ in enumerate(arrived)]
    shift.book.add_leads(rows)
    shift.book.counters["total"] = int(shift.book.counters.get("total", 0)) + len(rows)
    shift.book.counters["swept"] = int(shift.book.counters.get("swept", 0)) + len(rows)
    return Flow.MORE if any(row.state == "pending" for row in rows) else Flow.NEXT


def _go_again(shift: Shift) -> bool:
    """With the wish to plan changed leads anew: those that were skipped get a new plan. Whether one of them can be converted now."""
    if not shift.book.counters.get("replan_stale") or shift.target is not CrmMode.SIMPLE:
        return False
    stale = [
        row.lead_id
        for row in shift.lead_rows(("skipped",), EVERYTHING)
        if may_go_again(row, stale=True) and int((row.detail or {}).get("replans", 0)) < MOST_REPLANS
    ]
    if not stale:
        return False
    counters = shift.book.counters
    with shift.db.begin() as session:
        shift.lease.renew(session)
        for lead_id in stale:
            lead = session.get_one(RunLead, (shift.run.id, lead_id))
            put_back(lead)
            detail = dict(lead.detail or {})
            lead.detail = {**detail, "replans": int(detail.get("replans", 0)) + 1}
            counters["skipped"] = int(counters.get("skipped", 1)) - 1
    shift.book.note()
    replan_stale(shift)
    return bool(shift.lead_rows(("pending",), 1))


def has_arrived(shift: Shift, seen: modes.Look) -> bool:
    """Whether leads are in work that the run does not know and should convert."""
    if shift.target is not CrmMode.SIMPLE or not shift.options.leads.everything:
        return False
    return bool(seen.active) and not _known(shift).issuperset(seen.active)


def _known(shift: Shift) -> set[int]:
    with shift.db.read() as session:
        known = set(session.scalars(select(RunLead.lead_id).where(RunLead.run_id == shift.run.id)))
        return known | set(session.scalars(select(PlanLead.lead_id).where(PlanLead.plan_id == shift.plan.id)))


def _arrived(shift: Shift) -> list[int]:
    # The mode is asked for next, and needs the same look.
    shift.seen = modes.look(shift.client)
    known = _known(shift)
    return [id_ for id_ in shift.seen.active if id_ not in known]


def plan_again(shift: Shift, ids: Sequence[int]) -> dict[int, Row]:
    """Plans of these leads as they are now; a lead that cannot be read any more has none."""
    facts = read_facts(shift.client)
    choice: Options = shift.options.model_copy(update={"leads": Selection(ids=tuple(ids))})
    return {
        plan.id: lead_to_json(plan)
        for plan in plan_stream(facts, choice, read_leads(shift.client, facts, choice))
    }


def _row(shift: Shift, id_: int, position: int, plan: Row | None) -> RunLead:
    ready = plan is not None and bool(plan["managed"])
    return RunLead(
        run_id=shift.run.id,
        lead_id=id_,
        position=position,
        state="pending" if ready else "skipped",
        reason="" if ready else "plan-has-errors" if plan is not None else "gone",
        detail={"plan": plan, "swept": True} if plan is not None else None,
        updated_at=shift.clock.now(),
    )


def replan_stale(shift: Shift) -> None:
    """Leads that were put back with the wish to be planned anew get their new plan before they are converted."""
    rows = [row for row in shift.lead_rows(("pending",), EVERYTHING) if (row.detail or {}).get("replan")]
    if not rows:
        return
    plans = plan_again(shift, [row.lead_id for row in rows])
    counters = shift.book.counters
    with shift.db.begin() as session:
        shift.lease.renew(session)
        for row in rows:
            plan = plans.get(row.lead_id)
            detail = {name: value for name, value in (row.detail or {}).items() if name != "replan"}
            usable = plan is not None and bool(plan["managed"])
            if not usable:
                counters["skipped"] = int(counters.get("skipped", 0)) + 1
            session.execute(
                update(RunLead)
                .where(RunLead.run_id == row.run_id, RunLead.lead_id == row.lead_id)
                .values(
                    detail={**detail, "plan": plan} if usable else detail,
                    state="pending" if usable else "skipped",
                    reason="" if usable else "gone" if plan is None else "plan-has-errors",
                )
            )
    shift.book.note()
