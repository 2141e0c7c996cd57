"""The sandbox's OAuth server: codes, tokens, rotation and the documented errors, over HTTP where HTTP matters."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from b24pysdk.api.responses import BitrixAppInfoResponse

from connector.sandbox.oauth import OAuthError, OAuthServer, trusted_app_info
from connector.sandbox.server import SandboxServer
from connector.sandbox.world import Token, World
from tests.sandbox.worlds import ADMIN, CLIENT_ID, small_world


@pytest.fixture
def world() -> World:
    world = small_world()
    world.apps[CLIENT_ID].present = True
    return world


@pytest.fixture
def server(world: World) -> OAuthServer:
    return OAuthServer(world)


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(OAuthError) as error:
        action()
    return error.value.code


def test_a_code_works_once(server: OAuthServer) -> None:
    code = server.code_for(CLIENT_ID, ADMIN)
    token = server.exchange(CLIENT_ID, "not-a-secret", code)
    assert server.resolve(token.access) is token
    assert refusal(lambda: server.exchange(CLIENT_ID, "not-a-secret", code)) == "invalid_grant"


def test_a_code_ends_after_30_seconds(world: World, server: OAuthServer) -> None:
    code = server.code_for(CLIENT_ID, ADMIN)
    world.clock.advance(31)
    assert refusal(lambda: server.exchange(CLIENT_ID, "not-a-secret", code)) == "invalid_grant"


def test_an_access_token_ends_after_an_hour_and_its_refresh_token_does_not(
    world: World, server: OAuthServer
) -> None:
    token = server.issue(CLIENT_ID, ADMIN)
    world.clock.advance(3601)
    assert refusal(lambda: server.resolve(token.access)) == "expired_token"
    assert server.resolve(server.renew(CLIENT_ID, "not-a-secret", token.refresh).access)


def test_renewal_ends_both_halves_of_the_old_pair(server: OAuthServer) -> None:
    old = server.issue(CLIENT_ID, ADMIN)
    new = server.renew(CLIENT_ID, "not-a-secret", old.refresh)
    assert new.refresh != old.refresh
    assert refusal(lambda: server.resolve(old.access)) == "NO_AUTH_FOUND"
    assert refusal(lambda: server.renew(CLIENT_ID, "not-a-secret", old.refresh)) == "invalid_grant"


def test_a_refresh_token_ends_after_180_days(world: World, server: OAuthServer) -> None:
    token = server.issue(CLIENT_ID, ADMIN)
    world.clock.advance(181 * 86_400)
    assert refusal(lambda: server.renew(CLIENT_ID, "not-a-secret", token.refresh)) == "invalid_grant"


def test_two_logins_of_one_person_do_not_end_each_other(server: OAuthServer) -> None:
    first, second = server.issue(CLIENT_ID, ADMIN), server.issue(CLIENT_ID, ADMIN)
    server.renew(CLIENT_ID, "not-a-secret", second.refresh)
    assert server.resolve(first.access) is first


def test_a_wrong_secret_or_an_app_that_is_not_there_is_an_invalid_client(
    world: World, server: OAuthServer
) -> None:
    token = server.issue(CLIENT_ID, ADMIN)
    assert refusal(lambda: server.renew(CLIENT_ID, "wrong", token.refresh)) == "invalid_client"
    assert refusal(lambda: server.issue("local.other", ADMIN)) == "invalid_client"
    world.apps[CLIENT_ID].present = False
    assert refusal(lambda: server.renew(CLIENT_ID, "not-a-secret", token.refresh)) == "invalid_client"


def test_trusted_app_info_is_readable_by_the_official_sdk(world: World, server: OAuthServer) -> None:
    token = server.issue(CLIENT_ID, ADMIN, "demo.bitrix24.test", "https")
    time = {"start": 1, "finish": 1, "duration": 0, "processing": 0}
    dates = {"date_start": "2026-01-01T00:00:00+00:00", "date_finish": "2026-01-01T00:00:00+00:00"}
    answer: Any = {"result": trusted_app_info(world, token), "time": {**time, **dates}}
    result = BitrixAppInfoResponse.from_dict(answer).result
    assert (result.client_id, result.user_id) == (CLIENT_ID, ADMIN)
    assert (result.install.member_id, result.install.domain) == (world.member_id, "demo.bitrix24.test")
    assert result.install.client_endpoint == "https://demo.bitrix24.test/rest/"


@pytest.mark.parametrize("verb", ["get", "post"])
def test_the_whole_way_over_http(sandbox: Callable[..., Any], verb: str) -> None:
    portal = sandbox(leads=3)
    ready, app = portal.ready, portal.world.apps[portal.ready["client_id"]]
    app.present, app.redirect_uri = True, "http://127.0.0.1:9/back"
    query = {"client_id": app.client_id, "state": "s 1"}
    redirect = requests.get(
        f"{ready['portal']}/oauth/authorize/", params=query, allow_redirects=False, timeout=5
    )
    sent = parse_qs(urlsplit(redirect.headers["Location"]).query)
    assert redirect.headers["Location"].startswith(app.redirect_uri)
    assert sent["state"] == ["s 1"]
    assert sent["member_id"] == [ready["member_id"]]
    assert sent["domain"] == [urlsplit(ready["portal"]).netloc]
    form = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "client_secret": ready["client_secret"],
        "code": sent["code"][0],
    }
    call = getattr(requests, verb)
    answer = call(
        f"{ready['oauth']}/oauth/token/", **{"params" if verb == "get" else "data": form}, timeout=5
    ).json()
    assert answer["client_endpoint"] == f"{ready['portal']}/rest/"
    assert answer["domain"] == urlsplit(ready["oauth"]).netloc
    assert answer["expires_in"] == 3600
    assert {
        "access_token",
        "refresh_token",
        "expires",
        "scope",
        "status",
        "user_id",
        "server_endpoint",
    } <= set(answer)
    auth = {"auth": answer["access_token"]}
    info = requests.get(f"{answer['server_endpoint']}app.info", params=auth, timeout=5).json()["result"]
    assert info["client_id"] == app.client_id
    assert info["install"]["member_id"] == ready["member_id"]
    again = call(f"{ready['oauth']}/oauth/token/", **{"params" if verb == "get" else "data": form}, timeout=5)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x", "client_id": "y"}, "invalid_client"),
    ],
)
def test_bad_token_requests_are_named(sandbox: Callable[..., Any], form: dict[str, str], error: str) -> None:
    portal = sandbox(leads=1)
    answer = requests.get(f"{portal.ready['oauth']}/oauth/token/", params=form, timeout=5)
    assert answer.json()["error"] == error
    assert answer.status_code in (400, 401)


def token(portal: SandboxServer, refresh: str, **more: str) -> requests.Response:
    ready = portal.ready
    keys = {"client_id": ready["client_id"], "client_secret": ready["client_secret"]}
    form = {"grant_type": "refresh_token", "refresh_token": refresh, **keys, **more}
    return requests.post(f"{ready['oauth']}/oauth/token/", data=form, timeout=5)


def control(portal: SandboxServer, path: str, **data: Any) -> Any:
    answer = requests.post(portal.ready["control"] + path, json=data, timeout=5)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def installed(sandbox: Callable[..., SandboxServer]) -> tuple[SandboxServer, Token]:
    portal = sandbox(leads=1)
    control(portal, "app/install", finish=True)
    return portal, portal.events.oauth.issue(portal.ready["client_id"], 1)


def test_an_app_that_is_not_paid_for_gets_no_tokens_until_it_is(
    installed: tuple[SandboxServer, Token],
) -> None:
    portal, pair = installed
    control(portal, "app/payment", expired=True)
    refused = token(portal, pair.refresh)
    assert (refused.status_code, refused.json()["error"]) == (402, "PAYMENT_REQUIRED")
    info = requests.get(
        f"{portal.ready['oauth']}/rest/app.info", params={"auth": pair.access}, timeout=5
    ).json()
    assert info["result"]["PAYMENT_EXPIRED"] == "Y"
    page = requests.get(
        f"{portal.ready['portal']}/oauth/authorize/",
        params={"client_id": portal.ready["client_id"]},
        timeout=5,
    )
    assert "PAYMENT_REQUIRED" in page.text
    control(portal, "app/payment", expired=False)
    assert token(portal, pair.refresh).status_code == 200


@pytest.mark.parametrize(
    ("scope", "error"), [("crm,main", "insufficient_scope"), ("crm,everything", "invalid_scope")]
)
def test_asking_for_more_than_the_card_has_is_refused_and_ends_nothing(
    installed: tuple[SandboxServer, Token], scope: str, error: str
) -> None:
    portal, pair = installed
    assert token(portal, pair.refresh, scope=scope).json()["error"] == error
    assert token(portal, pair.refresh, scope="crm").status_code == 200


def test_a_renewal_whose_answer_is_lost_has_ended_the_old_pair(
    installed: tuple[SandboxServer, Token],
) -> None:
    portal, pair = installed
    control(portal, "faults", method="oauth.token", kind="drop_after", nth=[1])
    with pytest.raises(requests.ConnectionError):
        token(portal, pair.refresh)
    assert token(portal, pair.refresh).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("kind", ["drop_before", "html", "error", "redirect"])
def test_a_fault_before_a_renewal_leaves_the_pair_alive(
    installed: tuple[SandboxServer, Token], kind: str
) -> None:
    portal, pair = installed
    control(portal, "faults", method="oauth.token", kind=kind, times=1, location="http://127.0.0.1:9")
    with contextlib.suppress(requests.ConnectionError):
        assert "access_token" not in token(portal, pair.refresh).text
    assert token(portal, pair.refresh).status_code == 200


@pytest.mark.parametrize("kind", ["html_after", "error_after", "truncated"])
def test_a_fault_after_a_renewal_hides_a_pair_that_was_issued(
    installed: tuple[SandboxServer, Token], kind: str
) -> None:
    portal, pair = installed
    control(portal, "faults", method="oauth.token", kind=kind, times=1)
    answer = token(portal, pair.refresh)
    with pytest.raises((ValueError, KeyError)):
        answer.json()["access_token"]
    assert pair.revoked


def test_every_method_of_the_portal_does_not_mean_the_oauth_server(
    installed: tuple[SandboxServer, Token],
) -> None:
    portal, pair = installed
    control(portal, "faults", method="*", kind="error")
    assert token(portal, pair.refresh).status_code == 200
    control(portal, "faults", method="oauth.app.info", kind="error", status=503, code="OVERLOAD")
    answer = requests.get(f"{portal.ready['oauth']}/rest/app.info", params={"auth": "x"}, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (503, "OVERLOAD")


def test_authorising_an_app_that_is_not_installed_is_refused_on_the_page(sandbox: Callable[..., Any]) -> None:
    portal = sandbox(leads=1)
    query = {"client_id": portal.ready["client_id"]}
    page = requests.get(f"{portal.ready['portal']}/oauth/authorize/", params=query, timeout=5)
    assert page.status_code == 401
    assert "invalid_client" in page.text
    assert portal.ready["client_secret"] not in page.text
