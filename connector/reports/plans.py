"""A plan as a report. Reads what planning decided, from a file or from the store; must never decide anything itself."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.i18n import _, language, moment, number
from connector.planning.catalogue import ORDER, advice, render
from connector.planning.encode import finding_from_json, head_to_json
from connector.planning.model import Finding, PlanHead, Severity
from connector.reports.document import Bars, Cell, Column, Flow, Report, Sheet
from connector.reports.words import KIND, MODE, SEVERITY, client_text, record_name, stage_text, word

Json = Mapping[str, Any]
_EXAMPLES = 3


@dataclass(slots=True)
class Tally:
    """Totals over the leads of a plan, made in one pass: findings by code and severity, and which stage goes where."""

    leads: int = 0
    edges: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: Counter[tuple[str, str]] = field(default_factory=Counter)
    native: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[str, list[int]] = field(default_factory=dict)

    def add(self, lead: Json) -> None:
        """Count one lead record."""
        self.leads += 1
        self.edges[lead["stage"], lead["deal_stage"]] += 1
        for item in lead["findings"]:
            self._count(self.findings, item, lead["id"])
        for item in lead["native"]["differences"]:
            self._count(self.native, item, lead["id"])

    def _count(self, into: Counter[tuple[str, str]], item: Json, lead: int) -> None:
        into[item["code"], item["severity"]] += 1
        seen = self.examples.setdefault(item["code"], [])
        if len(seen) < _EXAMPLES:
            seen.append(lead)

    def severities(self) -> dict[str, int]:
        """How many findings of each severity the leads have."""
        sums: Counter[str] = Counter()
        for (_code, severity), count in self.findings.items():
            sums[severity] += count
        return {severity.value: sums[severity.value] for severity in Severity}


@dataclass(frozen=True, slots=True)
class PlanSource:
    """Where a report gets a plan from: its head, its digest, and its lead records, which can be gone through again and again."""

    head: PlanHead
    digest: str
    leads: Callable[[], Iterable[Json]]


def tally(leads: Iterable[Json]) -> Tally:
    """Go through all leads once."""
    result = Tally()
    for lead in leads:
        result.add(lead)
    return result


def plan_report(source: PlanSource) -> Report:
    """The report of a plan, in the current language."""
    totals = tally(source.leads())
    head = source.head
    names = stage_names(head)
    return Report(
        title=_("Dry run: %(host)s to %(mode)s", host=head.host, mode=word(MODE, head.to)),
        subtitle=_(
            "What will happen to every lead, before it happens. Made %(when)s.", when=_when(head.created)
        ),
        language=language(),
        facts=(*_facts(head, totals), (_("Digest"), source.digest)),
        notes=(
            *(render(item, _) for item in head.findings),
            _(
                "What Bitrix24's own switch would do is a prediction from its documentation; it was not seen on a live portal."
            ),
        ),
        charts=(
            Flow(_("Lead stages to deal stages"), _("Lead"), _("Deal"), _edges(totals, names)),
            Bars(
                _("Findings"),
                tuple((_text(code), n, severity) for (code, severity), n in ordered(totals.findings)),
            ),
        ),
        main=Sheet("leads", _("Leads"), _columns(), lambda: (_row(lead, names) for lead in source.leads())),
        others=(_findings_sheet(head, totals),),
        head={
            "format": "leadswitch.plan-report/1",
            "plan": {**head_to_json(head), "digest": source.digest, "leads": totals.leads},
        },
        streams={"leads": source.leads},
    )


def stage_names(head: PlanHead) -> dict[str, str]:
    """Names of lead stages and deal stages by ID, as far as the plan knows them."""
    named = {link.lead_stage: link.lead_name for link in head.stage_map}
    return named | {link.deal_stage: link.deal_name for link in head.stage_map if link.deal_stage}


def ordered(findings: Mapping[tuple[str, str], int]) -> list[tuple[tuple[str, str], int]]:
    """Findings by severity, then by how often they occur."""
    return sorted(findings.items(), key=lambda item: (ORDER[Severity(item[0][1])], -item[1], item[0][0]))


def _when(iso: str) -> str:
    return moment(datetime.fromisoformat(iso))


def _facts(head: PlanHead, totals: Tally) -> Iterator[tuple[str, Cell]]:
    yield _("Portal"), head.host
    yield _("CRM mode to switch to"), word(MODE, head.to)
    yield _("Leads in the plan"), number(totals.leads)
    for severity, count in totals.severities().items():
        yield _("Findings: %(severity)s", severity=word(SEVERITY, severity)), number(count)
    for name, value in head.options.items():
        yield name, _option(value)


def _option(value: Any) -> str:
    if isinstance(value, Mapping):
        return (
            ", ".join(
                f"{key}: {_option(item)}" for key, item in value.items() if item not in (None, [], {}, "")
            )
            or "–"
        )
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "–"
    return str(value) or "–"


def _edges(totals: Tally, names: Mapping[str, str]) -> tuple[tuple[str, str, int], ...]:
    return tuple((names.get(a, a), names.get(b, b) or _("none"), n) for (a, b), n in totals.edges.items())


def _text(code: str) -> str:
    """The message of a finding without its particulars."""
    return render(Finding(code, Severity.INFO), _)


def _findings_sheet(head: PlanHead, totals: Tally) -> Sheet:
    columns = (
        Column("severity", _("Severity"), 12, words=SEVERITY),
        Column("code", _("Code"), 24),
        Column("message", _("What it means"), 60),
        Column("advice", _("What to do"), 60),
        Column("leads", _("Leads"), 8, number=True),
        Column("examples", _("For example"), 20),
    )
    rows: list[tuple[Cell, ...]] = [
        (item.severity.value, item.code, render(item, _), advice(item, _), None, "") for item in head.findings
    ]
    for (code, severity), count in ordered(totals.findings + totals.native):
        bare = Finding(code, Severity(severity))
        examples = ", ".join(f"#{lead}" for lead in totals.examples[code])
        rows.append((severity, code, render(bare, _), advice(bare, _), count, examples))
    return Sheet("findings", _("Findings"), columns, lambda: rows)


def _columns() -> tuple[Column, ...]:
    return (
        Column("lead_id", _("Lead"), 8, number=True),
        Column("title", _("Title"), 40),
        Column("kind", _("Kind"), 8, words=KIND),
        Column("stage", _("Lead stage"), 18),
        Column("deal_stage", _("Deal stage"), 18),
        Column("amount", _("Amount"), 12, number=True),
        Column("currency", _("Currency"), 8),
        Column("contact", _("Contact"), 26),
        Column("company", _("Company"), 26),
        Column("activities_moved", _("Activities moved"), 10, number=True),
        Column("activities_completed", _("Activities completed"), 10, number=True),
        Column("product_rows", _("Product rows"), 8, number=True),
        Column("worst", _("Severity"), 12, words=SEVERITY),
        Column("findings", _("Findings"), 60),
        Column("native_deal_stage", _("Bitrix24's own switch: deal stage"), 18),
        Column("native_contact", _("Bitrix24's own switch: contact"), 26),
        Column("native_company", _("Bitrix24's own switch: company"), 26),
        Column("native_completes", _("Bitrix24's own switch: activities completed"), 10, number=True),
        Column("native_differences", _("Bitrix24's own switch: differences"), 60),
    )


def _row(lead: Json, names: Mapping[str, str]) -> tuple[Cell, ...]:
    managed = lead["managed"]
    by_key = {action["key"]: action for action in managed}
    done = Counter(action["do"] for action in managed)
    fields = lead["snapshot"]["fields"]
    titles: dict[str, dict[int, str]] = {"contact": {}, "company": {}}
    for match in lead["snapshot"]["matches"]:
        titles[match["entity"]][match["id"]] = match["title"]
    findings = [finding_from_json(item) for item in lead["findings"]]
    native = lead["native"]
    worst = min((f.severity for f in findings), key=ORDER.__getitem__, default=None)
    return (
        lead["id"],
        lead["title"],
        lead["kind"],
        names.get(lead["stage"], lead["stage"]),
        names.get(lead["deal_stage"], lead["deal_stage"]),
        _amount(fields.get("opportunity")),
        fields.get("currencyId") or "",
        client_text(by_key.get("contact"), titles["contact"]),
        client_text(by_key.get("company"), titles["company"]),
        done["bind-activity"],
        done["complete-activity"],
        sum(len(a["params"].get("rows") or ()) for a in managed if a["do"] == "set-products"),
        worst.value if worst else "",
        " ".join(render(item, _) for item in findings),
        stage_text((native["deal"] or {}).get("stageId"), names),
        record_name(native["contact"]) if native["contact"] else "",
        record_name(native["company"]) if native["company"] else "",
        len(native["completes_activities"]),
        " ".join(render(finding_from_json(item), _) for item in native["differences"]),
    )


def _amount(value: Any) -> Cell:
    """An amount as Bitrix24 sends it (number or text); something that is no number stays text."""
    try:
        return float(value) if value not in (None, "") else None
    except (TypeError, ValueError):
        return str(value)
