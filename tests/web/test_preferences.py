"""What a person has chosen stays theirs: the language of the app for the next time, options that were filled in for after a reload."""

from collections.abc import Callable

from sqlalchemy import select

from connector.clock import FakeClock
from connector.portals.removal import uninstall
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
        assert [kept.draft for kept in session.scalars(select(Preference))] == [None]


def test_options_that_no_longer_fit_are_said_and_the_usual_ones_shown(stage: Callable[..., Stage]) -> None:
    here = stage(leads=3)
    person = options_page(here.install())
    person.post("/app/options/draft", {"session": person.token, "create": "everything"})
    again = options_page(here.open(here.admin))
    assert again.status == 200
    assert chosen(again, "create") == ["contact"]


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
