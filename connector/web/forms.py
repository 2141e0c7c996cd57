"""The option form: what it shows for a portal, and the options that a posted form means. Must never decide what fits; planning does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from connector.i18n import _, amount
from connector.planning.catalogue import render
from connector.planning.checks import check_options
from connector.planning.model import CrmMode, PortalFacts, Severity
from connector.planning.options import NEW, Options
from connector.planning.stages import in_work, map_stages
from connector.web import words
from connector.web.facts import stage_counts
from connector.web.flow import safe_color

_PLAIN = (
    "create",
    "activities",
    "pipeline_name",
    "clients",
    "timeline",
    "contact_name",
    "company_title",
    "leftovers",
    "variant",
)
_STAGE = "stage."
LONGEST_ID = 18
"""Digits; what is longer is no id of any portal, and Python refuses to read thousands of them."""
_TYPED = {
    "contact_name": "contact_name",
    "created_from": "leads.created_from",
    "created_to": "leads.created_to",
    "exclude": "leads.exclude",
}
"""Value of the form → its field, where people type what may be wrong."""
_MORE = ("clients", "timeline", "contact_name", "company_title", "leftovers", "variant")


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """One choice in the reader's language."""

    value: str
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class StageRow:
    """One line of the stage map."""

    id: str
    name: str
    color: str
    count: int
    target: str


@dataclass(frozen=True, slots=True)
class Landing:
    """A deal stage with the lead stages whose deals start there."""

    id: str
    name: str
    color: str
    rows: tuple[StageRow, ...]


@dataclass(frozen=True, slots=True)
class StageBox:
    """One lead stage that can be left out."""

    id: str
    name: str
    color: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class SelectView:
    """One of the less usual options."""

    name: str
    label: str
    hint: str
    choices: tuple[ChoiceView, ...]


@dataclass(frozen=True, slots=True)
class FormView:
    """Everything that the option form shows."""

    values: Mapping[str, str]
    create: tuple[ChoiceView, ...]
    activities: tuple[ChoiceView, ...]
    pipelines: tuple[ChoiceView, ...]
    selects: tuple[SelectView, ...]
    deal_stages: tuple[ChoiceView, ...]
    stage_rows: tuple[StageRow, ...]
    landings: tuple[Landing, ...]
    lead_stages: tuple[StageBox, ...]
    new_pipeline: bool
    more_open: bool


class BadForm(Exception):
    """The posted form contradicts itself; `texts` say how, for the person who filled it, and `kept` is what of it can be."""

    def __init__(self, texts: Iterable[str], kept: Options) -> None:
        self.texts, self.kept = tuple(texts), kept
        super().__init__("; ".join(self.texts))


def options_of(form: MultiDict[str, str], facts: PortalFacts) -> Options:
    """The options that a form means. Raises `BadForm` for values that no portal could take."""
    if form.get("to") == CrmMode.CLASSIC:
        return Options(to=CrmMode.CLASSIC)
    values: dict[str, Any] = {name: form[name].strip() for name in _PLAIN if form.get(name, "").strip()}
    values["pipeline"] = pipeline_of(form, facts)
    if values["pipeline"] != NEW:
        values.pop("pipeline_name", None)
        values["stages"] = _stages(form, facts, values["pipeline"])
    values["leads"] = _selection(form, facts)
    try:
        return Options(to=CrmMode.SIMPLE, **values)
    except ValidationError as problem:
        raise BadForm(_said(problem), _what_fits(values, problem)) from None


def _what_fits(values: Mapping[str, Any], problem: ValidationError) -> Options:
    """The options without the values that are wrong."""
    wrong = {one["loc"] for one in problem.errors()}
    leads = {
        name: value
        for name, value in values["leads"].items()
        if not any(place[:1] == ("leads",) and place[1:2] in ((), (name,)) for place in wrong)
    }
    fine = {name: value for name, value in values.items() if not any(place[:1] == (name,) for place in wrong)}
    try:
        return Options(to=CrmMode.SIMPLE, **{**fine, "leads": leads})
    except ValidationError:
        return Options(pipeline=values["pipeline"])


def problems(options: Options, facts: PortalFacts) -> list[str]:
    """What does not fit this portal, in the reader's language; empty when a plan can be made."""
    return [render(f, _, amount) for f in check_options(options, facts) if f.severity is Severity.ERROR]


