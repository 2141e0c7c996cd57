"""What the pages of a run show: progress, controls, the wait for the mode, the report. Shows what switching recorded; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import format_datetime

from connector.i18n import N_, _, duration, ngettext, number, percent
from connector.planning.model import CrmMode
from connector.reports.words import NOT_RESTORED, REASON, problem_text, word
from connector.switching.progress import RunProgress
from connector.switching.queries import RunLeadRow
from connector.web import words
from connector.web.planview import Item

MOVING = ("queued", "running", "pausing", "cancelling")
ENDED = ("done", "failed", "cancelled")
FLIP = "flip"
LEFT = ("skipped", "failed", "kept")
NAMED = 50


@dataclass(frozen=True, slots=True)
class Control:
    """A button: what is asked of the run, how it is called and looks."""

    verb: str
    label: str
    icon: str
    look: str = "outline"


@dataclass(frozen=True, slots=True)
class Note:
    """Something to say above the controls."""

    kind: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class RunView:
    """A run on its page. `moving`: ask again soon; `elsewhere`: this run now has another page (flip or report)."""

    id: str
    kind: str
    state: str
    title: str
    subtitle: str
    state_text: str
    icon: str
    share_text: str
    done: int
    total: int
    moving: bool
    elsewhere: bool
    figures: tuple[Item, ...]
    note: Note | None
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class FlipView:
    """The wait for a person to change the mode; `url` is where Bitrix24 shows its leads or deals."""

    to: str
    from_mode: str
    now: str
    polling: bool
    lead: str
    text: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked at the end."""

    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class LeftView:
    """A lead that was left as it is, and why."""

    id: int
    title: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """The report of a run."""

    tone: str
    icon: str
    title: str
    subtitle: str
    figures: tuple[Item, ...]
    checks: tuple[Check, ...]
    left: tuple[LeftView, ...]
    left_more: int
    remains: tuple[str, ...]
    facts: tuple[Item, ...]
    can_undo: bool


WAITING: Mapping[str, tuple[str, str]] = {
    "leads": (
        N_("Leads are still in work"),
        N_(
            "Bitrix24 would convert them by its own rules. Convert or close them in Bitrix24, then check again."
        ),
    ),
    "rights": (
        N_("The access that Leadswitch uses has lost its rights"),
        N_(
            "Its owner must be an administrator again, or another administrator opens the app once. Then resume."
        ),
    ),
    "failures": (
        N_("Several leads failed for the same reason"),
        N_("The run has stopped so that nothing goes on wrong. Solve the cause, then resume."),
    ),
    "deviation": (
        N_("The first lead did not come out as planned"),
        N_("Look at its deal in Bitrix24. If it is fine, resume; if not, cancel and undo."),
    ),
}
CONTROLS: Mapping[str, tuple[str, ...]] = {
    "queued": ("pause", "cancel"),
    "running": ("pause", "cancel"),
    "pausing": (),
    "paused": ("resume", "cancel"),
    "cancelling": (),
    "waiting": ("resume", "cancel"),
    "failed": ("retry",),
}
BUTTONS: Mapping[str, Control] = {
    "pause": Control("pause", N_("Pause"), "pause"),
    "resume": Control("resume", N_("Resume"), "play", "primary"),
    "cancel": Control("cancel", N_("Cancel the rest"), "stop", "plain"),
    "retry": Control("retry", N_("Try the failed leads again"), "repeat"),
}


def run_view(run: RunProgress) -> RunView:
    """A run while it works, rests or waits for leads."""
    done, total = min(run.ended, run.total), run.total
    title, subtitle = _title(run)
    state = words.RUN_STATES.get(run.state, words.RUN_STATES["running"])
    moving = run.state in MOVING
    return RunView(
        id=run.id,
        kind=run.kind,
        state=run.state,
        title=title,
        subtitle=subtitle,
        state_text=_state_text(run, done, total),
        icon=state.icon,
        share_text=percent(done / total) if total else "",
        done=done,
        total=total,
        moving=moving,
        elsewhere=is_flip(run) or run.state in ENDED,
        figures=tuple(_figures(run)),
        note=_note(run),
        controls=controls(run),
    )


def is_flip(run: RunProgress) -> bool:
    """Whether the run waits for a person to change the mode."""
    return run.state == "waiting" and _waits(run).get("what") == FLIP


def controls(run: RunProgress) -> tuple[Control, ...]:
    """What can be asked of a run in its state."""
    verbs = CONTROLS.get(run.state, ())
    if run.state == "done" and run.failed and run.kind == "apply":
        verbs = ("retry",)
    found = [BUTTONS[verb] for verb in verbs if verb != "retry" or run.kind == "apply"]
    return tuple(Control(one.verb, _(one.label), one.icon, one.look) for one in found)


