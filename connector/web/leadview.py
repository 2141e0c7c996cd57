"""One lead of a plan, before and after, and Leadswitch's plan beside Bitrix24's own switch. Shows what planning decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.i18n import N_, _, amount, ngettext, number
from connector.planning.catalogue import render
from connector.planning.encode import action_to_json
from connector.planning.model import Action, Do, LeadPlan, PortalFacts, Severity
from connector.planning.records import OWN, PERSON
from connector.reports.words import action_text
from connector.web.flow import safe_color
from connector.web.telling import Teller
from connector.web.viewparts import FindingView, Pair, finding_view

# What comes first; everything else follows in the order of the portal.
FIRST = (
    "title",
    *PERSON,
    "companyTitle",
    "phone",
    "email",
    "other",
    "opportunity",
    "sourceId",
    "assignedById",
    "observers",
    "comments",
)


HIDDEN = OWN | {
    "fm",
    "stageId",
    "currencyId",
    "contacts",
    "contactId",
    "companyId",
    "originatorId",
    "originId",
    "leadId",
    "isManualOpportunity",
}


RECORDS: Mapping[str, tuple[str, str]] = {
    "deal": ("deal", N_("Deal")),
    "contact": ("contact", N_("Contact")),
    "company": ("company", N_("Company")),
}


@dataclass(frozen=True, slots=True)
class Record:
    """A record after the conversion."""

    icon: str
    name: str
    badge: str
    stage: str
    stage_color: str
    rows: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class LeadView:
    """Everything that the page of one lead shows."""

    id: int
    title: str
    kind: str
    stage: str
    stage_color: str
    findings: tuple[FindingView, ...]
    before: tuple[Pair, ...]
    after: tuple[Record, ...]
    actions: tuple[str, ...]
    differences: tuple[str, ...]


def lead_view(plan: LeadPlan, facts: PortalFacts) -> LeadView:
    """The page of one lead."""
    teller = Teller(facts)
    name, color = teller.stage("lead", plan.stage)
    return LeadView(
        id=plan.id,
        title=plan.title or _("Lead #%(id)s", id=plan.id),
        kind=plan.kind.value,
        stage=name,
        stage_color=safe_color(color),
        findings=tuple(finding_view(f) for f in plan.findings),
        before=_before(plan, teller),
        after=tuple(records(plan, teller)),
        actions=tuple(_told(a, teller) for a in plan.managed),
        differences=tuple(render(f, _, amount) for f in plan.native.differences),
    )


def _told(action: Action, teller: Teller) -> str:
    """An action as a sentence, with stages by name."""
    told = action_to_json(action)
    params = told["params"]
    if "stage" in params:
        params["stage"] = teller.stage("lead", params["stage"])[0]
    if "stageId" in params.get("fields", {}):
        params["fields"] = {
            **params["fields"],
            "stageId": teller.stage("deal", params["fields"]["stageId"])[0],
        }
    return action_text(told)


def _before(plan: LeadPlan, teller: Teller) -> tuple[Pair, ...]:
    fields = plan.snapshot.fields
    lost = {
        str(f.params.get("field")): render(f, _, amount)
        for f in plan.findings
        if f.severity is Severity.DATA_LOSS and f.params.get("field")
    }
    values = _values("lead", fields, teller)
    activities = plan.snapshot.activities
    if opened := sum(not a.completed for a in activities):
        values["open_activities"] = number(opened)
    if done := sum(a.completed for a in activities):
        values["done_activities"] = number(done)
    if plan.snapshot.products:
        values["products"] = ", ".join(str(row.get("productName", "")) for row in plan.snapshot.products)
    return tuple(
        Pair(label, value, "lost" if label in lost else "", lost.get(label, ""))
        for key, value in values.items()
        for label in [teller.label("lead", key)]
    )


def _values(entity: str, fields: Mapping[str, Any], teller: Teller) -> dict[str, str]:
    told = {
        key: teller.value(entity, key, value, fields) for key, value in fields.items() if key not in HIDDEN
    }
    told |= teller.channels(fields)
    kept = {key: text for key, text in told.items() if text and key not in ("contactIds", "entityTypeId")}
    order = [key for key in FIRST if key in kept] + [key for key in kept if key not in FIRST]
    return {key: kept[key] for key in order}


def records(plan: LeadPlan, teller: Teller) -> Iterable[Record]:
    for entity in ("deal", "company", "contact"):
        action = action_for(plan, entity)
        if action is None:
            continue
        icon, name = RECORDS[entity]
        fields = action.params.get("fields") or {}
        badge, rows = (
            "",
            [Pair(teller.label(entity, k), v) for k, v in _values(entity, fields, teller).items()],
        )
        stage, color = teller.stage("deal", fields.get("stageId")) if entity == "deal" else ("", "")
        if action.do in (Do.LINK_COMPANY, Do.LINK_CONTACT):
            badge, rows = _("exists already"), _linked(plan, entity, action, teller)
        elif action.do in (Do.REUSE_COMPANY, Do.REUSE_CONTACT):
            badge = _("shared with lead #%(id)s", id=action.params["lead"])
        if entity == "deal":
            rows += _extras(plan, teller)
        yield Record(icon, _(name), badge, stage, safe_color(color), tuple(rows))


def _linked(plan: LeadPlan, entity: str, action: Action, teller: Teller) -> list[Pair]:
    id_ = action.params["id"]
    match = next((m for m in plan.snapshot.matches if (m.entity, m.id) == (entity, id_)), None)
    rows = [Pair(_("Record"), f"{match.title if match else ''} #{id_}".strip())]
    if match and match.by:
        rows.append(Pair(_("Found by"), ", ".join(match.by)))
    added = _values(
        entity, {**(action.params.get("fill") or {}), "fm": action.params.get("add_fm") or ()}, teller
    )
    rows += [Pair(teller.label(entity, key), value, "", _("added")) for key, value in added.items()]
    return rows


def _extras(plan: LeadPlan, teller: Teller) -> Iterable[Pair]:
    moved = sum(a.do is Do.UNBIND_ACTIVITY for a in plan.managed)
    done = sum(a.do is Do.COMPLETE_ACTIVITY for a in plan.managed)
    products = next((a for a in plan.managed if a.do is Do.SET_PRODUCTS), None)
    if moved:
        yield Pair(
            teller.label("deal", "open_activities"),
            ngettext("%(n)s moves here, open", "%(n)s move here, open", moved),
        )
    if done:
        yield Pair(teller.label("deal", "done_activities"), number(done))
    if products:
        rows = products.params.get("rows") or ()
        yield Pair(
            teller.label("deal", "products"), ", ".join(str(row.get("productName", "")) for row in rows)
        )


def action_for(plan: LeadPlan, entity: str) -> Action | None:
    return next((a for a in plan.managed if a.key == entity), None)
