"""Stages of a pipeline over real HTTP: order kept between the groups, finals and stages in use stay, nothing is added twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import errors
from connector.pipelines import DealPipeline, DealStage, rules, shape, stages
from connector.pipelines.model import code_of
from tests.pipelines.conftest import Scene

Start = Callable[..., Scene]


def second(here: Scene) -> int:
    """A pipeline beside the built-in one."""
    return next(p.id for p in here.board().pipelines if p.id)


@pytest.mark.parametrize("built_in", [True, False])
def test_add_a_stage_in_work_and_one_of_failure(scene: Start, built_in: bool) -> None:
    here = scene()
    id_ = 0 if built_in else second(here)
    now = stages.add(here.desk(), id_, " Offer  sent ", color="ffa900")
    offer = next(s for s in now.stages if s.name == "Offer sent")
    assert (offer.semantics, offer.color, offer.system, offer.deals) == ("P", "#FFA900", False, 0)
    assert now.stages.index(offer) == len(now.of("P")) - 1
    assert offer.id.startswith(f"C{id_}:UC_" if id_ else "UC_") and len(offer.id) <= 22
    now = stages.add(here.desk(), id_, "Too dear", semantics="F")
    assert now.stages[-1].name == "Too dear" and now.stages[-1].semantics == "F"
    assert [e.action for e in here.log()] == ["stage.added", "stage.added"]


def test_add_behind_a_stage_even_where_there_is_no_gap(scene: Start) -> None:
    here = scene()
    first = here.one(0).stages[0]
    for number in range(6):
        now = stages.add(here.desk(), 0, f"Squeezed {number}", after=first.name)
        assert now.stages[1].name == f"Squeezed {number}"
    assert [s.semantics for s in now.stages] == sorted((s.semantics for s in now.stages), key="PSF".index)


def test_a_second_success_stage_is_not_possible(scene: Start) -> None:
    here = scene()
    with pytest.raises(errors.OneSuccess):
        stages.add(here.desk(), 0, "Won again", semantics="S")
    with pytest.raises(errors.StagesMixed):
        stages.add(here.desk(), 0, "Late", after="WON")
    assert here.count("crm.status.add") == 0


def test_a_name_that_is_there_and_a_colour_that_is_none(scene: Start) -> None:
    here = scene()
    name = here.one(0).stages[1].name
    with pytest.raises(errors.StageExists):
        stages.add(here.desk(), 0, name.upper())
    with pytest.raises(errors.StageExists):
        stages.rename(here.desk(), 0, "NEW", name)
    for color in ("", "blue", "#12", "#12345", "#GGGGGG", "url(x)", "#123456;"):
        with pytest.raises(errors.BadColour):
            stages.recolour(here.desk(), 0, "NEW", color)
    assert here.count("crm.status.update") == here.count("crm.status.add") == 0


def test_rename_and_recolour(scene: Start) -> None:
    here = scene()
    id_ = second(here)
    assert stages.rename(here.desk(), id_, "WON", "Sold").of("S")[0].name == "Sold"
    assert stages.recolour(here.desk(), id_, f"C{id_}:NEW", "#abc").stages[0].color == "#AABBCC"
    changed = here.count("crm.status.update")
    stages.change_look(here.desk(), id_, "WON", name="Sold")
    assert here.count("crm.status.update") == changed
    assert [e.action for e in here.log()] == ["stage.renamed", "stage.recoloured"]


def test_reorder_within_the_groups(scene: Start) -> None:
    here = scene()
    before = here.one(0)
    work = [s.id for s in before.of("P")]
    order = [*work[::-1], "WON", *[s.id for s in before.of("F")][::-1]]
    assert [s.id for s in stages.reorder(here.desk(), 0, order).stages] == order
    rows = here.rest("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE"}, order={"SORT": "ASC"})
    assert [row["STATUS_ID"] for row in rows] == order
    assert here.log()[0].detail["order"] == order


def test_an_order_of_stages_names_each_once_and_keeps_the_groups(scene: Start) -> None:
    here = scene()
    ids = [s.id for s in here.one(0).stages]
    for order, error in (
        (ids[1:], errors.OrderMisses),
        ([*ids, ids[0]], errors.OrderRepeats),
        ([*ids, "NOPE"], errors.NoSuchStage),
        (["WON", *[i for i in ids if i != "WON"]], errors.StagesMixed),
    ):
        with pytest.raises(error):
            stages.reorder(here.desk(), 0, order)
    assert here.count("crm.status.update") == 0


def test_delete_an_empty_stage(scene: Start) -> None:
    here = scene()
    id_ = second(here)
    now = stages.add(here.desk(), id_, "Short life")
    now = stages.delete(here.desk(), id_, "Short life")
    assert "Short life" not in [s.name for s in now.stages]
    assert here.log()[-1].action == "stage.deleted"


@pytest.mark.parametrize("stage", ["NEW", "WON", "LOSE"])
def test_system_stages_stay(scene: Start, stage: str) -> None:
    here = scene()
    with pytest.raises(errors.StageStays):
        stages.delete(here.desk(), 0, stage)
    assert here.count("crm.status.delete") == 0


@pytest.mark.parametrize("lone", ["A", "F"])
def test_the_last_stage_of_its_kind_stays(lone: str) -> None:
    groups = {"A": "P", "S": "S", "F": "F"}
    one = DealPipeline(
        5, "x", 1, False, tuple(DealStage(id_, id_, 1, group) for id_, group in groups.items())
    )
    with pytest.raises(errors.LastStage):
        rules.stage_deletable(one, rules.find_stage(one, lone))


def test_a_stage_in_use_stays_with_the_number(scene: Start) -> None:
    here = scene()
    id_ = second(here)
    for _ in range(3):
        here.rest("crm.item.add", entityTypeId=2, fields={"categoryId": id_, "stageId": f"C{id_}:EXECUTING"})
    with pytest.raises(errors.StageInUse) as refused:
        stages.delete(here.desk(), id_, "EXECUTING")
    assert refused.value.details["deals"] >= 3
    assert here.count("crm.status.delete") == 0


def test_a_deal_that_comes_into_the_stage_in_between_is_counted(
    scene: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = scene()
    id_ = second(here)
    monkeypatch.setattr("connector.pipelines.rules.stage_deletable", lambda one, stage: None)
    here.rest("crm.item.add", entityTypeId=2, fields={"categoryId": id_, "stageId": f"C{id_}:EXECUTING"})
    with pytest.raises(errors.StageInUse):
        stages.delete(here.desk(), id_, "EXECUTING")


@pytest.mark.parametrize("kind", ["drop_after", "html_after", "error_after"])
def test_a_stage_whose_answer_was_lost_is_added_once(scene: Start, kind: str) -> None:
    here = scene()
    here.fault("crm.status.add", kind, status=500)
    now = stages.add(here.desk(), 0, "Once")
    assert [s.name for s in now.stages].count("Once") == 1 and here.count("crm.status.add") == 1


def test_a_stage_that_was_never_added_is_not_claimed(scene: Start) -> None:
    here = scene()
    here.fault("crm.status.add", "drop_before")
    with pytest.raises(errors.ChangeUnknown):
        stages.add(here.desk(), 0, "Perhaps")
    assert here.log()[0].detail["outcome"] == "unknown"


def test_half_an_order_is_told_as_such(scene: Start) -> None:
    here = scene()
    ids = [s.id for s in here.one(0).of("P")]
    rest = [s.id for s in here.one(0).stages if s.semantics != "P"]
    here.fault(
        "crm.status.update", "error", nth=[2], status=400, code="", description="Error on updating status."
    )
    with pytest.raises(errors.ChangeIncomplete) as refused:
        stages.reorder(here.desk(), 0, [*ids[::-1], *rest])
    assert "Error on updating status." in refused.value.user_message()
    assert here.log()[0].detail["outcome"] == "incomplete"
    assert [s.id for s in stages.reorder(here.desk(), 0, [*ids[::-1], *rest]).stages] == [*ids[::-1], *rest]


# ------------------------------------------------------------------------------------------------ numbers (pure)


@given(st.lists(st.one_of(st.none(), st.integers(0, 200)), max_size=12))
def test_numbers_keep_the_order(sorts: list[int | None]) -> None:
    new = shape.spread(sorts)
    assert len(new) == len(sorts) and new == sorted(set(new)) and all(n > 0 for n in new)
    given_ = [s for s in sorts if s is not None]
    if given_ == sorted(set(given_)) and len(given_) == len(sorts) and all(given_):
        assert new == sorts


@given(st.data())
def test_no_move_leaves_a_stage_in_work_behind_the_success_stage(data: st.DataObject) -> None:
    groups = ["P"] * data.draw(st.integers(1, 6)) + ["S"] + ["F"] * data.draw(st.integers(1, 3))
    sorts = sorted(
        data.draw(st.lists(st.integers(1, 90), min_size=len(groups), max_size=len(groups), unique=True))
    )
    have = [
        DealStage(f"s{i}", f"s{i}", sort, group)
        for i, (sort, group) in enumerate(zip(sorts, groups, strict=True))
    ]
    work = data.draw(st.permutations([s for s in have if s.semantics == "P"]))
    wanted = [*work, *[s for s in have if s.semantics != "P"]]
    new = shape.spread([s.sort for s in wanted])
    now = {s.id: s.sort for s in have}
    won = next(s.id for s in have if s.semantics == "S")
    for stage, sort in shape.moves(wanted, new):
        now[stage.id] = sort
        assert all(now[s.id] < now[won] for s in have if s.semantics == "P")
    assert [now[s.id] for s in wanted] == new


def test_a_copy_leaves_nothing_of_the_usual_stages_in_between() -> None:
    have = [
        {
            "ID": str(i),
            "STATUS_ID": f"C5:{code}",
            "NAME": code,
            "SORT": str(10 * (i + 1)),
            "SYSTEM": system,
            "SEMANTICS": meaning,
        }
        for i, (code, system, meaning) in enumerate(
            [
                ("NEW", "Y", None),
                ("EXECUTING", "N", None),
                ("WON", "Y", "S"),
                ("LOSE", "Y", "F"),
                ("APOLOGY", "N", "F"),
            ]
        )
    ]
    wanted = [
        {"code": code, "name": code.title(), "sort": 10 * (i + 1), "color": "#112233", "semantics": meaning}
        for i, (code, meaning) in enumerate([("A", "P"), ("B", "P"), ("WON", "S"), ("LOSE", "F")])
    ]
    steps = shape.steps("DEAL_STAGE_5", have, wanted)
    assert [code_of(s.code) for s in steps if s.drops] == ["NEW", "EXECUTING", "APOLOGY"]
    assert [s.code for s in steps if s.method.endswith("add")] == ["B", "A"]
    assert [s.code for s in steps][:2] == ["LOSE", "WON"]
