"""The whole wizard without a line of script: plain forms, the token only in hidden fields, every step found from the one before."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from connector.store.models import BudgetOperating, Run, RunState
from tests.web.browsing import Person
from tests.web.conftest import Stage

SIMPLE, CLASSIC = 2, 1


def planned(stage: Stage, person: Person, **options: object) -> None:
    """From the overview to the preview."""
    person.press("to-choose").press("to-options", to="simple").press("start-dry-run", **options)
    assert person.has("plan-progress")
    stage.worker.work()
    person.post(person.sent[-1], {"session": person.token})


def converted(stage: Stage, person: Person) -> None:
    """From the preview to the wait for the mode."""
    person.press("to-confirm").press("start-run", agreed="yes")
    stage.worker.work()
    person.post(person.sent[-1], {"session": person.token})


def test_a_switch_and_its_undo_by_plain_forms(stage: Callable[..., Stage]) -> None:
    here = stage(leads=20)
    world = here.server.world
    before = {lead["ID"]: lead["STATUS_ID"] for lead in world.leads}
    deals = len(world.deals)
    person = here.install()
    active = int(person.find("active-leads").text)
    planned(here, person)
    assert len(world.deals) == deals
    converted(here, person)
    assert person.find("flip-state").attributes["data-state"] == "waiting"
    assert len(world.deals) == deals + active

    world.settings.mode = SIMPLE
    person.press("flip-check")
    here.worker.work()
    person.post(person.sent[-1], {"session": person.token})
    assert person.find("report-title").attributes["data-state"] == "done"

    switch = person.sent[-1]
    person.press("try-inquiry")
    here.worker.work()
    person.post(person.sent[-1], {"session": person.token})
    assert "A test inquiry became a deal at once" in person.page.text
    assert len(world.deals) == deals + active
    person.press("to-undo").press("start-undo")
    here.worker.work()
    world.settings.mode = CLASSIC
    person.post(person.sent[-1], {"session": person.token})
    assert "First the mode goes back" in person.page.text
    assert person.find("run-cancel").text.strip() == "End without changing the mode"
    person.press("flip-check")
    here.worker.work()
    person.post(person.sent[-1], {"session": person.token})
    assert person.find("report-title").attributes["data-state"] == "done"
    assert len(world.deals) == deals
    assert {lead["ID"]: lead["STATUS_ID"] for lead in world.leads} == before

    person.post("/app/history", {"session": person.token})
    assert "Taken back" in person.page.text
    person.post(switch, {"session": person.token})
    assert "was taken back" in person.find("report-title").text
    assert not person.has("to-undo")


def test_simple_to_classic_converts_nothing(stage: Callable[..., Stage]) -> None:
    here = stage(leads=10, mode="simple")
    person = here.install()
    deals = len(here.server.world.deals)
    person.press("to-choose").press("to-options", to="classic").press("start-dry-run")
    here.worker.work()
    person.post(person.sent[-1], {"session": person.token})
    assert not person.has("totals")
    assert "New inquiries become leads again" in person.find("classic-changes").text
    assert "lead stages are worked with again" in person.find("classic-appears").text
    assert "nothing is converted back" in person.find("classic-stays").text
    converted(here, person)
    here.server.world.settings.mode = CLASSIC
    person.press("flip-check")
    here.worker.work()
    person.post(person.sent[-1], {"session": person.token})
    assert "Classic CRM" in person.find("report-title").text
    assert f"{deals} of {deals} deals that were there before are there" in person.page.text
    assert "in work again" in person.page.text
    assert len(here.server.world.deals) == deals


def test_a_run_says_which_limit_it_waits_for_and_who_did_what(stage: Callable[..., Stage]) -> None:
    here = stage(leads=10)
    person = here.install()
    planned(here, person)
    person.press("to-confirm").press("start-run", agreed="yes")
    at = here.clock.now().timestamp() + 300
    with here.db.begin() as session:
        (run,) = session.scalars(select(Run))
        run.state, run.phase = RunState.RUNNING, "leads"
        host = here.server.world.host
        session.add(BudgetOperating(key=host, method="crm.item.add", blocked_until=at))
    person.post(person.sent[-1], {"session": person.token})
    assert "crm.item.add has used up its working time" in person.find("run-progress").text
    person.press("run-cancel")
    here.worker.work()
    person.post(person.sent[-1], {"session": person.token})
    told = person.find("actions").text
    assert here.admin.name in told
    assert told.index("Started a switch") < told.index("Cancelled a run")


@pytest.mark.parametrize("asked_for", [True, False])
def test_leads_changed_since_the_dry_run_are_planned_anew_at_the_start_or_later(
    stage: Callable[..., Stage], asked_for: bool
) -> None:
    here = stage(leads=10)
    world = here.server.world
    person = here.install()
    planned(here, person)
    changed = next(lead["ID"] for lead in world.leads if lead["STATUS_SEMANTIC_ID"] == "P")
    world.leads.change(changed, {"TITLE": "Renamed meanwhile"})
    person.press("to-confirm").press(
        "start-run", agreed="yes", **({"replan_stale": "yes"} if asked_for else {})
    )
    here.worker.work()
    person.post(person.sent[-1], {"session": person.token})
    if not asked_for:
        assert "still in work" in person.page.text
        person.press("run-replan")
        here.worker.work()
        person.post(person.sent[-1], {"session": person.token})
    assert person.find("flip-state").attributes["data-state"] == "waiting"
    assert [deal["TITLE"] for deal in world.deals if deal["LEAD_ID"] == changed] == ["Renamed meanwhile"]


def test_the_token_never_stands_in_an_address(stage: Callable[..., Stage]) -> None:
    here = stage()
    person = here.install()
    planned(here, person)
    token = person.token
    for node in person.page.all():
        for name in ("href", "src", "action", "formaction", "hx-post", "hx-get"):
            assert token not in node.attributes.get(name, "")
    assert all("?" not in path for path in person.sent[1:])


def test_every_answer_carries_a_fresh_token(stage: Callable[..., Stage]) -> None:
    person = stage().install()
    first = person.token
    person.press("to-choose")
    assert person.token != first
    assert person.answer is not None
    assert person.answer.headers["X-Leadswitch-Session"] == person.token


def test_without_the_tick_nothing_starts(stage: Callable[..., Stage]) -> None:
    here = stage()
    person = here.install()
    planned(here, person)
    person.press("to-confirm").press("start-run")
    assert person.status == 422
    assert here.worker.asked == []
    assert "tick the box" in person.page.text


def test_a_second_click_starts_nothing_twice(stage: Callable[..., Stage]) -> None:
    here = stage()
    person = here.install()
    person.press("to-choose").press("to-options", to="simple")
    options = person.page
    person.press("start-dry-run")
    first = person.sent[-1]
    person.page = options
    person.press("start-dry-run")
    assert person.sent[-1] == first
    assert len(here.worker.asked) == 1
    here.worker.work()
    person.post(first, {"session": person.token}).press("to-confirm")
    confirm = person.page
    person.press("start-run", agreed="yes")
    run = person.sent[-1]
    person.page = confirm
    person.press("start-run", agreed="yes")
    assert person.sent[-1] == run
    assert len(here.worker.asked) == 1


def test_a_plan_is_searched_filtered_and_paged(stage: Callable[..., Stage]) -> None:
    here = stage(leads=60)
    person = here.install()
    planned(here, person)
    filter_ = person.page.all("form", id="lead-filter")[0].attributes["action"]
    lead = next(lead for lead in here.server.world.leads if lead["STATUS_SEMANTIC_ID"] == "P")
    person.post(filter_, {"session": person.token, "search": f"#{lead['ID']}"})
    assert [link.text for link in person.page.all(data_testid="lead-link")] == [lead["TITLE"]]
    person.post(filter_, {"session": person.token})
    first = [one.text for one in person.page.all("td", class_="cell--title")] or person.find(
        "leads-count"
    ).text
    following = person.page.all("nav", class_="pager") or person.page.all("nav", aria_label="Pages")
    assert following
    form = following[0].all("form")[-1]
    person.post(
        form.attributes["action"],
        {field.attributes["name"]: field.attributes["value"] for field in form.all("input")},
    )
    assert person.find("leads-count").text != first
    assert person.page.all("nav", aria_label="Pages")[0].text.startswith("Previous")


def test_one_lead_is_shown_before_and_after(stage: Callable[..., Stage]) -> None:
    here = stage()
    person = here.install()
    planned(here, person)
    person.press("lead-link")
    assert person.has("before-after")
    assert "What Leadswitch will do" in person.page.text


def test_the_stage_map_follows_the_pipeline(stage: Callable[..., Stage]) -> None:
    here = stage()
    person = here.install()
    person.press("to-choose").press("to-options", to="simple")
    token = person.token
    other = next(
        o.attributes["value"]
        for o in person.find("pipeline").all("option")
        if o.attributes["value"] not in ("0", "new")
    )
    person.post(
        "/app/options/stages",
        {"session": token, "to": "simple", "pipeline": other},
        headers={"HX-Request": "true"},
    )
    targets = {o.attributes["value"] for o in person.page.all("option")}
    assert all(target.startswith(f"C{other}:") for target in targets)
    person.post(
        "/app/options/stages",
        {"session": token, "to": "simple", "pipeline": "new"},
        headers={"HX-Request": "true"},
    )
    assert not person.page.all("select")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("leads.exclude", "abc", "IDs as numbers"),
        ("leads.created_from", "2030-01-01", "dates do not fit"),
        ("pipeline", "777", "no pipeline"),
    ],
)
def test_options_that_do_not_fit_are_explained(
    stage: Callable[..., Stage], field: str, value: str, said: str
) -> None:
    here = stage()
    person = here.install()
    person.press("to-choose").press("to-options", to="simple")
    fill = {field.replace(".", "__"): value}
    if field == "leads.created_from":
        fill["leads__created_to"] = "2020-01-01"
    person.press("start-dry-run", **fill)
    assert person.status == 422
    assert said in person.page.text
    assert here.worker.asked == []


def test_the_language_can_be_changed_on_every_page(stage: Callable[..., Stage]) -> None:
    here = stage()
    person = here.install()
    planned(here, person)
    form = person.page.all("form", class_="languages") or [
        form
        for form in person.page.all("form")
        if any(b.attributes.get("name") == "lang" for b in form.all("button"))
    ]
    person.post(form[0].attributes["action"], {"session": person.token, "lang": "pl"})
    assert person.page.all("html")[0].attributes["lang"] == "pl"
    assert person.has("summary")
    person.press("to-confirm")
    assert "Konwertujemy" in person.page.text


def test_an_employee_sees_the_modes_explained_and_whom_to_ask(stage: Callable[..., Stage]) -> None:
    here = stage()
    here.install()
    calls = len(here.server.world.call_log)
    person = here.open(here.employee)
    assert person.status == 403
    assert here.admin.name in person.find("whom-to-ask").text
    assert not person.has("active-leads")
    asked = {call["method"] for call in list(here.server.world.call_log)[calls:]}
    assert not [method for method in asked if method.startswith("crm.")]


def test_downloads_are_good_once(stage: Callable[..., Stage]) -> None:
    here = stage()
    person = here.install()
    planned(here, person)
    preview = person.page
    for form in ("csv", "xlsx", "json", "html", "plan"):
        person.page = preview
        person.press(f"download-{form}")
        assert person.status == 303
        assert person.answer is not None
        link = person.answer.headers["Location"]
        got = person.client.get(link)
        assert got.status_code == 200
        assert "attachment" in got.headers["Content-Disposition"]
        assert len(got.data) > 200
        assert person.client.get(link).status_code == 403


def test_the_overview_leads_back_to_a_dry_run_that_waits(stage: Callable[..., Stage]) -> None:
    here = stage(leads=6)
    # The work is done by the machine's clock, and the portal's budget is shared.
    here.clock.sleep((datetime.now(UTC) - here.clock.now()).total_seconds())
    person = here.install()
    planned(here, person)
    person = here.open(here.admin)
    person.press("open-last")
    assert person.has("summary")
    converted(here, person)
    assert not here.open(here.admin).has("open-last")