def flip_view(run: RunProgress, origin: str, now: str | None) -> FlipView:
    """The guided flip. `origin` is the portal's address, `now` the mode that it last reported."""
    to = str(_waits(run).get("to") or _modes(run).get("wanted") or CrmMode.SIMPLE)
    before = CrmMode.CLASSIC if to == CrmMode.SIMPLE else CrmMode.SIMPLE
    path = "/crm/lead/list/" if before is CrmMode.CLASSIC else "/crm/deal/list/"
    polling = is_flip(run)
    name = _(words.MODE_NAMES[to])
    note = _("This page notices the change by itself and goes on.") if polling else ""
    if _waits(run).get("note"):
        note = _("Your portal still reports the old mode. Look whether the change was saved.")
    lead = _("One last step remains, and Bitrix24 lets only a person do it. It takes a minute.")
    if run.kind == "apply" and run.done:
        lead = _(
            "All leads of the plan are dealt with. One last step remains, and Bitrix24 lets only a person do it."
        )
    return FlipView(
        to=to,
        from_mode=before.value,
        now=to if not polling else (now or before.value),
        polling=polling,
        lead=lead,
        text=_("Waiting for %(mode)s …", mode=name) if polling else _("The mode has changed."),
        note=note,
        url=f"{origin}{path}",
    )


def report_view(run: RunProgress, left: list[RunLeadRow], left_total: int) -> ReportView:
    """The report of a run that is at its end."""
    tone, icon, title, subtitle = _outcome(run)
    records = (run.report or {}).get("records", {})
    figures = (
        []
        if not run.total
        else [Item(_("Converted") if run.kind == "apply" else _("Brought back"), number(run.done))]
    )
    if left_total:
        figures.append(Item(_("Left as they are"), number(left_total)))
    if run.kind == "apply":
        named = (("deal", _("Deals")), ("contact", _("Contacts")), ("company", _("Companies")))
        figures += [Item(label, number(records[entity])) for entity, label in named if records.get(entity)]
    return ReportView(
        tone=tone,
        icon=icon,
        title=title,
        subtitle=subtitle,
        figures=tuple(figures),
        checks=tuple(_checks(run, left_total)),
        left=tuple(_left(one) for one in left),
        left_more=max(0, left_total - len(left)),
        remains=tuple(_remains(run)),
        facts=tuple(_facts(run)),
        can_undo=run.kind == "apply" and run.done + _changed(run) > 0,
    )


def _remains(run: RunProgress) -> list[str]:
    """What undo cannot bring back; a run without leads has changed nothing but the mode."""
    if not run.total:
        return [_(text) for text in words.NOT_UNDOABLE_CLASSIC]
    codes = (run.report or {}).get("not_restored", ())
    return [_(NOT_RESTORED[code]) for code in codes if code in NOT_RESTORED]


def left_total(run: RunProgress) -> int:
    """How many leads the run did not bring to their end."""
    return run.skipped + run.failed + run.kept


def _waits(run: RunProgress) -> Mapping[str, Any]:
    return run.waiting_for or {}


def _modes(run: RunProgress) -> Mapping[str, Any]:
    """`{"before", "now", "wanted"}` as the report read them; empty before that."""
    modes: Mapping[str, Any] = (run.report or {}).get("mode") or {}
    return modes


def _changed(run: RunProgress) -> int:
    mode = _modes(run)
    return int(bool(mode) and mode.get("before") != mode.get("now"))


def _title(run: RunProgress) -> tuple[str, str]:
    stays = _("You can close this page; the run goes on. Any administrator can open it again.")
    if run.kind == "undo":
        return _("Taking the switch back"), stays
    return (_("Converting leads"), stays) if run.total else (_("Changing the mode"), stays)


def _state_text(run: RunProgress, done: int, total: int) -> str:
    if run.state == "running" and run.phase in ("leads", "clients") and total:
        return _("%(done)s of %(all)s leads", done=number(done), all=number(total))
    if run.state == "running" and run.phase == "verify":
        return _("Checking the result")
    if run.state == "running" and run.phase == "setup":
        return _("Preparing")
    waiting = WAITING.get(str(_waits(run).get("what")))
    if run.state == "waiting" and waiting:
        return _(waiting[0])
    return _(words.RUN_STATES[run.state].text)


def _figures(run: RunProgress) -> list[Item]:
    rows = [Item(_("Converted") if run.kind == "apply" else _("Brought back"), number(run.done))]
    if left := left_total(run):
        rows.append(Item(_("Left as they are"), number(left)))
    if run.rate:
        rows.append(Item(_("Speed"), _("%(n)s per minute", n=number(round(run.rate)))))
    if run.seconds_left:
        rows.append(Item(_("Time left"), _("about %(time)s", time=duration(run.seconds_left))))
    return rows


