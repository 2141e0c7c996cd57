"""The list of plans and runs of a portal, as lines to read."""

from dataclasses import dataclass

from connector.i18n import N_, _, number
from connector.planning.model import CrmMode
from connector.plans import queries as plan_queries
from connector.store.database import Database
from connector.switching import queries as run_queries
from connector.web import words
from connector.web.reportview import takes_back, when

MOST = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One plan or run."""

    id: str
    when: str
    what: str
    state: str
    tone: str
    icon: str
    leads: str
    who: str


KINDS = {"undo": N_("Undo"), "native": N_("Bitrix24's own switch, watched")}
"""Runs that are not a switch by Leadswitch."""


def plan_rows(db: Database, portal_id: int) -> list[Line]:
    """The newest plans."""
    lines = []
    for plan in plan_queries.recent(db, portal_id, limit=MOST):
        state = words.PLAN_STATES.get(plan.state, words.PLAN_STATES["failed"])
        leads = number(plan.counts.get("leads", 0)) if plan.state == "ready" else "–"
        who = str(plan.created_by.get("name") or "–")
        lines.append(
            Line(
                plan.id,
                when(plan.created_at),
                _change(plan.direction),
                _(state.text),
                state.tone,
                state.icon,
                leads,
                who,
            )
        )
    return lines


def run_rows(db: Database, portal_id: int) -> list[Line]:
    """The newest runs."""
    plans = {plan.id: plan.direction for plan in plan_queries.recent(db, portal_id, limit=500)}
    lines = []
    runs = run_queries.recent(db, portal_id, limit=MOST)
    for run in runs:
        state = words.RUN_STATES.get(run.state, words.RUN_STATES["failed"])
        if any(takes_back(other, run) for other in runs):
            state = words.UNDONE
        what = _change(plans.get(run.plan_id, CrmMode.SIMPLE))
        if run.kind in KINDS:
            what = _(KINDS[run.kind])
        fine = run.done
        leads = _("%(done)s of %(all)s", done=number(fine), all=number(run.total))
        who = str(run.created_by.get("name") or "–")
        lines.append(
            Line(run.id, when(run.created_at), what, _(state.text), state.tone, state.icon, leads, who)
        )
    return lines


def _change(direction: str) -> str:
    other = CrmMode.CLASSIC if direction == CrmMode.SIMPLE else CrmMode.SIMPLE
    return f"{_(words.MODE_NAMES[other])} → {_(words.MODE_NAMES[direction])}"
