"""Bitrix24's own switch, watched: the dialog of the sandbox converts, Leadswitch follows and compares. Nothing is written to the portal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from connector.errors import AlreadyRunning, NothingToWatch, PlanAlreadyApplied, WrongRunState
from connector.sandbox.native import NativeSwitch, scheme_from
from connector.sandbox.world import Actor as PortalActor
from connector.switching import service
from connector.switching.jobs import Jobs
from connector.switching.runner import SliceResult
from tests.switching.harness import ACTOR, Stage

ADMIN = PortalActor(user_id=1, kind="page")


def dialog(portal: Stage, variant: str = "documented", **options: Any) -> NativeSwitch:
    """Bitrix24's own dialog, as the administrator has filled it in."""
    switch = NativeSwitch(portal.world, ADMIN, variant, scheme_from(options))
    switch.prepare()
    return switch


def finish(switch: NativeSwitch) -> None:
    """Every lead that is left, then the mode."""
    while switch.step():
        pass
    switch.finish()


def watch(portal: Stage, **options: Any) -> str:
    """A run that watches, after its first look."""
    run_id = service.start_native(portal.db, portal.plan(**options), ACTOR)
    assert portal.drive(run_id) is SliceResult.WAITING
    return run_id


def native(portal: Stage, run_id: str) -> dict[str, Any]:
    report = portal.run(run_id).report
    assert report is not None
    return dict(report["native"])


def fits(portal: Stage, run_id: str) -> dict[str, str]:
    return {one["variant"]: one["fits"] for one in native(portal, run_id)["variants"]}


def test_the_dialog_of_the_guide_comes_out_as_predicted(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=30)
    run_id = watch(portal, create="contact")
    total = len(portal.leads(run_id))
    waiting = portal.run(run_id).waiting_for
    assert (waiting["what"], waiting["gone"], waiting["left"]) == ("native", 0, total)
    finish(dialog(portal))
    assert portal.drive(run_id) is SliceResult.DONE
    leads = portal.leads(run_id)
    assert Counter((lead.state, lead.reason) for lead in leads if lead.state == "done") == {
        ("done", ""): native(portal, run_id)["as_predicted"]
    }, [(lead.lead_id, lead.detail["deviations"]) for lead in leads if (lead.detail or {}).get("deviations")]
    assert fits(portal, run_id)["documented"] == "yes"
    assert fits(portal, run_id)["older-web"] == "no"
    assert portal.run(run_id).report["mode"] == {"before": "classic", "now": "simple", "wanted": "simple"}
    assert portal.journal(run_id) == []
    for lead in leads:
        assert lead.deal_id is None or portal.world.deals.rows[lead.deal_id]["LEAD_ID"] == lead.lead_id


@pytest.mark.parametrize("variant", ["documented", "mobile", "older-web"])
def test_each_dialog_is_recognised_by_what_it_did(stage: Callable[..., Stage], variant: str) -> None:
    portal = stage(leads=40)
    run_id = watch(portal, create="contact", variant=variant)
    switch = dialog(portal, variant)
    finish(switch)
    assert switch.flipped
    assert portal.drive(run_id) is SliceResult.DONE
    found = fits(portal, run_id)
    assert found[variant] == "yes", native(portal, run_id)
    other = "documented" if variant == "older-web" else "older-web"
    assert found[other] == "no"
    aspects = {one["variant"]: set(one["aspects"]) for one in native(portal, run_id)["variants"]}
    assert {"company", "activities"} <= aspects[other]
    assert native(portal, run_id)["otherwise"] == 0


def test_other_choices_in_the_dialog_are_told_lead_by_lead(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=20)
    pipeline = max(portal.world.categories.rows)
    run_id = watch(portal, create="contact", pipeline=0)
    finish(dialog(portal, contact=False, company=True, category_id=pipeline))
    assert portal.drive(run_id) is SliceResult.DONE
    assert set(fits(portal, run_id).values()) == {"no"}
    report = native(portal, run_id)
    assert report["matches"] == []
    assert report["otherwise"] == len(portal.leads(run_id))
    lead = next(one for one in portal.leads(run_id) if one.reason == "otherwise" and one.company_id)
    told = {item["what"]: (item["wanted"], item["found"]) for item in lead.detail["deviations"]}
    assert told["contact"] == ("yes", "no")
    assert told["company"] == ("no", "yes")
    assert told["deal.categoryId"] == (0, pipeline)
    assert "deal.stageId" not in told


