"""What the preview of a plan shows: totals, findings, flow, comparison, a page of leads. Shows what planning decided; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from connector.i18n import N_, _, duration, ngettext, number
from connector.planning.findings_classic import APPEARS, CHANGES, CLASSIC_GROUPS, STAYS
from connector.planning.model import CrmMode, Finding, PortalFacts, Severity, Stage
from connector.planning.options import NEW, Activities, Create, Options
from connector.plans import decisions
from connector.plans.queries import FindingCount, Header
from connector.web.flow import Flow, draw
from connector.web.viewparts import CompareRow, Comparison, FindingView, Item, finding_view, variant_note

CREATES: Mapping[str, str] = {
    Create.CONTACT: N_("Contact"),
    Create.COMPANY: N_("Company"),
    Create.BOTH: N_("Contact and company"),
}


ACTIVITIES: Mapping[str, str] = {
    Activities.KEEP_OPEN: N_("stay open"),
    Activities.COMPLETE: N_("are completed"),
}


@dataclass(frozen=True, slots=True)
class PlanCard:
    """What every page of a plan needs."""

    id: str
    direction: str
    from_mode: str


@dataclass(frozen=True, slots=True)
class SeverityCount:
    """How many leads have their worst finding in this severity."""

    severity: str
    count: int
    text: str


def card(plan: Header) -> PlanCard:
    """A plan for its pages."""
    other = {CrmMode.SIMPLE: CrmMode.CLASSIC, CrmMode.CLASSIC: CrmMode.SIMPLE}
    return PlanCard(plan.id, plan.direction, other[CrmMode(plan.direction)].value)


def headline(plan: Header) -> tuple[str, str]:
    """Title and first sentence of the preview."""
    if plan.direction == CrmMode.CLASSIC:
        return _("Nothing is converted"), _(
            "This is a dry run: nothing was changed. Below is what will be different in Classic CRM."
        )
    count = int(decisions.counts(plan).get("convertible", 0))
    if not count:
        return _("No lead has to be converted"), _("The mode can be changed straight away.")
    return (
        ngettext("%(n)s lead would become a deal", "%(n)s leads would become deals", count),
        _("This is a dry run: nothing was changed. Look through it, then continue or change the options."),
    )


def totals(plan: Header) -> list[Item]:
    """The figures on top."""
    counts = decisions.counts(plan)
    managed = counts.get("managed", {})
    if plan.direction == CrmMode.CLASSIC:
        return []
    rows = [
        Item(_("Leads"), counts.get("leads", 0)),
        Item(_("Deals"), managed.get("deals", 0)),
        Item(_("New contacts"), managed.get("contacts", 0)),
        Item(_("New companies"), managed.get("companies", 0)),
        Item(
            _("Existing clients used"), managed.get("contacts_reused", 0) + managed.get("companies_reused", 0)
        ),
        Item(_("Activities moved"), managed.get("activities_moved", 0)),
        Item(_("Not converted"), counts.get("leads", 0) - counts.get("convertible", 0)),
    ]
    optional = {_("New companies"), _("New contacts"), _("Existing clients used"), _("Activities moved")}
    return [row for row in rows if row.value or row.label not in optional]


def summary(plan: Header, facts: PortalFacts | None) -> list[Item]:
    """The choices that were made, in the side column."""
    if plan.direction == CrmMode.CLASSIC:
        return []
    options = Options.model_validate(plan.options)
    rows = [
        Item(_("Pipeline"), pipeline_name(options, facts)),
        Item(_("New leads become"), _(CREATES[options.create])),
        Item(_("Open activities"), _(ACTIVITIES[options.activities])),
    ]
    if seconds := plan.counts.get("calls", {}).get("seconds", 0):
        rows.append(Item(_("Takes at least"), duration(seconds)))
    return rows


def pipeline_name(options: Options, facts: PortalFacts | None) -> str:
    """The pipeline of the deals as people know it."""
    if options.pipeline == NEW:
        return options.pipeline_name or _("New pipeline")
    found = facts.pipeline(int(options.pipeline)) if facts else None
    return found.name if found else f"#{options.pipeline}"


CLASSIC_TITLES: Mapping[str, str] = {
    APPEARS: N_("What appears"),
    CHANGES: N_("What changes"),
    STAYS: N_("What stays"),
}


def classic_groups(plan: Header) -> list[tuple[str, str, tuple[FindingView, ...]]]:
    """(key, title, findings) of a plan to Classic CRM: what appears, what changes, what stays. Empty for the other way."""
    if plan.head is None or plan.direction != CrmMode.CLASSIC:
        return []
    found = [(CLASSIC_GROUPS.get(f.code), finding_view(f)) for f in plan.head.findings]
    return [(key, _(title), tuple(v for g, v in found if g == key)) for key, title in CLASSIC_TITLES.items()]


def severity_counts(plan: Header) -> list[SeverityCount]:
    """How many leads have their worst finding in each severity."""
    counts = plan.counts.get("leads_by_severity", {})
    errors, lost, warned = (
        int(counts.get(s.value, 0)) for s in (Severity.ERROR, Severity.DATA_LOSS, Severity.WARNING)
    )
    return [
        SeverityCount(
            "error", errors, ngettext("%(n)s lead with an error", "%(n)s leads with errors", errors)
        ),
        SeverityCount("data-loss", lost, ngettext("%(n)s lead loses data", "%(n)s leads lose data", lost)),
        SeverityCount(
            "warning", warned, ngettext("%(n)s lead with a warning", "%(n)s leads with warnings", warned)
        ),
    ]


def _sampled(count: FindingCount, samples: Mapping[str, Finding]) -> FindingView:
    """A finding of many leads, told with the particulars of the first."""
    view = finding_view(samples.get(count.code) or Finding(count.code, count.severity), count.leads)
    if count.leads == 1:
        return view
    return replace(view, message=_("For example: %(message)s", message=view.message))


def flow(plan: Header, facts: PortalFacts | None) -> Flow | None:
    """The picture of the stages; without facts of the portal it is grey."""
    head = plan.head
    if head is None or plan.direction == CrmMode.CLASSIC:
        return None
    lead_colors, deal_colors = stage_colors(facts, plan)
    leads = [
        Stage(k.lead_stage, k.lead_name, place, "P", lead_colors.get(k.lead_stage, ""))
        for place, k in enumerate(head.stage_map)
    ]
    deals = {k.deal_stage: k.deal_name for k in head.stage_map if k.deal_stage}
    order = _order(facts)
    targets = [
        Stage(id_, name, order.get(id_, place), "P", deal_colors.get(id_, ""))
        for place, (id_, name) in enumerate(deals.items())
    ]
    return draw(decisions.counts(plan).get("flow", ()), leads, targets)


def comparison(plan: Header, counts: Iterable[FindingCount], samples: Mapping[str, Finding]) -> Comparison:
    """Totals of the managed plan beside those of the native prediction, then how many leads each difference touches."""
    managed, native = decisions.counts(plan).get("managed", {}), plan.counts.get("native", {})
    reused = managed.get("contacts_reused", 0) + managed.get("companies_reused", 0)
    rows = [
        _row(_("Deals"), managed.get("deals", 0), native.get("deals", 0)),
        _row(_("New contacts"), managed.get("contacts", 0), native.get("contacts", 0)),
        _row(_("New companies"), managed.get("companies", 0), native.get("companies", 0)),
        CompareRow(
            _("Existing clients"),
            ngettext("%(n)s is used", "%(n)s are used", reused),
            _("not looked for"),
            True,
            "managed",
        ),
        CompareRow(
            _("Stage of the deals"), _("after the stage map"), _("always the first stage"), True, "managed"
        ),
        _row(
            _("Activities completed"),
            managed.get("activities_completed", 0),
            native.get("activities_completed", 0),
        ),
        CompareRow(_("Can be undone"), _("yes"), _("no"), True, "managed"),
    ]
    notes = tuple(
        _sampled(c, samples)
        for c in counts
        if c.scope == "native" and c.leads and c.severity is not Severity.INFO and c.code != "native-stage"
    )
    return Comparison(variant_note(str(plan.options.get("variant", ""))), tuple(rows), notes)


def _row(label: str, managed: int, native: int) -> CompareRow:
    return CompareRow(label, number(managed), number(native), managed != native)


def stage_colors(facts: PortalFacts | None, plan: Header) -> tuple[dict[str, str], dict[str, str]]:
    """Colours of lead stages and of deal stages; a new pipeline has those of the lead stages."""
    if facts is None:
        return {}, {}
    leads = {s.id: s.color for s in facts.lead_stages}
    if plan.options.get("pipeline") == NEW:
        return leads, leads
    return leads, {s.id: s.color for p in facts.pipelines for s in p.stages}


def _order(facts: PortalFacts | None) -> dict[str, int]:
    return {s.id: s.sort for p in facts.pipelines for s in p.stages} if facts else {}
