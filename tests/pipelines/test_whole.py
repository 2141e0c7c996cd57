"""Whole pipelines over real HTTP: what is asked for is so afterwards, what is refused says why, and nothing happens twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connector import errors, pipelines
from connector.pipelines.model import code_of
from connector.pipelines.turn import HOLD_SECONDS, SETTLE_SECONDS, is_taken
from tests.pipelines.conftest import Scene

Start = Callable[..., Scene]


def names(scene: Scene) -> list[str]:
    return [p.name for p in scene.board().pipelines]


def test_the_board_is_what_the_portal_has(scene: Start) -> None:
    here = scene()
    board = here.board()
    rows = here.rest("crm.category.list", entityTypeId=2)["categories"]
    assert {(p.id, p.name, p.sort) for p in board.pipelines} == {
        (r["id"], r["name"], r["sort"]) for r in rows
    }
    assert [p.id for p in board.pipelines if p.is_default] == [0]
    deals = here.rest("crm.item.list", entityTypeId=2, select=["id", "stageId"], filter={"categoryId": 0})[
        "items"
    ]
    built_in = here.one(0)
    assert built_in.deals == len(deals) == sum(s.deals or 0 for s in built_in.stages)
    assert [s.id for s in built_in.stages if s.system] == ["NEW", "WON", "LOSE"]
    assert {s.semantics for s in built_in.stages} == {"P", "S", "F"}
    other = next(p for p in board.pipelines if p.id)
    assert all(s.id.startswith(f"C{other.id}:") for s in other.stages)


def test_create_with_the_usual_stages(scene: Start) -> None:
    here = scene()
    made = pipelines.create(here.desk(), "  Żółty \n lejek ", sort=15)
    assert (made.name, made.sort, made.is_default, made.deals) == ("Żółty lejek", 15, False, 0)
    assert [code_of(s.id) for s in made.stages][:2] == ["NEW", "PREPARATION"]
    assert here.board().by_id[made.id].name == "Żółty lejek"
    (line,) = here.log()
    assert (line.action, line.who["name"], line.who["via"]) == ("pipeline.created", "Ada Lovelace", "api")
    assert line.detail == {"name": "Żółty lejek", "like_leads": False, "id": made.id}


def test_create_from_the_lead_stages(scene: Start) -> None:
    here = scene()
    made = pipelines.create(here.desk(), "Leads as deals", like_leads=True)
    leads = [s for s in here.board().lead_stages if s.semantics == "P"]
    ours = here.one(made.id)
    assert [(s.name, s.color) for s in ours.stages if s.semantics == "P"] == [
        (s.name, s.color) for s in leads
    ]
    finals = [s for s in here.board().by_id[0].stages if s.semantics != "P"]
    assert [(s.name, s.semantics) for s in ours.stages[len(leads) :]] == [
        (s.name, s.semantics) for s in finals
    ]
    assert [s.sort for s in ours.stages] == sorted({s.sort for s in ours.stages})
    assert here.log()[0].detail["like_leads"] is True


def test_a_pipeline_of_that_name_is_not_created_again(scene: Start) -> None:
    here = scene()
    pipelines.create(here.desk(), "Second")
    with pytest.raises(errors.PipelineExists):
        pipelines.create(here.desk(), " second ")
    assert here.count("crm.category.add") == 1


def test_the_limit_of_the_plan_is_said(scene: Start) -> None:
    here = scene(plan="professional")
    here.control("settings", plan="no-leads")
    with pytest.raises(errors.PipelineRefused) as refused:
        pipelines.create(here.desk(), "One more")
    text = refused.value.user_message()
    assert "maximum number of pipelines" in text and f"this portal has {len(here.board().pipelines)}" in text
    assert here.log() == []


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", errors.NameMissing),
        (" \t\n", errors.NameMissing),
        ("\u200b\ufeff", errors.NameMissing),
        ("x" * 256, errors.NameTooLong),
        ("ż" * 300, errors.NameTooLong),
    ],
)
def test_a_bad_name_is_refused_before_anything_is_sent(scene: Start, name: str, error: Any) -> None:
    here = scene()
    with pytest.raises(error):
        pipelines.create(here.desk(), name)
    with pytest.raises(error):
        pipelines.rename(here.desk(), 0, name)
    assert here.count("crm.category.add") == here.count("crm.category.update") == 0


def test_a_name_of_255_characters_is_taken(scene: Start) -> None:
    here = scene()
    assert pipelines.create(here.desk(), "ż" * 255).name == "ż" * 255


@pytest.mark.parametrize("sort", [-1, 2**31])
def test_a_place_that_is_none(scene: Start, sort: int) -> None:
    with pytest.raises(errors.BadPlace):
        pipelines.create(scene().desk(), "x", sort=sort)


def test_rename_the_built_in_one_too(scene: Start) -> None:
    here = scene()
    for one in here.board().pipelines:
        assert pipelines.rename(here.desk(), one.id, f"Renamed {one.id}").name == f"Renamed {one.id}"
    rows = here.rest("crm.category.list", entityTypeId=2)["categories"]
    assert {row["id"]: row["name"] for row in rows}[0] == "Renamed 0"
    assert here.log()[0].detail["was"]


def test_rename_to_the_same_name_sends_nothing(scene: Start) -> None:
    here = scene()
    pipelines.rename(here.desk(), 0, here.board().by_id[0].name)
    assert here.count("crm.category.update") == 0 and here.log() == []
    # Another way of writing it is a change, not a collision with itself.
    name = here.board().by_id[0].name.upper()
    assert pipelines.rename(here.desk(), 0, name).name == name


@pytest.mark.parametrize("wanted", ["99", "-1", "Nowhere", "9" * 30, "٣", ""])
def test_an_unknown_pipeline_is_named_with_those_that_exist(scene: Start, wanted: str) -> None:
    here = scene()
    for change in (
        pipelines.delete,
        lambda d, w: pipelines.rename(d, w, "x"),
        lambda d, w: pipelines.reorder(d, [w]),
    ):
        with pytest.raises(errors.NoSuchPipeline) as refused:
            change(here.desk(), wanted)
        assert "0 " in refused.value.user_message()


def test_reorder(scene: Start) -> None:
    here = scene()
    ids = [p.id for p in here.board().pipelines]
    assert [p.id for p in pipelines.reorder(here.desk(), ids[::-1]).pipelines] == ids[::-1]
    rows = here.rest("crm.category.list", entityTypeId=2)["categories"]
    assert [row["id"] for row in sorted(rows, key=lambda r: r["sort"])] == ids[::-1]
    before = here.count("crm.category.update")
    pipelines.reorder(here.desk(), ids[::-1])
    assert here.count("crm.category.update") == before
    assert [entry.action for entry in here.log()] == ["pipelines.reordered"]


def test_an_order_names_each_once(scene: Start) -> None:
    here = scene()
    ids = [p.id for p in here.board().pipelines]
    for order, error in (
        (ids[1:], errors.OrderMisses),
        ([*ids, ids[0]], errors.OrderRepeats),
        ([*ids, 99], errors.NoSuchPipeline),
        ([], errors.OrderMisses),
    ):
        with pytest.raises(error):
            pipelines.reorder(here.desk(), order)
    assert here.count("crm.category.update") == 0


def test_delete_an_empty_one(scene: Start) -> None:
    here = scene()
    made = pipelines.create(here.desk(), "Short life")
    assert pipelines.delete(here.desk(), made.id).name == "Short life"
    assert not here.board().has(made.id)
    assert here.log()[-1].detail == {"id": made.id, "name": "Short life"}


def test_delete_is_refused_with_the_number_of_deals(scene: Start) -> None:
    here = scene()
    made = pipelines.create(here.desk(), "Busy")
    for stage in ("NEW", "WON"):
        fields = {"title": "x", "categoryId": made.id, "stageId": f"C{made.id}:{stage}"}
        here.rest("crm.item.add", entityTypeId=2, fields=fields)
    with pytest.raises(errors.PipelineInUse) as refused:
        pipelines.delete(here.desk(), "Busy")
    assert refused.value.details["deals"] == 2
    assert here.count("crm.category.delete") == 0


def test_a_deal_that_comes_in_between_is_counted(scene: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    here = scene()
    made = pipelines.create(here.desk(), "Busy")
    monkeypatch.setattr("connector.pipelines.rules.deletable", lambda one: None)
    here.rest("crm.item.add", entityTypeId=2, fields={"title": "x", "categoryId": made.id})
    with pytest.raises(errors.PipelineInUse) as refused:
        pipelines.delete(here.desk(), made.id)
    assert refused.value.details["deals"] == 1
    assert here.board().has(made.id) and not is_taken(here.db, here.ref.id, here.clock)


def test_the_default_one_stays(scene: Start) -> None:
    here = scene()
    with pytest.raises(errors.DefaultStays) as refused:
        pipelines.delete(here.desk(), 0)
    assert "default" in refused.value.user_message()
    assert here.count("crm.category.delete") == 0


def test_who_has_no_right_changes_nothing(scene: Start) -> None:
    here = scene()
    with pytest.raises(errors.NotAllowed):
        pipelines.create(here.desk(is_admin=False), "x")
    assert here.count("crm.category.add") == 0


# ------------------------------------------------------------------------------------------------- lost answers


@pytest.mark.parametrize("kind", ["drop_after", "html_after", "error_after", "truncated"])
def test_a_pipeline_whose_answer_was_lost_is_created_once(scene: Start, kind: str) -> None:
    here = scene()
    here.fault("crm.category.add", kind, status=502)
    made = pipelines.create(here.desk(), "Once")
    assert names(here).count("Once") == 1 and here.count("crm.category.add") == 1
    assert here.log()[0].detail["id"] == made.id
    assert not is_taken(here.db, here.ref.id, here.clock)


def test_a_pipeline_that_was_never_created_is_not_claimed_nor_sent_again(scene: Start) -> None:
    here = scene()
    here.fault("crm.category.add", "drop_before")
    with pytest.raises(errors.ChangeUnknown):
        pipelines.create(here.desk(), "Perhaps")
    # Until the portal can no longer be at work on it, nobody changes anything.
    with pytest.raises(errors.ChangeUnderWay):
        pipelines.create(here.desk(), "Perhaps")
    here.clock.advance(SETTLE_SECONDS + 1)
    assert pipelines.create(here.desk(), "Perhaps").name == "Perhaps"
    assert names(here).count("Perhaps") == 1
    assert [entry.detail.get("outcome") for entry in here.log()] == ["unknown", None]


def test_with_patience_an_absent_one_is_told_for_certain(scene: Start) -> None:
    here = scene()
    here.fault("crm.category.add", "drop_before")
    with pytest.raises(errors.ChangeLost):
        pipelines.create(here.desk(look_seconds=SETTLE_SECONDS + 5), "Perhaps")
    assert pipelines.create(here.desk(), "Perhaps").name == "Perhaps"


def test_one_that_appears_late_is_found(scene: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    here = scene()
    here.fault("crm.category.add", "drop_before")
    made: list[int] = []
    sleep = here.clock.sleep

    def later(seconds: float) -> None:
        if not made:
            made.append(
                here.rest("crm.category.add", entityTypeId=2, fields={"name": "Late"})["category"]["id"]
            )
        sleep(seconds)

    monkeypatch.setattr(here.clock, "sleep", later)
    assert pipelines.create(here.desk(), "Late").id == made[0]


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "html_after"])
def test_renaming_and_deleting_survive_a_lost_answer(scene: Start, kind: str) -> None:
    here = scene()
    made = pipelines.create(here.desk(), "First name")
    here.fault("crm.category.update", kind)
    assert pipelines.rename(here.desk(), made.id, "Second name").name == "Second name"
    here.fault("crm.category.delete", kind)
    pipelines.delete(here.desk(), made.id)
    assert not here.board().has(made.id)


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "truncated"])
@pytest.mark.parametrize("method", ["batch", "crm.status.update", "crm.status.delete", "crm.status.list"])
def test_copying_stages_survives_lost_answers(scene: Start, method: str, kind: str) -> None:
    here = scene()
    here.fault(method, kind, nth=[2])
    made = pipelines.create(here.desk(), "Copy", like_leads=True)
    assert names(here).count("Copy") == 1
    rows = here.rest("crm.status.list", filter={"ENTITY_ID": f"DEAL_STAGE_{made.id}"})
    assert len(rows) == len({row["STATUS_ID"] for row in rows}) == len(made.stages)


def test_stages_that_were_added_without_an_answer_are_found(scene: Start) -> None:
    here = scene()
    here.fault("crm.status.add", "drop_after", times=3)
    made = pipelines.create(here.desk(), "Copy", like_leads=True)
    assert here.count("crm.status.add") == len([s for s in made.stages if code_of(s.id) not in USUAL])


USUAL = {"NEW", "PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING", "FINAL_INVOICE", "WON", "LOSE", "APOLOGY"}


def test_a_refused_stage_takes_the_whole_pipeline_back(scene: Start) -> None:
    here = scene()
    here.fault("crm.status.add", "error", status=400, code="", description="Error on creating status.")
    with pytest.raises(errors.StagesNotCopied) as refused:
        pipelines.create(here.desk(), "Copy", like_leads=True)
    assert "Error on creating status." in refused.value.user_message()
    assert "Copy" not in names(here)
    assert here.log()[0].detail["outcome"] == "incomplete" and here.log()[0].detail["removed"] is True


def test_what_cannot_be_taken_back_is_named(scene: Start) -> None:
    here = scene()
    here.fault("crm.status.add", "error", status=400, code="", description="Error on creating status.")
    here.fault("crm.category.delete", "error", status=400, code="ACCESS_DENIED", description="Access denied")
    with pytest.raises(errors.PipelineHalfMade) as refused:
        pipelines.create(here.desk(), "Copy", like_leads=True)
    assert "Copy" in names(here) and "Copy" in refused.value.user_message()


def test_a_name_that_the_portal_did_not_take_is_not_claimed(
    scene: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = scene()
    desk = here.desk()
    call = desk.client.call
    monkeypatch.setattr(
        desk.client,
        "call",
        lambda method, params=None: call("crm.category.get", {"entityTypeId": 2, "id": 0}),
    )
    with pytest.raises(errors.NotTaken):
        pipelines.rename(desk, 0, "Another name")
    assert here.log()[0].detail["outcome"] == "incomplete"


def test_a_portal_that_falls_silent_after_a_change_leaves_it_open(scene: Start) -> None:
    here = scene()
    here.fault(
        "crm.category.list",
        "error",
        nth=list(range(2, 200)),
        times=198,
        status=500,
        code="INTERNAL_SERVER_ERROR",
    )
    with pytest.raises(errors.ChangeUnknown):
        pipelines.create(here.desk(patience=30), "Perhaps")
    assert is_taken(here.db, here.ref.id, here.clock)
    assert here.log()[0].detail["outcome"] == "unknown"


# --------------------------------------------------------------------------------------------- one at a time


def test_two_who_create_the_same_at_once_make_one(scene: Start) -> None:
    here = scene()

    def create() -> str:
        try:
            return str(pipelines.create(here.desk(), "Twins").id)
        except (errors.ChangeUnderWay, errors.PipelineExists) as error:
            return error.key

    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: create(), range(4)))
    assert names(here).count("Twins") == 1
    assert sum(one.isdigit() for one in ended) == 1, ended


def test_a_process_that_died_lets_go_and_its_change_is_in_the_log(
    scene: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = scene()
    with monkeypatch.context() as dying:
        dying.setattr("connector.pipelines.turn.Turn.release", lambda self, session: None)
        dying.setattr("connector.portals.audit.record", lambda *a, **k: None)
        pipelines.create(here.desk(), "Orphan")
    with pytest.raises(errors.ChangeUnderWay) as busy:
        pipelines.create(here.desk(), "Next")
    assert 0 < int(str(busy.value.details["seconds"])) <= HOLD_SECONDS
    here.clock.advance(HOLD_SECONDS + 1)
    pipelines.create(here.desk(), "Next")
    assert [(e.detail["name"], e.detail.get("outcome")) for e in here.log()] == [
        ("Orphan", "unknown"),
        ("Next", None),
    ]


def test_an_interrupted_change_is_settled_before_the_next(
    scene: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = scene()
    desk = here.desk()

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(desk.client, "call", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pipelines.create(desk, "Perhaps")
    assert is_taken(here.db, here.ref.id, here.clock)
    assert here.log()[0].detail["outcome"] == "unknown"


def test_a_lead_stage_whose_code_is_too_long_for_a_pipeline_is_copied_under_another(scene: Start) -> None:
    here = scene()
    fields = {"ENTITY_ID": "STATUS", "STATUS_ID": "A" * 21, "NAME": "Long code", "SORT": 15}
    here.rest("crm.status.add", fields=fields)
    made = pipelines.create(here.desk(), "Copy", like_leads=True)
    assert "Long code" in [s.name for s in made.stages]
    assert all(len(s.id) <= 22 for s in made.stages)


def test_a_copy_whose_whole_request_was_lost_is_not_claimed(
    scene: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = scene()
    desk = here.desk()
    monkeypatch.setattr(
        "connector.pipelines.change.Change.send_all", lambda self, commands: self._lost(len(commands))
    )
    with pytest.raises(errors.ChangeUnknown):
        pipelines.create(desk, "Copy", like_leads=True)
    assert is_taken(here.db, here.ref.id, here.clock)
