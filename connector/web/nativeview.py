"""What the pages of a watched native switch show: the guide with its choices, progress, predicted beside actual. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.i18n import N_, _, duration, ngettext, number, percent
from connector.planning.model import CrmMode, PortalFacts
from connector.reports.words import (
    ASPECT,
    FITS,
    LEAD_STATE,
    REASON,
    VARIANT,
    problem_text,
    word,
)
from connector.switching.progress import RunProgress
from connector.switching.queries import RunLeadRow
from connector.web import words
from connector.web.planview import ACTIVITIES, CREATES
from connector.web.reportview import when
from connector.web.runview import Control, Note
from connector.web.viewparts import Item

PAGE = 25
TRAIL = 40
ENDED = ("done", "failed", "cancelled")
TONES: Mapping[str, str] = {"done": "ok", "failed": "error", "skipped": "warning"}
REASONS = ("otherwise", "edited", "left-behind", "untouched", "closed-by-hand", "gone")
GUIDE_LAST = N_(
    "Choose %(mode)s, make the choices named above if the dialog asks, and let it convert the leads."
)


@dataclass(frozen=True, slots=True)
class WatchView:
    """The run while it is under way. `waiting`: the person has something to do in Bitrix24."""

    id: str
    state: str
    waiting: bool
    polling: bool
    ended: bool
    text: str
    share_text: str
    done: int
    total: int
    figures: tuple[Item, ...]
    note: Note | None
    choices: tuple[Item, ...]
    controls: tuple[Control, ...]
    url: str


@dataclass(frozen=True, slots=True)
class VariantView:
    """One description of Bitrix24's dialog, and how it fits what was seen."""

    name: str
    fits: str
    fits_text: str
    where: str


@dataclass(frozen=True, slots=True)
class LeadLine:
    """One lead of the result: what Bitrix24 made of it, and each difference as (what, predicted, actual) or a sentence."""

    id: int
    title: str
    tone: str
    state_text: str
    reason: str
    differences: tuple[tuple[str, str, str], ...]
    text: str
    made: str


@dataclass(frozen=True, slots=True)
class LinePage:
    """A page of the result with the fields that lead to those beside it."""

    rows: tuple[LeadLine, ...]
    choices: tuple[tuple[str, str], ...]
    chosen: str
    links: tuple[tuple[str, str, Mapping[str, str]], ...]


@dataclass(frozen=True, slots=True)
class ResultView:
    """The report of a watched switch."""

    tone: str
    icon: str
    title: str
    subtitle: str
    figures: tuple[Item, ...]
    variants: tuple[VariantView, ...]
    verdict: str
    active: int
    facts: tuple[Item, ...]


def watch_view(run: RunProgress, origin: str) -> WatchView:
    """The run on its page while it is not at its end."""
    wait = run.waiting_for or {}
    waiting = run.state == "waiting"
    done, total = min(run.ended, run.total), run.total
    return WatchView(
        id=run.id,
        state=run.state,
        waiting=waiting,
        polling=run.state in ("waiting", "queued", "running", "pausing", "cancelling"),
        ended=run.state in ENDED,
        text=_text(run),
        share_text=percent(done / total) if total else "",
        done=done,
        total=total,
        figures=tuple(_figures(run)),
        note=_note(run, wait),
        choices=tuple(_choices(wait.get("choices") or {})),
        controls=_controls(run),
        url=f"{origin}/crm/lead/list/",
    )


def _text(run: RunProgress) -> str:
    if run.state == "waiting":
        if not run.done:
            return _("Waiting for Bitrix24 to convert the first lead …")
        return _(
            "%(done)s of %(all)s leads converted by Bitrix24", done=number(run.done), all=number(run.total)
        )
    if run.state == "running" and run.phase == "compare":
        return _("Comparing what was predicted with what is there now")
    if run.state in ("queued", "running"):
        return _("Looking at the leads before Bitrix24 begins")
    return _(words.RUN_STATES[run.state].text)


def _figures(run: RunProgress) -> list[Item]:
    wait = run.waiting_for or {}
    if wait.get("what") != "native":
        return []
    rows = [
        Item(_("No longer in work"), number(wait["gone"])),
        Item(_("Still in work"), number(wait["left"])),
    ]
    if run.rate:
        rows.append(Item(_("Speed"), _("%(n)s per minute", n=number(round(run.rate)))))
    if run.seconds_left:
        rows.append(Item(_("Time left"), _("about %(time)s", time=duration(run.seconds_left))))
    return rows