def spoil(portal: Stage, lead_id: int) -> None:
    """Give a lead an e-mail address that Bitrix24's own conversion refuses."""
    row = portal.world.leads.rows[lead_id]
    portal.world.leads.change(
        lead_id, {"FM": (*row["FM"], (9_000_000 + lead_id, "EMAIL", "WORK", "no address"))}
    )


def test_leads_left_behind_are_named_and_can_be_finished_with_a_managed_plan(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=20)
    new = [id_ for id_ in portal.active() if not portal.world.leads.rows[id_]["IS_RETURN_CUSTOMER"]]
    first, last = new[0], new[-1]
    spoil(portal, first)
    plan_id = portal.plan(create="contact")
    spoil(portal, last)
    run_id = service.start_native(portal.db, plan_id, ACTOR)
    portal.drive(run_id)
    finish(dialog(portal))
    assert portal.drive(run_id) is SliceResult.DONE
    report = native(portal, run_id)
    behind = [lead for lead in portal.leads(run_id) if lead.reason == "left-behind"]
    assert portal.active() == [lead.lead_id for lead in behind]
    assert {first, last} <= {lead.lead_id for lead in behind}
    assert report["left_behind"] == len(behind)
    assert portal.run(run_id).report["active_leads"] == len(behind)
    assert next(lead for lead in behind if lead.lead_id == first).detail["predicted"].startswith("e-mail")
    rest = portal.start(create="contact")
    assert portal.drive(rest) is SliceResult.DONE
    assert portal.active() == []
    assert {lead.state for lead in portal.leads(rest)} == {"done"}


def test_the_mobile_dialog_stops_at_the_first_failure_and_the_watch_goes_on(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=20)
    spoil(portal, portal.active()[8])
    run_id = watch(portal, create="contact", variant="mobile")
    switch = dialog(portal, "mobile")
    finish(switch)
    assert not switch.flipped
    assert portal.drive(run_id) is SliceResult.WAITING
    assert portal.run(run_id).waiting_for["gone"] == len(switch.converted)
    finish(dialog(portal, "documented"))
    assert portal.drive(run_id) is SliceResult.DONE
    mobile = next(one for one in native(portal, run_id)["variants"] if one["variant"] == "mobile")
    assert mobile["fits"] == "no"
    assert mobile["aspects"] == {"goes-on-after-failure": 1}


