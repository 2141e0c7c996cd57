"""What Bitrix24's own switch would do to one lead, per variant; and how that differs from the managed plan. Prediction only: the facts
are those of `native_switch.md` sections 1, 2 and 8, read from sources and documentation, never seen on a live portal.

- `documented`: contact, company or both, pipeline and activities as chosen in the dialog.
- `mobile`: the same choices; the app stops at the first lead that fails.
- `older-web`: always deal, contact and company, default pipeline, activities completed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import channels, products
from .activities import open_ids
from .catalogue import finding
from .clients import Decision, bound_ids
from .context import Context
from .customfields import is_empty, shown, translate, values
from .model import Fields, Finding, LeadSnapshot, NativeOutcome, Stage
from .options import Activities, Variant
from .records import PERSON, UTM
from .stages import in_work

# lead field → same field of the record (native_switch.md section 8); what is not here is not mapped.
_BOTH = ("comments", "opened", "assignedById", "originatorId", "originId", *UTM)
_DEAL = ("title", "sourceId", "sourceDescription", "currencyId", "webformId", *_BOTH)
_CONTACT = (*PERSON, "sourceId", "sourceDescription", *_BOTH)


@dataclass(frozen=True, slots=True)
class _Rules:
    contact: bool
    company: bool
    pipeline: int
    completes: bool


def rules(context: Context, variant: Variant) -> _Rules:
    """What the dialog of this variant would be set to, given the options of the plan."""
    options = context.options
    if variant is Variant.OLDER_WEB:
        return _Rules(contact=True, company=True, pipeline=0, completes=True)
    pipeline = 0 if context.new_pipeline else int(options.pipeline)
    return _Rules(
        options.makes_contact, options.makes_company, pipeline, options.activities is Activities.COMPLETE
    )


def predict(
    lead: LeadSnapshot, context: Context, managed: Mapping[str, Any], decisions: Mapping[str, Decision]
) -> NativeOutcome:
    """The prediction in the variant of the options. `managed` are the fields of the managed deal (empty: none planned),
    `decisions` what the managed plan does about clients."""
    variant = context.options.variant
    rule = rules(context, variant)
    repeat = lead.fields.get("isReturnCustomer") in ("Y", True)
    contact = _contact(lead, context, rule) if rule.contact and not repeat else None
    company = _company(lead, context) if rule.company and not repeat else None
    fails = _blocked(context, contact, company) or _fails(lead, contact, company)
    if fails:
        differences = (finding("native-left-behind", why=fails),)
        return NativeOutcome(variant.value, None, None, None, (), fails, differences)
    deal = _deal(lead, context, rule, contact, company)
    completes = open_ids(lead.activities) if rule.completes else ()
    outcome = NativeOutcome(variant.value, deal, contact, company, completes)
    said = _Compared(lead, context, outcome, managed, decisions).differences() if managed else ()
    return NativeOutcome(variant.value, deal, contact, company, completes, "", said)


def _copied(names: tuple[str, ...], fields: Mapping[str, Any]) -> dict[str, Any]:
    return {n: fields[n] for n in names if not is_empty(fields.get(n))}


def _custom(lead: LeadSnapshot, context: Context, entity: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for pair in context.native_pairs[entity]:
        found = values(pair.source, lead.fields)
        if pair.target is None or not found:
            continue
        written = translate(pair.source, pair.target, found).value
        if written is not None:
            out[pair.target.key or pair.target.name] = written
    return out


def _channels(lead: LeadSnapshot) -> list[dict[str, Any]]:
    return [{n: e.get(n) for n in ("typeId", "valueType", "value")} for e in channels.entries(lead.fields)]


def _contact(lead: LeadSnapshot, context: Context, rule: _Rules) -> dict[str, Any]:
    fields = _copied(_CONTACT, lead.fields)
    if not any(not is_empty(lead.fields.get(n)) for n in ("name", "secondName", "lastName")):
        fields["name"] = context.options.contact_name
    if rule.company:
        fields["companyId"] = {"ref": "company"}
    return fields | {"fm": _channels(lead), "leadId": lead.id} | _custom(lead, context, "contact")


def _company(lead: LeadSnapshot, context: Context) -> dict[str, Any]:
    fields = _copied(_BOTH, lead.fields)
    fields["title"] = str(lead.fields.get("companyTitle") or "").strip() or str(
        lead.fields.get("title") or ""
    )
    return fields | {"fm": _channels(lead), "leadId": lead.id} | _custom(lead, context, "company")


_DOCUMENTS = ("CCrmDocumentDeal", "CCrmDocumentContact", "CCrmDocumentCompany")


def _blocked(context: Context, contact: Mapping[str, Any] | None, company: Mapping[str, Any] | None) -> str:
    """A workflow that starts when a record is created and asks for parameters stops Bitrix24's own conversion (native_switch.md 2.4)."""
    makes = zip(_DOCUMENTS, (True, contact is not None, company is not None), strict=True)
    documents = {document for document, made in makes if made}
    for workflow in context.facts.workflows or ():
        starts = int(workflow.get("AUTO_EXECUTE") or 0) & 1
        if starts and workflow.get("PARAMETERS") and documents & set(workflow.get("DOCUMENT_TYPE") or ()):
            return f"workflow {workflow.get('NAME') or workflow.get('ID')}"
    return ""


