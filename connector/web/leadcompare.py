"""Leadswitch's plan for one lead beside what Bitrix24's own switch would make of it. Shows what planning decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.i18n import _
from connector.planning.customfields import is_empty
from connector.planning.model import Do, LeadPlan, PortalFacts
from connector.planning.vocabulary import failure, in_words
from connector.web.leadview import FIRST, HIDDEN, RECORDS, action_for, records
from connector.web.telling import Teller
from connector.web.viewparts import CompareRow, Comparison, variant_note


def lead_comparison(plan: LeadPlan, facts: PortalFacts) -> Comparison:
    """Managed beside native for one lead, field by field where both make a record."""
    teller = Teller(facts)
    managed = {one: _created(plan, one) for one in RECORDS}
    native = {"deal": plan.native.deal, "contact": plan.native.contact, "company": plan.native.company}
    rows = []
    for entity, (_icon, name) in RECORDS.items():
        ours = _client_words(plan, entity, teller) if entity != "deal" else _yes(bool(managed["deal"]))
        theirs = _yes(native[entity] is not None) if entity == "deal" else _name(native[entity])
        rows.append(CompareRow(_(name), ours, theirs, ours != theirs))
    rows += _deal_rows(managed["deal"] or {}, native["deal"] or {}, teller)
    ours, theirs = _activity_words(plan)
    rows.append(CompareRow(teller.label("lead", "open_activities"), ours, theirs, ours != theirs))
    if plan.native.fails:
        rows.append(
            CompareRow(_("Fails because of"), "", in_words(failure(plan.native.fails), _), differs=True)
        )
    return Comparison(variant_note(plan.native.variant), tuple(rows))


def _client_words(plan: LeadPlan, entity: str, teller: Teller) -> str:
    record = next((r for r in records(plan, teller) if r.icon == entity), None)
    if record is None:
        return ""
    action = action_for(plan, entity)
    if action is not None and action.do in (Do.LINK_COMPANY, Do.LINK_CONTACT):
        return _("existing: %(name)s", name=record.rows[0].value)
    return record.badge or _name(_created(plan, entity))


def _deal_rows(ours: Mapping[str, Any], theirs: Mapping[str, Any], teller: Teller) -> list[CompareRow]:
    rows = []
    keys = [
        key for key in dict.fromkeys((*ours, *theirs)) if key not in HIDDEN and key not in ("contactIds",)
    ]
    for key in ("stageId", *[k for k in FIRST if k in keys], *[k for k in keys if k not in FIRST]):
        label = teller.label("deal", key)
        a, b = (_shown(teller, key, side) for side in (ours, theirs))
        if (a or b) and (a != b or key == "stageId"):
            rows.append(CompareRow(label, a, b, a != b))
    return rows


def _shown(teller: Teller, key: str, fields: Mapping[str, Any]) -> str:
    """A value for the comparison: no and nothing are the same."""
    value = fields.get(key)
    return "" if value in (0, "0", "N", False) else teller.value("deal", key, value, fields)


def _activity_words(plan: LeadPlan) -> tuple[str, str]:
    opened = sum(not a.completed for a in plan.snapshot.activities)
    if not opened:
        return "", ""
    completed = sum(a.do is Do.COMPLETE_ACTIVITY for a in plan.managed)
    ours = _("completed") if completed else _("stay open, in the deal")
    theirs = _("completed") if plan.native.completes_activities else _("stay open, in lead and deal")
    return (ours if plan.managed else ""), ("" if plan.native.fails else theirs)


def _name(fields: Mapping[str, Any] | None) -> str:
    if fields is None:
        return ""
    person = " ".join(
        str(fields[n]) for n in ("name", "secondName", "lastName") if not is_empty(fields.get(n))
    )
    return _("new: %(name)s", name=str(fields.get("title") or person or "–"))


def _yes(made: bool) -> str:
    return _("is created") if made else ""


def _created(plan: LeadPlan, entity: str) -> Mapping[str, Any] | None:
    action = action_for(plan, entity)
    fields: Mapping[str, Any] | None = action.params.get("fields") if action else None
    return fields
