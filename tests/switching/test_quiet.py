"""Records that are created quietly: by import, without automation, and as safely as those that are added."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import METHODS
from connector.store.models import JournalState
from connector.switching import service
from connector.switching.runner import SliceResult
from tests.switching.harness import ACTOR, QUICK, Stage, changes, check_switched
from tests.switching.test_crash import SMALL, Killer, drive_through, killer

__all__ = ["killer"]

KINDS = {2: "deal", 3: "contact", 4: "company"}


@pytest.fixture
def imports() -> Iterator[Callable[[Callable[[Any, Any], None]], None]]:
    """`imports(what)`: the portal does `what(entityTypeId, fields)` to everything that it is to import."""
    kept = {name: METHODS[name].handler for name in ("crm.item.import", "crm.item.batchimport")}

    def make(what: Callable[[Any, Any], None]) -> None:
        def one(call: Any) -> Any:
            what(call.integer("entityTypeId"), call.params["fields"])
            return kept["crm.item.import"](call)

        def many(call: Any) -> Any:
            data = call.params["data"]
            for fields in data.values() if isinstance(data, dict) else data:
                what(call.integer("entityTypeId"), fields)
            return kept["crm.item.batchimport"](call)

        object.__setattr__(METHODS["crm.item.import"], "handler", one)
        object.__setattr__(METHODS["crm.item.batchimport"], "handler", many)

    yield make
    for name, handler in kept.items():
        object.__setattr__(METHODS[name], "handler", handler)


def test_nothing_runs_on_records_that_are_created_quietly(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=40)
    before = portal.picture()
    run_id = portal.start(create="both", automation="quiet")
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    made = {
        (KINDS[int(entry.params["entityTypeId"])], entry.result["id"])
        for entry in portal.journal(run_id)
        if entry.method == "crm.item.import"
    }
    assert {entity for entity, _ in made} == {"deal", "contact", "company"}
    log = [entry for entry in portal.world.automation_log if (entry["entity"], entry["id"]) in made]
    assert log == []
    assert any(entry["entity"] == "lead" for entry in portal.world.automation_log), "robots of the lead run"


def test_the_same_leads_start_automation_when_it_may_run(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=40)
    portal.drive(portal.start(create="both"))
    assert {"deal"} <= {entry["entity"] for entry in portal.world.automation_log}


def test_undo_of_a_quiet_run_leaves_the_portal_as_it_was(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=40)
    before = portal.picture()
    run_id = portal.start(create="both", automation="quiet")
    portal.drive(run_id)
    undo_id = portal.undo(run_id)
    assert portal.drive(undo_id) is SliceResult.DONE
    assert {lead.state for lead in portal.leads(undo_id)} == {"undone"}
    assert changes(before, portal.picture()) == {}


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "error_after", "truncated"])
def test_a_lost_import_is_looked_for_record_by_record(stage: Callable[..., Stage], kind: str) -> None:
    portal = stage(leads=24)
    portal.effort = replace(QUICK, in_flight=12)
    before = portal.picture()
    run_id = portal.start(create="both", automation="quiet")
    portal.portal.rest.dispatcher.faults.add(method="batch", kind=kind, nth=(3, 5, 8, 9, 12))
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    assert {lead.state for lead in portal.leads(run_id)} == {"done"}


@pytest.mark.parametrize("places", [(3, 11, 19, 27), (2, 14, 21, 32)])
def test_a_killed_quiet_run_imports_nothing_twice(
    stage: Callable[..., Stage],
    killer: Killer,
    places: Sequence[int],
) -> None:
    portal = stage(leads=16)
    portal.effort = SMALL
    before = portal.picture()
    run_id = portal.start(create="both", automation="quiet")
    assert drive_through(portal, run_id, killer, places) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    assert not {e.state for e in portal.journal(run_id)} & {JournalState.INTENT, JournalState.UNKNOWN}


def test_what_import_leaves_out_is_written_by_a_second_call(
    stage: Callable[..., Stage], imports: Callable[..., Any]
) -> None:
    """A portal that reads phones and e-mails in import only as `PHONE` and `EMAIL`, as its page has them, and no sources."""
    portal = stage(leads=30)
    before = portal.picture()

    def forget(_kind: int, fields: dict[str, Any]) -> None:
        fields.pop("fm", None)
        fields.pop("sourceId", None)

    imports(forget)
    run_id = portal.start(create="contact", automation="quiet", clients="always-create")
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    assert {(lead.state, lead.reason) for lead in portal.leads(run_id)} == {("done", "")}
    rest = [entry for entry in portal.journal(run_id) if entry.key.endswith(":rest")]
    assert {entry.key for entry in rest} == {"contact:rest", "deal:rest"}
    for lead in portal.leads(run_id):
        source = portal.world.leads.rows[lead.lead_id]
        assert portal.world.deals.rows[lead.deal_id]["SOURCE_ID"] == source["SOURCE_ID"]
        if lead.contact_id and source["FM"] and not source["CONTACT_IDS"]:
            assert portal.world.contacts.rows[lead.contact_id]["FM"]
    undo_id = portal.undo(run_id)
    assert portal.drive(undo_id) is SliceResult.DONE
    assert changes(before, portal.picture()) == {}


def test_a_portal_whose_import_loses_our_marker_stops_the_run_at_its_first_lead(
    stage: Callable[..., Stage], imports: Callable[..., Any]
) -> None:
    portal = stage(leads=12)
    imports(lambda _kind, fields: fields.pop("originId", None))
    run_id = portal.start(automation="quiet")
    assert portal.drive(run_id) is SliceResult.PAUSED
    waiting = portal.run(run_id).waiting_for
    assert waiting["what"] == "deviation"
    assert "deal.originId" in {item["what"] for item in waiting["deviations"]}
    assert [lead.state for lead in portal.leads(run_id)].count("done") == 1


def test_one_refused_record_of_a_packed_import_leaves_the_others_alone(
    stage: Callable[..., Stage], imports: Callable[..., Any]
) -> None:
    portal = stage(leads=30)
    before = portal.picture()
    bad = portal.active()[7]

    def refuse(kind: int, fields: dict[str, Any]) -> None:
        if kind == 3 and str(fields.get("leadId")) == str(bad):
            fields.pop("name", None), fields.pop("lastName", None)

    imports(refuse)
    run_id = portal.start(create="contact", automation="quiet", clients="always-create")
    portal.drive(run_id)
    states = {lead.lead_id: lead for lead in portal.leads(run_id)}
    assert (states[bad].state, states[bad].reason) == ("failed", "CRM_FIELD_ERROR_REQUIRED")
    assert {lead.state for id_, lead in states.items() if id_ != bad} == {"done"}
    check_switched(portal, run_id, before)


def test_a_missing_right_to_import_pauses_the_run(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=20)
    before = portal.picture()
    run_id = portal.start(create="both", automation="quiet")
    kept = {name: METHODS[name].handler for name in ("crm.item.import", "crm.item.batchimport")}

    def denied(_call: Any) -> Any:
        raise RestError("INVALID_CREDENTIALS", "You do not have permission to import", 401)

    for name in kept:
        object.__setattr__(METHODS[name], "handler", denied)
    try:
        assert portal.drive(run_id) is SliceResult.PAUSED
    finally:
        for name, handler in kept.items():
            object.__setattr__(METHODS[name], "handler", handler)
    assert portal.run(run_id).waiting_for["what"] == "rights"
    assert portal.picture()["deals"] == before["deals"]
    service.resume(portal.db, run_id, ACTOR)
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)


def test_twenty_imports_are_one_command(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=120, mix="A")
    run_id = portal.start(create="contact", automation="quiet")
    assert portal.drive(run_id) is SliceResult.WAITING
    counters = portal.world.counters
    imported = sum(entry.method == "crm.item.import" for entry in portal.journal(run_id))
    sent = counters.get("method.crm.item.import", 0) + counters["method.crm.item.batchimport"]
    assert imported > 150
    assert sent < imported / 4
    assert "method.crm.item.add" not in counters
