"""Single leads in a run: changed, gone, refused, arriving late, sharing a client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.sandbox.crm import activities
from connector.sandbox.world import SYSTEM
from connector.switching import service
from connector.switching.runner import SliceResult
from tests.switching.harness import ACTOR, Stage, changes, check_switched


def by_lead(portal: Stage, run_id: str) -> dict[int, Any]:
    return {lead.lead_id: lead for lead in portal.leads(run_id)}


def edit(portal: Stage, lead_id: int, **fields: Any) -> None:
    client = portal.client()
    client.call("crm.lead.update", {"id": lead_id, "fields": fields})


def test_a_lead_changed_since_the_plan_is_left_alone_and_named(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=30)
    plan_id = portal.plan()
    first, second, third = portal.active()[:3]
    edit(portal, first, TITLE="Renamed meanwhile")
    edit(portal, second, STATUS_ID="PROCESSED", OPPORTUNITY=1234.5)
    portal.client().call("crm.lead.delete", {"id": third})
    before = portal.picture()
    run_id = service.start(portal.db, plan_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.WAITING
    leads = by_lead(portal, run_id)
    assert (leads[first].state, leads[first].reason) == ("skipped", "stale")
    assert leads[first].detail["problem"]["text"] == "title"
    assert "stageId" in leads[second].detail["problem"]["text"]
    assert "opportunity" in leads[second].detail["problem"]["text"]
    assert (leads[third].state, leads[third].reason) == ("skipped", "gone")
    for lead_id in (first, second, third):
        assert portal.journal(run_id, lead_id) == []
    check_switched(portal, run_id, before)
    waiting = portal.run(run_id).waiting_for
    assert (waiting["what"], sorted(waiting["leads"])) == ("leads", sorted([first, second]))


def test_a_stale_lead_is_converted_after_it_was_planned_anew(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=15)
    plan_id = portal.plan()
    lead_id = portal.active()[0]
    edit(portal, lead_id, TITLE="Renamed meanwhile")
    before = portal.picture()
    run_id = service.start(portal.db, plan_id, ACTOR)
    portal.drive(run_id)
    assert service.retry(portal.db, run_id, ACTOR, replan=True) == 1
    assert portal.drive(run_id) is SliceResult.WAITING
    lead = by_lead(portal, run_id)[lead_id]
    assert lead.state == "done"
    assert portal.world.deals.rows[lead.deal_id]["TITLE"] == "Renamed meanwhile"
    assert portal.run(run_id).waiting_for["what"] == "flip"
    check_switched(portal, run_id, before)


def test_activities_that_came_since_the_plan_move_too(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=15)
    plan_id = portal.plan()
    lead_id = portal.active()[0]
    answer = portal.client().call(
        "crm.activity.todo.add",
        {"ownerTypeId": 1, "ownerId": lead_id, "deadline": "2027-01-10T10:00:00+01:00", "title": "Call back"},
    )
    activity = int(answer.result["id"])  # type: ignore[index, call-overload]
    before = portal.picture()
    run_id = service.start(portal.db, plan_id, ACTOR)
    portal.drive(run_id)
    lead = by_lead(portal, run_id)[lead_id]
    row = portal.world.activities.rows[activity]
    assert lead.state == "done"
    assert row["BINDINGS"] == ((2, lead.deal_id),)
    assert not row["COMPLETED"]
    check_switched(portal, run_id, before)


def test_activities_are_completed_when_that_was_chosen_and_opened_again_by_undo(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=30)
    before = portal.picture()
    run_id = portal.start(activities="complete")
    portal.drive(run_id)
    assert not any(portal.open_activities(1, lead.lead_id) for lead in portal.leads(run_id))
    assert portal.drive(portal.undo(run_id)) is SliceResult.DONE
    assert changes(before, portal.picture()) == {}


def test_a_close_that_the_portal_refuses_takes_that_lead_back_and_names_it(
    stage: Callable[..., Stage], monkeypatch: Any
) -> None:
    portal = stage(leads=25)
    plan_id = portal.plan(create="both")
    refused = portal.active()[4]
    from connector.sandbox.errors import RestError
    from connector.sandbox.rest.call import METHODS

    entry = METHODS["crm.lead.update"]
    original = entry.handler

    def handler(call: Any) -> Any:
        if call.integer("id") == refused and call.map("fields").get("STATUS_ID") == "CONVERTED":
            raise RestError("", "Required field is empty")
        return original(call)

    object.__setattr__(entry, "handler", handler)
    try:
        before = portal.picture()
        run_id = service.start(portal.db, plan_id, ACTOR)
        portal.drive(run_id)
        lead = by_lead(portal, run_id)[refused]
        assert lead.state == "failed"
        assert lead.detail["problem"]["step"] == "close"
        assert lead.detail["problem"]["text"] == "Required field is empty"
        assert "kept" not in lead.detail
        assert refused in portal.active()
        check_switched(portal, run_id, before)
        after = {str(refused): portal.picture()["leads"][str(refused)]}
        assert (
            changes(
                {**before, "leads": {str(refused): before["leads"][str(refused)]}}, {**before, "leads": after}
            )
            == {}
        )
    finally:
        object.__setattr__(entry, "handler", original)
    assert service.retry(portal.db, run_id, ACTOR) == 1
    portal.drive(run_id)
    assert by_lead(portal, run_id)[refused].state == "done"
    check_switched(portal, run_id, before)


def test_leads_that_share_a_client_get_one(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=20)
    client = portal.client()
    ids = [
        int(
            str(
                client.call(
                    "crm.lead.add",
                    {
                        "fields": {
                            "TITLE": f"Same person {number}",
                            "NAME": "Anna",
                            "PHONE": [{"VALUE": "+48 500 600 700", "VALUE_TYPE": "WORK"}],
                            "EMAIL": [{"VALUE": f"anna{number}@example.com", "VALUE_TYPE": "WORK"}],
                        }
                    },
                ).result
            )
        )
        for number in range(4)
    ]
    before = portal.picture()
    run_id = portal.start(create="contact")
    portal.drive(run_id)
    leads = by_lead(portal, run_id)
    contacts = {leads[id_].contact_id for id_ in ids}
    assert len(contacts) == 1
    check_switched(portal, run_id, before)
    assert portal.drive(portal.undo(run_id, ids[:2])) is SliceResult.DONE
    assert contacts.pop() in portal.world.contacts.rows
    assert portal.drive(portal.undo(run_id)) is SliceResult.DONE
    assert changes(before, portal.picture()) == {}


def test_a_client_that_got_its_first_email_from_another_lead_goes_with_the_undo(
    stage: Callable[..., Stage],
) -> None:
    """The one that created it may have been read back before or after the other one added to it."""
    portal = stage(leads=20)
    client = portal.client()
    same = {"NAME": "Anna", "PHONE": [{"VALUE": "+48 500 600 700", "VALUE_TYPE": "WORK"}]}
    more = {**same, "EMAIL": [{"VALUE": "anna@example.com", "VALUE_TYPE": "WORK"}]}
    for number, fields in enumerate((same, more)):
        client.call("crm.lead.add", {"fields": {"TITLE": f"Same person {number}", **fields}})
    before = portal.picture()
    run_id = portal.start(create="both")
    portal.drive(run_id)
    assert portal.drive(portal.undo(run_id)) is SliceResult.DONE
    assert changes(before, portal.picture()) == {}


def test_leads_that_arrive_during_the_run_are_converted_before_the_mode_is_asked_for(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=15)
    plan_id = portal.plan()
    lead_id = int(
        str(portal.client().call("crm.lead.add", {"fields": {"TITLE": "Late", "NAME": "Late"}}).result)
    )
    before = portal.picture()
    run_id = service.start(portal.db, plan_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.WAITING
    assert by_lead(portal, run_id)[lead_id].state == "done"
    assert portal.run(run_id).waiting_for["what"] == "flip"
    check_switched(portal, run_id, before)


def test_undo_keeps_what_somebody_has_changed_and_says_so(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=20)
    run_id = portal.start(create="both")
    portal.drive(run_id)
    first, second, third = [lead for lead in portal.leads(run_id) if lead.contact_id][:3]
    client = portal.client()
    client.call("crm.item.update", {"entityTypeId": 2, "id": first.deal_id, "fields": {"title": "Ours now"}})
    client.call(
        "crm.timeline.comment.add",
        {"fields": {"ENTITY_ID": second.deal_id, "ENTITY_TYPE": "deal", "COMMENT": "Promised a discount"}},
    )
    client.call(
        "crm.item.add", {"entityTypeId": 2, "fields": {"title": "Further", "contactIds": [third.contact_id]}}
    )
    undo_id = portal.undo(run_id)
    assert portal.drive(undo_id) is SliceResult.DONE
    leads = by_lead(portal, undo_id)
    kept = {
        id_: {item["what"]: item for item in lead.detail["kept"]}
        for id_, lead in leads.items()
        if lead.state == "kept"
    }
    assert kept[first.lead_id]["deal"]["fields"] == ["title"]
    assert kept[second.lead_id]["deal"]["by"] == "comments"
    assert kept[third.lead_id]["contact"]["by"] == "deals"
    assert set(kept) == {first.lead_id, second.lead_id, third.lead_id}
    assert first.deal_id in portal.world.deals.rows
    assert third.deal_id not in portal.world.deals.rows
    assert {first.lead_id, second.lead_id, third.lead_id} <= set(portal.active())


def test_a_second_undo_finds_nothing_left_and_complains_of_nothing(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=40)
    before = portal.picture()
    run_id = portal.start()
    portal.drive(run_id)
    assert any(line.method == "crm.requisite.add" for line in portal.journal(run_id))
    assert portal.drive(portal.undo(run_id)) is SliceResult.DONE
    again = portal.undo(run_id)
    assert portal.drive(again) is SliceResult.DONE
    assert {lead.state for lead in portal.leads(again)} == {"undone"}
    assert changes(before, portal.picture()) == {}


def test_an_activity_bound_to_the_lead_only_is_found_by_its_binding(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=15)
    lead_id = portal.active()[0]
    contact = next(iter(portal.world.contacts.rows))
    with portal.world.lock:
        activity = activities.create(
            portal.world,
            {
                "SUBJECT": "Of the contact",
                "PROVIDER_ID": "CRM_TODO",
                "BINDINGS": ((3, contact), (1, lead_id)),
            },
            SYSTEM,
        )
    run_id = portal.start()
    portal.drive(run_id)
    lead = by_lead(portal, run_id)[lead_id]
    assert set(portal.world.activities.rows[activity]["BINDINGS"]) == {(3, contact), (2, lead.deal_id)}


def test_a_stale_lead_is_planned_anew_in_the_same_run_when_that_was_asked_for(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=15)
    plan_id = portal.plan(create="both")
    first, second, third = portal.active()[:3]
    edit(portal, first, TITLE="Renamed meanwhile")
    edit(portal, second, STATUS_ID="PROCESSED", OPPORTUNITY=1234.5)
    edit(portal, third, STATUS_ID="JUNK")
    before = portal.picture()
    run_id = service.start(portal.db, plan_id, ACTOR, replan_stale=True)
    assert portal.drive(run_id) is SliceResult.WAITING
    assert portal.run(run_id).waiting_for["what"] == "flip"
    leads = by_lead(portal, run_id)
    assert portal.world.deals.rows[leads[first].deal_id]["TITLE"] == "Renamed meanwhile"
    assert portal.world.deals.rows[leads[second].deal_id]["OPPORTUNITY"] == 1234.5
    assert (leads[third].state, leads[third].reason) == ("skipped", "gone")
    counters = portal.run(run_id).counters
    assert (counters["done"], counters["skipped"]) == (len(leads) - 1, 1)
    check_switched(portal, run_id, before)


def test_a_lead_that_somebody_edits_all_the_time_is_left_in_the_end(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = stage(leads=8)
    plan_id = portal.plan()
    busy = portal.active()[0]
    edit(portal, busy, TITLE="Edit 0")
    from connector.switching import sweep

    replan, edits = sweep.replan_stale, [0]

    def and_again(shift: object) -> None:
        replan(shift)  # type: ignore[arg-type]
        edits[0] += 1
        edit(portal, busy, TITLE=f"Edit {edits[0]}")

    monkeypatch.setattr(sweep, "replan_stale", and_again)
    run_id = service.start(portal.db, plan_id, ACTOR, replan_stale=True)
    assert portal.drive(run_id) is SliceResult.WAITING
    assert edits[0] == sweep.MOST_REPLANS
    assert (by_lead(portal, run_id)[busy].state, by_lead(portal, run_id)[busy].reason) == ("skipped", "stale")
    assert portal.run(run_id).waiting_for["leads"] == [busy]


def test_leads_that_arrive_while_a_person_is_waited_for_are_converted_by_themselves(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=10)
    before = portal.picture()
    run_id = portal.start()
    assert portal.drive(run_id) is SliceResult.WAITING
    since = portal.run(run_id).waiting_for["since"]
    arrived = int(
        portal.client().call("crm.lead.add", {"fields": {"TITLE": "Just came", "NAME": "Ala"}}).result
    )
    assert portal.drive(run_id) is SliceResult.WAITING
    waiting = portal.run(run_id).waiting_for
    assert (waiting["what"], waiting["count"]) == ("flip", 0)
    assert waiting["since"] > since
    assert by_lead(portal, run_id)[arrived].state == "done"
    check_switched(portal, run_id, before)
