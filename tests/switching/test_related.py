"""What hangs on leads beside activities moves to their deals and comes back: tasks, quotes, smart-process records, custom fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from connector.plans import queries
from connector.store.models import JournalState
from connector.switching.related import swapped
from connector.switching.runner import SliceResult
from tests.switching.harness import QUICK, Stage, changes, check_switched
from tests.switching.test_crash import SMALL, Killer, drive_through, killer

__all__ = ["killer"]
FIELD = "UF_CRM_1720000000021"


def hang(portal: Stage) -> dict[str, int]:
    """Something of every kind on the second active lead, one task and one company field shared with the third. Returns the ids."""
    world = portal.world
    _, lead, other = portal.active()[:3]
    ids = {"lead": lead, "other": other, "task": 9001, "quote": 9002, "project": 9003}
    codes = (f"L_{lead}", "C_1", f"L_{other}")
    world.tasks.insert({"ID": 9001, "TITLE": "Both", "CREATED_BY": 1, "UF_CRM_TASK": codes})
    world.quotes.insert({"ID": 9002, "TITLE": "Offer", "LEAD_ID": lead})
    world.projects.insert({"ID": 9003, "TITLE": "Project", "PARENT_ID_1": lead})
    company = world.companies.ids[0]
    world.companies.change(company, {FIELD: codes})
    return {**ids, "company": company}


def deal_of(portal: Stage, run_id: str, lead: int) -> int:
    return next(int(row.deal_id or 0) for row in portal.leads(run_id) if row.lead_id == lead)


def test_everything_that_points_at_a_lead_points_at_its_deal_and_back(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=40)
    ids = hang(portal)
    before = portal.picture()
    run_id = portal.start(create="contact", related="move")
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    assert {lead.reason for lead in portal.leads(run_id)} == {""}
    deal, other = deal_of(portal, run_id, ids["lead"]), deal_of(portal, run_id, ids["other"])
    world = portal.world
    codes = (f"D_{deal}", "C_1", f"D_{other}")
    assert world.tasks.rows[9001]["UF_CRM_TASK"] == codes
    assert world.companies.rows[ids["company"]][FIELD] == codes
    assert world.quotes.rows[9002]["DEAL_ID"] == deal
    assert world.projects.rows[9003]["PARENT_ID_2"] == deal
    deals = {lead.lead_id: lead.deal_id for lead in portal.leads(run_id)}
    for quote in world.quotes:
        assert quote["DEAL_ID"] == (deals.get(quote["LEAD_ID"]) or 0)
    undo_id = portal.undo(run_id)
    assert portal.drive(undo_id) is SliceResult.DONE
    assert {lead.state for lead in portal.leads(undo_id)} == {"undone"}
    assert changes(before, portal.picture()) == {}


def test_they_stay_and_are_counted_when_they_are_only_reported(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=20)
    hang(portal)
    before = portal.picture()
    run_id = portal.start()
    assert portal.drive(run_id) is SliceResult.WAITING
    after = portal.picture()
    assert all(before[table] == after[table] for table in ("tasks", "quotes", "projects"))
    plan = portal.run(run_id).plan_id
    rows = {d["id"]: d for d in queries.documents(portal.db, plan)}
    said = {
        f["params"]["what"]
        for f in rows[portal.leads(run_id)[1].lead_id]["findings"]
        if f["code"] == "related-left"
    }
    assert said == {"tasks", "quotes", "records", "references"}


def test_without_the_scope_for_tasks_the_plan_says_so_and_moves_the_rest(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10)
    ids = hang(portal)
    (hook,) = portal.world.webhooks.values()
    portal.world.webhooks[hook.code] = replace(hook, scopes=("crm", "user"))
    run_id = portal.start(related="move")
    plan = queries.header(portal.db, portal.run(run_id).plan_id)
    assert plan.head is not None
    assert "tasks-unread" in {f.code for f in plan.head.findings}
    assert portal.drive(run_id) is SliceResult.WAITING
    assert portal.world.tasks.rows[9001]["UF_CRM_TASK"][0] == f"L_{ids['lead']}"
    assert portal.world.quotes.rows[9002]["DEAL_ID"] == deal_of(portal, run_id, ids["lead"])


def test_what_got_another_deal_meanwhile_keeps_it_and_is_named(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10)
    ids = hang(portal)
    run_id = portal.start(related="move")
    portal.world.quotes.change(9002, {"DEAL_ID": 777})
    assert portal.drive(run_id) is SliceResult.WAITING
    lead = next(lead for lead in portal.leads(run_id) if lead.lead_id == ids["lead"])
    assert (lead.state, lead.reason) == ("done", "partly")
    assert [left["code"] for left in (lead.detail or {})["left"]] == ["related-taken"]
    assert portal.world.quotes.rows[9002]["DEAL_ID"] == 777


def test_undo_leaves_alone_what_was_pointed_elsewhere_since(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10)
    ids = hang(portal)
    run_id = portal.start(related="move")
    portal.drive(run_id)
    portal.world.quotes.change(9002, {"DEAL_ID": 777})
    portal.world.tasks.change(9001, {"UF_CRM_TASK": ("C_1",)})
    undo_id = portal.undo(run_id)
    assert portal.drive(undo_id) is SliceResult.DONE
    lead = next(lead for lead in portal.leads(undo_id) if lead.lead_id == ids["lead"])
    kept = {(item["what"], item["why"]) for item in (lead.detail or {})["kept"]}
    assert kept == {("quote", "changed"), ("task", "changed")}
    assert portal.world.projects.rows[9003]["PARENT_ID_2"] == 0


@pytest.mark.parametrize("places", [(3, 11, 19, 27), (2, 14, 21, 32)])
def test_kills_and_lost_answers_move_nothing_twice(
    stage: Callable[..., Stage], killer: Killer, places: Sequence[int]
) -> None:
    portal = stage(leads=12)
    portal.effort = SMALL
    hang(portal)
    before = portal.picture()
    run_id = portal.start(related="move")
    portal.portal.rest.dispatcher.faults.add(method="batch", kind="drop_after", nth=(4, 7, 12))
    assert drive_through(portal, run_id, killer, places) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    assert not {e.state for e in portal.journal(run_id)} & {JournalState.INTENT, JournalState.UNKNOWN}
    killer.at = 0
    portal.effort = QUICK
    undo_id = portal.undo(run_id)
    assert drive_through(portal, undo_id, killer, places) is SliceResult.DONE
    assert changes(before, portal.picture()) == {}


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ("L_5", "D_7"),
        (["C_1", "L_5", "L_55"], ["C_1", "D_7", "L_55"]),
        (["L_5", "D_7"], ["D_7"]),
        (["C_1"], None),
        (None, None),
        ([], None),
    ],
)
def test_only_our_lead_is_exchanged(held: Any, expected: Any) -> None:
    assert swapped(held, "L_5", "D_7") == expected
