"""Nothing that is posted is believed: forged openings, foreign tokens, other sites, hostile texts, other portals' plans."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.clock import FakeClock
from connector.planning.options import Options
from connector.plans import service as plan_service
from connector.portals.refs import PortalRef
from connector.store.models import DownloadTicket, Portal, Run
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


def test_a_page_that_is_not_there_is_told_in_the_readers_language_inside_the_portal(
    stage: Callable[..., Stage],
) -> None:
    here = stage(leads=1)
    here.install()
    person = here.open(here.admin, "pl")
    token = person.token
    person.post("/app/no-such-page", {"session": token})
    assert person.status == 404
    assert person.page.all("h1")[0].text == "Nie ma takiej strony"
    assert frame_ancestors(person) == here.server.world.base_url
    forged = Person(here.app).post("/app/no-such-page", {"session": token[:-2]})
    assert frame_ancestors(forged) == "'none'"


def test_a_stranger_is_spoken_to_as_their_browser_asks(stage: Callable[..., Stage]) -> None:
    app = stage(leads=1).app
    german = app.test_client().get("/app", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert '<html lang="de"' in german.text
    assert "Öffnen Sie Leadswitch in Bitrix24" in german.text


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


# ---------------------------------------------------------------------------------------- every route, every stranger

WORDS = {
    "kind": "plan",
    "form": "csv",
    "verb": "pause",
    "lead_id": "1",
    "token": "x",
    "filename": "x",
    "user_id": "7",
    "rule_id": "rl_x",
    "endpoint_id": "ep_x",
    "delivery_id": "msg_x",
}
OPEN = {
    "static",
    "launch.app",
    "launch.installer",
    "launch.events",
    "launch.robot",
    "login.begin",
    "login.callback",
} | {
    "health.alive",
    "health.ready",
    "downloads.fetch",
    "legal.privacy",
    "legal.licence",
}
"""Endpoints that verify in a way of their own, or have nothing to hide."""


@pytest.fixture
def two_portals(stage: Callable[..., Stage]) -> tuple[Stage, Person, list[str]]:
    """A portal with a plan and a run of ours, and every guarded address of them."""
    here = stage(leads=5)
    person = here.install()
    person.press("to-choose").press("to-options", to="simple").press("start-dry-run")
    here.worker.work()
    plan = person.sent[-1].rpartition("/")[2]
    person.post(f"/app/plans/{plan}/start", {"session": person.token, "agreed": "yes"})
    run = person.sent[-1].rpartition("/")[2]
    assert person.status == 200
    paths = []
    for rule in here.app.url_map.iter_rules():
        if rule.endpoint in OPEN or rule.endpoint.startswith(("api.", "apidocs.")):
            continue
        names = {**WORDS, "plan_id": plan, "run_id": run, "id_": plan}
        _, path = rule.build({name: names.get(name, "1") for name in rule.arguments}) or ("", "")
        paths.append(path)
    paths.append(f"/app/downloads/run/{run}/csv")
    assert len(paths) > 15
    return here, person, paths


def second_portal(here: Stage) -> int:
    """Another portal, with an address of its own."""
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
        return other.id


def test_every_route_turns_strangers_away(two_portals: tuple[Stage, Person, list[str]]) -> None:
    here, person, paths = two_portals
    sessions = here.app.extensions[KEY].sessions
    mine = sessions.read(person.token)
    titles = {row["TITLE"] for row in here.server.world.leads if row["TITLE"]}
    employee = replace(mine, admin=False, user_id=here.employee.id, name="E")
    foreign = replace(mine, portal_id=second_portal(here), origin="https://other.example")
    old = replace(mine, since=mine.since - 13 * 3600)
    for path in paths:
        for who, statuses in (
            ("", {200}),
            (person.token[:-2] + "xx", {200}),
            (sessions.issue(employee), {403}),
            (sessions.issue(foreign), {200, 204, 403, 404, 409, 422, 502}),
            (sessions.issue(old), {401}),
        ):
            stranger = Person(here.app).post(path, {"session": who, "agreed": "yes", "search": ""})
            assert stranger.status in statuses, (path, who[:20], stranger.status)
            assert not any(title in stranger.html for title in titles), path
            assert not stranger.has("lead-link"), path
            assert not stranger.has("run-progress"), path
            assert not stranger.has("current-mode"), path
    with here.db.read() as session:
        assert session.query(DownloadTicket).count() == 0
        assert [run.state for run in session.query(Run)] == ["queued"]


def test_who_acts_was_vouched_for_within_the_hour(two_portals: tuple[Stage, Person, list[str]]) -> None:
    here, person, paths = two_portals
    sessions = here.app.extensions[KEY].sessions
    who = sessions.read(person.token)
    stale = replace(who, since=who.since - 3601)
    wrong: list[tuple[str, int]] = []
    for path in paths:
        acting = any(
            word in path
            for word in (
                "/start",
                "/confirm",
                "/control",
                "/undo",
                "/try",
                "/native/plans/",
                "/app/pipelines",
                "/app/people",
                "/app/automation",
                "/app/keys",
                "/app/settings",
                "/app/api-keys",
                "/decide/",
            )
        )
        status = Person(here.app).post(path, {"session": sessions.issue(stale)}).status
        if (status == 401) is not acting:
            wrong.append((path, status))
    assert not wrong, str(wrong)


def test_a_portal_installed_after_another_was_removed_is_not_open_to_its_people(
    stage: Callable[..., Stage],
) -> None:
    here = stage(leads=1)
    person = here.install()
    sessions = here.app.extensions[KEY].sessions
    from connector.portals.removal import uninstall

    uninstall(here.db, sessions.read(person.token).portal_id, clean=True, clock=here.clock)
    with here.db.begin() as session:
        now = here.clock.now()
        session.add(
            Portal(
                key="new", host="new.example", kind="oauth", state="active", created_at=now, updated_at=now
            )
        )
    person.post("/app/history", {"session": person.token})
    assert person.status >= 400
    assert not person.has("history")
    assert "new.example" not in person.html


BAD_LAUNCHES = [
    {"DOMAIN": "["},
    {"DOMAIN": "пример.рф"},
    {"DOMAIN": "℀.com"},
    {"DOMAIN": "a\x0bb"},
    {"DOMAIN": "a\x00b"},
    {"DOMAIN": "x" * 5000},
    {"DOMAIN": "a:99999999"},
    {"SERVER_ENDPOINT": "http://["},
    {"SERVER_ENDPOINT": "https://oauth.bitrix.info:99999999/rest/"},
    {"AUTH_EXPIRES": "9" * 5000},
    {"PLACEMENT_OPTIONS": "[" * 100_000},
]


@pytest.mark.parametrize("change", BAD_LAUNCHES, ids=str)
def test_an_unreadable_opening_ends_in_a_page_that_a_server_can_send(
    stage: Callable[..., Stage], change: dict[str, str]
) -> None:
    here = stage(leads=1)
    here.install()
    person = here.launch(here.opening(here.admin), **change)
    assert person.status in (200, 400, 403)
    assert person.answer is not None
    for _, value in person.answer.headers:
        assert value.isascii()
        assert value.isprintable()


def _cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


BAD_FORMS: list[tuple[str, dict[str, str], set[int]]] = [
    ("{plan}/leads/99999999999999999999999", {}, {404}),
    ("{plan}/leads/" + "9" * 5000, {}, {404}),
    ("{plan}/leads/0", {}, {404}),
    ("{plan}/leads", {"after": _cursor("position", {"a": 1}, 5)}, {200}),
    ("{plan}/leads", {"after": _cursor("position", [1], 5)}, {200}),
    ("{plan}/leads", {"after": _cursor("position", 10**30, 10**30)}, {200}),
    ("{plan}/leads", {"after": _cursor("position", 1, float("inf"))}, {200}),
    ("{plan}/leads", {"after": _cursor("title", "\x00", 1)}, {200}),
    ("{plan}/leads", {"after": base64.urlsafe_b64encode(b"[" * 200_000).decode()}, {200}),
    ("{plan}/leads", {"after": "ж", "trail": "ж,[,{"}, {200}),
    ("{plan}/leads", {"search": "a " * 20_000}, {200}),
    ("{plan}/leads", {"search": "\x00"}, {400}),
    ("{plan}/leads", {"search": "%_\\'\"", "stage": "x", "severity": "x", "kind": "x", "code": "x"}, {200}),
    ("/app/plans/%00", {}, {400, 404}),
    ("/app/options", {"pipeline": "9" * 5000}, {200}),
    ("/app/options/stages", {"pipeline": "9" * 5000}, {200}),
    ("/app/plans/new", {"pipeline": "9" * 5000}, {422}),
    ("/app/plans/new", {"pipeline": "777", "create": "weird"}, {422}),
    ("/app/plans/new", {"pipeline": "new", "pipeline_name": "x" * 5000}, {422}),
    ("/app/plans/new", {"leads.stages": "NOPE"}, {422}),
    ("/app/options", {"from": "nothing"}, {404}),
    ("/app/choose", {"lang": "../../etc/passwd"}, {200}),
    ("/app/runs/nothing", {}, {404}),
    ("/app/runs/nothing/control/rm", {}, {404}),
    ("/app/runs/nothing/undo/start", {}, {404}),
    ("/app/downloads/plan/nothing/csv", {}, {404}),
    ("/app/downloads/plan/nothing/exe", {}, {404}),
    ("/app/downloads/run/nothing/plan", {}, {404}),
]


def test_wrong_forms_end_in_a_page_that_says_so(stage: Callable[..., Stage]) -> None:
    here = stage(leads=5, limits="off")
    person = here.install()
    person.press("to-choose").press("to-options", to="simple").press("start-dry-run")
    here.worker.work()
    plan, token = person.sent[-1], person.token
    for path, form, statuses in BAD_FORMS:
        person.post(path.format(plan=plan), {"session": token, **form})
        assert person.status in statuses, (path[:60], str(form)[:60], person.status)
        assert person.page.text, path[:60]
        assert not any(
            node.attributes["data-kind"] == "bug" for node in person.page.all(data_testid="message")
        )


@pytest.mark.parametrize("origin", ["http://[", "http://℀", "ж"])
def test_an_unreadable_origin_is_another_site(stage: Callable[..., Stage], origin: str) -> None:
    here = stage(leads=1)
    token = here.install().token
    answer = here.app.test_client().post(
        "/app/history", data={"session": token}, headers={"Origin": origin.encode().decode("latin-1")}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"event": "X", "auth": "flat"},
        {"event": "X", "ts": "9" * 5000},
        {"event": "X" * 5000, "data" + "[a]" * 5000: "x"},
        {"event": "ONAPPINSTALL"},
        {
            "event": "ONAPPINSTALL",
            "auth[access_token]": "x",
            "auth[member_id]": "y",
            "auth[domain]": "z",
            "auth[server_endpoint]": "http://[",
        },
        {"event": "ONAPPUNINSTALL", "auth[member_id]": "\x00", "auth[application_token]": "x"},
    ],
    ids=lambda form: str(form)[:50],
)
def test_unreadable_events_change_nothing_and_say_nothing(
    stage: Callable[..., Stage], form: dict[str, str]
) -> None:
    here = stage(leads=1)
    here.install()
    answer = here.app.test_client().post("/events", data=form)
    assert answer.status_code in (400, 403)
    assert "Traceback" not in answer.get_data(as_text=True)
    assert portals(here) == 1


def test_a_download_link_is_good_once_and_for_its_own_portal_only(
    two_portals: tuple[Stage, Person, list[str]],
) -> None:
    here, person, paths = two_portals
    token = person.token
    person.post(next(path for path in paths if "/downloads/plan" in path), {"session": person.token})
    assert person.status == 303
    assert person.answer is not None
    link = person.answer.headers["Location"]
    client = here.app.test_client()
    first, second = client.get(link), client.get(link)
    assert (first.status_code, second.status_code) == (200, 403)
    assert first.headers["Content-Disposition"].startswith("attachment")
    assert token not in link


def test_no_secret_is_in_a_page_a_log_or_the_database(
    two_portals: tuple[Stage, Person, list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    here, person, paths = two_portals
    caplog.set_level("DEBUG")
    opening = here.opening(here.admin)
    secrets = [opening.fields["AUTH_ID"], opening.fields["REFRESH_ID"], here.server.ready["client_secret"]]
    here.launch(opening)
    for path in paths:
        person.post(path, {"session": person.token or ""} if person.signed_in else {})
        assert not any(secret in person.html for secret in secrets)
    here.server.stop()
    here.launch(opening)
    assert not any(secret in caplog.text for secret in secrets)
    here.db.rest_log.close()
    with here.db.engine.connect() as connection:
        connection.connection.driver_connection.text_factory = bytes  # type: ignore[union-attr]
        dump = "\n".join(
            str(row)
            for (table,) in connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type='table'"
            ).all()
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table.decode()}"').all()
        )
    assert not any(secret in dump for secret in secrets)
