"""The list of plans and runs of a portal, as lines to read."""

from dataclasses import dataclass

from connector.i18n import N_, _, number
from connector.planning.model import CrmMode
from connector.plans import queries as plan_queries
from connector.plans.queries import Header
from connector.store.database import Database
from connector.switching import queries as run_queries
from connector.switching.progress import RunProgress
from connector.web import words
from connector.web.reportview import takes_back, when

LINES = 20
FURTHEST = 10_000
"""Lists are looked through page by page; nobody turns this many."""


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


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of a list; `links` are (label, icon, number of the page) of the pages beside it."""

    lines: tuple[Line, ...]
    links: tuple[tuple[str, str, int], ...]


def plan_rows(db: Database, portal_id: int, page: int = 0) -> Rows:
    """Plans, newest first."""
    found = plan_queries.recent(db, portal_id, limit=LINES + 1, offset=page * LINES)
    return Rows(tuple(_plan(plan) for plan in found[:LINES]), _links(page, len(found) > LINES))


def run_rows(db: Database, portal_id: int, page: int = 0) -> Rows:
    """Runs, newest first."""
    found = run_queries.recent(db, portal_id, limit=LINES + 1, offset=page * LINES)
    shown = found[:LINES]
    plans = plan_queries.directions(db, [run.plan_id for run in shown])
    undos = run_queries.undos_of(db, [run.id for run in shown])
    lines = []
    for run in shown:
        taken_back = any(takes_back(undo, run) for undo in undos)
        lines.append(_run(run, plans.get(run.plan_id, CrmMode.SIMPLE), taken_back))
    return Rows(tuple(lines), _links(page, len(found) > LINES))


def page_of(text: str) -> int:
    """The number of a page out of a form; what is none is the first."""
    return min(int(text), FURTHEST) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _links(page: int, more: bool) -> tuple[tuple[str, str, int], ...]:
    newer = ((_("Newer"), "chevron-left", page - 1),) if page else ()
    older = ((_("Older"), "chevron-right", page + 1),) if more else ()
    return newer + older


def _plan(plan: Header) -> Line:
    state = words.PLAN_STATES.get(plan.state, words.PLAN_STATES["failed"])
    leads = number(plan.counts.get("leads", 0)) if plan.state == "ready" else "–"
    return Line(
        plan.id,
        when(plan.created_at),
        _change(plan.direction),
        _(state.text),
        state.tone,
        state.icon,
        leads,
        str(plan.created_by.get("name") or "–"),
    )


def _run(run: RunProgress, direction: str, taken_back: bool) -> Line:
    state = words.RUN_STATES.get(run.state, words.RUN_STATES["failed"])
    if taken_back:
        state = words.UNDONE
    return Line(
        run.id,
        when(run.created_at),
        _(KINDS[run.kind]) if run.kind in KINDS else _change(direction),
        _(state.text),
        state.tone,
        state.icon,
        _("%(done)s of %(all)s", done=number(run.done), all=number(run.total)),
        str(run.created_by.get("name") or "–"),
    )


def _change(direction: str) -> str:
    other = CrmMode.CLASSIC if direction == CrmMode.SIMPLE else CrmMode.SIMPLE
    return f"{_(words.MODE_NAMES[other])} → {_(words.MODE_NAMES[direction])}"