def _fails(lead: LeadSnapshot, contact: Mapping[str, Any] | None, company: Mapping[str, Any] | None) -> str:
    """Why a record of this lead would be refused: Bitrix24 checks e-mail addresses of clients and gives the whole lead up."""
    if contact is None and company is None:
        return ""
    wrong = [
        str(e["value"])
        for e in channels.entries(lead.fields)
        if e.get("typeId") == channels.EMAIL and not channels.email_valid(str(e["value"]))
    ]
    return f"e-mail {wrong[0]}" if wrong else ""


def first_stage(context: Context, pipeline: int) -> Stage | None:
    """Where Bitrix24 puts every deal: the first stage of the pipeline."""
    found = context.facts.pipeline(pipeline)
    stages = in_work(found.stages) if found else []
    return stages[0] if stages else None


def native_rows(lead: LeadSnapshot) -> tuple[Fields, ...]:
    """The product rows that Bitrix24 copies: those of the lead minus those that its earlier deals have."""
    taken = [
        row for record in lead.related if record.get("entity") == "deal" for row in record.get("rows") or ()
    ]
    return products.without(lead.products, taken)


def _deal(
    lead: LeadSnapshot,
    context: Context,
    rule: _Rules,
    contact: Mapping[str, Any] | None,
    company: Mapping[str, Any] | None,
) -> dict[str, Any]:
    fields = _copied(_DEAL, lead.fields)
    stage = first_stage(context, rule.pipeline)
    left = native_rows(lead)
    amount = products.total(left) if left else products.decimal(lead.fields.get("opportunity"))
    fields |= {
        "opportunity": float(amount),
        "categoryId": rule.pipeline,
        "stageId": stage.id if stage else "",
        "leadId": lead.id,
    }
    if context.facts.deal_types:
        fields["typeId"] = context.facts.deal_types[0]
    contacts: list[Any] = [{"ref": "contact"}] if contact is not None else []
    if lead.fields.get("isReturnCustomer") in ("Y", True):
        contacts = list(bound_ids("contact", lead))
        companies = bound_ids("company", lead)
        if companies:
            fields["companyId"] = companies[0]
    elif company is not None:
        fields["companyId"] = {"ref": "company"}
    if contacts:
        fields["contactIds"] = contacts
    rows = products.deal_rows(left)
    return fields | ({"productRows": rows} if rows else {}) | _custom(lead, context, "deal")


