"""Acts on each deal that a run has created: starts a workflow on it, or fires our trigger. At most once per rule, action and deal.

Both are writes that Bitrix24 does not recognise when they come twice, so each is journalled (`deal_write`) before it is sent. One whose
answer was lost stays `unknown`: it is told, and never sent again.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from connector.bitrix.batch import Command, Outcome, Status
from connector.errors import LeadswitchError
from connector.store.database import Database
from connector.store.models import DealWrite, Delivery, Occurrence, RunLead
from webhooks.actions.tools import Tools, failed
from webhooks.native.names import TRIGGER
from webhooks.native.setup import ensure_trigger
from webhooks.outbound.queue import MORE, Tried

DEAL = 2
CHUNK = 50
NAMED = 50
SECONDS = 40.0
"""A try ends after this, well before its lease, and goes on in the next."""
_OVER = ("done", "unknown")
Params = Callable[[int], Mapping[str, Any]]


def start_workflow(tools: Tools, row: Delivery) -> Tried:
    """`bizproc.workflow.start` on each deal; the template is one for deals (bizproc/bizproc-workflow-start.md)."""
    template = int(row.action["template"])

    def params(deal: int) -> Mapping[str, Any]:
        return {"TEMPLATE_ID": template, "DOCUMENT_ID": ["crm", "CCrmDocumentDeal", f"DEAL_{deal}"]}

    return _each(tools, row, "bizproc.workflow.start", params)


def fire_trigger(tools: Tools, row: Delivery) -> Tried:
    """`crm.automation.trigger.execute` on each deal. True from Bitrix24 means sent, not that a stage has changed."""
    try:
        ensure_trigger(tools.db, tools.client(row.portal_id), row.portal_id)
    except LeadswitchError as error:
        return failed(error)

    def params(deal: int) -> Mapping[str, Any]:
        return {"CODE": TRIGGER, "OWNER_TYPE_ID": DEAL, "OWNER_ID": deal}

    return _each(tools, row, "crm.automation.trigger.execute", params)


def _each(tools: Tools, row: Delivery, method: str, params: Params) -> Tried:
    purpose = f"{row.rule_id}:{row.kind}:{row.action.get('template', '')}"
    _give_up_lost(tools, row.portal_id, purpose)
    problem: LeadswitchError | None = None
    until = tools.clock.monotonic() + SECONDS
    try:
        client = tools.client(row.portal_id)
        while deals := _next(tools.db, row, purpose):
            if tools.clock.monotonic() > until:
                return Tried(False, MORE)
            _journal(tools, row.portal_id, purpose, deals)
            found = client.batch([Command(f"d{deal}", method, params(deal)) for deal in deals])
            outcomes = {deal: found[f"d{deal}"] for deal in deals}
            _settle(tools, row.portal_id, purpose, outcomes)
            stopped = [one.error for one in outcomes.values() if one.status is Status.NOT_RUN]
            if stopped:
                problem = next((error for error in stopped if error is not None), LeadswitchError("not run"))
                break
    except LeadswitchError as error:
        problem = error
    detail = _summary(tools.db, row, purpose)
    if problem is not None:
        return failed(problem, detail)
    wrong = detail["failed"] or detail["unknown"]
    outcome = "ok" if not wrong else "partly" if detail["done"] else "refused"
    return Tried(not wrong, outcome, final=True, detail=detail)


def created(db: Database, row: Delivery) -> list[int]:
    """Deals that the run of this occurrence has created and not taken back, ascending."""
    with db.read() as session:
        happened = session.get(Occurrence, row.occurrence_id) if row.occurrence_id is not None else None
        run_id = happened.data.get("run") if happened is not None else None
        query = select(RunLead.deal_id).where(
            RunLead.run_id == run_id, RunLead.state == "done", RunLead.deal_id.is_not(None)
        )
        return sorted({int(deal) for deal in session.scalars(query) if deal})


def _next(db: Database, row: Delivery, purpose: str) -> list[int]:
    deals = created(db, row)
    known = set(_states(db, row.portal_id, purpose))
    return [deal for deal in deals if deal not in known][:CHUNK]


def _states(db: Database, portal_id: int, purpose: str) -> dict[int, str]:
    mine = (DealWrite.portal_id == portal_id, DealWrite.purpose == purpose)
    with db.read() as session:
        return {row.deal_id: row.state for row in session.scalars(select(DealWrite).where(*mine))}


def _give_up_lost(tools: Tools, portal_id: int, purpose: str) -> None:
    """Intents of a process that died: they may have been carried out."""
    with tools.db.begin() as session:
        session.execute(
            update(DealWrite)
            .where(
                DealWrite.portal_id == portal_id, DealWrite.purpose == purpose, DealWrite.state == "intent"
            )
            .values(state="unknown", at=tools.clock.now())
        )


def _journal(tools: Tools, portal_id: int, purpose: str, deals: Sequence[int]) -> None:
    now = tools.clock.now()
    with tools.db.begin() as session:
        session.add_all(
            DealWrite(portal_id=portal_id, purpose=purpose, deal_id=deal, state="intent", at=now)
            for deal in deals
        )


_BECAME: Mapping[Status, str] = {Status.OK: "done", Status.FAILED: "failed", Status.UNKNOWN: "unknown"}


def _settle(tools: Tools, portal_id: int, purpose: str, outcomes: Mapping[int, Outcome]) -> None:
    now = tools.clock.now()
    with tools.db.begin() as session:
        for deal, outcome in outcomes.items():
            line = session.get_one(DealWrite, (portal_id, purpose, deal))
            if outcome.status is Status.NOT_RUN:
                session.delete(line)
            else:
                line.state, line.at = _BECAME[outcome.status], now


def _summary(db: Database, row: Delivery, purpose: str) -> dict[str, Any]:
    deals = set(created(db, row))
    states = {deal: state for deal, state in _states(db, row.portal_id, purpose).items() if deal in deals}
    counts = Counter(states.values())
    named = {
        state: sorted(d for d, s in states.items() if s == state)[:NAMED] for state in ("failed", "unknown")
    }
    return {
        "deals": len(deals),
        **{state: counts[state] for state in ("done", "failed", "unknown")},
        "named": {state: ids for state, ids in named.items() if ids},
    }
