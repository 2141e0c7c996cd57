"""The last phase: what the portal says now, and the report that stays. Reads only; claims nothing that was not read."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector.planning.model import CrmMode
from connector.store.models import RunLead, RunState
from connector.switching import afterwards, modes
from connector.switching.calls import Row
from connector.switching.flip import note_mode
from connector.switching.leadwork import Flow
from connector.switching.shift import Shift

NAMED = 200
"""Leads that a report names one by one; all of them are in `run_lead`."""

FINE = ("done", "undone")
NOT_RESTORED: Mapping[str, tuple[str, ...]] = {
    "apply": ("robots", "stage-history", "ids", "app-activities"),
    "undo": ("robots", "stage-history", "ids", "times", "activity-owner", "app-activities"),
}
"""Codes of what undo cannot bring back; said before apply, before undo, and in the report."""


def verify(shift: Shift) -> Flow:
    """Read the mode and the leads in work, write the report, end the run."""
    mode = note_mode(shift)
    active = modes.active_leads(shift.client)
    with shift.db.read() as session:
        report = _report(session, shift)
    counters = shift.book.counters
    report["mode"] = {
        "before": counters.get("mode_before"),
        "now": mode.value,
        "wanted": _wanted(shift),
    }
    report["active_leads"] = len(active)
    if counters.get("records"):
        report["untouched"] = afterwards.compare(shift.client, counters["records"])
    if made := _converted(shift):
        report["sample"] = afterwards.sample(shift.client, made)
        report["further_deals"] = afterwards.further(shift.client, made)
    report["not_restored"] = list(NOT_RESTORED[shift.run.kind])
    shift.book.stop(RunState.DONE, report=report)
    return Flow.REST


def _converted(shift: Shift) -> list[Row]:
    """Leads of an apply that have become deals, with the ids of their records."""
    if shift.run.kind != "apply":
        return []
    columns = (RunLead.lead_id, RunLead.deal_id, RunLead.contact_id, RunLead.company_id)
    query = select(*columns).where(RunLead.run_id == shift.run.id, RunLead.state == "done")
    with shift.db.read() as session:
        found = session.execute(query.order_by(RunLead.position)).all()
    return [
        {"id": lead, "deal": deal, "contact": contact, "company": firm} for lead, deal, contact, firm in found
    ]


def _wanted(shift: Shift) -> str | None:
    if shift.run.kind == "apply":
        return shift.target.value
    back = shift.book.counters.get("mode_back")
    return CrmMode(back).value if back else None


def _report(session: Session, shift: Shift) -> Row:
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    named: list[Row] = []
    made: Counter[str] = Counter()
    query = select(RunLead).where(RunLead.run_id == shift.run.id).order_by(RunLead.position)
    for lead in session.scalars(query.execution_options(yield_per=500)):
        states[lead.state] += 1
        if lead.reason:
            reasons[lead.reason] += 1
        if (lead.reason or lead.state not in FINE) and len(named) < NAMED:
            named.append(_named(lead))
        for entity in ("deal", "contact", "company"):
            made[entity] += getattr(lead, f"{entity}_id") is not None
        session.expunge(lead)
    return {"leads": dict(states), "reasons": dict(reasons), "records": dict(made), "named": named}


def _named(lead: RunLead) -> Row:
    detail: Mapping[str, Any] = lead.detail or {}
    shown = {name: detail[name] for name in ("problem", "left", "kept", "deviations") if name in detail}
    return {"id": lead.lead_id, "state": lead.state, "reason": lead.reason, **shown}
