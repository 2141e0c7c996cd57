"""Signing in outside the frame, against the sandbox's OAuth server: from the address of the portal to the overview and on."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from werkzeug.test import TestResponse

from connector.portals.manifest import app_manifest
from tests.web.browsing import Person, parse
from tests.web.conftest import Stage

CALLBACK = app_manifest().urls.oauth_callback


@pytest.fixture
def installed(stage: Callable[..., Stage]) -> Stage:
    made = stage()
    made.install()
    made.server.world.apps[made.server.ready["client_id"]].redirect_uri = f"http://localhost{CALLBACK}"
    return made


def begin(stage: Stage, person: Person, name: str = "") -> Person:
    return person.post("/login", {"portal": name or stage.server.world.host})


def sent_back(stage: Stage, person: Person, user_id: int) -> str:
    """The portal's own page asks nobody in the sandbox; path and query of where it sends the browser."""
    address = person.find("login-go-link").attributes["href"]
    cookies = {"sandbox_user": str(user_id)}
    answer = requests.get(address, allow_redirects=False, timeout=10, cookies=cookies)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    assert parts.path == CALLBACK
    return f"{parts.path}?{parts.query}"


def follow(person: Person, path: str, **options: Any) -> TestResponse:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    person.answer = person.client.get(path, headers=headers, base_url="http://localhost", **options)
    person.page = parse(person.html)
    return person.answer


def test_administrator_signs_in_and_goes_on_as_in_the_frame(installed: Stage) -> None:
    person = begin(installed, Person(installed.app))
    assert f"0; url={person.find('login-go-link').attributes['href']}" in [
        node.attributes.get("content") for node in person.page.all("meta")
    ]
    assert follow(person, sent_back(installed, person, installed.admin.id)).status_code == 200
    assert person.has("message") is False
    person.post("/app/choose", {"session": person.token})
    assert person.status == 200
    assert person.has("choose-simple")


def test_employee_without_rights_is_told_whom_to_ask(installed: Stage) -> None:
    person = begin(installed, Person(installed.app))
    assert follow(person, sent_back(installed, person, installed.employee.id)).status_code == 403
    assert person.has("whom-to-ask")


def test_callback_seen_twice_lets_nobody_in(installed: Stage) -> None:
    person = begin(installed, Person(installed.app))
    path = sent_back(installed, person, installed.admin.id)
    assert follow(person, path).status_code == 200
    assert follow(person, path).status_code == 403
    assert person.find("message").attributes["data-kind"] == "auth.launch_refused"
    assert "session" not in [
        node.attributes.get("name") for node in person.page.all("input") if node.attributes.get("value")
    ]


def test_callback_in_the_browser_of_somebody_else_lets_nobody_in(installed: Stage) -> None:
    attacker, victim = Person(installed.app), Person(installed.app)
    path = sent_back(installed, begin(installed, attacker), installed.admin.id)
    begin(installed, victim)
    assert follow(victim, path).status_code == 403


def test_login_cookie_opens_nothing_and_is_for_this_site_only(installed: Stage) -> None:
    person = begin(installed, Person(installed.app))
    assert person.answer is not None
    (cookie,) = person.answer.headers.getlist("Set-Cookie")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    secure = person.client.post(
        "/login",
        data={"portal": installed.server.world.host},
        base_url="https://localhost",
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    (cookie,) = secure.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie
    assert person.client.post("/app", base_url="http://localhost").status_code == 200
    assert 'data-kind="outside"' in person.client.post("/app", base_url="http://localhost").get_data(
        as_text=True
    )


def test_two_logins_begun_in_one_browser_both_end_well(installed: Stage) -> None:
    person = begin(installed, Person(installed.app))
    first = sent_back(installed, person, installed.admin.id)
    second = sent_back(installed, begin(installed, person), installed.admin.id)
    assert follow(person, second).status_code == 200
    assert follow(person, first).status_code == 200


def test_strange_portal_is_not_a_way_out(installed: Stage) -> None:
    person = begin(installed, Person(installed.app), "https://evil.example/")
    assert person.status == 404
    assert not person.has("login-go-link")
    assert person.find("login-portal").attributes["value"] == "https://evil.example/"


def test_hostile_portal_name_is_only_text(installed: Stage) -> None:
    person = begin(installed, Person(installed.app), '"><script>alert(1)</script>')
    assert not [node for node in person.page.all("script") if not node.attributes.get("src")]


def test_login_begun_by_another_site_is_refused(installed: Stage) -> None:
    person = Person(installed.app)
    person.post("/login", {"portal": installed.server.world.host}, headers={"Sec-Fetch-Site": "cross-site"})
    assert person.status == 403


@pytest.mark.parametrize("path", ["/login", CALLBACK])
def test_addresses_answer_those_who_only_look(installed: Stage, path: str) -> None:
    client = installed.app.test_client()
    assert client.head(path).status_code == 200
    assert client.get(path).status_code == 200


def test_who_opens_the_app_outside_bitrix24_is_shown_the_way_in(installed: Stage) -> None:
    person = Person(installed.app)
    follow(person, "/")
    form = next(node for node in person.page.all("form") if node.attributes["action"] == "/login")
    person.post(form.attributes["action"], {})
    assert person.has("login-portal")
