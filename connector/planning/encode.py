"""Plans as JSON values and back, key by key as the plan file has them. Must never touch a file.

Written by hand instead of `dataclasses.asdict`: that copies deeply and is too slow for a hundred thousand leads.
"""

from collections.abc import Mapping
from typing import Any

from .model import (
    Action,
    Activity,
    ClientMatch,
    CrmMode,
    Do,
    Finding,
    LeadKind,
    LeadPlan,
    LeadSnapshot,
    NativeOutcome,
    PlanHead,
    Severity,
    StageLink,
)

Json = dict[str, Any]


def finding_to_json(item: Finding) -> Json:
    """`{"code", "severity", "params"}`."""
    return {"code": item.code, "severity": item.severity.value, "params": dict(item.params)}


def finding_from_json(raw: Mapping[str, Any]) -> Finding:
    """The reverse of `finding_to_json`; raises KeyError or ValueError on a wrong shape."""
    return Finding(raw["code"], Severity(raw["severity"]), raw["params"])


def action_to_json(item: Action) -> Json:
    """`{"key", "do", "params"}`."""
    return {"key": item.key, "do": item.do.value, "params": dict(item.params)}


def action_from_json(raw: Mapping[str, Any]) -> Action:
    """The reverse of `action_to_json`."""
    return Action(raw["key"], Do(raw["do"]), raw["params"])


def _activity_to_json(a: Activity) -> Json:
    return {
        "id": a.id,
        "type_id": a.type_id,
        "provider_id": a.provider_id,
        "provider_type_id": a.provider_type_id,
        "subject": a.subject,
        "completed": a.completed,
        "deadline": a.deadline,
        "responsible_id": a.responsible_id,
        "owner_type_id": a.owner_type_id,
        "owner_id": a.owner_id,
        "bindings": [list(pair) for pair in a.bindings],
    }


def _activity_from_json(raw: Mapping[str, Any]) -> Activity:
    return Activity(**{**raw, "bindings": tuple((pair[0], pair[1]) for pair in raw["bindings"])})


def _match_to_json(m: ClientMatch) -> Json:
    return {"entity": m.entity, "id": m.id, "title": m.title, "by": list(m.by), "fields": dict(m.fields)}


def snapshot_to_json(s: LeadSnapshot) -> Json:
    """A lead as it was read."""
    return {
        "id": s.id,
        "fields": dict(s.fields),
        "products": [dict(row) for row in s.products],
        "activities": [_activity_to_json(a) for a in s.activities],
        "contact_links": [dict(link) for link in s.contact_links],
        "address": dict(s.address),
        "matches": [_match_to_json(m) for m in s.matches],
        "related": [dict(r) for r in s.related],
    }


def snapshot_from_json(raw: Mapping[str, Any]) -> LeadSnapshot:
    """The reverse of `snapshot_to_json`."""
    return LeadSnapshot(
        id=raw["id"],
        fields=raw["fields"],
        products=tuple(raw["products"]),
        activities=tuple(_activity_from_json(a) for a in raw["activities"]),
        contact_links=tuple(raw["contact_links"]),
        address=raw["address"],
        matches=tuple(
            ClientMatch(m["entity"], m["id"], m["title"], tuple(m["by"]), m["fields"]) for m in raw["matches"]
        ),
        related=tuple(raw["related"]),
    )


def native_to_json(n: NativeOutcome) -> Json:
    """The native prediction of one lead."""
    return {
        "variant": n.variant,
        "deal": n.deal,
        "contact": n.contact,
        "company": n.company,
        "completes_activities": list(n.completes_activities),
        "fails": n.fails,
        "differences": [finding_to_json(d) for d in n.differences],
    }


def native_from_json(raw: Mapping[str, Any]) -> NativeOutcome:
    """The reverse of `native_to_json`."""
    return NativeOutcome(
        variant=raw["variant"],
        deal=raw["deal"],
        contact=raw["contact"],
        company=raw["company"],
        completes_activities=tuple(raw["completes_activities"]),
        fails=raw["fails"],
        differences=tuple(finding_from_json(d) for d in raw["differences"]),
    )


def lead_to_json(plan: LeadPlan) -> Json:
    """One lead of a plan as its line in the file, without `record`."""
    return {
        "id": plan.id,
        "title": plan.title,
        "kind": plan.kind.value,
        "stage": plan.stage,
        "deal_stage": plan.deal_stage,
        "snapshot": snapshot_to_json(plan.snapshot),
        "managed": [action_to_json(a) for a in plan.managed],
        "native": native_to_json(plan.native),
        "findings": [finding_to_json(f) for f in plan.findings],
    }


def lead_from_json(raw: Mapping[str, Any]) -> LeadPlan:
    """The reverse of `lead_to_json`; raises KeyError, TypeError or ValueError on a wrong shape."""
    return LeadPlan(
        id=raw["id"],
        title=raw["title"],
        kind=LeadKind(raw["kind"]),
        stage=raw["stage"],
        deal_stage=raw["deal_stage"],
        snapshot=snapshot_from_json(raw["snapshot"]),
        managed=tuple(action_from_json(a) for a in raw["managed"]),
        native=native_from_json(raw["native"]),
        findings=tuple(finding_from_json(f) for f in raw["findings"]),
    )


def head_to_json(head: PlanHead) -> Json:
    """The head of a plan as the first line of its file, without `record` and `format`."""
    return {
        "portal": {"key": head.portal, "host": head.host},
        "direction": head.to.value,
        "options": dict(head.options),
        "created": head.created,
        "stage_map": [
            {
                "lead_stage": link.lead_stage,
                "lead_name": link.lead_name,
                "deal_stage": link.deal_stage,
                "deal_name": link.deal_name,
                "how": link.how,
            }
            for link in head.stage_map
        ],
        "setup": [action_to_json(a) for a in head.setup],
        "findings": [finding_to_json(f) for f in head.findings],
        "counts": dict(head.counts),
    }


def head_from_json(raw: Mapping[str, Any]) -> PlanHead:
    """The reverse of `head_to_json`; raises KeyError, TypeError or ValueError on a wrong shape."""
    return PlanHead(
        portal=raw["portal"]["key"],
        host=raw["portal"]["host"],
        to=CrmMode(raw["direction"]),
        options=raw["options"],
        created=raw["created"],
        stage_map=tuple(StageLink(**link) for link in raw["stage_map"]),
        setup=tuple(action_from_json(a) for a in raw["setup"]),
        findings=tuple(finding_from_json(f) for f in raw["findings"]),
        counts=raw["counts"],
    )
