"""The CRM mode: guided by a person, set where a documented setter exists, never claimed."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from connector.reports.checked import checked
from connector.store.models import ModeChange
from connector.switching import modes, service
from connector.switching.afterwards import SAMPLE
from connector.switching.jobs import Jobs
from connector.switching.runner import SliceResult
from tests.switching.harness import ACTOR, Stage, check_switched


def test_the_mode_is_asked_of_a_person_and_believed_only_when_read_back(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10)
    run_id = portal.start()
    assert portal.drive(run_id) is SliceResult.WAITING
    waiting = portal.run(run_id).waiting_for
    assert (waiting["what"], waiting["to"], waiting["count"]) == ("flip", "simple", 0)
    assert portal.drive(run_id) is SliceResult.WAITING
    assert portal.run(run_id).waiting_for["since"] == waiting["since"]
    portal.set_mode(2)
    assert portal.drive(run_id) is SliceResult.DONE
    report = portal.run(run_id).report
    assert report["mode"] == {"before": "classic", "now": "simple", "wanted": "simple"}
    assert report["active_leads"] == 0
    with portal.db.read() as session:
        (change,) = session.scalars(select(ModeChange))
    assert (change.from_mode, change.to_mode, change.run_id) == ("classic", "simple", run_id)


def test_the_mode_is_not_offered_while_a_lead_is_in_work(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10)
    kept = portal.active()[0]
    run_id = portal.start(leads={"exclude": [kept]})
    assert portal.drive(run_id) is SliceResult.WAITING
    assert portal.run(run_id).waiting_for["what"] == "leads"
    assert portal.run(run_id).waiting_for["leads"] == [kept]
    portal.client().call("crm.lead.update", {"id": kept, "fields": {"STATUS_ID": "JUNK"}})
    assert portal.drive(run_id) is SliceResult.WAITING
    assert portal.run(run_id).waiting_for["what"] == "flip"


def test_leads_left_to_bitrix24_are_named_while_the_mode_is_offered(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10)
    kept = portal.active()[0]
    run_id = portal.start(leads={"exclude": [kept]}, leftovers="let-bitrix24-convert")
    portal.drive(run_id)
    waiting = portal.run(run_id).waiting_for
    assert (waiting["what"], waiting["count"], waiting["leads"]) == ("flip", 1, [kept])


def test_a_self_hosted_portal_with_the_companion_is_set_by_itself(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10, self_hosted=True)
    before = portal.picture()
    run_id = portal.start()
    assert portal.drive(run_id) is SliceResult.DONE
    assert portal.world.mode == 2
    check_switched(portal, run_id, before)
    assert [row.method for row in portal.journal(run_id, 0)] == ["leadswitch.crm.mode.set"]
    assert portal.drive(portal.undo(run_id)) is SliceResult.DONE
    assert portal.world.mode == 1


def test_with_a_setter_leads_may_stay_behind_when_that_was_chosen(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10, self_hosted=True)
    kept = portal.active()[:2]
    run_id = portal.start(leads={"exclude": kept}, leftovers="leave")
    assert portal.drive(run_id) is SliceResult.DONE
    assert portal.world.mode == 2
    assert portal.active() == kept
    assert portal.run(run_id).report["active_leads"] == 2


def test_a_setter_that_refuses_leaves_the_way_over_a_person(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=6, self_hosted=True)
    portal.world.settings.companion_writable = False
    run_id = portal.start()
    assert portal.drive(run_id) is SliceResult.WAITING
    assert portal.run(run_id).waiting_for["what"] == "flip"
    assert "read-only" in portal.run(run_id).waiting_for["note"]
    assert portal.world.mode == 1


def test_no_setter_is_known_on_the_cloud(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=3)
    seen = modes.look(portal.client())
    assert seen.setter is None
    assert seen.mode == "classic"
    assert list(seen.active) == portal.active()


def test_on_the_way_to_classic_nothing_is_converted(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10, mode="simple")
    before = portal.picture()
    run_id = portal.start(to="classic")
    assert portal.drive(run_id) is SliceResult.WAITING
    assert portal.run(run_id).waiting_for["to"] == "classic"
    portal.set_mode(1)
    assert portal.drive(run_id) is SliceResult.DONE
    report = portal.run(run_id).report
    assert report["mode"] == {"before": "simple", "now": "classic", "wanted": "classic"}
    assert report["active_leads"] == len(portal.active())
    assert report["untouched"]["deal"] == {"before": len(before["deals"]), "now": len(before["deals"])}
    after = portal.picture()
    assert {name: after[name] for name in after if name != "settings"} == {
        name: before[name] for name in before if name != "settings"
    }


def test_records_that_vanish_on_the_way_to_classic_are_noticed_and_new_ones_are_not(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=10, mode="simple")
    run_id = portal.start(to="classic")
    portal.drive(run_id)
    client = portal.client()
    gone = min(portal.world.contacts.rows)
    client.call("crm.item.delete", {"entityTypeId": 3, "id": gone})
    client.call("crm.item.add", {"entityTypeId": 2, "fields": {"title": "New"}})
    portal.set_mode(1)
    assert portal.drive(run_id) is SliceResult.DONE
    kept = portal.run(run_id).report["untouched"]
    assert kept["contact"]["now"] == kept["contact"]["before"] - 1
    assert kept["deal"]["now"] == kept["deal"]["before"]
    said = {text: fine for fine, text in checked(portal.run(run_id).report)}
    assert [text for text, fine in said.items() if not fine] == [
        f"{kept['contact']['now']} of {kept['contact']['before']} contacts that were there before are there."
    ]


def test_created_records_are_looked_at_again_at_the_end(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=90)
    run_id = portal.start(create="both")
    portal.drive(run_id)
    done = [lead for lead in portal.leads(run_id) if lead.state == "done"]
    assert len(done) > SAMPLE
    portal.client().call("crm.item.delete", {"entityTypeId": 2, "id": done[0].deal_id})
    portal.set_mode(2)
    assert portal.drive(run_id) is SliceResult.DONE
    sample = portal.run(run_id).report["sample"]
    assert sample["leads"] == SAMPLE
    assert sample["missing"] == [{"entity": "deal", "id": done[0].deal_id, "lead": done[0].lead_id}]
    assert sample["deal"] == {"asked": SAMPLE, "found": SAMPLE - 1}


def test_a_waiting_run_is_asked_after_seldom_unless_somebody_looks_and_not_for_ever(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=4)
    run_id = portal.start()
    portal.drive(run_id)
    jobs = Jobs(portal.settings, portal.db, "test", effort=portal.effort, client=portal.client)
    assert jobs.due() == []
    _shift_times(portal, run_id, polled_at=-10)
    assert jobs.due() == []
    service.watch(portal.db, run_id)
    assert [due.id for due in jobs.due()] == [run_id]
    _shift_times(portal, run_id, polled_at=-100, watched_at=-100)
    assert [due.id for due in jobs.due()] == [run_id]
    _shift_times(portal, run_id, polled_at=-100, watched_at=-100, until=-1)
    assert jobs.due() == []
    service.watch(portal.db, run_id)
    assert [due.id for due in jobs.due()] == [run_id]
    _shift_times(portal, run_id, polled_at=-100, watched_at=-100, until=-1)
    assert jobs.due() == []
    service.resume(portal.db, run_id, ACTOR)
    assert [due.id for due in jobs.due()] == [run_id]


def _shift_times(portal: Stage, run_id: str, **seconds: float) -> None:
    from datetime import UTC, datetime, timedelta

    from connector.store.models import Run

    with portal.db.begin() as session:
        run = session.get_one(Run, run_id)
        moments = {
            name: (datetime.now(UTC) + timedelta(seconds=s)).isoformat() for name, s in seconds.items()
        }
        run.waiting_for = {**(run.waiting_for or {}), **moments}


def test_undo_goes_back_to_classic_first_and_waits_for_that(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=8)
    before = portal.active()
    run_id = portal.start()
    portal.drive(run_id)
    portal.set_mode(2)
    assert portal.drive(run_id) is SliceResult.DONE
    undo_id = portal.undo(run_id)
    assert portal.drive(undo_id) is SliceResult.WAITING
    assert portal.journal(undo_id) == []
    portal.set_mode(1)
    assert portal.drive(undo_id) is SliceResult.DONE
    assert portal.active() == before
