"""What a person has chosen stays theirs: the language of the app for the next time, options that were filled in for after a reload."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.clock import FakeClock
from connector.portals import preferences
from connector.portals.removal import purge, uninstall
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Portal, Preference
from tests.web.browsing import Person
from tests.web.conftest import Stage


def language_of(person: Person) -> str:
    return str(person.page.all("html")[0].attributes["lang"])


def chosen(person: Person, name: str) -> list[str]:
    """Values of the options page that are chosen under a name."""
    return [
        str(field.attributes["value"])
        for field in person.page.all("input", name=name)
        if "checked" in field.attributes
    ]


def options_page(person: Person) -> Person:
    return person.press("to-choose").press("to-options", to="simple")


def test_a_chosen_language_is_that_of_the_next_opening_and_of_nobody_else(
    stage: Callable[..., Stage],
) -> None:
    here = stage(leads=3)
    person = here.install()
    assert language_of(person) == "en"
    person.post("/app", {"session": person.token, "lang": "pl"})
    assert language_of(here.open(here.admin)) == "pl"
    assert language_of(here.open(here.employee)) == "en"


def test_options_that_were_filled_in_survive_a_reload(stage: Callable[..., Stage]) -> None:
    here = stage(leads=5)
    person = options_page(here.install())
    assert chosen(person, "create") == ["contact"]
    filled = {"session": person.token, "to": "simple", "create": "company", "activities": "complete"}
    person.post("/app/options/draft", {**filled, "pipeline": "0", "leads.stages": ["NEW", "IN_PROCESS"]})
    assert person.status == 204
    again = options_page(here.open(here.admin))
    assert (chosen(again, "create"), chosen(again, "activities")) == (["company"], ["complete"])
    assert chosen(again, "leads.stages") == ["NEW", "IN_PROCESS"]
    again.press("start-dry-run")
    assert again.has("plan-progress")
    with here.db.read() as session:
        assert [kept.draft for kept in session.scalars(select(Preference))] == [[]]


def test_options_that_were_filled_in_survive_the_way_back_without_a_line_of_script(
    stage: Callable[..., Stage],
) -> None:
    here = stage(leads=3)
    person = options_page(here.install())
    fields = {"session": person.token, "to": "simple", "create": "company", "pipeline": "0"}
    back = person.post("/app/choose", fields)
    assert chosen(back.press("to-options", to="simple"), "create") == ["company"]
    person.post("/app/options", {**fields, "session": person.token, "create": "both"})
    assert chosen(options_page(here.open(here.admin)), "create") == ["both"]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("leads.exclude", "12, abc"), ("leads.created_from", "soon"), ("contact_name", "x" * 60)],
)
def test_one_wrong_value_is_said_and_loses_nothing_else(
    stage: Callable[..., Stage], name: str, wrong: str
) -> None:
    here = stage(leads=3)
    person = options_page(here.install())
    person.press("start-dry-run", create="company", activities="complete", **{name.replace(".", "__"): wrong})
    assert person.status == 422
    for page in (person, options_page(here.open(here.admin))):
        assert (chosen(page, "create"), chosen(page, "activities")) == (["company"], ["complete"])
        assert page.page.all("input", name=name)[0].attributes["value"] == wrong


def test_dates_in_the_wrong_order_are_said_and_stand_as_they_were(stage: Callable[..., Stage]) -> None:
    here = stage(leads=3)
    person = options_page(here.install())
    dates = {"leads__created_from": "2026-03-01", "leads__created_to": "2026-02-01"}
    person.press("start-dry-run", create="company", **dates)
    assert "The dates do not fit" in person.page.text
    assert chosen(person, "create") == ["company"]
    for name, value in dates.items():
        assert person.page.all("input", name=name.replace("__", "."))[0].attributes["value"] == value


def test_a_choice_that_does_not_exist_any_more_is_said_and_the_usual_one_shown(
    stage: Callable[..., Stage],
) -> None:
    here = stage(leads=3)
    person = options_page(here.install())
    fields = {"session": person.token, "create": "everything", "activities": "complete"}
    person.post("/app/options/draft", fields)
    again = options_page(here.open(here.admin))
    assert again.status == 200
    assert (chosen(again, "create"), chosen(again, "activities")) == (["contact"], ["complete"])


def test_choices_of_one_person_at_the_same_moment_do_not_collide(any_database: Database) -> None:
    now = FakeClock()
    with any_database.begin() as session:
        session.add(
            Portal(id=1, key="p", host="p.example", kind="oauth", created_at=now.now(), updated_at=now.now())
        )

    def choose(number: int) -> None:
        preferences.keep_draft(any_database, 1, 7, [("create", str(number))], now)
        preferences.keep_language(any_database, 1, 7, "pl", now)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(choose, range(12)))
    assert preferences.language(any_database, 1, 7) == "pl"
    assert dict(preferences.draft(any_database, 1, 7))["create"] in {str(n) for n in range(12)}


def test_a_draft_of_long_ago_goes_and_the_language_stays(database: Database, tmp_path: Path) -> None:
    clock = FakeClock()
    with database.begin() as session:
        session.add(
            Portal(
                id=1, key="p", host="p.example", kind="oauth", created_at=clock.now(), updated_at=clock.now()
            )
        )
    preferences.keep_language(database, 1, 7, "pl", clock)
    preferences.keep_draft(database, 1, 7, [("create", "both")], clock)
    clock.sleep(91 * 86_400)
    purge(database, Settings(data_dir=tmp_path), clock)
    assert preferences.draft(database, 1, 7) == []
    assert preferences.language(database, 1, 7) == "pl"


def test_an_endless_form_is_not_kept(stage: Callable[..., Stage]) -> None:
    here = stage(leads=3)
    person = options_page(here.install())
    person.post(
        "/app/options/draft", {"session": person.token, "create": "company", "contact_name": "x" * 30_000}
    )
    assert person.status == 204
    assert chosen(options_page(here.open(here.admin)), "create") == ["contact"]


def test_choices_of_people_go_with_the_app(stage: Callable[..., Stage]) -> None:
    here = stage(leads=3)
    person = here.install()
    person.post("/app", {"session": person.token, "lang": "pl"})
    with here.db.read() as session:
        portal = session.scalars(select(Portal)).one().id
        assert session.scalars(select(Preference)).all()
    uninstall(here.db, portal, clean=False, clock=FakeClock())
    with here.db.read() as session:
        assert not session.scalars(select(Preference)).all()
