"""A plan as a report. Reads what planning decided, from a file or from the store; must never decide anything itself."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.i18n import _, amount, language, moment, ngettext, number
from connector.planning.catalogue import CATALOGUE, ORDER, Kind, advice, render
from connector.planning.encode import finding_from_json, head_to_json
from connector.planning.model import Finding, PlanHead, Severity
from connector.planning.options import OPTIONS
from connector.reports.document import Bars, Cell, Column, Flow, Report, Sheet
from connector.reports.words import KIND, MODE, SEVERITY, client_text, record_name, stage_text, word

Json = Mapping[str, Any]
FORMAT = "leadswitch.plan-report/1"


@dataclass(frozen=True, slots=True)
class PlanSource:
    """Where a report gets a plan from: its head, its digest, and its lead records, which can be gone through again and again.

    `left_out`: leads that the plan would convert and that somebody has decided to leave out since.
    """

    head: PlanHead
    digest: str
    leads: Callable[[], Iterable[Json]]
    left_out: int = 0


def plan_report(source: PlanSource) -> Report:
    """The report of a plan, in the current language."""
    head = source.head
    return Report(
        title=_("Dry run: %(host)s to %(mode)s", host=head.host, mode=word(MODE, head.to)),
        subtitle=_(
            "What will happen to every lead, before it happens. Made %(when)s.",
            when=when(head.created),
        ),
        language=language(),
        facts=(*_facts(head), (_("Digest"), source.digest)),
        notes=(
            *_left_out(source),
            *(render(item, _, amount) for item in head.findings if item.severity is not Severity.INFO),
        ),
        charts=(
            Flow(_("Lead stages to deal stages"), _("Lead"), _("Deal"), flow(head)),
            Bars(_("Findings"), tuple((text(kind), count, kind.severity) for kind, count in findings(head))),
        ),
        main=Sheet("leads", _("Leads"), _columns(), lambda: (_row(lead, head) for lead in source.leads())),
        others=(_findings_sheet(source), _options_sheet(head)),
        head={"format": FORMAT, "plan": {**head_to_json(head), "digest": source.digest}},
        streams={"leads": source.leads},
    )


def _left_out(source: PlanSource) -> tuple[str, ...]:
    if not source.left_out:
        return ()
    text = ngettext(
        "%(n)s lead was left out after the dry run: it stays a lead, though it is planned below.",
        "%(n)s leads were left out after the dry run: they stay leads, though they are planned below.",
        source.left_out,
    )
    return (text,)


def lead_stages(head: PlanHead) -> dict[str, str]:
    """Names of lead stages by ID."""
    return {link.lead_stage: link.lead_name for link in head.stage_map}


def deal_stages(head: PlanHead) -> dict[str, str]:
    """Names of the deal stages that the plan uses, by ID."""
    return {link.deal_stage: link.deal_name for link in head.stage_map if link.deal_stage}


def flow(head: PlanHead) -> tuple[tuple[str, str, int], ...]:
    """How many leads go from which lead stage to which deal stage, by name, in the order of the stage map."""
    leads, deals = lead_stages(head), deal_stages(head)
    places = {stage: place for place, stage in enumerate(leads)}
    edges = sorted(head.counts.get("flow", ()), key=lambda row: places.get(row["stage"], len(places)))
    return tuple(
        (leads.get(row["stage"], row["stage"]), deals.get(row["deal_stage"], row["deal_stage"]), row["leads"])
        for row in edges
    )


def findings(head: PlanHead) -> list[tuple[Kind, int]]:
    """Findings about leads with the number of leads that have them, the weightiest and most frequent first.

    A code that this version does not know, in a plan of a newer one, counts as information.
    """
    known = [
        (CATALOGUE.get(code) or Kind(code, Severity.INFO, "lead", code, ""), count)
        for code, count in head.counts.get("findings", {}).items()
    ]
    return sorted(
        known, key=lambda row: (ORDER[row[0].severity], row[0].scope == "native", -row[1], row[0].code)
    )


def samples(source: PlanSource) -> dict[str, Finding]:
    """The first finding of each code in the leads of a plan, with its particulars. Reads no further than it must."""
    missing = set(source.head.counts.get("findings", {}))
    found: dict[str, Finding] = {}
    for lead in source.leads() if missing else ():
        for raw in (*lead["findings"], *lead["native"]["differences"]):
            if raw["code"] in missing:
                missing.discard(raw["code"])
                found[raw["code"]] = finding_from_json(raw)
        if not missing:
            break
    return found


def text(kind: Kind, sample: Finding | None = None) -> str:
    """The message of a kind of finding; where it has particulars, told by the example of one lead."""
    if sample is None or not sample.params:
        return render(Finding(kind.code, kind.severity), _, amount)
    return _("For example: %(message)s", message=render(sample, _, amount))


def what_to_do(kind: Kind, sample: Finding | None = None) -> str:
    """The advice of a kind of finding."""
    return advice(sample or Finding(kind.code, kind.severity), _)


def when(iso: str) -> str:
    """A time for people; one that is no ISO time (a foreign file) as it stands."""
    try:
        return moment(datetime.fromisoformat(iso))
    except ValueError:
        return iso


def _facts(head: PlanHead) -> Iterator[tuple[str, Cell]]:
    counts, managed = head.counts, head.counts.get("managed", {})
    yield _("Portal"), head.host
    yield _("CRM mode to switch to"), word(MODE, head.to)
    for label, value in (
        (_("Leads in the plan"), counts.get("leads", 0)),
        (_("Leads that can be converted"), counts.get("convertible", 0)),
        (_("Leads with errors"), counts.get("errors", 0)),
        (_("Deals"), managed.get("deals", 0)),
        (_("New contacts"), managed.get("contacts", 0)),
        (_("New companies"), managed.get("companies", 0)),
        (_("Existing contacts used"), managed.get("contacts_reused", 0)),
        (_("Existing companies used"), managed.get("companies_reused", 0)),
        (_("Activities moved"), managed.get("activities_moved", 0)),
        (_("Activities completed"), managed.get("activities_completed", 0)),
    ):
        yield label, number(value)


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


def _findings_sheet(source: PlanSource) -> Sheet:
    head, shown = source.head, samples(source)
    columns = (
        Column("severity", _("Severity"), 12, words=SEVERITY),
        Column("code", _("Code"), 24),
        Column("message", _("What it means"), 60),
        Column("advice", _("What to do"), 60),
        Column("leads", _("Leads"), 8, number=True),
    )
    rows: list[tuple[Cell, ...]] = [
        (item.severity.value, item.code, render(item, _, amount), advice(item, _), None)
        for item in head.findings
    ]
    for kind, count in findings(head):
        sample = shown.get(kind.code)
        rows.append((kind.severity.value, kind.code, text(kind, sample), what_to_do(kind, sample), count))
    return Sheet("findings", _("Findings"), columns, lambda: rows)


def _options_sheet(head: PlanHead) -> Sheet:
    columns = (
        Column("option", _("Option"), 18),
        Column("value", _("Value"), 40),
        Column("help", _("What it is"), 70),
    )
    helps = {row.name: row.help for row in OPTIONS}
    rows = [
        (name, _option(value), _(helps[name]) if name in helps else "")
        for name, value in head.options.items()
    ]
    return Sheet("options", _("Options"), columns, lambda: rows)


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


def _row(lead: Json, head: PlanHead) -> tuple[Cell, ...]:
    stages = deal_stages(head)
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
        lead_stages(head).get(lead["stage"], lead["stage"]),
        stages.get(lead["deal_stage"], lead["deal_stage"]),
        _amount(fields.get("opportunity")),
        fields.get("currencyId") or "",
        client_text(by_key.get("contact"), titles["contact"]),
        client_text(by_key.get("company"), titles["company"]),
        done["bind-activity"],
        done["complete-activity"],
        sum(len(a["params"].get("rows") or ()) for a in managed if a["do"] == "set-products"),
        worst.value if worst else "",
        " ".join(render(item, _, amount) for item in findings),
        stage_text((native["deal"] or {}).get("stageId"), stages),
        record_name(native["contact"]) if native["contact"] else "",
        record_name(native["company"]) if native["company"] else "",
        len(native["completes_activities"]),
        " ".join(render(finding_from_json(item), _, amount) for item in native["differences"]),
    )


def _amount(value: Any) -> Cell:
    """An amount as Bitrix24 sends it (number or text); something that is no number stays text."""
    try:
        return float(value) if value not in (None, "") else None
    except (TypeError, ValueError):
        return str(value)
