"""What a run costs: requests, leads at work at once, reads that leads share. Counts, never seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from typing import Any

import pytest

from connector.clock import FakeClock
from connector.sandbox.crm import activities
from connector.sandbox.world import SYSTEM
from connector.switching import service
from connector.switching.calls import Await, Look, Program, Verdict
from connector.switching.wire import Command, Outcome, State
from tests.switching.harness import ACTOR, QUICK, Stage, check_switched
from tests.switching.test_crew import Portal, crew_of, item, made, rows, work

MIX_A = 120


def sent(portal: Stage, run: Callable[[], Any]) -> Counter[str]:
    """What the portal counted while `run` was at work: `requests`, and commands by method."""
    before = Counter(portal.world.counters)
    run()
    after = Counter(portal.world.counters)
    after.subtract(before)
    return after


def test_a_run_takes_hardly_more_requests_than_its_commands_need(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=MIX_A, mix="A")
    before = portal.picture()
    run_id = portal.start(create="contact")
    counted = sent(portal, lambda: portal.drive(run_id))
    check_switched(portal, run_id, before)
    writes = len(portal.journal(run_id))
    # One reading of comments per lead; lead before, at the end and after, deal, rows twice, clients, activities: sets of fifty.
    planned = writes + MIX_A + ceil(MIX_A * 9 / 50)
    # The first lead goes its eight steps alone, and the last ones theirs: so much a small run cannot share.
    assert counted["requests"] <= ceil(planned / 50) + 18
    assert counted["method.crm.activity.list"] < MIX_A / 4
    assert counted["method.crm.item.list"] < MIX_A / 2


def test_no_more_leads_are_written_to_at_once_than_allowed_and_the_first_one_alone(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=40)
    portal.effort = replace(QUICK, in_flight=6)
    run_id = portal.start(create="both")
    portal.drive(run_id)
    lines = portal.journal(run_id)
    ends = {line.lead_id: index for index, line in enumerate(lines)}
    begun: list[int] = []
    for index, line in enumerate(lines):
        if line.lead_id not in begun:
            open_ = [lead for lead in begun if ends[lead] >= index]
            assert len(open_) < (6 if len(begun) > 1 else 1)
            begun.append(line.lead_id)


def test_leads_that_were_only_looked_at_are_not_begun_when_a_run_is_cancelled(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=60)
    portal.effort = replace(QUICK, in_flight=8, slice_seconds=0.0)
    run_id = portal.start(create="both")
    while len({line.lead_id for line in portal.journal(run_id)}) < 6:
        portal.slice(run_id)
    begun = {line.lead_id for line in portal.journal(run_id)}
    service.cancel(portal.db, run_id, ACTOR)
    portal.drive(run_id)
    states = Counter(lead.state for lead in portal.leads(run_id))
    assert set(states) == {"done", "pending"}
    assert states["done"] == len(begun)
    assert {line.lead_id for line in portal.journal(run_id)} == begun


@pytest.mark.parametrize("meaning", ["any", "all"])
def test_late_activities_move_whatever_the_portal_makes_of_several_bindings(
    stage: Callable[..., Stage], meaning: str
) -> None:
    """A portal that wants all of several bindings to fit is asked lead by lead; where one is enough, reads are shared."""
    portal = stage(leads=30)
    portal.world.settings.bindings_filter = meaning
    plan_id = portal.plan(create="contact")
    first, second, *_ = portal.active()
    contact = next(iter(portal.world.contacts.rows))
    bound = {
        "todo": ((1, first),),
        "of a contact": ((3, contact), (1, second)),
        "of two leads": ((1, first), (1, second)),
    }
    with portal.world.lock:
        late = {
            name: activities.create(
                portal.world, {"SUBJECT": name, "PROVIDER_ID": "CRM_TODO", "BINDINGS": where}, SYSTEM
            )
            for name, where in bound.items()
        }
    before = portal.picture()
    run_id = service.start(portal.db, plan_id, ACTOR)
    counted = sent(portal, lambda: portal.drive(run_id))
    deals = {lead.lead_id: lead.deal_id for lead in portal.leads(run_id)}
    check_switched(portal, run_id, before)
    for name, where in bound.items():
        row = portal.world.activities.rows[late[name]]
        wanted = {(2, deals[id_]) if kind == 1 else (kind, id_) for kind, id_ in where}
        assert set(row["BINDINGS"]) == wanted, name
        assert not row["COMPLETED"], name
    assert (counted["method.crm.activity.list"] >= len(deals)) == (meaning == "all")


def test_an_activity_that_two_leads_share_is_asked_for_lead_by_lead(clock: FakeClock) -> None:
    shared = {"ID": "9", "OWNER_TYPE_ID": "1", "OWNER_ID": "5"}

    def answer(command: Command) -> Outcome:
        asked = [pair["OWNER_ID"] for pair in command.params["filter"]["BINDINGS"]]
        return Outcome(State.OK, [shared] * len([id_ for id_ in asked if id_ in (5, 6)]))

    def program(lead_id: int) -> Program:
        (found,) = yield [Look("lead-activities", lead_id)]
        return Verdict("done", detail={"ids": [row["ID"] for row in found.value]})

    portal = Portal(answer)
    crew = crew_of(portal, clock)
    crew.choice.joint.add("lead-activities")
    for lead_id in (5, 6, 7):
        crew.admit(lead_id, program(lead_id), {})
    ended = work(crew, clock)
    assert {lead_id: verdict.detail["ids"] for lead_id, verdict in ended.items()} == {
        5: ["9"],
        6: ["9"],
        7: [],
    }
    assert len(portal.sent[0]) == 1
    assert len(portal.sent[1]) == 3


def test_the_next_page_of_activities_is_asked_for_by_id(clock: FakeClock) -> None:
    """Activities are taken off leads while the pages of a list are read: what moves up must not be skipped."""

    def answer(command: Command) -> Outcome:
        above = command.params["filter"].get(">ID")
        row = {"OWNER_TYPE_ID": "1", "OWNER_ID": "5"}
        if above is None:
            return Outcome(State.OK, [{"ID": "3", **row}, {"ID": "8", **row}], next=50)
        assert above == "8"
        assert "start" not in command.params
        return Outcome(State.OK, [{"ID": "11", **row}])

    def program() -> Program:
        (found,) = yield [Look("lead-activities", 5)]
        return Verdict("done", detail={"ids": [row["ID"] for row in found.value]})

    crew = crew_of(Portal(answer), clock)
    crew.admit(5, program(), {})
    assert work(crew, clock)[5].detail["ids"] == ["3", "8", "11"]


def test_a_lead_that_another_one_waits_for_may_begin_although_as_many_as_allowed_have(
    clock: FakeClock,
) -> None:
    def answer(command: Command) -> Outcome:
        return rows({"id": 1}) if command.method == "crm.item.list" else made(7)

    def waiting() -> Program:
        yield [item("company")]
        (client,) = yield [Await(1, "contact")]
        return Verdict("done", str(client.value))

    def awaited() -> Program:
        yield [Look("lead", 1)]
        yield [item("contact")]
        return Verdict("done")

    crew = crew_of(Portal(answer), clock, writers=1, shared=lambda _lead, _key: {"id": 7})
    crew.admit(1, awaited(), {})
    crew.admit(2, waiting(), {})
    assert {verdict.state for verdict in work(crew, clock).values()} == {"done"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