def _note(run: RunProgress, wait: Mapping[str, Any]) -> Note | None:
    if wait.get("stopped"):
        return Note(
            "warning",
            _("Bitrix24 has not converted a lead for a while"),
            _(
                "If its dialog was cancelled, open it again and it goes on with the rest, or end the watch here: "
                "you get the report, and the leads that are left can be converted by Leadswitch."
            ),
        )
    if wait.get("what") == "portal":
        return Note(
            "error",
            _("The portal did not answer as needed"),
            _("Nothing is lost. Resume when it answers again."),
        )
    if run.state == "paused":
        return Note("info", _("Paused"), _("Everything seen so far is recorded. Resume whenever you like."))
    return None


def _choices(choices: Mapping[str, Any]) -> list[Item]:
    if not choices:
        return []
    return [
        Item(_("New leads become"), word(CREATES, str(choices["create"]))),
        Item(_("Pipeline"), str(choices["pipeline_name"] or f"#{choices['pipeline']}")),
        Item(_("Open activities"), word(ACTIVITIES, str(choices["activities"]))),
    ]


def _controls(run: RunProgress) -> tuple[Control, ...]:
    found = []
    if run.state == "waiting":
        found.append(Control("resume", _("Check now"), "refresh"))
    if run.state == "paused":
        found.append(Control("resume", _("Resume"), "play", "primary"))
    if run.state in ("waiting", "paused", "queued", "running"):
        found.append(Control("cancel", _("End the watch"), "stop", "plain"))
    return tuple(found)


# --------------------------------------------------------------------------------------------------------- result


def result_view(run: RunProgress) -> ResultView:
    """The report of a run that is at its end."""
    report = run.report or {}
    native: Mapping[str, Any] = report.get("native") or {}
    tone, title, subtitle = _outcome(run, report, native)
    figures = [
        (_("As predicted"), native.get("as_predicted", 0), True),
        (_("Otherwise"), native.get("otherwise", 0), True),
        (_("Changed by somebody"), native.get("edited", 0), False),
        (_("Left behind"), native.get("left_behind", 0), True),
        (_("Not reached"), native.get("untouched", 0), False),
        (_("Closed by hand or deleted"), native.get("closed_by_hand", 0) + native.get("gone", 0), False),
    ]
    return ResultView(
        tone=tone,
        icon="error" if tone == "error" else tone,
        title=title,
        subtitle=subtitle,
        figures=tuple(Item(label, number(n)) for label, n, always in figures if native and (n or always)),
        variants=tuple(_variant(one) for one in native.get("variants", ())),
        verdict=_verdict(native) if native else "",
        active=int(report.get("active_leads", 0)),
        facts=tuple(_facts(run)),
    )


def _outcome(run: RunProgress, report: Mapping[str, Any], native: Mapping[str, Any]) -> tuple[str, str, str]:
    if run.state == "failed":
        if run.error == "mode.already":
            return "warning", _("There was no switch to watch"), _("The portal was in Simple CRM already.")
        return "error", _("The watch has stopped"), _("Leadswitch has written nothing to the portal.")
    mode = (report.get("mode") or {}).get("now")
    converted = ngettext("Bitrix24 converted %(n)s lead.", "Bitrix24 converted %(n)s leads.", run.done)
    if mode != CrmMode.SIMPLE:
        return "warning", _("The watch was ended before the mode changed"), converted
    odd = native.get("otherwise", 0) + native.get("left_behind", 0)
    title = _("Your portal works in %(mode)s", mode=_(words.MODE_NAMES[CrmMode.SIMPLE]))
    return ("warning" if odd else "ok"), title, converted


def _variant(one: Mapping[str, Any]) -> VariantView:
    where = ", ".join(f"{word(ASPECT, name)} ({number(n)})" for name, n in sorted(one["aspects"].items()))
    return VariantView(word(VARIANT, one["variant"]), one["fits"], word(FITS, one["fits"]), where)


def _verdict(native: Mapping[str, Any]) -> str:
    matches = [word(VARIANT, name) for name in native.get("matches", ())]
    if not matches:
        return _("None of the known descriptions fits everything that was seen.")
    if len(matches) == 1:
        return _("Your portal did what %(variant)s is said to do.", variant=matches[0])
    return _("What was seen fits %(variants)s; it does not tell them apart.", variants=", ".join(matches))


