"""The phase in which the CRM mode changes: by a documented setter where there is one, else by a person whom we wait for. Never claims it.

Offered only when no lead of the whole portal is in work, because Bitrix24's own dialog would convert those by its own rules (design
decision 3); leads that the user has left to Bitrix24 are the exception that the plan names.
"""

from datetime import timedelta

from connector.errors import ClassicUnavailable
from connector.planning.model import CrmMode
from connector.planning.options import Leftovers
from connector.portals.modes import note_reading
from connector.store.models import Run, RunState
from connector.switching import modes
from connector.switching.calls import Program, Row, Verdict, Write
from connector.switching.leadwork import Flow, work_alone
from connector.switching.modes import Setter
from connector.switching.parts import ask
from connector.switching.shift import Shift

NAMED = 50
"""Ids of leads in work that are named while the run waits for them."""


def flip(shift: Shift, target: CrmMode) -> Flow:
    """One look at the mode, and whatever can be done about it now. `rest` means: waiting, ask again later."""
    seen, shift.seen = shift.seen or modes.look(shift.client), None
    note_mode(shift, seen.mode)
    if seen.mode is target:
        shift.book.note(state=RunState.RUNNING, waiting_for=None)
        return Flow.NEXT
    if target is CrmMode.CLASSIC and _said(shift, "classic-none"):
        shift.book.stop(RunState.FAILED, error=ClassicUnavailable.key)
        return Flow.REST
    setter = seen.setter
    active = seen.active if target is CrmMode.SIMPLE else ()
    leftovers = shift.options.leftovers
    if active and not _may_flip_with(leftovers, setter):
        return _wait(shift, {"what": "leads", "count": len(active), "leads": list(active[:NAMED])})
    if setter is not None and not (active and leftovers is Leftovers.BITRIX24):
        return _set(shift, setter, target, len(active))
    return _wait(
        shift, {"what": "flip", "to": target.value, "count": len(active), "leads": list(active[:NAMED])}
    )


def _said(shift: Shift, code: str) -> bool:
    """Whether the plan has this finding about itself."""
    head: Row = shift.plan.facts.get("head") or {}
    return any(found.get("code") == code for found in head.get("findings", ()))


def _may_flip_with(leftovers: Leftovers, setter: Setter | None) -> bool:
    """Leads in work are left to Bitrix24's dialog, or stay as they are where the mode can be set without it."""
    return leftovers is Leftovers.BITRIX24 or (leftovers is Leftovers.LEAVE and setter is not None)


def note_mode(shift: Shift, seen: CrmMode | None = None, *, ours: bool = True) -> CrmMode:
    """Read the mode (unless it was `seen` just now), keep the reading, and notice a change since the last one.

    Not `ours`: a change that is noticed now came before this run had begun.
    """
    mode = seen or modes.read_mode(shift.client)
    now = shift.clock.now()
    with shift.db.begin() as session:
        shift.lease.renew(session)
        note_reading(
            session,
            shift.run.portal_id,
            mode.value,
            at=now,
            source="run",
            run_id=shift.run.id if ours else None,
        )
    shift.book.counters.setdefault("mode_before", mode.value)
    return mode


def _wait(shift: Shift, what: Row) -> Flow:
    """Rest until asked again. The first wait decides when it gives up asking by itself; somebody who looks makes it go on."""
    now = shift.clock.now()
    with shift.db.read() as session:
        before: Row = session.get_one(Run, shift.run.id).waiting_for or {}
    names = ("since", "until", "watched_at", "note") if before.get("what") == what["what"] else ()
    limit = (now + timedelta(hours=shift.effort.poll_hours)).isoformat()
    kept: Row = {name: before[name] for name in names if name in before}
    waiting: Row = {"since": now.isoformat(), "until": limit, **what, **kept, "polled_at": now.isoformat()}
    shift.book.stop(RunState.WAITING, waiting)
    return Flow.REST


def _set(shift: Shift, setter: Setter, target: CrmMode, active: int) -> Flow:
    write = modes.set_call(setter, target, active_leads=active, attempt=shift.run.attempt)
    verdict = work_alone(shift, _setting(write))
    if isinstance(verdict, Flow):
        return verdict
    if verdict.state == "done" and note_mode(shift) is target:
        return Flow.NEXT
    note = verdict.detail.get("text") or "not-confirmed"
    return _wait(shift, {"what": "flip", "to": target.value, "count": active, "leads": [], "note": note})


def _setting(write: Write) -> Program:
    answer = yield from ask(write)
    if answer.error is not None:
        return Verdict("failed", answer.error.code, {"text": answer.error.description})
    return Verdict("done")
