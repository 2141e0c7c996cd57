"""What `plan --against` finds: leads that came, went or changed, and nothing else."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.planning.encode import lead_to_json
from connector.planning.options import Options
from connector.planning.planner import plan_leads
from connector.planning.summary import make_head
from connector.planning.tally import Tally
from connector.plans.compare import ADDED, CHANGED, REMOVED, compare_heads, compare_leads
from tests.planning.portal import FACTS, activity, lead


def records(*leads: Any, **options: Any) -> list[dict[str, Any]]:
    return [lead_to_json(p) for p in plan_leads(FACTS, Options(**options), leads)]


def test_the_same_plan_has_no_changes() -> None:
    plan = records(lead(1, name="Jan"), lead(2))
    assert list(compare_leads(plan, plan)) == []


def test_touching_a_lead_is_no_change() -> None:
    before = records(lead(1, name="Jan", updatedTime="2026-11-01T00:00:00+01:00"))
    after = records(lead(1, name="Jan", updatedTime="2026-11-02T00:00:00+01:00"))
    assert list(compare_leads(before, after)) == []


def test_what_changed_is_named() -> None:
    before = records(lead(1, name="Jan"))
    after = records(lead(1, name="Jan", stageId="IN_PROCESS", _activities=[activity(5)]))
    (change,) = compare_leads(before, after)
    assert (change.id, change.kind) == (1, CHANGED)
    found = {d.what: (d.old, d.new) for d in change.differences}
    assert found["stage"] == ("NEW", "IN_PROCESS")
    assert found["deal_stage"] == ("NEW", "EXECUTING")
    assert found["activities"] == (0, 1)
    assert found["do.bind:5"][0] is None
    assert "finding.activities-moved" in found
    assert "fields.stageId" in found


def test_options_and_stage_map_are_compared() -> None:
    heads = [
        make_head(FACTS, o, Tally(), "")
        for o in (Options(), Options(create="both", stages={"NEW": "PREPARATION"}))
    ]
    found = {d.what for d in compare_heads(*heads)}
    assert {"options.create", "options.stages", "stage_map.NEW"} <= found
    assert compare_heads(heads[0], heads[0]) == ()


@given(st.sets(st.integers(1, 12)), st.sets(st.integers(1, 12)))
def test_every_lead_of_either_plan_is_accounted_for(old: set[int], new: set[int]) -> None:
    before, after = records(*(lead(i) for i in old)), records(*(lead(i, name="x") for i in new))
    kinds = {c.id: c.kind for c in compare_leads(before, after)}
    assert kinds == dict.fromkeys(old - new, REMOVED) | dict.fromkeys(new - old, ADDED) | dict.fromkeys(
        old & new, CHANGED
    )
