"""The page of API keys: for administrators, a key is shown once, a form that is sent twice makes one key, revoking holds at once."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from connector.portals import api_keys
from connector.store.models import ApiKey
from connector.web.keys import keys
from tests.web.browsing import Person, values_of
from tests.web.conftest import Stage

READ = ["mode:read", "plans:read"]


def stored(here: Stage) -> list[ApiKey]:
    """Every key that is kept."""
    with here.db.read() as session:
        return list(session.scalars(select(ApiKey)))


def test_a_key_is_made_shown_once_used_and_revoked(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    person = here.install().press("to-settings").press("tab-keys")
    person.press("make-key", name="Nightly", scope=READ, days="30")
    text = person.find("new-key").text
    admitted = api_keys.admit(here.db, text, per_minute=10, clock=here.clock)
    assert admitted.card.scopes == tuple(READ)
    assert admitted.card.created_by["name"]
    assert (admitted.card.expires_at - here.clock.now()).days == 30  # type: ignore[operator]
    person.press("tab-keys")
    assert text not in person.html
    assert "Nightly" in person.page.text
    person.press("revoke")
    assert not person.has("revoke")
    assert stored(here)[0].revoked_at == here.clock.now()
    client = here.app.test_client()
    assert client.get("/api/v1/key", headers={"Authorization": f"Bearer {text}"}).status_code == 401


def test_a_form_that_is_sent_again_shows_no_key_and_makes_none(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    person = here.install().press("to-settings").press("tab-keys")
    form = values_of(
        next(one for one in person.page.all("form") if one.attributes["action"].endswith("/new"))
    )
    form["name"] = "Nightly"
    person.post("/app/api-keys/new", form)
    assert person.has("new-key")
    person.post("/app/api-keys/new", form)
    assert person.status == 200
    assert not person.has("new-key")
    assert "lsk_" in person.html
    assert len(stored(here)) == 1


def test_a_form_that_lacks_something_keeps_what_was_filled(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    person = here.install().press("to-settings").press("tab-keys")
    person.press("make-key", name="  ", scope=READ, days="365")
    assert person.status == 422
    assert values_of(person.page).getlist("scope") == READ
    person.press("make-key", name="Nightly", scope=[], days="nonsense")
    assert person.status == 422
    assert values_of(person.page)["name"] == "Nightly"
    assert stored(here) == []


def test_only_administrators_make_see_and_revoke_keys(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    here.install()
    employee = here.open(here.employee)
    for rule in here.app.url_map.iter_rules():
        if rule.endpoint.startswith(f"{keys.name}."):
            path = rule.rule.replace("<key_id>", "x")
            stranger = Person(here.app).post(path, {"session": employee.token if employee.signed_in else ""})
            assert stranger.status in (200, 403)
            assert not stranger.has("make-key")


def test_a_key_of_another_portal_cannot_be_revoked(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    person = here.install()
    person.post("/app/api-keys/aaaaaaaaaaaa/revoke", {"session": person.token})
    assert person.status == 404
    assert person.has("message")