def _note(run: RunProgress) -> Note | None:
    wait = _waits(run)
    what = str(wait.get("what", ""))
    if what == "operating":
        text = _("Bitrix24 asks for a break of some minutes in its working time. The run goes on by itself.")
        return Note("info", _("Waiting for Bitrix24"), text)
    if what == "portal":
        return Note("error", _("The portal did not answer as needed"), str(wait.get("text", "")))
    if what in WAITING:
        title, text = (_(part) for part in WAITING[what])
        count = wait.get("count")
        named = ", ".join(f"#{one}" for one in wait.get("leads", ())[:NAMED])
        more = [
            text,
            _("Leads: %(ids)s", ids=named) if named else "",
            str(wait.get("detail") or ""),
        ]
        if what == "leads" and count:
            title = ngettext("%(n)s lead is still in work", "%(n)s leads are still in work", int(count))
        return Note("warning", title, " ".join(part for part in more if part))
    if run.state == "paused":
        return Note("info", _("Paused"), _("Everything done so far is recorded. Resume whenever you like."))
    return None


def _outcome(run: RunProgress) -> tuple[str, str, str, str]:
    fine, left = run.done, left_total(run)
    mode = _modes(run)
    if run.state == "failed":
        return "error", "error", _("The run has stopped"), _("What was done is recorded and can be undone.")
    if run.state == "cancelled":
        text = ngettext(
            "%(n)s lead was converted before that.", "%(n)s leads were converted before that.", fine
        )
        return "warning", "stop", _("Cancelled"), text
    if run.kind == "undo":
        text = ngettext("%(n)s lead is back where it was.", "%(n)s leads are back where they were.", fine)
        return (
            ("warning", "warning", _("Taken back, with exceptions"), text)
            if left
            else ("ok", "ok", _("Everything is back"), text)
        )
    if mode.get("wanted") and mode.get("now") != mode.get("wanted"):
        text = _("The portal reports %(mode)s.", mode=_mode(mode.get("now")))
        return "warning", "warning", _("The mode has not changed"), text
    title = _("Your portal works in %(mode)s", mode=_mode(mode.get("now")))
    if not run.total:
        return "ok", "ok", title, _("Nothing had to be converted.")
    text = _(
        "%(done)s of %(all)s leads became deals.",
        done=number(fine),
        all=number(run.total),
    )
    return ("warning" if left else "ok"), ("warning" if left else "ok"), title, text


def _checks(run: RunProgress, left: int) -> list[Check]:
    mode = _modes(run)
    if not mode:
        return []
    active = int((run.report or {}).get("active_leads", 0))
    rows = [
        Check(
            mode.get("wanted") in (None, mode.get("now")),
            _("Read back: the portal reports %(mode)s.", mode=_mode(mode.get("now"))),
        )
    ]
    if run.kind == "apply" and mode.get("now") == CrmMode.SIMPLE:
        text = (
            _("No lead of the portal is in work.")
            if not active
            else ngettext("%(n)s lead is still in work.", "%(n)s leads are still in work.", active)
        )
        rows.append(Check(not active, text))
    if left:
        rows.append(
            Check(
                False, ngettext("%(n)s lead was left as it is.", "%(n)s leads were left as they are.", left)
            )
        )
    elif run.total:
        rows.append(
            Check(
                True,
                _("Every lead was read back after its conversion.")
                if run.kind == "apply"
                else _("Every lead was read back."),
            )
        )
    return rows


def _left(lead: RunLeadRow) -> LeftView:
    reason = word(REASON, lead.reason) if lead.reason else _("It could not be finished.")
    return LeftView(
        lead.lead_id, lead.title or _("Lead #%(id)s", id=lead.lead_id), reason, problem_text(lead.detail)
    )


def _facts(run: RunProgress) -> list[Item]:
    rows = [
        Item(_("Who"), str(run.created_by.get("name") or "–")),
        Item(_("Started"), when(run.started_at or run.created_at)),
    ]
    if run.finished_at:
        rows.append(Item(_("Finished"), when(run.finished_at)))
        if run.started_at:
            rows.append(Item(_("Took"), duration((run.finished_at - run.started_at).total_seconds())))
    return rows


def when(at: datetime) -> str:
    """A time in the zone of the reader."""
    return str(format_datetime(at, "medium"))


def _mode(value: Any) -> str:
    return _(words.MODE_NAMES[value]) if value in words.MODE_NAMES else str(value or "–")
