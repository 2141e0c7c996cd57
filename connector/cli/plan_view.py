"""A plan on a terminal: totals, stages, findings; one lead before and after. Shared by `plan` and `show`; must never change a plan."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from rich.table import Table

from connector.cli.shell import Shell, rows, table
from connector.i18n import N_, _, amount, duration, ngettext, number
from connector.planning.catalogue import advice, render
from connector.planning.encode import finding_from_json
from connector.planning.findings_classic import APPEARS, CHANGES, CLASSIC_GROUPS, STAYS
from connector.planning.model import CrmMode, PlanHead
from connector.reports.plans import (
    PlanSource,
    deal_stages,
    findings,
    flow,
    lead_stages,
    plan_report,
    samples,
    text,
    what_to_do,
)
from connector.reports.words import KIND, MODE, SEVERITY, action_text, record_name, stage_text, word

Json = Mapping[str, Any]

MOST = 200
"""Leads that a list on a terminal shows."""

# What a list of leads shows; keys of the columns of the report.
_LISTED = (
    "lead_id",
    "title",
    "kind",
    "stage",
    "deal_stage",
    "amount",
    "currency",
    "contact",
    "company",
    "worst",
)

# What of a lead is worth seeing before and after; camelCase of `crm.item.*`.
_LEAD_FIELDS = (
    "title",
    "name",
    "lastName",
    "companyTitle",
    "opportunity",
    "currencyId",
    "sourceId",
    "assignedById",
    "comments",
)


def print_plan(shell: Shell, source: PlanSource) -> None:
    """Totals of a plan for people, on standard output."""
    out, head = shell.stdout(), source.head
    counts = head.counts
    title = _("%(host)s to %(mode)s", host=head.host, mode=word(MODE, head.to))
    out.print(f"{title}: {_totals(counts)}", markup=False, style="bold")
    for action in head.setup:
        out.print(f"  {action_text({'do': action.do, 'params': action.params})}", markup=False)
    if edges := flow(head):
        out.print()
        lines = [(a, b, number(n)) for a, b, n in edges]
        out.print(rows(table(_("Lead stage"), _("Deal stage"), _("Leads"), right=(2,)), lines))
    out.print()
    out.print(_findings(source) if head.to is CrmMode.SIMPLE else _classic(head))


CLASSIC: Mapping[str, str] = {APPEARS: N_("appears"), CHANGES: N_("changes"), STAYS: N_("stays")}


def _classic(head: PlanHead) -> Table | str:
    """What appears, changes and stays on the way to Classic CRM, then what there is to know about the plan itself."""
    order = list(CLASSIC)
    grouped = [(CLASSIC_GROUPS.get(item.code, ""), item) for item in head.findings]
    grouped.sort(key=lambda pair: order.index(pair[0]) if pair[0] in CLASSIC else len(order))
    lines = [
        (
            word(CLASSIC, group) if group else word(SEVERITY, item.severity),
            render(item, _, amount),
            advice(item, _),
        )
        for group, item in grouped
    ]
    return rows(table("", _("Finding"), _("What to do")), lines)


def _totals(counts: Mapping[str, Any]) -> str:
    parts = [ngettext("%(n)s lead", "%(n)s leads", counts.get("leads", 0))]
    if errors := counts.get("errors"):
        parts.append(ngettext("%(n)s with an error", "%(n)s with errors", errors))
    calls = counts.get("calls", {})
    if calls.get("requests"):
        parts.append(
            ngettext("%(n)s request to the portal", "%(n)s requests to the portal", calls["requests"])
        )
    if calls.get("seconds"):
        parts.append(_("at least %(time)s", time=duration(calls["seconds"])))
    return ", ".join(parts)


def _findings(source: PlanSource) -> Table | str:
    head, shown = source.head, samples(source)
    lines = [
        (word(SEVERITY, item.severity), "", render(item, _, amount), advice(item, _))
        for item in head.findings
    ]
    for kind, count in findings(head):
        sample = shown.get(kind.code)
        lines.append(
            (word(SEVERITY, kind.severity), number(count), text(kind, sample), what_to_do(kind, sample))
        )
    if not lines:
        return _("Nothing was found that needs attention.")
    return rows(table(_("Severity"), _("Leads"), _("Finding"), _("What to do"), right=(1,)), lines)


def print_leads(shell: Shell, source: PlanSource) -> None:
    """A list of leads of a plan; a long one is cut off after `MOST` and says so."""
    sheet = plan_report(source).main
    wanted = [place for place, column in enumerate(sheet.columns) if column.key in _LISTED]
    columns = [sheet.columns[place] for place in wanted]
    right = [place for place, column in enumerate(columns) if column.number]
    lines = [[row[place] for place in wanted] for row in islice(sheet.for_people(), MOST + 1)]
    out = shell.stdout()
    out.print(rows(table(*(column.label for column in columns), right=right), lines[:MOST]))
    if len(lines) > MOST:
        shell.say(_("Only the first %(n)s are shown; --format csv has all of them.", n=number(MOST)))


def print_lead(shell: Shell, head: PlanHead, lead: Json) -> None:
    """One lead of a plan: as it was, what will be done, what Bitrix24 itself would do."""
    stages = deal_stages(head)
    out = shell.stdout()
    fields, native = lead["snapshot"]["fields"], lead["native"]
    out.print(f"#{lead['id']}  {lead['title']}  ({word(KIND, lead['kind'])})", markup=False, style="bold")
    before = [(name, fields[name]) for name in _LEAD_FIELDS if fields.get(name) not in (None, "", [], 0)]
    before.append((_("Stage"), lead_stages(head).get(lead["stage"], lead["stage"])))
    out.print(rows(table(_("Before"), ""), before))
    out.print()
    steps = [(str(n), action_text(action, stages)) for n, action in enumerate(lead["managed"], start=1)]
    out.print(rows(table(_("With Leadswitch"), ""), steps or [("–", _("The lead stays as it is."))]))
    out.print()
    predicted = [
        (
            _("Deal"),
            record_name(native["deal"]) + " · " + stage_text(native["deal"].get("stageId"), stages)
            if native["deal"]
            else "–",
        ),
        (_("Contact"), record_name(native["contact"]) if native["contact"] else "–"),
        (_("Company"), record_name(native["company"]) if native["company"] else "–"),
        (_("Activities completed"), len(native["completes_activities"])),
    ]
    if native["fails"]:
        predicted.append((_("It would fail"), native["fails"]))
    out.print(
        rows(
            table(_("Bitrix24's own switch (predicted, variant %(name)s)", name=native["variant"]), ""),
            predicted,
        )
    )
    found = [finding_from_json(item) for item in (*lead["findings"], *native["differences"])]
    if found:
        out.print()
        out.print(
            rows(
                table(_("Severity"), _("Finding"), _("What to do")),
                [(word(SEVERITY, item.severity), render(item, _, amount), advice(item, _)) for item in found],
            )
        )
