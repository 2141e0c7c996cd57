"""Undoing the leads of a run: first all leads and their deals, then the clients, which leads may share. Feeds programs, sends nothing."""

from collections.abc import Callable, Sequence

from connector.store.models import RunLead
from connector.switching.calls import Line, Look, Program, Row, Verdict
from connector.switching.journal import standing_lines
from connector.switching.leadwork import Feed, Flow, work_leads
from connector.switching.parts import ask
from connector.switching.reverse import take_back
from connector.switching.reverse_clients import delete_clients, restore_clients
from connector.switching.shift import Shift, Work

CHUNK = 100
EVERYTHING = 100_000


def undo_leads(shift: Shift) -> Flow:
    """Activities, leads, comments and deals go back."""
    shift.book.counters["proved"] = True
    return work_leads(shift, _feed, _judge)


def undo_fills(shift: Shift) -> Flow:
    """What was filled in clients that leads have in common, or that existed before, is emptied again."""
    return work_leads(shift, _feeder("fills", _undo_fills), _judge)


def undo_clients(shift: Shift) -> Flow:
    """Created clients are deleted."""
    return work_leads(shift, _feeder("clients", _undo_clients), _judge)


def _judge(shift: Shift, lead_id: int, verdict: Verdict) -> Row | None:  # noqa: ARG001  (same form as for apply)
    return None


def _feed(shift: Shift, room: int) -> Sequence[Work]:
    if not shift.resumed:
        shift.resumed = True
        rows = shift.lead_rows(("running",), EVERYTHING)
        if rows:
            return _works(shift, rows, _undo_lead)
    rows = shift.lead_rows(("pending",), room, shift.cursor) if room else []
    if rows:
        shift.cursor = rows[-1].position
    return _works(shift, rows, _undo_lead)


def _feeder(flag: str, make: "Maker") -> Feed:
    """Leads that have not been through the pass that leaves `flag` in their detail."""

    def feed(shift: Shift, room: int) -> Sequence[Work]:
        shift.resumed = True
        while room:
            rows = shift.lead_rows(("undone", "kept", "failed"), min(room, CHUNK), shift.cursor)
            if not rows:
                break
            shift.cursor = rows[-1].position
            open_ = [row for row in rows if not (row.detail or {}).get(flag)]
            if open_:
                return _works(shift, open_, make)
        return []

    return feed


Maker = Callable[[RunLead, Sequence[Line], Row], Program]


def _works(shift: Shift, rows: Sequence[RunLead], make: Maker) -> list[Work]:
    ids = [row.lead_id for row in rows]
    original = shift.run.undo_of or ""
    with shift.db.read() as session:
        lines = standing_lines(session, original, ids, but=shift.run.id)
        made = {id_: _made(session.get(RunLead, (original, id_))) for id_ in ids}
    return [_work(row, lines[row.lead_id], made[row.lead_id], make) for row in rows]


def _work(row: RunLead, lines: Sequence[Line], made: Row, make: Maker) -> Work:
    def program(touched: bool) -> Program:  # noqa: ARG001  (the journal answers what was done before)
        return make(row, lines, made)

    return Work(row.lead_id, program, _claims(lines))


def _made(lead: RunLead | None) -> Row:
    made: Row = (lead.detail or {}).get("made", {}) if lead is not None else {}
    return made


def _claims(lines: Sequence[Line]) -> frozenset[str]:
    return frozenset(
        f"{line.params.get('entityTypeId', 'task')}:{line.params.get('id') or line.params.get('taskId')}"
        for line in lines
        if line.method in ("crm.item.update", "tasks.task.update")
    )


def _undo_lead(row: RunLead, lines: Sequence[Line], made: Row) -> Program:
    kept = yield from take_back(row.lead_id, lines, known=made)
    found = yield from ask(Look("lead", row.lead_id))
    state = "kept" if kept else "undone"
    if found.value is None and not kept:
        kept, state = [{"what": "lead", "id": row.lead_id, "why": "gone"}], "kept"
    return Verdict(state, _reason(kept), {"kept": kept} if kept else {})


def _undo_fills(row: RunLead, lines: Sequence[Line], made: Row) -> Program:  # noqa: ARG001
    return _after(row, "fills", (yield from restore_clients(lines)))


def _undo_clients(row: RunLead, lines: Sequence[Line], made: Row) -> Program:
    return _after(row, "clients", (yield from delete_clients(row.lead_id, lines, known=made)))


def _after(row: RunLead, flag: str, more: Sequence[Row]) -> Verdict:
    kept = [*(row.detail or {}).get("kept", ()), *more]
    return Verdict(
        "kept" if kept else row.state, _reason(kept), {flag: True, **({"kept": kept} if kept else {})}
    )


def _reason(kept: Sequence[Row]) -> str:
    return str(kept[0].get("why", "")) if kept else ""