class _Compared:
    """Managed beside native, for the differences that matter to a person."""

    def __init__(
        self,
        lead: LeadSnapshot,
        context: Context,
        outcome: NativeOutcome,
        managed: Mapping[str, Any],
        decisions: Mapping[str, Decision],
    ) -> None:
        self.lead, self.context, self.outcome = lead, context, outcome
        self.managed, self.decisions = managed, decisions

    def differences(self) -> tuple[Finding, ...]:
        """One finding per difference."""
        return (*self._place(), *self._clients(), *self._activities(), *self._lost())

    def _place(self) -> list[Finding]:
        deal, context = self.outcome.deal or {}, self.context
        said = []
        native = context.facts.pipeline(int(deal["categoryId"]))
        link = context.links.get(str(self.lead.fields.get("stageId") or ""))
        if context.new_pipeline or deal["categoryId"] != self.managed.get("categoryId"):
            ours = (
                "new"
                if context.new_pipeline
                else getattr(context.facts.pipeline(int(context.options.pipeline)), "name", "")
            )
            said.append(
                finding("native-pipeline", native=native.name if native else deal["categoryId"], managed=ours)
            )
        elif link and deal["stageId"] != link.deal_stage:
            stage = first_stage(context, int(deal["categoryId"]))
            said.append(finding("native-stage", native=stage.name if stage else "", managed=link.deal_name))
        return said

    def _clients(self) -> list[Finding]:
        said: list[Finding] = []
        for entity, fields in (("contact", self.outcome.contact), ("company", self.outcome.company)):
            decision = self.decisions.get(entity)
            how = decision.how if decision else "none"
            if fields is None:
                continue
            if decision is not None and decision.match is not None:
                said.append(finding("native-duplicate", entity=entity, id=decision.match.id))
            elif decision is not None and decision.planned is not None:
                said.append(finding("native-duplicate-in-plan", entity=entity, lead=decision.planned.lead))
            elif how == "none":
                name = " ".join(str(fields[n]) for n in ("name", "lastName") if fields.get(n)) or fields.get(
                    "title", ""
                )
                said.append(
                    finding(f"native-{entity}-too", **{"name" if entity == "contact" else "title": name})
                )
        company = self.outcome.company
        if company is not None and is_empty(self.lead.fields.get("companyTitle")):
            said.append(finding("native-company-from-title", title=company["title"]))
        return said

    def _activities(self) -> list[Finding]:
        open_ = len(open_ids(self.lead.activities))
        if not open_:
            return []
        done = len(self.outcome.completes_activities)
        keep = self.context.options.activities is Activities.KEEP_OPEN
        if done and keep:
            return [finding("native-activities-completed", count=done)]
        return [] if done else [finding("native-activities-open", count=open_)]

    def _lost(self) -> list[Finding]:
        fields, names = self.lead.fields, self.context.titles["lead"]
        currency = str(fields.get("currencyId") or "")
        said: list[Finding] = []
        amount = products.decimal(fields.get("opportunity"))
        if self.lead.products and fields.get("isManualOpportunity") in ("Y", True):
            sum_ = products.total(self.lead.products)
            if sum_ != amount:
                said.append(
                    finding(
                        "native-manual-amount",
                        amount=products.shown(amount, currency),
                        rows=products.shown(sum_, currency),
                    )
                )
        if not is_empty(fields.get("observers")):
            said.append(finding("native-observers"))
        if not is_empty(fields.get("statusDescription")):
            said.append(finding("native-note", field=names.get("statusDescription", "statusDescription")))
        gone = len(self.lead.products) - len(native_rows(self.lead))
        if gone:
            said.append(finding("native-products", count=gone))
        missing = [
            pair.source.label
            for pair in self.context.native_pairs["deal"]
            if pair.target is None and any(shown(pair.source, v) for v in values(pair.source, fields))
        ]
        if missing:
            said.append(finding("native-fields", fields=missing))
        return said
