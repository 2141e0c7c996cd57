"""A plan on a terminal: totals, stages, findings; one lead before and after. Shared by `plan` and `show`; must never change a plan."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

from connector.cli.shell import Shell, rows, table
from connector.i18n import _, number
from connector.planning.catalogue import advice, render
from connector.planning.encode import finding_from_json
from connector.planning.model import Finding, Severity
from connector.reports.plans import PlanSource, Tally, ordered, stage_names, tally
from connector.reports.words import KIND, MODE, SEVERITY, action_text, record_name, stage_text, word

Json = Mapping[str, Any]

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


def print_plan(shell: Shell, source: PlanSource) -> Tally:
    """Totals of a plan for people, on standard output; answers the totals."""
    head, totals = source.head, tally(source.leads())
    names = stage_names(head)
    out = shell.stdout()
    out.print(
        _(
            "%(host)s to %(mode)s: %(n)s leads",
            host=head.host,
            mode=word(MODE, head.to),
            n=number(totals.leads),
        ),
        markup=False,
    )
    for action in head.setup:
        out.print(f"  {action_text({'do': action.do, 'params': action.params})}", markup=False)
    if totals.edges:
        lines = [(names.get(a, a), names.get(b, b) or "–", number(n)) for (a, b), n in totals.edges.items()]
        out.print()
        out.print(rows(table(_("Lead stage"), _("Deal stage"), _("Leads"), right=(2,)), lines))
    out.print()
    out.print(_findings(head.findings, totals))
    return totals


def _findings(about_plan: Iterable[Finding], totals: Tally) -> Table | str:
    lines = [(word(SEVERITY, item.severity), "", render(item, _), advice(item, _)) for item in about_plan]
    for (code, severity), count in ordered(totals.findings) + ordered(totals.native):
        bare = Finding(code, Severity(severity))
        lines.append((word(SEVERITY, severity), number(count), render(bare, _), advice(bare, _)))
    if not lines:
        return _("Nothing was found that needs attention.")
    return rows(table(_("Severity"), _("Leads"), _("Finding"), _("What to do"), right=(1,)), lines)


def print_lead(shell: Shell, source: PlanSource, lead: Json) -> None:
    """One lead of a plan: as it was, what will be done, what Bitrix24 itself would do."""
    names = stage_names(source.head)
    out = shell.stdout()
    fields, native = lead["snapshot"]["fields"], lead["native"]
    out.print(f"#{lead['id']}  {lead['title']}  ({word(KIND, lead['kind'])})", markup=False, style="bold")
    before = [(name, fields[name]) for name in _LEAD_FIELDS if fields.get(name) not in (None, "", [], 0)]
    before.append((_("Stage"), names.get(lead["stage"], lead["stage"])))
    out.print(rows(table(_("Before"), ""), before))
    out.print()
    steps = [(str(n), action_text(action)) for n, action in enumerate(lead["managed"], start=1)]
    out.print(rows(table(_("With Leadswitch"), ""), steps or [("–", _("The lead stays as it is."))]))
    out.print()
    predicted = [
        (
            _("Deal"),
            record_name(native["deal"]) + " · " + stage_text(native["deal"].get("stageId"), names)
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
                [(word(SEVERITY, item.severity), render(item, _), advice(item, _)) for item in found],
            )
        )
