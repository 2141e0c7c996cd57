"""The phases of a supervised native switch: predict, watch, compare, report. A person runs Bitrix24's own dialog, this room only looks.

Must never write to the portal: whoever wants that has `apply`. What is not seen is not claimed: a lead is `done` when a deal that it did
not have before names it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from connector.errors import ModeAlready
from connector.planning.context import Context
from connector.planning.encode import lead_from_json, native_to_json
from connector.planning.model import CrmMode, LeadPlan, PortalFacts
from connector.planning.native_variants import other, other_context
from connector.planning.options import NEW, Options
from connector.reading.facts import read_facts
from connector.store.models import Run, RunLead, RunState
from connector.switching import modes
from connector.switching.calls import LEAD, Row
from connector.switching.flip import note_mode
from connector.switching.leadwork import Flow
from connector.switching.native_read import read_actual
from connector.switching.native_report import report_of, verdict_of
from connector.switching.probes import same
from connector.switching.shift import Shift
from connector.switching.sweep import plan_again

WAITS = "native"
CHUNK = 200
QUIET_SECONDS = 90.0
"""After so long without another lead converted, the dialog is taken to have been stopped."""
EVERYTHING = 100_000


def predict(shift: Shift) -> Flow:
    """Before the person begins: leads that came or changed since the plan get a prediction of their own, and every lead one of the other
    way. A portal that is in Simple CRM already has nothing to watch: the run fails and says so.
    """
    if shift.book.wanted in ("pause", "cancel"):
        shift.book.stop(RunState.CANCELLED if shift.book.wanted == "cancel" else RunState.PAUSED)
        return Flow.REST
    mode = note_mode(shift, ours=False)
    if shift.book.counters["mode_before"] == CrmMode.SIMPLE:
        report = {"mode": {"before": mode.value, "now": mode.value, "wanted": CrmMode.SIMPLE.value}}
        shift.book.stop(RunState.FAILED, error=ModeAlready.key, report=report)
        return Flow.REST
    shift.book.note()
    _take_in_what_is_new(shift)
    facts = read_facts(shift.client)
    shift.book.counters["choices"] = _choices(facts, shift.options)
    context = other_context(facts, shift.options)
    after = -1
    while rows := shift.lead_rows(("pending",), CHUNK, after):
        after = rows[-1].position
        documents = shift.documents([row.lead_id for row in rows])
        for row in rows:
            if not (row.detail or {}).get("other"):
                _keep(shift, row, _other(documents.get(row.lead_id), row.detail or {}, context))
        if shift.time_is_up:
            return Flow.MORE
    return Flow.NEXT


def _choices(facts: PortalFacts, options: Options) -> Row:
    """What the person should choose in the dialog, so that it can come out as predicted. It offers existing pipelines only."""
    pipeline = 0 if options.pipeline == NEW else int(options.pipeline)
    found = facts.pipeline(pipeline)
    return {
        "create": options.create.value,
        "pipeline": pipeline,
        "pipeline_name": found.name if found else "",
        "activities": options.activities.value,
    }


def _other(document: Row | None, detail: Row, context: Context) -> Row:
    plan = _plan_of(document, detail)
    return {**detail, "other": native_to_json(other(plan.snapshot, context))}


def _plan_of(document: Row | None, detail: Mapping[str, Any]) -> LeadPlan:
    """The lead as it was predicted: newly, where it came or changed after the plan."""
    return lead_from_json(detail.get("plan") or document or {})


def _keep(shift: Shift, row: RunLead, detail: Row) -> None:
    with shift.db.begin() as session:
        shift.lease.renew(session)
        key = (RunLead.run_id == row.run_id, RunLead.lead_id == row.lead_id)
        session.execute(update(RunLead).where(*key).values(detail=detail))


def _take_in_what_is_new(shift: Shift) -> None:
    """Predict active leads that the plan does not know, or knows otherwise than they are now. Bitrix24 converts them all."""
    known: dict[int, Any] = {}
    after = -1
    while rows := shift.lead_rows(("pending",), CHUNK, after):
        after = rows[-1].position
        documents = shift.documents([row.lead_id for row in rows])
        for row in rows:
            plan = _plan_of(documents.get(row.lead_id), row.detail or {})
            known[row.lead_id] = plan.snapshot.fields.get("updatedTime")
    now = {int(str(row["id"])): row.get("updatedTime") for row in _active(shift)}
    new = [id_ for id_ in now if id_ not in known]
    changed = [id_ for id_ in now if id_ in known and not same(known[id_], now[id_])]
    plans = plan_again(shift, sorted([*new, *changed])) if new or changed else {}
    with shift.db.begin() as session:
        shift.lease.renew(session)
        for id_ in changed:
            if id_ in plans:
                row = session.get_one(RunLead, (shift.run.id, id_))
                row.detail = {"plan": plans[id_]}
    _add(shift, [id_ for id_ in new if id_ in plans], plans)


def _active(shift: Shift) -> Iterator[Row]:
    params = {"entityTypeId": LEAD, "select": ["id", "updatedTime"], "filter": {"=stageSemanticId": "P"}}
    return shift.client.list("crm.item.list", params)


def _add(shift: Shift, ids: Sequence[int], plans: Mapping[int, Row]) -> None:
    if not ids:
        return
    first = shift.book.next_position()
    now = shift.clock.now()
    shift.book.add_leads(
        RunLead(
            run_id=shift.run.id,
            lead_id=id_,
            position=first + index,
            detail={"plan": plans[id_], "swept": True},
            updated_at=now,
        )
        for index, id_ in enumerate(ids)
    )
    shift.book.counters["total"] = int(shift.book.counters.get("total", 0)) + len(ids)


# --------------------------------------------------------------------------------------------------------- watching


def watch(shift: Shift) -> Flow:
    """One look: has the mode changed, how many leads are left in work. `rest` means: waiting for the person, ask again later."""
    if shift.book.wanted == "pause":
        shift.book.stop(RunState.PAUSED)
        return Flow.REST
    if shift.book.wanted == "cancel":
        return Flow.NEXT
    seen = modes.look(shift.client)
    note_mode(shift, seen.mode)
    if seen.mode is CrmMode.SIMPLE:
        shift.book.note(state=RunState.RUNNING, waiting_for=None)
        return Flow.NEXT
    pending = [row.lead_id for row in shift.lead_rows(("pending",), EVERYTHING)]
    arrived = sorted(set(seen.active) - set(pending))
    if arrived:
        plans = plan_again(shift, arrived)
        facts = other_context(read_facts(shift.client), shift.options)
        ready = [id_ for id_ in arrived if id_ in plans]
        _add(shift, ready, plans)
        for row in shift.lead_rows(("pending",), EVERYTHING):
            if row.lead_id in ready:
                _keep(shift, row, _other(None, row.detail or {}, facts))
    left = len(set(seen.active) & {*pending, *arrived})
    gone = len(pending) + len(arrived) - left
    shift.book.counters["done"] = gone
    shift.book.sample()
    return _wait(shift, gone, left)


def _wait(shift: Shift, gone: int, left: int) -> Flow:
    """Rest until asked again. `moved_at` is when the number of converted leads last grew, `stopped` that it has not for a while."""
    now = shift.clock.now()
    with shift.db.read() as session:
        before: Row = session.get_one(Run, shift.run.id).waiting_for or {}
    if before.get("what") != WAITS:
        before = {}
    limit = (now + timedelta(hours=shift.effort.poll_hours)).isoformat()
    moved = before.get("moved_at")
    if gone > int(before.get("gone", 0)):
        moved = now.isoformat()
    stopped = moved is not None and left > 0 and _since(moved, now) > QUIET_SECONDS
    kept: Row = {name: before[name] for name in ("since", "until", "watched_at") if name in before}
    waiting: Row = {
        "what": WAITS,
        "to": CrmMode.SIMPLE.value,
        "since": now.isoformat(),
        "until": limit,
        **kept,
    }
    waiting |= {"gone": gone, "left": left, "moved_at": moved, "stopped": stopped}
    waiting["choices"] = shift.book.counters.get("choices", {})
    shift.book.stop(RunState.WAITING, {**waiting, "polled_at": now.isoformat()})
    return Flow.REST


def _since(moment: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(moment)).total_seconds()


# --------------------------------------------------------------------------------------------------------- comparing


def compare(shift: Shift) -> Flow:
    """Read what became of every lead and lay it beside the prediction, a chunk at a time."""
    counters = shift.book.counters
    if not counters.get("comparing"):
        counters.update(comparing=True, done=0, points=[])
        counters["now"] = note_mode(shift).value
        shift.book.note()
    flipped = counters["now"] == CrmMode.SIMPLE
    while rows := shift.lead_rows(("pending",), CHUNK):
        documents = shift.documents([row.lead_id for row in rows])
        plans = {row.lead_id: _plan_of(documents.get(row.lead_id), row.detail or {}) for row in rows}
        found = read_actual(shift.client, plans)
        with shift.db.begin() as session:
            shift.lease.renew(session)
            for row in rows:
                lead = session.get_one(RunLead, (row.run_id, row.lead_id))
                actual, plan = found[row.lead_id], plans[row.lead_id]
                lead.state, lead.reason, detail = verdict_of(
                    plan, row.detail or {}, actual, shift.options, flipped=flipped
                )
                lead.detail = {**(row.detail or {}), **detail}
                lead.deal_id = _id(actual.deals[0] if actual.deals else None)
                lead.contact_id, lead.company_id = _id(actual.contact), _id(actual.company)
                lead.updated_at = shift.clock.now()
                counters[lead.state] = int(counters.get(lead.state, 0)) + 1
        shift.book.sample()
        shift.book.note()
        if shift.time_is_up:
            return Flow.MORE
    return Flow.NEXT


def _id(row: Row | None) -> int | None:
    return int(row["id"]) if row is not None else None


# --------------------------------------------------------------------------------------------------------- report


def report(shift: Shift) -> Flow:
    """The mode and the leads in work as the portal tells them now, what came of the predictions; the end of the run."""
    mode = note_mode(shift)
    active = modes.active_leads(shift.client)
    with shift.db.read() as session:
        query = select(RunLead).where(RunLead.run_id == shift.run.id).order_by(RunLead.position)
        rows = session.scalars(query.execution_options(yield_per=500))
        found = report_of(rows, shift.options, flipped=shift.book.counters["now"] == CrmMode.SIMPLE)
    found["mode"] = {
        "before": shift.book.counters.get("mode_before"),
        "now": mode.value,
        "wanted": shift.target.value,
    }
    found["active_leads"] = len(active)
    cancelled = shift.book.wanted == "cancel"
    shift.book.stop(RunState.CANCELLED if cancelled else RunState.DONE, report=found)
    return Flow.REST
