"""Keys of the API: shown once, kept as a hash, good for one portal and their scopes, until they expire or are revoked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from connector.portals import api_keys, audit
from connector.portals.api_keys import SCOPES, Scope
from connector.portals.removal import uninstall
from connector.redact import redact_text
from connector.store.models import ApiKey, Portal
from connector.web.api.operation import OPERATIONS
from tests.web.api.conftest import ADMIN, Api
from tests.web.browsing import Person


def test_every_scope_is_described_and_used() -> None:
    assert set(SCOPES) == set(Scope)
    assert {one.scope for one in OPERATIONS.values()} - {None} == set(Scope)


def test_a_key_is_kept_as_a_hash_and_never_shown_again(api: Callable[..., Api]) -> None:
    script = api(leads=1)
    secret = script.key.rpartition("_")[2]
    assert script.get("/key").status_code == 200
    with script.here.db.read() as session:
        row = session.scalars(select(ApiKey)).one()
        dump = str(session.execute(text("SELECT * FROM api_key")).all())
        dump += str(session.execute(text("SELECT * FROM audit")).all())
    assert secret not in dump
    assert row.last_used_at == script.here.clock.now()
    assert secret not in script.get("/key").text + script.get("/audit").text
    assert secret not in redact_text(f"refused {script.key} because")
    log = [(line.action, line.detail.get("name")) for line in audit.entries(script.here.db, script.portal_id)]
    assert ("api_key.created", "Nightly") in log


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (None, "api.key.missing"),
        ("", "api.key.missing"),
        ("Bearer", "api.key"),
        ("Bearer lsk_aaaaaaaaaaaa_" + "x" * 43, "api.key"),
        ("Bearer {id}_" + "x" * 43, "api.key"),
        ("Bearer {key}x", "api.key"),
        ("Basic {key}", "api.key"),
        ("Bearer \u00e9", "api.key"),
    ],
    ids=str,
)
def test_what_is_no_key_opens_nothing(api: Callable[..., Api], given: str | None, key: str) -> None:
    script = api(leads=1)
    id_ = script.key.rpartition("_")[0]
    headers = {} if given is None else {"Authorization": given.format(key=script.key, id=id_)}
    answer = script.client.get("/api/v1/plans", headers=headers)
    assert (answer.status_code, answer.json["key"]) == (401, key)  # type: ignore[index]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.mimetype == "application/problem+json"


def test_a_session_of_the_app_and_a_key_do_not_stand_in_for_each_other(api: Callable[..., Api]) -> None:
    script = api(leads=1)
    person = script.here.open(script.here.admin)
    answer = script.client.get("/api/v1/plans", headers={"Authorization": f"Bearer {person.token}"})
    assert answer.status_code == 401
    client = script.here.app.test_client()
    client.set_cookie("session", script.key)
    assert client.get(f"/api/v1/plans?key={script.key}", data={"session": person.token}).status_code == 401
    stranger = Person(script.here.app).post("/app", {"session": script.key})
    assert stranger.find("message").attributes["data-kind"] == "outside"
    stranger.post("/app", headers={"Authorization": f"Bearer {script.key}"})
    assert stranger.find("message").attributes["data-kind"] == "outside"


def test_a_revoked_key_opens_nothing_from_its_next_request_on(api: Callable[..., Api]) -> None:
    script = api(leads=1)
    key_id = script.get("/key").json["id"]  # type: ignore[index]
    here = script.here
    card = api_keys.revoke(here.db, script.portal_id, key_id, ADMIN, clock=here.clock)
    again = api_keys.revoke(here.db, script.portal_id, key_id, ADMIN, clock=here.clock)
    assert (card.state, again.revoked_at) == ("revoked", card.revoked_at)
    answer = script.get("/key")
    assert (answer.status_code, answer.json["key"]) == (401, "api.key.revoked")  # type: ignore[index]
    actions = [line.action for line in audit.entries(here.db, script.portal_id)]
    assert actions.count("api_key.revoked") == 1


def test_a_key_expires_on_its_day(api: Callable[..., Api]) -> None:
    script = api(leads=1)
    here = script.here
    _, key = api_keys.create(
        here.db, script.portal_id, ADMIN, name="x", scopes=Scope, days=30, clock=here.clock
    )
    assert key is not None
    script.__dict__["key"] = key
    here.clock.sleep(timedelta(days=30).total_seconds() - 1)
    assert script.get("/key").status_code == 200
    here.clock.sleep(2)
    answer = script.get("/key", Accept_Language="pl")
    assert (answer.status_code, answer.json["key"]) == (401, "api.key.expired")  # type: ignore[index]


def test_a_key_may_do_what_its_scopes_say_and_nothing_else(api: Callable[..., Api]) -> None:
    full = api(leads=1)
    reader = replace(full, scopes=(Scope.PLANS_READ,))
    assert reader.get("/plans").status_code == 200
    for method, path in (("POST", "/plans"), ("GET", "/runs"), ("GET", "/audit"), ("POST", "/mode")):
        answer = reader.send(method, path, {} if method == "POST" else None)
        assert (answer.status_code, answer.json["key"]) == (403, "api.scope")  # type: ignore[index]
    with full.here.app.app_context():
        assert full.get("/plans").json["data"] == []  # type: ignore[index]


def test_a_key_ends_with_the_app_on_its_portal(api: Callable[..., Api]) -> None:
    script = api(leads=1)
    assert script.get("/key").status_code == 200
    uninstall(script.here.db, script.portal_id, clean=False, clock=script.here.clock)
    assert script.get("/key").status_code == 401
    with script.here.db.read() as session:
        assert session.scalars(select(ApiKey)).all() == []
        assert session.scalars(select(Portal.id)).one() == script.portal_id


def test_a_form_that_is_sent_twice_makes_one_key(api: Callable[..., Api]) -> None:
    script = api(leads=1)
    here = script.here
    made = [
        api_keys.create(
            here.db, script.portal_id, ADMIN, name="x", scopes=Scope, clock=here.clock, made_for="form-1"
        )
        for _ in range(2)
    ]
    assert made[0][0].id == made[1][0].id
    assert (made[0][1] is None, made[1][1]) == (False, None)


def test_requests_of_a_key_are_limited_and_the_limit_is_told(
    api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADSWITCH_API_REQUESTS_PER_MINUTE", "3")
    script = api(leads=1)
    left = [script.get("/key").headers["RateLimit"] for _ in range(3)]
    assert left == ['"key";r=2;t=60', '"key";r=1;t=60', '"key";r=0;t=60']
    script.here.clock.sleep(20)
    refused = script.get("/key")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
    assert refused.headers["RateLimit-Policy"] == '"key";q=3;w=60'
    assert script.client.get("/api/v1/key").status_code == 401
    script.here.clock.sleep(40)
    assert script.get("/key").status_code == 200
