"""A test inquiry, when somebody asks for it after a switch: create a lead with a clear name, look what the portal makes of it, remove
it all again. Journalled like everything else; says only what it saw.

In Simple CRM Bitrix24 turns a new lead into a deal with its client at once, in Classic CRM it stays a lead (native_switch.md 3). Forms,
mail and telephony have rules of their own, which this does not try. Only records that name the test lead are removed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.planning.model import CrmMode
from connector.store.models import Run, RunState
from connector.switching.book import INQUIRY
from connector.switching.calls import COMPANY, CONTACT, DEAL, LEAD, ORIGINATOR, Program, Row, Verdict, Write
from connector.switching.flip import note_mode
from connector.switching.leadwork import Flow, work_alone
from connector.switching.parts import ask
from connector.switching.reverse import BACK
from connector.switching.shift import Shift

TITLE = "Leadswitch: test inquiry, removed at once"
LOOKS = 6
PAUSE_SECONDS = 1.5
_KINDS: tuple[tuple[str, int], ...] = (("deal", DEAL), ("contact", CONTACT), ("company", COMPANY))


def try_inquiry(shift: Shift) -> Flow:
    """The phase: ends the run as done again, with what was seen under `inquiry` in its report; see `docs/cli.md`."""
    number = int(shift.book.counters.get("inquiries", 1))
    made = work_alone(shift, _create(shift.tag, number), INQUIRY)
    if isinstance(made, Flow):
        return made
    mode = note_mode(shift)
    if made.state == "failed":
        return _end(shift, mode, {"refused": made.detail.get("text", "")})
    lead_id = int(made.detail["id"])
    seen = shift.book.counters.get("inquiry")
    if seen is None:
        seen = shift.book.counters["inquiry"] = _look(shift, lead_id, mode)
        shift.book.note()
    gone = work_alone(shift, _remove(number, lead_id, seen), INQUIRY)
    if isinstance(gone, Flow):
        return gone
    return _end(shift, mode, {**seen, "kept": gone.detail.get("kept", [])})


def _create(tag: str, number: int) -> Program:
    marker = f"{tag}:inquiry:{number}"
    fields = {
        "title": TITLE,
        "name": "Leadswitch",
        "lastName": "Test",
        "originatorId": ORIGINATOR,
        "originId": marker,
    }
    params = {"entityTypeId": LEAD, "fields": fields}
    answer = yield from ask(Write(f"inquiry:{number}", "crm.item.add", params, marker))
    if answer.error is not None:
        return Verdict("failed", answer.error.code, {"text": answer.error.description or str(answer.error)})
    return Verdict("done", "", {"id": answer.value["id"]})


def _look(shift: Shift, lead_id: int, mode: CrmMode) -> Row:
    """What there is because of the lead; looked for several times, since the portal may take a moment."""
    found: Row = {}
    for round_ in range(LOOKS):
        if round_:
            shift.clock.sleep(PAUSE_SECONDS)
        leads = _rows(shift, LEAD, {"=id": lead_id}, ["id", "stageId", "stageSemanticId"])
        found = {"lead": lead_id, "stage": leads[0].get("stageId") if leads else None}
        found["active"] = bool(leads) and leads[0].get("stageSemanticId") == "P"
        for name, kind in _KINDS:
            select = ["id", "categoryId", "stageId", "leadId"] if name == "deal" else ["id", "leadId"]
            found[name] = [
                {key: row[key] for key in ("id", "categoryId", "stageId") if key in row}
                for row in _rows(shift, kind, {"=leadId": lead_id}, select)
            ]
        if mode is CrmMode.CLASSIC or found["deal"]:
            break
    return found


def _rows(shift: Shift, kind: int, wanted: Mapping[str, Any], select: Sequence[str]) -> list[Row]:
    params = {"entityTypeId": kind, "select": list(select), "filter": dict(wanted)}
    return [dict(row) for row in shift.client.list("crm.item.list", params)]


def _remove(number: int, lead_id: int, seen: Row) -> Program:
    """The deal first: it holds its clients; the lead last."""
    kept: list[Row] = []
    for name, kind, id_ in (*_made(seen), ("lead", LEAD, lead_id)):
        key = f"{BACK}inquiry:{number}:{name}:{id_}"
        answer = yield from ask(Write(key, "crm.item.delete", {"entityTypeId": kind, "id": id_}))
        if answer.error is not None and answer.code != "not_found":
            kept.append({"what": name, "id": id_, "why": "refused"})
    return Verdict("done", "", {"kept": kept})


def _made(seen: Row) -> Iterator[tuple[str, int, int]]:
    for name, kind in _KINDS:
        for row in seen.get(name, ()):
            yield name, kind, int(row["id"])


def _end(shift: Shift, mode: CrmMode, seen: Row) -> Flow:
    with shift.db.read() as session:
        report: Row = dict(session.get_one(Run, shift.run.id).report or {})
    expected = "deal" if mode is CrmMode.SIMPLE else "lead"
    if "refused" not in seen:
        seen["as_expected"] = (
            bool(seen["deal"]) if expected == "deal" else seen["active"] and not seen["deal"]
        )
    report["inquiry"] = {
        "at": shift.clock.now().isoformat(),
        "mode": mode.value,
        "expected": expected,
        **seen,
    }
    shift.book.counters.pop("inquiry", None)
    shift.book.stop(RunState.DONE, report=report)
    return Flow.REST
