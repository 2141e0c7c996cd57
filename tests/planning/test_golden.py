"""The golden set: hand-made leads, one rule each, with what the managed plan does and what Bitrix24's own switch is predicted to do.

A file says `rule` (a sentence), `options`, `mandatory` custom fields (`deal.UF_CRM_201`), `leads` (the fields that matter;
`_activities`, `_products`, … beside them), and `expect`: for the last lead, or for the lead with that ID, the exact list of findings
and of actions, and parts of the records (of other actions: `parts` by key). `null` in a part means that the field must not be there.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.planning.catalogue import CATALOGUE, advice, render
from connector.planning.encode import lead_from_json, lead_to_json
from connector.planning.model import LeadPlan
from connector.planning.options import Options
from connector.planning.planner import plan_leads
from tests.planning.portal import activity, facts, lead, mandatory

GOLDEN = sorted(Path(__file__).with_name("golden").glob("*.json"))


def snapshot(raw: dict[str, Any]) -> Any:
    raw = dict(raw)
    id_ = raw.pop("id", 1)
    raw["_activities"] = [activity(**a) for a in raw.pop("_activities", [])]
    return lead(id_, **raw)


def contains(found: Any, part: dict[str, Any], where: str) -> None:
    assert found is not None, f"{where}: nothing is made"
    for name, value in part.items():
        if value is None:
            assert name not in found, f"{where}.{name}: {found.get(name)!r} should not be there"
        else:
            assert found.get(name) == value, f"{where}.{name}"


def fields_of(plan: LeadPlan, key: str) -> Any:
    action = next((a for a in plan.managed if a.key == key), None)
    return None if action is None else action.params.get("fields", action.params)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: p.stem)
def test_golden(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    leads = [snapshot(raw) for raw in case["leads"]]
    portal = facts(user_fields=mandatory(*case.get("mandatory", [])))
    plans = {p.id: p for p in plan_leads(portal, Options(**case.get("options", {})), leads)}
    expected = case["expect"]
    plan = plans[expected.get("id", leads[-1].id)]

    assert sorted(f.code for f in plan.findings) == sorted(expected.get("findings", [])), "findings"
    if "actions" in expected:
        assert [a.do.value for a in plan.managed] == expected["actions"], "actions"
    if "deal_stage" in expected:
        assert plan.deal_stage == expected["deal_stage"]
    for key in ("deal", "contact", "company"):
        if key in expected:
            contains(fields_of(plan, key), expected[key], key)
    for key, part in expected.get("parts", {}).items():
        contains(fields_of(plan, key), part, key)
    for code, params in expected.get("said", {}).items():
        item = next(f for f in plan.findings if f.code == code)
        contains(item.params, params, code)
    if "native" in expected:
        native = expected["native"]
        for key in ("deal", "contact", "company"):
            if key in native:
                if native[key] is None:
                    assert getattr(plan.native, key) is None, f"native.{key}"
                else:
                    contains(getattr(plan.native, key), native[key], f"native.{key}")
        if "completes" in native:
            assert list(plan.native.completes_activities) == native["completes"]
        if "fails" in native:
            assert plan.native.fails == native["fails"]
        if "differences" in native:
            assert sorted(d.code for d in plan.native.differences) == sorted(native["differences"])


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: p.stem)
def test_every_golden_plan_can_be_said_and_stored(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    leads = [snapshot(raw) for raw in case["leads"]]
    for plan in plan_leads(facts(), Options(**case.get("options", {})), leads):
        for item in (*plan.findings, *plan.native.differences):
            assert "…" not in render(item), f"{item.code}: a place of its message is not filled"
            assert "…" not in advice(item)
        again = json.loads(json.dumps(lead_to_json(plan), ensure_ascii=False))
        assert lead_to_json(lead_from_json(again)) == again


def test_the_set_is_large_enough() -> None:
    assert len(GOLDEN) >= 60


def test_every_finding_about_a_lead_has_a_golden_case() -> None:
    said: set[str] = set()
    for path in GOLDEN:
        case = json.loads(path.read_text(encoding="utf-8"))
        said |= {
            *case["expect"].get("findings", []),
            *case["expect"].get("native", {}).get("differences", []),
        }
    missing = {code for code, kind in CATALOGUE.items() if kind.scope in ("lead", "native")} - said
    assert not missing
