"""Our requests have the documented shape, and the official ones survive our encoding."""

from __future__ import annotations

import json
from typing import Any

import pytest
import responses
from responses import matchers

from connector.bitrix import BitrixClient, Command, OAuthToken, Webhook
from connector.bitrix.calls import METHODS
from connector.bitrix.encoding import fits_query, normalise, php_query
from connector.bitrix.launch import OneToken
from connector.bitrix.oauth import OAuthApp, OAuthClient
from connector.clock import FakeClock
from connector.errors import BitrixError
from tests.bitrix.php import parse_str
from tests.contract.examples import examples, name_of

WEBHOOK = "https://portal.example/rest/1/key/"
REQUESTS = [
    entry
    for entry in examples("request")
    if entry["method"] in METHODS
    and isinstance(entry["body"], dict)
    and not {"url", "query"} <= set(entry["body"])
]


def plain(value: Any) -> Any:
    """As text, the only type of a query string; booleans in the spelling of CRM fields."""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else str(value)


def listed(value: Any) -> Any:
    """PHP cannot tell a map with keys 0..n-1 from a list."""
    if isinstance(value, dict):
        inner = {key: listed(item) for key, item in value.items()}
        return list(inner.values()) if list(inner) == [str(n) for n in range(len(inner))] else inner
    return [listed(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("entry", REQUESTS, ids=name_of)
def test_official_parameters_survive_a_batch(entry: dict[str, Any]) -> None:
    body = {key: value for key, value in entry["body"].items() if key != "auth"}
    sent = normalise(body)
    assert isinstance(sent, dict)
    if fits_query(sent):
        expected = {key: listed(value) for key, value in plain(body).items()}
        assert parse_str(php_query(sent)) == expected
    else:
        # null, [] and {} cannot travel in a query; such a command goes alone as JSON, unchanged.
        assert json.loads(json.dumps(sent)) is not None


@pytest.mark.parametrize("entry", [e for e in REQUESTS if "auth" in e["body"]][:20], ids=name_of)
def test_a_call_posts_json_with_the_token_in_auth_as_documented(entry: dict[str, Any]) -> None:
    token = OAuthToken("m", "https://portal.example/rest/", "the-token", "r", FakeClock().now())
    body = {key: value for key, value in entry["body"].items() if key != "auth"}
    with responses.RequestsMock() as portal:
        portal.post(f"https://portal.example/rest/{entry['method']}", json={"result": True})
        BitrixClient(OneToken(token), clock=FakeClock()).call(entry["method"], body)
        request = portal.calls[0].request
    sent = json.loads(request.body or "{}")
    assert set(sent) == set(entry["body"])
    assert sent["auth"] == "the-token"
    assert str(request.headers["Content-Type"]).startswith("application/json")
    assert request.headers["Accept"] == "application/json"


def test_a_batch_has_the_documented_shape() -> None:
    official = next(e["body"] for e in examples("request") if e["method"] == "batch" and "cmd" in e["body"])
    with responses.RequestsMock() as portal:
        portal.post(
            f"{WEBHOOK}batch", json={"result": {"result": {"get_user": {"ID": "1"}}, "result_error": []}}
        )
        BitrixClient(Webhook.parse(WEBHOOK), clock=FakeClock()).batch([Command("get_user", "user.current")])
        sent = json.loads(portal.calls[0].request.body or "{}")
    assert sent == {"halt": official["halt"], "cmd": {"get_user": official["cmd"]["get_user"]}}


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_renewal_sends_exactly_the_documented_parameters(method: Any) -> None:
    official = next(
        e["body"]["query"]
        for e in examples("request")
        if e["method"] == "oauth.token" and e["body"]["query"]["grant_type"] == "refresh_token"
    )
    answer = next(e["body"] for e in examples("response") if e["method"] == "oauth.token")
    app = OAuthApp(official["client_id"], official["client_secret"], method=method)
    token = OAuthToken(
        answer["member_id"], answer["client_endpoint"], "old", official["refresh_token"], FakeClock().now()
    )
    match = matchers.urlencoded_params_matcher if method == "POST" else matchers.query_param_matcher
    with responses.RequestsMock() as server:
        server.add(method, "https://oauth.bitrix.info/oauth/token/", json=answer, match=[match(official)])
        new = OAuthClient(app, clock=FakeClock()).refresh(token)
        url = str(server.calls[0].request.url)
    assert (official["client_secret"] in url) is (method == "GET")
    assert (new.access_token, new.refresh_token) == (answer["access_token"], answer["refresh_token"])
    assert (new.user_id, new.scope, new.status) == (67, ("crm", "entity", "im", "task"), "F")
    assert (new.expires_at - FakeClock().now()).total_seconds() == answer["expires_in"]


@pytest.mark.parametrize("entry", [e for e in examples("error") if "error" in e["body"]], ids=name_of)
def test_every_official_error_answer_becomes_one_exception_that_keeps_its_facts(
    entry: dict[str, Any],
) -> None:
    status = entry["http_status"] or 400
    with responses.RequestsMock(assert_all_requests_are_fired=False) as portal:
        portal.post(f"{WEBHOOK}{entry['method']}", json=entry["body"], status=status)
        with pytest.raises(BitrixError) as caught:
            BitrixClient(Webhook.parse(WEBHOOK), clock=FakeClock()).call(entry["method"])
    raw = entry["body"]["error"]
    code = raw["code"] if isinstance(raw, dict) else str(raw)
    error = getattr(caught.value, "cause", caught.value)
    assert error.code == code
    assert error.http_status == status
    assert "%(" not in error.user_message()
