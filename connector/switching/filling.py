"""Which leads a new run is about, and in which order it takes them. Decides nothing about what is written for them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from connector.planning.encode import action_from_json
from connector.store.models import PlanLead, RunLead
from connector.switching.calls import Row
from connector.switching.clientsteps import client_claims

CHUNK = 500
TAKEN_BACK_FROM = ("done", "failed", "skipped")
TAIL = 200
"""Of so many leads at the end, those that must wait for another one come first: else a run ends with requests for one lead each."""


def leads_of_plan(session: Session, run_id: str, plan_id: str) -> int:
    """One row per lead of the plan; those without actions, or left out by decision, are skipped with their reason. Returns how many."""
    shared: dict[int, set[str]] = {}
    tail: list[Any] = []
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
        tail += rows
        ahead, tail = tail[:-TAIL], tail[-TAIL:]
        _add(session, run_id, ahead, [row.position for row in ahead])
        total += len(rows)
        for row in rows:
            for action in () if row.excluded else row.document["managed"]:
                if str(action["do"]).startswith("reuse-"):
                    shared.setdefault(int(action["params"]["lead"]), set()).add(str(action["do"])[6:])
    _add(session, run_id, waiting_first(tail), [row.position for row in tail])
    for lead_id, entities in shared.items():
        session.execute(
            update(RunLead)
            .where(RunLead.run_id == run_id, RunLead.lead_id == lead_id)
            .values(detail={"shared": sorted(entities)})
        )
    return total


def _add(session: Session, run_id: str, rows: Sequence[Any], positions: Sequence[int]) -> None:
    if rows:
        leads = [_run_lead(run_id, row, position) for row, position in zip(rows, positions, strict=True)]
        session.execute(insert(RunLead), leads)


def waiting_first(rows: Sequence[Any]) -> list[Any]:
    """Rows of a plan, those first that use a client which another lead among them changes or creates; each part in its order."""
    claims: list[frozenset[str]] = []
    for row in rows:
        actions = [action_from_json(action) for action in (() if row.excluded else row.document["managed"])]
        made = {str(action.params["lead"]) for action in actions if action.do.startswith("reuse-")}
        claims.append(client_claims(actions) | made | ({str(row.lead_id)} if actions else set()))
    count = Counter(claim for claimed in claims for claim in claimed)
    waits = [any(count[claim] > 1 for claim in claimed) for claimed in claims]
    return [row for row, _ in sorted(zip(rows, waits, strict=True), key=lambda pair: not pair[1])]


def leads_to_watch(session: Session, run_id: str, plan_id: str) -> int:
    """Every lead of the plan, also those that it leaves out: Bitrix24 converts all that are in work."""
    query = select(PlanLead.lead_id, PlanLead.position).where(PlanLead.plan_id == plan_id)
    rows: list[Row] = [
        {"run_id": run_id, "lead_id": row.lead_id, "position": row.position, "state": "pending", "reason": ""}
        for row in session.execute(query.order_by(PlanLead.position))
    ]
    if rows:
        session.execute(insert(RunLead), rows)
    return len(rows)


def _run_lead(run_id: str, row: Any, position: int) -> Row:
    ready = bool(row.document["managed"]) and not row.excluded
    return {
        "run_id": run_id,
        "lead_id": row.lead_id,
        "position": position,
        "state": "pending" if ready else "skipped",
        "reason": "" if ready else "excluded" if row.excluded else "plan-has-errors",
    }


def leads_to_undo(session: Session, new_id: str, run_id: str, leads: Iterable[int] | None) -> int:
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
