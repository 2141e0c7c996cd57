"""The phase `leads` of an apply: which leads come next, their programs, and what their outcomes mean for the run."""

from collections.abc import Sequence
from typing import Any

from connector.planning.encode import lead_from_json
from connector.planning.options import Activities, Automation
from connector.store.models import JournalState, RunLead
from connector.switching.book import RUN
from connector.switching.calls import Program, Row, Verdict
from connector.switching.clientsteps import client_claims
from connector.switching.convert import Policy, convert, give_back
from connector.switching.hand import Hand
from connector.switching.leadwork import Flow, work_leads
from connector.switching.shift import Shift, Work
from connector.switching.steps import levels

NOT_THE_LEADS_FAULT = frozenset({"", "stale", "deviates", "partly"})
EVERYTHING = 100_000


def convert_leads(shift: Shift) -> Flow:
    """Convert what is pending."""
    shift.prepare()
    return work_leads(shift, _feed, _judge)


def _feed(shift: Shift, room: int) -> Sequence[Work]:
    if not shift.resumed:
        shift.resumed = True
        rows = shift.lead_rows(("running",), EVERYTHING)
        if rows:
            return _works(shift, rows)
    rows = shift.lead_rows(("pending",), room, shift.cursor) if room else []
    if rows:
        shift.cursor = rows[-1].position
    return _works(shift, rows)


def _works(shift: Shift, rows: Sequence[RunLead]) -> list[Work]:
    documents = shift.documents([row.lead_id for row in rows])
    common = _common(shift)
    return [_work(shift, row, documents.get(row.lead_id), common) for row in rows]


def _common(shift: Shift) -> dict[str, int]:
    """Ids that the set-up of this run has yielded, by step key."""
    entries = shift.journal.load([RUN])[RUN].values()
    return {e.key: int(e.result["id"]) for e in entries if e.state == JournalState.DONE and "id" in e.result}


def _work(shift: Shift, row: RunLead, document: Row | None, common: dict[str, int]) -> Work:
    detail: dict[str, Any] = row.detail or {}
    plan = lead_from_json(detail.get("plan") or document or {})
    again = int(detail.get("round", 1))
    tag, prefix = (f"{shift.tag}.{again}", f"r{again}:") if again > 1 else (shift.tag, "")
    options = shift.options
    quiet = options.automation is Automation.QUIET
    hand = Hand(plan, tag, dict(common), preset=shift.preset, quiet=quiet)
    policy = Policy(
        keep_open=options.activities is Activities.KEEP_OPEN,
        shared=frozenset(detail.get("shared", ())),
    )

    def program(touched: bool) -> Program:
        why = detail.get("giving_back")
        return give_back(hand, policy, why) if why else convert(hand, policy, touched=touched)

    return Work(row.lead_id, program, client_claims(plan.managed), prefix, len(levels(plan.managed)))


def _judge(shift: Shift, lead_id: int, verdict: Verdict) -> Row | None:
    """The first lead must come out as planned; and when one lead after the other fails for the same reason, it is not the leads."""
    counters = shift.book.counters
    if verdict.state == "done":
        shift.streak.clear()
        first, counters["proved"] = not counters.get("proved"), True
        wrong = verdict.detail.get("deviations")
        return {"what": "deviation", "lead": lead_id, "deviations": wrong} if first and wrong else None
    if verdict.reason in NOT_THE_LEADS_FAULT:
        return None
    shift.streak.append(verdict.reason)
    last = shift.streak[-shift.effort.same_failures :]
    if len(last) == shift.effort.same_failures and len(set(last)) == 1:
        shift.streak.clear()
        return {
            "what": "failures",
            "reason": verdict.reason,
            "count": len(last),
            "detail": verdict.detail.get("problem"),
        }
    return None
