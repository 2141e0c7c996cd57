"""The table of leads of a plan: its filter, a page of it, and the way to the pages beside it. Shows what planning decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.i18n import _, ngettext, number
from connector.planning.model import Finding, LeadKind, PlanHead, PortalFacts, Severity
from connector.planning.options import Create, Options
from connector.plans.queries import Header, LeadPage, LeadRow
from connector.web import words
from connector.web.flow import safe_color
from connector.web.planview import stage_colors
from connector.web.viewparts import finding_view

PAGE = 25


TRAIL = 30
LEFT_OUT = "left-out"


@dataclass(frozen=True, slots=True)
class LeadLine:
    """A lead in the table."""

    id: int
    title: str
    kind: str
    stage: str
    stage_color: str
    deal_stage: str
    deal_color: str
    creates: str
    severity: str
    findings_text: str
    excluded: bool


@dataclass(frozen=True, slots=True)
class LinePage:
    """A page of the table; `links` are (label, icon, fields) of the pages beside it, `here` brings one back to this page."""

    rows: tuple[LeadLine, ...]
    text: str
    here: Mapping[str, str]
    links: tuple[tuple[str, str, Mapping[str, str]], ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """What the table is narrowed to, and what it can be narrowed to."""

    search: str
    stage: str
    severity: str
    kind: str
    code: str
    code_text: str
    stages: tuple[tuple[str, str], ...]
    severities: tuple[tuple[str, str], ...]

    @property
    def left_out(self) -> bool:
        """Whether only leads that are left out are wanted."""
        return self.severity == LEFT_OUT

    def fields(self) -> dict[str, str]:
        """The filter as form fields."""
        given = {
            "search": self.search,
            "stage": self.stage,
            "severity": self.severity,
            "kind": self.kind,
            "code": self.code,
        }
        return {name: value for name, value in given.items() if value}


def filter_of(form: Mapping[str, str], head: PlanHead | None) -> Filter:
    """The filter that a form asks for; what the plan does not know narrows to nothing."""
    code = form.get("code", "")
    text = finding_view(Finding(code, Severity.INFO)).message if code else ""
    stages = tuple((k.lead_stage, k.lead_name) for k in head.stage_map) if head else ()
    severities = (
        *((s.value, _(words.SEVERITY_WORDS[s])) for s in Severity),
        ("none", _("No findings")),
        (LEFT_OUT, _("Left out")),
    )
    return Filter(
        search=form.get("search", "").strip()[:200],
        stage=form.get("stage", ""),
        severity=form.get("severity", ""),
        kind=form.get("kind", ""),
        code=code,
        code_text=text,
        stages=stages,
        severities=severities,
    )


def line_page(
    found: LeadPage, chosen: Filter, form: Mapping[str, str], plan: Header, facts: PortalFacts | None
) -> LinePage:
    """A page of the table with the way to the pages beside it."""
    after, trail = form.get("after", ""), [one for one in form.get("trail", "").split(",") if one]
    fields = chosen.fields()
    links: list[tuple[str, str, Mapping[str, str]]] = []
    if after:
        before, rest = (trail[-1], trail[:-1]) if trail else ("", [])
        links.append(
            (
                _("Previous"),
                "chevron-left",
                fields | {"after": before.removeprefix("-"), "trail": ",".join(rest)},
            )
        )
    if found.after:
        new_trail = [*trail, after or "-"][-TRAIL:]
        links.append(
            (_("Next"), "chevron-right", fields | {"after": found.after, "trail": ",".join(new_trail)})
        )
    names = _Names(plan, facts)
    options = Options.model_validate(plan.options)
    rows = tuple(_line(row, names, options) for row in found.rows)
    here = fields | {name: form[name] for name in ("after", "trail") if form.get(name)}
    return LinePage(rows, _count_text(found, bool(after)), here, tuple(links))


class _Names:
    """Stages by name and colour. Lead stages and deal stages share IDs such as NEW, so each has its own table."""

    def __init__(self, plan: Header, facts: PortalFacts | None) -> None:
        links = plan.head.stage_map if plan.head else ()
        self.lead = {k.lead_stage: k.lead_name for k in links}
        self.deal = {k.deal_stage: k.deal_name for k in links if k.deal_stage}
        self.lead_color, self.deal_color = stage_colors(facts, plan)


def _line(row: LeadRow, names: _Names, options: Options) -> LeadLine:
    stays = row.excluded or row.severity == Severity.ERROR
    severity = row.severity if row.severity in list(Severity) else ""
    return LeadLine(
        id=row.id,
        title=row.title or _("Lead #%(id)s", id=row.id),
        kind=row.kind,
        stage=names.lead.get(row.stage, row.stage),
        stage_color=safe_color(names.lead_color.get(row.stage, "")),
        deal_stage="" if stays else names.deal.get(row.deal_stage, row.deal_stage),
        deal_color=safe_color(names.deal_color.get(row.deal_stage, "")),
        creates=_("stays a lead") if stays else _becomes(row, options),
        severity=severity,
        findings_text=_(words.SEVERITY_WORDS[severity]) if severity else "",
        excluded=row.excluded,
    )


def _becomes(row: LeadRow, options: Options) -> str:
    if row.kind == LeadKind.REPEAT:
        return _("deal")
    return {
        Create.CONTACT: _("deal, contact"),
        Create.COMPANY: _("deal, company"),
        Create.BOTH: _("deal, contact, company"),
    }[options.create]


def _count_text(found: LeadPage, later: bool) -> str:
    shown = len(found.rows)
    if found.total is not None and not later:
        return _("%(shown)s of %(all)s leads", shown=number(shown), all=number(found.total))
    return ngettext("%(n)s lead on this page", "%(n)s leads on this page", shown)
