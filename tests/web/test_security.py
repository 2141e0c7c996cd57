"""Nothing that is posted is believed: forged openings, foreign tokens, other sites, hostile texts, other portals' plans."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.clock import FakeClock
from connector.planning.options import Options
from connector.plans import service as plan_service
from connector.portals.refs import PortalRef
from connector.store.models import Portal
from connector.web.context import KEY
from connector.web.headers import allow_frame
from connector.web.origin import same_site
from connector.web.session import WebSession
from tests.web.browsing import Person
from tests.web.conftest import Stage

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}'
PAGES = (
    "/app",
    "/app/choose",
    "/app/options",
    "/app/history",
    "/app/plans/new",
    "/app/plans/x",
    "/app/runs/x",
    "/app/runs/x/control/pause",
)


def portals(stage: Stage) -> int:
    """How many portals are stored."""
    with stage.db.read() as session:
        return session.query(Portal).count()


@pytest.mark.parametrize(
    "change",
    [
        {"AUTH_ID": "0" * 64},
        {"AUTH_ID": ""},
        {"member_id": "0" * 32},
        {"DOMAIN": "attacker.example"},
        {"SERVER_ENDPOINT": "https://attacker.example/rest/"},
    ],
    ids=["token", "no-token", "portal", "domain", "server"],
)
def test_a_forged_opening_stores_nothing_and_lets_nobody_in(
    stage: Callable[..., Stage], change: dict[str, str]
) -> None:
    here = stage(leads=3)
    here.install()
    before = portals(here)
    person = here.launch(here.opening(here.admin), **change)
    assert person.status >= 400
    assert not person.has("current-mode")
    assert not person.signed_in
    assert portals(here) == before


def test_a_forged_installation_stores_nothing(stage: Callable[..., Stage]) -> None:
    here = stage(leads=3)
    apps = here.server.control.apps
    assert apps is not None
    apps.install(here.server.ready["client_id"], here.admin)
    person = here.launch(here.opening(here.admin), AUTH_ID="1" * 64)
    assert person.status == 403
    assert portals(here) == 0


def test_an_event_without_the_portals_own_token_is_refused(stage: Callable[..., Stage]) -> None:
    here = stage(leads=3)
    person = here.install()
    form = {
        "event": "ONAPPUNINSTALL",
        "auth[member_id]": here.server.ready["member_id"],
        "auth[application_token]": "forged",
        "auth[domain]": here.server.world.host,
        "data[CLEAN]": "1",
        "ts": "1795000000",
    }
    assert person.client.post("/events", data=form).status_code == 403
    assert portals(here) == 1


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("token", ["", "forged", "e30.aaaa.bbbb"])
def test_no_page_opens_without_a_token_of_ours(stage: Callable[..., Stage], path: str, token: str) -> None:
    person = Person(stage(leads=1).app).post(path, {"session": token})
    assert not person.signed_in
    assert person.find("message").attributes["data-kind"] == "outside"


@pytest.mark.parametrize("path", PAGES)
def test_another_site_cannot_post_for_a_person(stage: Callable[..., Stage], path: str) -> None:
    here = stage(leads=1)
    token = here.install().token
    person = Person(here.app).post(path, {"session": token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert person.status == 403
    assert not person.signed_in


@pytest.mark.parametrize(
    ("headers", "fine"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://app.example"}, False),
        ({"Origin": "http://app.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "http://attacker.example"}, False),
        ({}, True),
    ],
)
def test_where_a_post_comes_from(stage: Callable[..., Stage], headers: dict[str, str], fine: bool) -> None:
    with stage(leads=1).app.test_request_context(
        "/app", method="POST", base_url="http://app.example", headers=headers
    ) as context:
        assert same_site(context.request) is fine


def test_an_expired_session_says_so_and_loses_nothing(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    person = here.install()
    here.clock.sleep(here.settings.session_minutes * 60 + 1)
    person.post("/app/choose", {"session": person.token})
    assert person.status == 401
    assert person.find("message").attributes["data-kind"] == "expired"
    assert not person.signed_in
    assert here.server.world.base_url in frame_ancestors(person)


def test_plans_and_runs_of_another_portal_do_not_exist(stage: Callable[..., Stage]) -> None:
    here = stage(leads=5)
    person = here.install()
    with here.db.begin() as session:
        mine = session.query(Portal).one()
        other = Portal(
            key="other",
            host="other.example",
            kind="oauth",
            state="active",
            created_at=mine.created_at,
            updated_at=mine.updated_at,
        )
        session.add(other)
        session.flush()
        ref = PortalRef(other.id, other.key, other.host)
    plan = plan_service.create(here.db, ref, Options(), {"user_id": 1, "name": "x", "via": "web"})
    for path in (
        f"/app/plans/{plan}",
        f"/app/plans/{plan}/progress",
        f"/app/plans/{plan}/start",
        f"/app/downloads/plan/{plan}/csv",
    ):
        person.post(path, {"session": here.open(here.admin).token, "agreed": "yes"})
        assert person.status in (404, 409), path
        assert not person.has("plan-progress")


def test_a_person_of_one_portal_is_nobody_on_another(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    here.install()
    sessions = here.app.extensions[KEY].sessions
    stranger = WebSession(999, "https://other.example", 1, "x", True, "en", int(here.clock.now().timestamp()))
    person = Person(here.app).post("/app", {"session": sessions.issue(stranger)})
    assert person.status >= 400
    assert not person.has("current-mode")


def test_rights_are_read_anew_for_every_request(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    person = here.install()
    sessions = here.app.extensions[KEY].sessions
    who = sessions.read(person.token)
    person.post(
        "/app/choose", {"session": sessions.issue(replace(who, admin=False, user_id=here.employee.id))}
    )
    assert person.status == 403
    assert person.has("whom-to-ask")


def test_hostile_texts_of_the_crm_are_shown_and_do_nothing(stage: Callable[..., Stage]) -> None:
    here = stage(leads=12)
    world = here.server.world
    for lead in world.leads:
        lead.update(
            {
                "TITLE": HOSTILE,
                "NAME": HOSTILE,
                "LAST_NAME": HOSTILE,
                "COMMENTS": HOSTILE,
                "COMPANY_TITLE": HOSTILE,
            }
        )
    for status in world.statuses:
        status["NAME"] = HOSTILE[:200]
        status["COLOR"] = HOSTILE
    person = here.install()
    _clean(person)
    person.press("to-choose").press("to-options", to="simple")
    _clean(person)
    person.press("start-dry-run")
    here.worker.work()
    person.post(person.sent[-1], {"session": person.token, "search": HOSTILE})
    person.post(person.sent[-1], {"session": person.token})
    _clean(person)
    person.press("lead-link")
    _clean(person)
    assert "alert(1)" in person.page.text


def _clean(person: Person) -> None:
    assert person.status == 200
    scripts = [node for node in person.page.all("script") if "src" not in node.attributes]
    assert not scripts
    assert not re.search(r"<[a-z]+ [^>]*\bonerror=", person.html)
    assert "{{" not in person.html.replace("{{ 7*7 }}", "")
    assert "49" not in [node.text for node in person.page.all("h1")]


def frame_ancestors(person: Person) -> str:
    """Who may frame the open page."""
    assert person.answer is not None
    return person.answer.headers["Content-Security-Policy"].split("frame-ancestors ")[1]


def test_only_the_verified_portal_may_frame_a_page(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    person = here.install()
    assert frame_ancestors(person) == here.server.world.base_url
    assert "unsafe" not in str(person.answer and person.answer.headers["Content-Security-Policy"])
    assert frame_ancestors(Person(here.app).post("/app", {})) == "'none'"


@pytest.mark.parametrize(
    "origin",
    [
        "https://a.example; script-src *",
        "https://*",
        "javascript:alert(1)",
        "https://a.example b.example",
        "",
        "https://u@a.example",
    ],
)
def test_a_claimed_address_cannot_change_the_policy(stage: Callable[..., Stage], origin: str) -> None:
    app = stage(leads=1).app
    with app.test_request_context("/"):
        allow_frame(origin)
        header = app.process_response(app.make_response("")).headers["Content-Security-Policy"]
    assert header.endswith("frame-ancestors 'none'")


@pytest.mark.parametrize(
    "path", ["/", "/install", "/events", "/app", "/app/choose", "/healthz", "/readyz", "/downloads/x"]
)
def test_head_answers_200_on_every_address(stage: Callable[..., Stage], path: str) -> None:
    assert stage(leads=1).app.test_client().head(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/app", 405), ("DELETE", "/", 405)]
)
def test_wrong_addresses_end_in_a_page(
    stage: Callable[..., Stage], method: str, path: str, status: int
) -> None:
    answer = stage(leads=1).app.test_client().open(path, method=method)
    assert answer.status_code == status
    assert "message" in answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_post_that_is_too_large_ends_in_a_page(stage: Callable[..., Stage]) -> None:
    person = Person(stage(leads=1).app).post("/app", {"session": "x" * 1_100_000})
    assert person.status == 413
    assert "too large" in person.page.text


def test_a_mistake_of_ours_shows_no_traceback(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stage(leads=1)
    person = here.install()
    monkeypatch.setattr("connector.web.pages.facts_view", lambda _: 1 / 0)
    person.press("to-choose")
    assert person.status == 500
    assert "ZeroDivisionError" not in person.html
    assert "Traceback" not in person.html
    assert person.find("message").attributes["data-kind"] == "bug"


def test_a_portal_that_does_not_answer_ends_in_a_page(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    person = here.install()
    here.server.stop()
    person.post("/app", {"session": person.token})
    assert person.status == 502
    assert "could not be reached" in person.page.text
    assert person.signed_in


def test_sessions_of_an_uninstalled_portal_end(stage: Callable[..., Stage]) -> None:
    here = stage(leads=1)
    person = here.install()
    from connector.portals.removal import uninstall

    uninstall(
        here.db,
        here.app.extensions[KEY].sessions.read(person.token).portal_id,
        clean=False,
        clock=FakeClock(),
    )
    person.post("/app", {"session": person.token})
    assert person.status >= 400
    assert not person.has("current-mode")