def view(options: Options, facts: PortalFacts, typed: Mapping[str, str] | None = None) -> FormView:
    """The form with these options filled in; what was `typed` stands in the fields as it was, also where it is wrong."""
    written = {name: (typed or {}).get(field, "") for name, field in _TYPED.items()}
    new = options.pipeline == NEW
    pipeline = None if new else facts.pipeline(int(options.pipeline))
    links = {link.lead_stage: link.deal_stage for link in map_stages(facts, options)}
    counts = stage_counts(facts)
    chosen = set(options.leads.stages) or {one.id for one in counts}
    rows = tuple(StageRow(c.id, c.name, c.color, c.count, links.get(c.id, "")) for c in counts)
    targets = in_work(pipeline.stages) if pipeline else ()
    defaults = Options()
    return FormView(
        values={
            "create": options.create,
            "pipeline": str(options.pipeline),
            "pipeline_name": options.pipeline_name,
            "activities": options.activities,
            **{one.name: str(getattr(options, one.name)) for one in words.SELECTS},
            "contact_name": options.contact_name
            if options.contact_name != defaults.contact_name
            else _("No name"),
            "created_from": str(options.leads.created_from or ""),
            "created_to": str(options.leads.created_to or ""),
            "exclude": ", ".join(map(str, options.leads.exclude)),
            **{name: text for name, text in written.items() if text},
        },
        create=_told(words.CREATE),
        activities=_told(words.ACTIVITIES),
        pipelines=(
            *(ChoiceView(str(p.id), p.name) for p in sorted(facts.pipelines, key=lambda p: (p.sort, p.id))),
            ChoiceView(NEW, _("New pipeline, made from the lead stages")),
        ),
        selects=tuple(
            SelectView(one.name, _(one.label), _(one.hint) if one.hint else "", _told(one.choices))
            for one in words.SELECTS
        ),
        deal_stages=tuple(ChoiceView(s.id, s.name) for s in targets),
        stage_rows=rows,
        landings=tuple(
            Landing(s.id, s.name, safe_color(s.color), tuple(row for row in rows if row.target == s.id))
            for s in targets
        ),
        lead_stages=tuple(
            StageBox(c.id, c.name, safe_color(c.color), c.count, c.id in chosen) for c in counts
        ),
        new_pipeline=new,
        more_open=any(written.values())
        or not options.leads.everything
        or any(getattr(options, name) != getattr(defaults, name) for name in _MORE if name != "contact_name"),
    )


def pipeline_of(form: MultiDict[str, str], facts: PortalFacts) -> int | Literal["new"]:
    """The pipeline that a form names, else the portal's default one."""
    given = form.get("pipeline", "")
    if given == NEW:
        return "new"
    if given.isdecimal():
        return int(given[:LONGEST_ID])
    return next((p.id for p in facts.pipelines if p.is_default), 0)


def _stages(form: MultiDict[str, str], facts: PortalFacts, pipeline: int) -> dict[str, str]:
    """The chosen stage map, as far as it belongs to the chosen pipeline: after a change of the pipeline the old targets do not count."""
    found = facts.pipeline(pipeline)
    known = {s.id for s in found.stages} if found else set()
    given = {name.removeprefix(_STAGE): value for name, value in form.items() if name.startswith(_STAGE)}
    return {lead: deal for lead, deal in given.items() if deal in known}


def _selection(form: MultiDict[str, str], facts: PortalFacts) -> dict[str, Any]:
    stages = form.getlist("leads.stages")
    everything = {s.id for s in in_work(facts.lead_stages)}
    selection: dict[str, Any] = {}
    if stages and set(stages) != everything:
        selection["stages"] = stages
    for name in ("created_from", "created_to"):
        if value := form.get(f"leads.{name}", "").strip():
            selection[name] = value
    if exclude := form.get("leads.exclude", "").strip():
        selection["exclude"] = exclude
    return selection


def _said(problem: ValidationError) -> list[str]:
    texts = {
        "exclude": _("Leads to leave out: give IDs as numbers, separated by commas."),
        "created_from": _("The dates do not fit: the first must not be later than the last."),
        "created_to": _("The dates do not fit: the first must not be later than the last."),
        "leads": _("The dates do not fit: the first must not be later than the last."),
    }
    places = [str(part) for one in problem.errors() for part in one["loc"][::-1]]
    told = [texts[place] for place in places if place in texts][:1]
    return told or [_("One of the choices has a value that Leadswitch does not know.")]


def _told(choices: Iterable[words.Choice]) -> tuple[ChoiceView, ...]:
    return tuple(ChoiceView(one.value, _(one.label), _(one.text) if one.text else "") for one in choices)
