"""What is concluded from Bitrix24's own conversion: of one lead, and of all of them which variant this portal matched. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from connector.planning.encode import native_from_json
from connector.planning.model import LeadPlan, NativeOutcome
from connector.planning.native_variants import WAY
from connector.planning.options import Options, Variant
from connector.store.models import RunLead
from connector.switching.calls import Row
from connector.switching.native_judge import Actual, Difference, differences, edited

NAMED = 200
"""Leads that a report names one by one; all of them are in `run_lead`."""


def verdict_of(
    plan: LeadPlan, detail: Mapping[str, Any], actual: Actual, options: Options, *, flipped: bool
) -> tuple[str, str, Row]:
    """(state, reason, detail) of one lead. `detail` of the run lead holds the prediction of the other way.

    done: converted, with reason "" as predicted, `otherwise`, or `edited` (somebody changed it before). failed/`left-behind`: still in
    work although the mode has changed. skipped: `untouched` (still in work, mode not changed), `closed-by-hand` (final without a new
    deal), `gone`.
    """
    if actual.deals and not actual.in_work:
        changed = edited(plan.snapshot, actual)
        by_way = _by_way(plan, detail, actual)
        mine = by_way[WAY[options.variant.value]]
        aspects = {way: sorted({one.aspect for one in found}) for way, found in by_way.items()}
        said: Row = {"aspects": aspects}
        if mine:
            said["deviations"] = [one.as_detail() for one in mine]
        if changed:
            return "done", "edited", {**said, "edited": changed}
        return "done", "otherwise" if mine else "", said
    if actual.lead is None:
        return "skipped", "gone", {}
    if not actual.in_work:
        return "skipped", "closed-by-hand", {}
    if not flipped:
        return "skipped", "untouched", {}
    predicted = plan.native.fails
    return "failed", "left-behind", {"predicted": predicted} if predicted else {"unforeseen": True}


def _by_way(plan: LeadPlan, detail: Mapping[str, Any], actual: Actual) -> dict[str, list[Difference]]:
    other = native_from_json(detail["other"]) if detail.get("other") else None
    outcomes: list[NativeOutcome] = [plan.native, *([other] if other else [])]
    return {WAY[one.variant]: differences(one, plan.snapshot, actual) for one in outcomes}


def report_of(leads: Iterable[RunLead], options: Options, *, flipped: bool) -> Row:
    """The report of a watched switch; `native` in it is
    `{"predicted", "as_predicted", "otherwise", "edited", "left_behind", "unforeseen", "untouched", "closed_by_hand", "gone",
    "variants": [{"variant", "matched", "differs", "aspects": {aspect: leads}, "fits": yes | no | unknown}], "matches": [variant]}`.
    """
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    made: Counter[str] = Counter()
    tally = {way: Counter[str]() for way in set(WAY.values())}
    named: list[Row] = []
    unforeseen = 0
    for lead in leads:
        detail: Mapping[str, Any] = lead.detail or {}
        states[lead.state] += 1
        if lead.reason:
            reasons[lead.reason] += 1
            if len(named) < NAMED:
                named.append({"id": lead.lead_id, "state": lead.state, "reason": lead.reason})
        unforeseen += bool(detail.get("unforeseen"))
        for entity in ("deal", "contact", "company"):
            made[entity] += getattr(lead, f"{entity}_id") is not None
        if lead.state == "done" and lead.reason != "edited":
            for way, aspects in (detail.get("aspects") or {}).items():
                tally[way]["differs" if aspects else "matched"] += 1
                for aspect in aspects:
                    tally[way][f"aspect:{aspect}"] += 1
    behind = reasons["left-behind"]
    variants = [_variant(variant, tally[WAY[variant.value]], behind, flipped=flipped) for variant in Variant]
    native = {
        "predicted": options.variant.value,
        "as_predicted": states["done"] - reasons["otherwise"] - reasons["edited"],
        "otherwise": reasons["otherwise"],
        "edited": reasons["edited"],
        "left_behind": behind,
        "unforeseen": unforeseen,
        "untouched": reasons["untouched"],
        "closed_by_hand": reasons["closed-by-hand"],
        "gone": reasons["gone"],
        "variants": variants,
        "matches": [one["variant"] for one in variants if one["fits"] == "yes"],
    }
    return {
        "leads": dict(states),
        "reasons": dict(reasons),
        "records": dict(made),
        "named": named,
        "native": native,
    }


def _variant(variant: Variant, tally: Counter[str], behind: int, *, flipped: bool) -> Row:
    """How well one variant describes what was seen. The mobile app stops at the first failure: with leads left behind and the mode changed
    nevertheless it was not that one.
    """
    aspects = {name.removeprefix("aspect:"): n for name, n in tally.items() if name.startswith("aspect:")}
    if variant is Variant.MOBILE and behind and flipped:
        aspects["goes-on-after-failure"] = behind
    seen = tally["matched"] + tally["differs"]
    fits = "unknown" if not seen else "no" if aspects else "yes"
    return {
        "variant": variant.value,
        "matched": tally["matched"],
        "differs": tally["differs"],
        "aspects": aspects,
        "fits": fits,
    }
