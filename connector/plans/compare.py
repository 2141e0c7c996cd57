"""What changed between two plans of one portal, lead by lead, as a stream. Must never load a whole plan.

Both sides come in the order of lead IDs, as plans have it. Times and search text of a lead are no change of their own: a lead is
`changed` when something that a person set, something that will be done, or something worth saying is different.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.planning.model import PlanHead
from connector.planning.records import OWN

Json = Mapping[str, Any]
ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is different: `what` names it (`fields.title`, `deal_stage`, `do.close-lead`, `finding.no-name`, …)."""

    what: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class LeadChange:
    """A lead that is in one of the plans only, or not the same in both."""

    id: int
    title: str
    kind: str
    differences: tuple[Difference, ...] = ()


def compare_heads(old: PlanHead, new: PlanHead) -> tuple[Difference, ...]:
    """Options, stage map and findings about the plan as a whole that differ."""
    found = _maps("options", old.options, new.options)
    ours = {link.lead_stage: link.deal_stage for link in old.stage_map}
    theirs = {link.lead_stage: link.deal_stage for link in new.stage_map}
    found += _maps("stage_map", ours, theirs)
    found += _maps(
        "finding",
        {f.code: dict(f.params) for f in old.findings},
        {f.code: dict(f.params) for f in new.findings},
    )
    return tuple(found)


def compare_leads(old: Iterable[Json], new: Iterable[Json]) -> Iterator[LeadChange]:
    """Changes by ascending lead ID; `old` and `new` are lead records (shape of `encode.lead_to_json`) in that order."""
    left, right = iter(old), iter(new)
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a["id"] < b["id"]):
            assert a is not None
            yield LeadChange(a["id"], a["title"], REMOVED)
            a = next(left, None)
        elif a is None or b["id"] < a["id"]:
            yield LeadChange(b["id"], b["title"], ADDED)
            b = next(right, None)
        else:
            differences = _lead(a, b)
            if differences:
                yield LeadChange(b["id"], b["title"], CHANGED, differences)
            a, b = next(left, None), next(right, None)


def _lead(old: Json, new: Json) -> tuple[Difference, ...]:
    found = _maps("fields", _set(old), _set(new))
    found += [Difference(n, old[n], new[n]) for n in ("kind", "stage", "deal_stage") if old[n] != new[n]]
    for part in ("products", "activities", "address", "matches", "related"):
        if old["snapshot"][part] != new["snapshot"][part]:
            found.append(Difference(part, _size(old["snapshot"][part]), _size(new["snapshot"][part])))
    found += _maps("do", _actions(old), _actions(new))
    found += _maps("finding", _findings(old["findings"]), _findings(new["findings"]))
    found += _maps("native", _native(old), _native(new))
    return tuple(found)


def _set(lead: Json) -> dict[str, Any]:
    return {k: v for k, v in lead["snapshot"]["fields"].items() if k not in OWN}


def _actions(lead: Json) -> dict[str, Any]:
    return {action["key"]: action for action in lead["managed"]}


def _findings(items: Iterable[Json]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        found.setdefault(item["code"], []).append(item["params"])
    return found


def _native(lead: Json) -> dict[str, Any]:
    native = lead["native"]
    return {n: native[n] for n in ("variant", "deal", "contact", "company", "completes_activities", "fails")}


def _size(value: Any) -> int:
    return len(value)


def _maps(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    names = [*old, *(n for n in new if n not in old)]
    return [Difference(f"{what}.{n}", old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n)]
