"""A lead of a plan as rows of the store: what lists, filters and searches need beside the document. Must never decide anything."""

from collections.abc import Mapping
from typing import Any

from connector.planning.catalogue import ORDER
from connector.planning.model import Severity

Json = Mapping[str, Any]
NO_FINDING = "none"


def search_text(lead: Json) -> str:
    """What a person would look a lead up by: ID, title, names, company, phones and e-mails; lower case."""
    fields: Mapping[str, Any] = lead["snapshot"]["fields"]
    parts: list[Any] = [f"#{lead['id']}", lead["title"]]
    parts += [fields.get(n) for n in ("name", "secondName", "lastName", "companyTitle")]
    for entry in fields.get("fm") or ():
        value = str(entry.get("value") or "")
        parts += [value, "".join(c for c in value if c.isdigit()) if entry.get("typeId") == "PHONE" else ""]
    return " ".join(str(p) for p in parts if p).lower()


def worst_of(findings: list[Json]) -> str:
    """The weightiest severity as text; `none` without findings."""
    return min((f["severity"] for f in findings), key=lambda s: ORDER[Severity(s)], default=NO_FINDING)


def lead_row(plan_id: str, position: int, lead: Json) -> dict[str, Any]:
    """Columns of `plan_lead`."""
    return {
        "plan_id": plan_id,
        "lead_id": lead["id"],
        "position": position,
        "title": lead["title"],
        "search": search_text(lead),
        "stage": lead["stage"],
        "deal_stage": lead["deal_stage"],
        "kind": lead["kind"],
        "severity": worst_of(lead["findings"]),
        "excluded": any(f["code"] == "excluded" for f in lead["findings"]),
        "document": lead,
    }


def finding_rows(plan_id: str, lead_id: int | None, findings: list[Json]) -> list[dict[str, Any]]:
    """Columns of `plan_finding`, one row per code: lists need to know that a lead has it, the document says how."""
    first = {f["code"]: f for f in reversed(findings)}
    return [
        {
            "plan_id": plan_id,
            "lead_id": lead_id,
            "code": code,
            "severity": f["severity"],
            "params": f["params"] if lead_id is None else {},
        }
        for code, f in sorted(first.items())
    ]


def plan_finding_rows(plan_id: str, findings: list[Json]) -> list[dict[str, Any]]:
    """Columns of `plan_finding` for findings about the plan as a whole, every one."""
    return [
        {
            "plan_id": plan_id,
            "lead_id": None,
            "code": f["code"],
            "severity": f["severity"],
            "params": f["params"],
        }
        for f in findings
    ]
