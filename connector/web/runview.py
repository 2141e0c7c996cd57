"""What the pages of a run show: progress, controls, the wait for the mode, the report. Shows what switching recorded; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import format_time

from connector.i18n import N_, _, duration, ngettext, number, percent
from connector.planning.model import CrmMode
from connector.reports.waiting import limit_text
from connector.reports.words import wait_text
from connector.switching.progress import RunProgress
from connector.web import words
from connector.web.reportview import left_total, modes_of, when
from connector.web.viewparts import Item

MOVING = ("queued", "running", "pausing", "cancelling")


ENDED = ("done", "failed", "cancelled")


FLIP = "flip"
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
    "replan": Control("replan", N_("Plan the changed leads anew and convert them"), "repeat"),
}

STOP_HERE = N_("End without changing the mode")
"""What `cancel` means where nothing but the mode is left."""


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
    if run.stale and run.kind == "apply" and run.state != "paused":
        verbs = (*verbs, "replan")
    found = [BUTTONS[verb] for verb in verbs if verb != "retry" or run.kind == "apply"]
    labels = {"cancel": STOP_HERE} if is_flip(run) else {}
    return tuple(Control(one.verb, _(labels.get(one.verb, one.label)), one.icon, one.look) for one in found)


def may_try(run: RunProgress) -> bool:
    """Whether a test inquiry is offered: the switch is done, and the portal reported the wanted mode."""
    mode = modes_of(run)
    return (
        run.kind == "apply" and run.state == "done" and bool(mode) and mode.get("now") == mode.get("wanted")
    )


def flip_view(run: RunProgress, origin: str, now: str | None) -> FlipView:
    """The guided flip. `origin` is the portal's address, `now` the mode that it last reported."""
    to = str(_waits(run).get("to") or modes_of(run).get("wanted") or CrmMode.SIMPLE)
    before = CrmMode.CLASSIC if to == CrmMode.SIMPLE else CrmMode.SIMPLE
    path = "/crm/lead/list/" if before is CrmMode.CLASSIC else "/crm/deal/list/"
    polling = is_flip(run)
    name = _(words.MODE_NAMES[to])
    note = _("This page notices the change by itself and goes on.") if polling else ""
    if polling and (until := _waits(run).get("until")):
        said = _(
            "When it is closed, Leadswitch looks until %(when)s; after that it looks again as soon as somebody opens this page.",
            when=when(datetime.fromisoformat(str(until))),
        )
        note = f"{note} {said}"
    if _waits(run).get("note"):
        note = _("Your portal still reports the old mode. Look whether the change was saved.")
    lead = _("One last step remains, and Bitrix24 lets only a person do it. It takes a minute.")
    if run.kind == "undo" and run.total:
        lead = _(
            "First the mode goes back, and Bitrix24 lets only a person do that. Then Leadswitch brings the leads back by itself."
        )
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


def _waits(run: RunProgress) -> Mapping[str, Any]:
    return run.waiting_for or {}


def _title(run: RunProgress) -> tuple[str, str]:
    stays = _("You can close this page; the run goes on. Any administrator can open it again.")
    if run.state in ("paused", "waiting", "failed"):
        stays = _("You can close this page. Any administrator can open it again and go on.")
    if run.kind == "undo":
        return _("Taking the switch back"), stays
    return (_("Converting leads"), stays) if run.total else (_("Changing the mode"), stays)


def _state_text(run: RunProgress, done: int, total: int) -> str:
    if run.state == "running" and run.phase in ("leads", "clients") and total:
        return _("%(done)s of %(all)s leads", done=number(done), all=number(total))
    if run.state == "running" and run.phase == "inquiry":
        return _("Trying a new inquiry")
    if run.state == "running" and run.phase == "verify":
        return _("Checking the result")
    if run.state == "running" and run.phase == "setup":
        return _("Preparing")
    waiting = WAITING.get(str(_waits(run).get("what")))
    if run.state == "waiting" and waiting:
        return _(waiting[0])
    return _(words.RUN_STATES[run.state].text)


def _hours(at: datetime) -> str:
    """A time of day in the zone of the reader."""
    return str(format_time(at, "short"))


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
    if run.silent_since is not None:
        text = _(
            "The last sign of life was at %(time)s. It goes on by itself as soon as the server can work again; "
            "nothing is lost. If it does not, the server may be down, or its disk full.",
            time=_hours(run.silent_since),
        )
        return Note("warning", _("Nobody works on this run just now"), text)
    if held_up := limit_text(wait, _hours):
        text = " ".join((held_up, _("The run goes on by itself.")))
        return Note("info", _("Waiting for Bitrix24"), text)
    if what == "portal":
        return Note("error", _("The portal did not answer as needed"), wait_text(wait))
    if what in WAITING:
        title, text = (_(part) for part in WAITING[what])
        count = wait.get("count")
        named = ", ".join(f"#{one}" for one in wait.get("leads", ())[:NAMED])
        more = [
            text,
            _("Leads: %(ids)s", ids=named) if named else "",
            wait_text(wait),
        ]
        if what == "leads" and count:
            title = ngettext("%(n)s lead is still in work", "%(n)s leads are still in work", int(count))
        return Note("warning", title, " ".join(part for part in more if part))
    if run.state == "paused":
        return Note("info", _("Paused"), _("Everything done so far is recorded. Resume whenever you like."))
    return None