def _facts(run: RunProgress) -> list[Item]:
    rows = [
        Item(_("Who"), str(run.created_by.get("name") or "–")),
        Item(_("Started"), when(run.started_at or run.created_at)),
    ]
    if run.finished_at:
        rows.append(Item(_("Finished"), when(run.finished_at)))
    predicted = ((run.report or {}).get("native") or {}).get("predicted")
    if predicted:
        rows.append(Item(_("Predicted after"), word(VARIANT, predicted)))
    return rows


def line_page(
    found: Sequence[RunLeadRow], form: Mapping[str, str], run: RunProgress, facts: PortalFacts | None
) -> LinePage:
    """A page of the result; `found` has one row more than a page where there is a next one."""
    chosen = form.get("reason", "") if form.get("reason") in REASONS else ""
    after, trail = form.get("after", ""), [one for one in form.get("trail", "").split(",") if one]
    fields = {"reason": chosen} if chosen else {}
    links: list[tuple[str, str, Mapping[str, str]]] = []
    if after:
        before, rest = (trail[-1], trail[:-1]) if trail else ("", [])
        back = fields | {"after": before.removeprefix("-"), "trail": ",".join(rest)}
        links.append((_("Previous"), "chevron-left", back))
    rows = found[:PAGE]
    if len(found) > PAGE:
        new = [*trail, after or "-"][-TRAIL:]
        links.append(
            (_("Next"), "chevron-right", fields | {"after": str(rows[-1].position), "trail": ",".join(new)})
        )
    counts: Mapping[str, int] = (run.report or {}).get("reasons") or {}
    choices = [("", _("All leads"))]
    choices += [
        (name, f"{word(REASON, name)} ({number(counts[name])})") for name in REASONS if counts.get(name)
    ]
    names = _Names(facts)
    return LinePage(tuple(_line(row, names) for row in rows), tuple(choices), chosen, tuple(links))


class _Names:
    """Pipelines, stages and fields by name, as far as the portal's facts are at hand."""

    def __init__(self, facts: PortalFacts | None) -> None:
        pipelines = facts.pipelines if facts else ()
        self.values: Mapping[str, Mapping[str, str]] = {
            "deal.categoryId": {str(one.id): one.name for one in pipelines},
            "deal.stageId": {stage.id: stage.name for one in pipelines for stage in one.stages},
        }
        self.fields = facts.item_fields if facts else {}

    def label(self, what: str) -> str:
        entity, _dot, name = what.partition(".")
        title = (self.fields.get(entity, {}).get(name) or {}).get("title")
        labels = {"deal": _("Deal"), "contact": _("Contact"), "company": _("Company")}
        if title and entity in labels:
            return f"{labels[entity]}: {title}"
        return _(LABELS[what]) if what in LABELS else what

    def value(self, what: str, value: Any) -> str:
        text = self.values.get(what, {}).get(str(value), str(value if value is not None else ""))
        return _(YES_NO[text]) if text in YES_NO else text or "–"


LABELS: Mapping[str, str] = {
    "contact": N_("Contact created"),
    "company": N_("Company created"),
    "deals": N_("Deals"),
    "deal.products": N_("Product rows of the deal"),
    "activities.completed": N_("Activities completed"),
    "converted": N_("Converted"),
}
YES_NO: Mapping[str, str] = {"yes": N_("Yes"), "no": N_("No")}


def _line(row: RunLeadRow, names: _Names) -> LeadLine:
    different = tuple(
        (
            names.label(str(item["what"])),
            names.value(str(item["what"]), item["wanted"]),
            names.value(str(item["what"]), item["found"]),
        )
        for item in row.detail.get("deviations") or ()
    )
    made = [
        f"{label} #{id_}"
        for label, id_ in (
            (_("Deal"), row.deal_id),
            (_("Contact"), row.contact_id),
            (_("Company"), row.company_id),
        )
        if id_
    ]
    said = {name: value for name, value in row.detail.items() if name != "deviations"}
    return LeadLine(
        id=row.lead_id,
        title=row.title or _("Lead #%(id)s", id=row.lead_id),
        tone="warning" if row.reason == "otherwise" else TONES.get(row.state, "info"),
        state_text=word(LEAD_STATE, row.state),
        reason=word(REASON, row.reason) if row.reason else _("As predicted"),
        differences=different,
        text=problem_text(said),
        made=", ".join(made),
    )