def test_a_dialog_that_was_cancelled_is_noticed_and_the_watch_can_be_ended_with_a_report(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = stage(leads=20)
    run_id = watch(portal, create="contact")
    total = len(portal.leads(run_id))
    switch = dialog(portal)
    for _ in range(7):
        switch.step()
    switch.cancel()
    switch.finish()
    assert portal.drive(run_id) is SliceResult.WAITING
    waiting = portal.run(run_id).waiting_for
    assert (waiting["gone"], waiting["left"], waiting["stopped"]) == (7, total - 7, False)
    monkeypatch.setattr("connector.switching.native.QUIET_SECONDS", -1.0)
    assert portal.drive(run_id) is SliceResult.WAITING
    assert portal.run(run_id).waiting_for["stopped"] is True
    service.cancel(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.CANCELLED
    report = native(portal, run_id)
    assert (report["as_predicted"], report["untouched"], report["left_behind"]) == (7, total - 7, 0)
    assert portal.run(run_id).report["mode"]["now"] == "classic"
    rest = portal.start(create="contact")
    assert portal.drive(rest) is SliceResult.WAITING
    assert len(portal.leads(rest)) == total - 7


def test_leads_that_change_come_and_go_meanwhile_do_not_spoil_the_comparison(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=30)
    plan_id = portal.plan(create="contact")
    before, edited, by_hand, gone = portal.active()[:4]
    client = portal.client()
    client.call("crm.lead.update", {"id": before, "fields": {"TITLE": "Changed after the plan"}})
    run_id = service.start_native(portal.db, plan_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.WAITING
    client.call("crm.lead.update", {"id": edited, "fields": {"TITLE": "Changed while somebody watched"}})
    client.call("crm.lead.update", {"id": by_hand, "fields": {"STATUS_ID": "JUNK"}})
    client.call("crm.lead.delete", {"id": gone})
    arrived = int(client.call("crm.lead.add", {"fields": {"TITLE": "New", "NAME": "Ala"}}).result)
    assert portal.drive(run_id) is SliceResult.WAITING
    finish(dialog(portal))
    assert portal.drive(run_id) is SliceResult.DONE
    reasons = {lead.lead_id: (lead.state, lead.reason) for lead in portal.leads(run_id)}
    assert reasons[before] == ("done", "")
    assert reasons[edited] == ("done", "edited")
    assert reasons[by_hand] == ("skipped", "closed-by-hand")
    assert reasons[gone] == ("skipped", "gone")
    assert reasons[arrived] == ("done", "")
    assert fits(portal, run_id)["documented"] == "yes"


def test_leads_that_the_plan_leaves_out_are_watched_too(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10)
    kept = portal.active()[:3]
    run_id = watch(portal, leads={"exclude": kept})
    finish(dialog(portal))
    assert portal.drive(run_id) is SliceResult.DONE
    assert set(kept) <= {lead.lead_id for lead in portal.leads(run_id) if lead.state == "done"}


def test_watching_writes_nothing_to_the_portal(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10)
    before = portal.picture()
    run_id = watch(portal)
    portal.drive(run_id)
    service.cancel(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.CANCELLED
    assert portal.picture() == before


def test_a_watch_is_paused_resumed_and_taken_over_by_another_process(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=10)
    run_id = watch(portal)
    service.pause(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.PAUSED
    service.resume(portal.db, run_id, ACTOR)
    assert portal.drive(run_id, holder="another machine") is SliceResult.WAITING
    finish(dialog(portal))
    assert portal.drive(run_id, holder="a third one") is SliceResult.DONE


def test_a_comparison_that_was_killed_goes_on_where_it_was(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = stage(leads=30)
    run_id = watch(portal)
    finish(dialog(portal))
    monkeypatch.setattr("connector.switching.native.CHUNK", 7)
    from connector.switching import native as room

    read, calls = room.read_actual, [0]

    def dies(*args: Any) -> Any:
        calls[0] += 1
        if calls[0] == 3:
            raise KeyboardInterrupt
        return read(*args)

    monkeypatch.setattr(room, "read_actual", dies)
    with pytest.raises(KeyboardInterrupt):
        portal.drive(run_id)
    assert portal.drive(run_id) is SliceResult.DONE
    counters = portal.run(run_id).counters
    leads = portal.leads(run_id)
    assert (
        counters["done"]
        == sum(lead.state == "done" for lead in leads)
        == native(portal, run_id)["as_predicted"]
    )


def test_a_portal_in_simple_crm_has_no_switch_to_watch(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=5)
    plan_id = portal.plan()
    portal.set_mode(2)
    run_id = service.start_native(portal.db, plan_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.FAILED
    assert portal.run(run_id).error == "mode.already"


def test_what_may_be_watched_and_undone(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=5, mode="simple")
    with pytest.raises(NothingToWatch):
        service.start_native(portal.db, portal.plan(to="classic"), ACTOR)
    portal.set_mode(1)
    plan_id = portal.plan()
    run_id = service.start_native(portal.db, plan_id, ACTOR)
    with pytest.raises(AlreadyRunning):
        service.start_native(portal.db, plan_id, ACTOR)
    with pytest.raises(AlreadyRunning):
        service.start(portal.db, plan_id, ACTOR)
    portal.drive(run_id)
    finish(dialog(portal))
    portal.drive(run_id)
    with pytest.raises(WrongRunState):
        service.undo(portal.db, run_id, ACTOR)
    portal.set_mode(1)
    other = portal.plan()
    service.start(portal.db, other, ACTOR)
    with pytest.raises(PlanAlreadyApplied):
        service.start_native(portal.db, other, ACTOR)


def test_a_watch_is_ended_even_when_the_portal_cannot_be_asked(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=4)
    run_id = watch(portal)
    portal.effort = type(portal.effort)(settle_seconds=0, trouble_seconds=0.2, longest_idle=0.02)
    portal.portal.rest.dispatcher.faults.add(method="*", kind="drop_before")
    service.cancel(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.PAUSED
    service.cancel(portal.db, run_id, ACTOR)
    assert portal.run(run_id).state == "cancelled"


def test_the_portal_is_asked_more_often_while_its_dialog_converts(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=6)
    run_id = watch(portal)
    jobs = Jobs(portal.settings, portal.db, "test", effort=portal.effort, client=portal.client)
    _earlier(portal, run_id, 10)
    assert jobs.due() == []
    dialog(portal).step()
    portal.drive(run_id)
    _earlier(portal, run_id, 10)
    assert [due.id for due in jobs.due()] == [run_id]


def _earlier(portal: Stage, run_id: str, seconds: float) -> None:
    """As if the last look had been so long ago."""
    from datetime import datetime, timedelta

    from connector.store.models import Run

    with portal.db.begin() as session:
        run = session.get_one(Run, run_id)
        at = datetime.fromisoformat((run.waiting_for or {})["polled_at"]) - timedelta(seconds=seconds)
        run.waiting_for = {**(run.waiting_for or {}), "polled_at": at.isoformat()}
