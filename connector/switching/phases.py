"""The phases of each kind of run, in order: what each asks first, and where it leads. Holds no lease and catches no error; that is the
runner's.
"""

from collections.abc import Callable, Mapping, Sequence

from connector.planning.encode import action_from_json
from connector.planning.model import Action, CrmMode
from connector.store.models import RunState
from connector.switching import afterwards, leads, modes, native, undo
from connector.switching.book import RUN
from connector.switching.calls import Row
from connector.switching.flip import flip, note_mode
from connector.switching.inquiry import try_inquiry
from connector.switching.journal import standing_lines
from connector.switching.leadwork import Flow, work_alone
from connector.switching.setup import set_up, tear_down
from connector.switching.shift import Shift
from connector.switching.sweep import has_arrived, replan_stale, sweep
from connector.switching.verify import verify


def go_through(shift: Shift) -> Flow:
    """From the phase where the run is, one after the other, until one does not end."""
    order = PHASES[shift.run.kind]
    names = [name for name, _ in order]
    start = names.index(shift.run.phase) if shift.run.phase in names else 0
    for name, phase in order[start:]:
        _enter(shift, name)
        flow = phase(shift)
        if flow is not Flow.NEXT:
            return flow
    return Flow.REST


def _enter(shift: Shift, name: str) -> None:
    run = shift.run
    if run.phase != name or run.state != RunState.RUNNING:
        if run.phase != name:
            shift.resumed, shift.cursor = False, -1
        started = {} if run.started_at else {"started_at": shift.clock.now()}
        busy = RunState.CANCELLING if shift.book.wanted == "cancel" else RunState.RUNNING
        state = {} if name in LOOKING and run.state == RunState.WAITING else {"state": busy}
        shift.book.note(phase=name, **state, **started)
        run.phase, run.state = name, busy
        run.started_at = run.started_at or started.get("started_at")


def _setup(shift: Shift) -> Flow:
    if shift.book.wanted in ("pause", "cancel"):
        return _stop_as_wanted(shift)
    shift.prepare()
    note_mode(shift, shift.mode, ours=False)
    if shift.target is CrmMode.CLASSIC and "records" not in shift.book.counters:
        shift.book.counters["records"] = afterwards.count(shift.client)
    replan_stale(shift)
    actions = _setup_actions(shift)
    if actions:
        verdict = work_alone(shift, set_up(actions, shift.tag))
        if isinstance(verdict, Flow):
            return verdict
        if verdict.state == "failed":
            shift.book.stop(RunState.FAILED, error="setup", report={"problem": verdict.detail.get("problem")})
            return Flow.REST
    return Flow.NEXT


def _stop_as_wanted(shift: Shift) -> Flow:
    shift.book.stop(RunState.CANCELLED if shift.book.wanted == "cancel" else RunState.PAUSED)
    return Flow.REST


def _setup_actions(shift: Shift) -> Sequence[Action]:
    head: Row = shift.plan.facts.get("head") or {}
    return [action_from_json(raw) for raw in head.get("setup", ())]


def _sweep(shift: Shift) -> Flow:
    if sweep(shift) is Flow.NEXT:
        return Flow.NEXT
    # Back to the leads: those that came are pending now.
    shift.book.note(phase="leads")
    shift.run.phase = "leads"
    shift.resumed = False
    return Flow.MORE


def _flip(shift: Shift) -> Flow:
    if shift.book.wanted != "go":
        return _stop_as_wanted(shift)
    seen = shift.seen = shift.seen or modes.look(shift.client)
    if seen.mode is not shift.target and has_arrived(shift, seen):
        # Leads came while the run was waiting for a person: they are converted first, and nobody has to ask for that.
        shift.book.note(phase="sweep", state=RunState.RUNNING, waiting_for=None)
        shift.run.phase = "sweep"
        return Flow.MORE
    return flip(shift, shift.target)


def _flip_back(shift: Shift) -> Flow:
    """Undo goes back to the mode before, if that run changed it and people want it; `service.undo` has decided."""
    if shift.book.wanted != "go":
        return _stop_as_wanted(shift)
    back = shift.book.counters.get("mode_back")
    return Flow.NEXT if not back else flip(shift, CrmMode(back))


def _tear_down(shift: Shift) -> Flow:
    if not shift.book.counters.get("whole"):
        return Flow.NEXT
    with shift.db.read() as session:
        lines = standing_lines(session, shift.run.undo_of or "", [RUN], but=shift.run.id)[RUN]
    verdict = work_alone(shift, tear_down(lines))
    if isinstance(verdict, Flow):
        return verdict
    shift.book.counters["setup_kept"] = verdict.detail.get("kept", [])
    return Flow.NEXT


LOOKING = ("flip", "watch")
"""Phases that only look and may go on waiting for a person."""
Phase = Callable[[Shift], Flow]
PHASES: Mapping[str, tuple[tuple[str, Phase], ...]] = {
    "apply": (
        ("setup", _setup),
        ("leads", leads.convert_leads),
        ("sweep", _sweep),
        ("flip", _flip),
        ("verify", verify),
        ("inquiry", try_inquiry),
    ),
    "native": (
        ("predict", native.predict),
        ("watch", native.watch),
        ("compare", native.compare),
        ("verify", native.report),
    ),
    "undo": (
        ("flip", _flip_back),
        ("leads", undo.undo_leads),
        ("fills", undo.undo_fills),
        ("clients", undo.undo_clients),
        ("setup", _tear_down),
        ("verify", verify),
    ),
}
