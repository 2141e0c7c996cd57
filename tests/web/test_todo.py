"""The findings of a plan are a list of things to decide, and what was decided holds when the plan is carried out."""

from collections.abc import Callable

import pytest

from connector.plans import queries
from connector.portals import all_portals
from tests.web.browsing import Node, Person
from tests.web.conftest import Stage
from tests.web.test_wizard import planned


def plan_of(here: Stage) -> queries.Header:
    """The newest plan."""
    return queries.recent(here.db, all_portals(here.db)[0].id, limit=1)[0]


def items(person: Person, state: str) -> list[Node]:
    """Findings in a state."""
    return person.page.all("li", data_state=state)


def open_count(person: Person) -> int:
    return int(person.find("todo").attributes["data-open"])


def press_in(person: Person, item: Node, testid: str) -> None:
    """Press the button of one finding."""
    form = next(f for f in item.all("form") if f.all(data_testid=testid))
    person.post(form.attributes["action"], {"session": person.token})


def test_findings_are_accepted_one_by_one_and_all_at_once(stage: Callable[..., Stage]) -> None:
    here = stage(leads=30)
    person = here.install()
    planned(here, person)
    before = open_count(person)
    assert before > 2
    press_in(person, items(person, "open")[0], "accept")
    assert open_count(person) == before - 1
    done = items(person, "accepted")
    assert here.admin.name in done[0].text
    press_in(person, done[0], "reopen")
    assert open_count(person) == before
    person.press("to-confirm")
    assert "not accepted yet" in person.page.text
    person.post(f"/app/plans/{plan_of(here).id}", {"session": person.token}).press("accept-all")
    assert open_count(person) == 0
    assert not person.has("accept-all")
    person.press("to-confirm")
    assert "not accepted yet" not in person.page.text


def test_leads_that_are_left_out_stay_leads(stage: Callable[..., Stage]) -> None:
    here = stage(leads=30)
    person = here.install()
    planned(here, person)
    digest = plan_of(here).digest
    item = next(i for i in items(person, "open") if i.all(data_testid="leave-out"))
    code = item.attributes["data-code"]
    press_in(person, item, "leave-out")
    plan = plan_of(here)
    gone = {row.id for row in queries.leads(here.db, plan.id, excluded=True, limit=500).rows}
    assert gone
    assert plan.digest == digest
    assert person.has("left-out")
    person.press("to-confirm")
    left = plan.counts["convertible"] - len(gone)
    assert f"Convert {left} lead" in person.find("start-run").text
    person.press("start-run", agreed="yes")
    here.worker.work()
    world = here.server.world
    assert all(world.leads.rows[id_]["STATUS_SEMANTIC_ID"] == "P" for id_ in gone)
    assert not [deal for deal in world.deals if int(deal.get("LEAD_ID") or 0) in gone]
    person.post(f"/app/plans/{plan.id}", {"session": person.token})
    assert not person.has("accept")
    person.post(f"/app/plans/{plan.id}/decide/take-in/{code}", {"session": person.token})
    assert person.status == 409
    assert plan_of(here).decided == plan.decided


def test_one_lead_is_left_out_and_taken_in_again(stage: Callable[..., Stage]) -> None:
    here = stage(leads=10)
    person = here.install()
    planned(here, person)
    person.press("lead-link").press("leave-lead-out")
    assert "This lead is left out" in person.page.text
    assert plan_of(here).decisions["left_out"] == 1
    lead = person.sent[-1]
    person.post(f"/app/plans/{plan_of(here).id}/leads", {"session": person.token, "severity": "left-out"})
    assert len(person.page.all(data_testid="lead-link")) == 1
    person.post(lead, {"session": person.token}).press("take-lead-in")
    assert plan_of(here).decided == ""


def test_errors_are_decided_before_anything_starts(stage: Callable[..., Stage]) -> None:
    here = stage(leads=12)
    person = here.install()
    person.press("to-choose").press("to-options", to="simple")
    planned_with_errors(here, person)
    plan = plan_of(here)
    errors = [item for item in items(person, "open") if not item.all(data_testid="accept")]
    assert errors
    assert not person.has("to-confirm")
    for path, data in (("confirm", {}), ("start", {"agreed": "yes"})):
        person.post(f"/app/plans/{plan.id}/{path}", {"session": person.token, **data})
        assert "Not yet" in person.page.text
    assert here.worker.asked == []
    for item in errors:
        press_in(person, item, "leave-out")
    assert person.has("to-confirm")


def planned_with_errors(here: Stage, person: Person) -> None:
    """A dry run, after which some leads are made to carry an error as planning would have written it."""
    from sqlalchemy import insert, select

    from connector.store.models import Plan, PlanFinding, PlanLead

    person.press("start-dry-run")
    here.worker.work()
    plan = plan_of(here)
    with here.db.begin() as session:
        row = session.get_one(Plan, plan.id)
        ids = list(session.scalars(select(PlanLead.lead_id).where(PlanLead.plan_id == plan.id).limit(2)))
        session.execute(
            insert(PlanFinding),
            [
                {
                    "plan_id": plan.id,
                    "lead_id": id_,
                    "code": "stage-not-mapped",
                    "severity": "error",
                    "params": {},
                }
                for id_ in ids
            ],
        )
        row.counts = {**row.counts, "findings": {**row.counts["findings"], "stage-not-mapped": 2}}
    person.post(f"/app/plans/{plan.id}", {"session": person.token})


@pytest.mark.parametrize(
    "path", ["accept/nonsense", "explode/no-name", "lead/leave-out/999999999", "lead/explode/1"]
)
def test_what_cannot_be_decided_is_refused_with_a_page(stage: Callable[..., Stage], path: str) -> None:
    here = stage(leads=6)
    person = here.install()
    planned(here, person)
    person.post(f"/app/plans/{plan_of(here).id}/decide/{path}", {"session": person.token})
    assert person.status in (404, 409)
    assert person.has("message")
    assert plan_of(here).decided == ""


def test_a_plan_of_another_portal_is_not_decided_about(stage: Callable[..., Stage]) -> None:
    here = stage(leads=6)
    person = here.install()
    for path in ("accept/robots-fire", "all", "lead/leave-out/1"):
        assert person.post(f"/app/plans/{'0' * 32}/decide/{path}", {"session": person.token}).status == 404
