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
from .clients import bound_ids
from .context import Context
from .customfields import is_empty, translate
from .model import Fields, LeadSnapshot, NativeOutcome, Stage
from .options import Activities, Variant
from .records import PERSON, UTM
from .stages import in_work

# lead field → same field of the record (native_switch.md section 8); what is not here is not mapped.
_BOTH = ("comments", "opened", "assignedById", "originatorId", "originId", *UTM)
Held = Mapping[str, list[Any]]
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


def predict(lead: LeadSnapshot, context: Context, held: Held) -> NativeOutcome:
    """The prediction in the variant of the options, without comparison. `held` are the filled custom fields of the lead."""
    variant = context.options.variant
    rule = rules(context, variant)
    repeat = lead.fields.get("isReturnCustomer") in ("Y", True)
    contact = _contact(lead, context, rule, held) if rule.contact and not repeat else None
    company = _company(lead, context, held) if rule.company and not repeat else None
    fails = _blocked(context, contact, company) or _fails(lead, contact, company)
    if fails:
        differences = (finding("native-left-behind", why=fails),)
        return NativeOutcome(variant.value, None, None, None, (), fails, differences)
    deal = _deal(lead, context, rule, (contact, company), held)
    completes = open_ids(lead.activities) if rule.completes else ()
    return NativeOutcome(variant.value, deal, contact, company, completes)


def _copied(names: tuple[str, ...], fields: Mapping[str, Any]) -> dict[str, Any]:
    return {n: fields[n] for n in names if not is_empty(fields.get(n))}


def _custom(context: Context, held: Held, entity: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    pairs = context.native_pairs[entity]
    for name, found in held.items():
        pair = pairs.get(name)
        if pair is None or pair.target is None:
            continue
        written = translate(pair.source, pair.target, found).value
        if written is not None:
            out[pair.target.key or pair.target.name] = written
    return out


def _channels(lead: LeadSnapshot) -> list[dict[str, Any]]:
    return [{n: e.get(n) for n in ("typeId", "valueType", "value")} for e in channels.entries(lead.fields)]


def _contact(lead: LeadSnapshot, context: Context, rule: _Rules, held: Held) -> dict[str, Any]:
    fields = _copied(_CONTACT, lead.fields)
    if not any(not is_empty(lead.fields.get(n)) for n in ("name", "secondName", "lastName")):
        fields["name"] = context.options.contact_name
    if rule.company:
        fields["companyId"] = {"ref": "company"}
    return fields | {"fm": _channels(lead), "leadId": lead.id} | _custom(context, held, "contact")


def _company(lead: LeadSnapshot, context: Context, held: Held) -> dict[str, Any]:
    fields = _copied(_BOTH, lead.fields)
    fields["title"] = str(lead.fields.get("companyTitle") or "").strip() or str(
        lead.fields.get("title") or ""
    )
    return fields | {"fm": _channels(lead), "leadId": lead.id} | _custom(context, held, "company")


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
    clients: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None],
    held: Held,
) -> dict[str, Any]:
    contact, company = clients
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
    return fields | ({"productRows": rows} if rows else {}) | _custom(context, held, "deal")
