"""The report of a run: what came of it, what was checked, what was left and why. Shows what switching recorded; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import format_datetime

from connector.i18n import _, duration, ngettext, number
from connector.planning.model import CrmMode
from connector.portals.audit import Entry
from connector.reports.auditlog import what, who
from connector.reports.checked import checked
from connector.reports.words import NOT_RESTORED, REASON, problem_text, word
from connector.switching.progress import RunProgress
from connector.switching.queries import RunLeadRow
from connector.web import words
from connector.web.viewparts import Item

LEFT = ("skipped", "failed", "kept")
NAMED = 50


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


def takes_back(undo: RunProgress, run: RunProgress) -> bool:
    """Whether nothing of a run is left after this undo of it."""
    return undo.undo_of == run.id and undo.state == "done" and undo.done >= run.done and not left_total(undo)


def report_view(
    run: RunProgress, left: list[RunLeadRow], left_total: int, undone: RunProgress | None = None
) -> ReportView:
    """The report of a run that is at its end; `undone` is the undo after which nothing of it is left."""
    tone, icon, title, subtitle = _outcome(run)
    if undone is not None:
        at = when(undone.finished_at or undone.created_at)
        tone, icon, title = "ok", "undo", _("This switch was taken back")
        subtitle = _("Since %(when)s everything is as before. Below is how the switch came out.", when=at)
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
        can_undo=run.kind == "apply" and undone is None and run.done + _changed(run) > 0,
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


def modes_of(run: RunProgress) -> Mapping[str, Any]:
    """`{"before", "now", "wanted"}` as the report read them; empty before that."""
    modes: Mapping[str, Any] = (run.report or {}).get("mode") or {}
    return modes


def _changed(run: RunProgress) -> int:
    mode = modes_of(run)
    return int(bool(mode) and mode.get("before") != mode.get("now"))


def _outcome(run: RunProgress) -> tuple[str, str, str, str]:
    fine, left = run.done, left_total(run)
    mode = modes_of(run)
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
    mode = modes_of(run)
    if not mode:
        return []
    active = int((run.report or {}).get("active_leads", 0))
    rows = [
        Check(
            mode.get("wanted") in (None, mode.get("now")),
            _("Read back: the portal reports %(mode)s.", mode=_mode(mode.get("now"))),
        )
    ]
    if run.kind == "apply" and mode.get("now") == CrmMode.CLASSIC == mode.get("wanted"):
        text = ngettext("%(n)s lead is in work again.", "%(n)s leads are in work again.", active)
        rows.append(Check(True, text))
    if run.kind == "apply" and mode.get("now") == CrmMode.SIMPLE:
        text = (
            _("No lead of the portal is in work.")
            if not active
            else ngettext("%(n)s lead is still in work.", "%(n)s leads are still in work.", active)
        )
        rows.append(Check(not active, text))
    rows += [Check(fine, text) for fine, text in checked(run.report or {})]
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


def actions(entries: list[Entry]) -> list[tuple[str, str, str]]:
    """(when, what, who) of everything that people asked of a run, oldest first."""
    return [(when(one.at), what(one), who(one)) for one in entries]


def when(at: datetime) -> str:
    """A time in the zone of the reader."""
    return str(format_datetime(at, "medium"))


def _mode(value: Any) -> str:
    return _(words.MODE_NAMES[value]) if value in words.MODE_NAMES else str(value or "–")
