"""Codes, renewals, moves and launches against the sandbox's OAuth server; secrets go where they may and nowhere else."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Literal

import pytest
import requests
import responses

from connector.bitrix import BitrixClient, OAuthToken, RenewingToken, WireSettings
from connector.bitrix.launch import Launch, verify_launch
from connector.bitrix.oauth import KNOWN_SERVERS, OAuthApp, OAuthClient, allow
from connector.errors import (
    AuthError,
    BadAnswer,
    BitrixError,
    GrantRevoked,
    InsecureAddress,
    LaunchRefused,
    NotSent,
    OAuthRefused,
    OutcomeUnknown,
    PaymentRequired,
    PortalGone,
    PortalMoved,
    TransportError,
    UntrustedHost,
)
from tests.bitrix.tokens import MemoryTokens, Recorder, recorded

ADMIN = 1
QUICK = WireSettings(first_pause=0.01, longest_pause=0.05, budget_seconds=30, read_timeout=20)
UNPROTECTED = {
    "access_token": "a",
    "refresh_token": "b",
    "expires_in": 3600,
    "member_id": "m",
    "client_endpoint": "http://evil.example/rest/",
}


@dataclass
class House:
    """A sandbox with our app installed, and our side of it."""

    server: Any
    oauth: OAuthClient
    store: MemoryTokens
    session: requests.Session
    recorder: Recorder

    @property
    def world(self) -> Any:
        return self.server.world

    def client(self, **options: Any) -> BitrixClient:
        return BitrixClient(
            RenewingToken(self.store, self.oauth), session=self.session, settings=QUICK, **options
        )

    def expire(self) -> None:
        for token in self.world.tokens.values():
            token.expires_at = min(token.expires_at, self.world.clock.now() - 1)

    def launch(self, **changes: Any) -> Launch:
        token = issue(self.server)
        given = Launch(
            auth_id=token.access,
            refresh_id=token.refresh,
            expires_in=3600,
            member_id=self.world.member_id,
            domain=self.world.host,
            server_endpoint=f"{self.world.oauth_url}/rest/",
            status="L",
        )
        return replace(given, **changes)

    def secrets(self) -> set[str]:
        found = {self.oauth.app.client_secret}
        for token in self.world.tokens.values():
            found |= {token.access, token.refresh}
        return found


def issue(server: Any, client_id: str = "", user_id: int = ADMIN) -> Any:
    from connector.sandbox.oauth import OAuthServer

    return OAuthServer(server.world).issue(client_id or server.ready["client_id"], user_id)


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    from connector.sandbox.server import SandboxServer

    with SandboxServer(leads=20, limits="off") as running:
        app = next(iter(running.world.apps.values()))
        app.present = app.installed = True
        yield running


def app_of(sandbox: Any, **changes: Any) -> OAuthApp:
    ready = sandbox.ready
    given = OAuthApp(
        ready["client_id"], ready["client_secret"], server=ready["oauth"], allowed=allow([ready["oauth"]])
    )
    return replace(given, **changes)


@pytest.fixture
def house(server: Any) -> House:
    session, recorder = recorded()
    oauth = OAuthClient(app_of(server), session=session, settings=QUICK)
    first = issue(server)
    token = OAuthToken(
        member_id=server.world.member_id,
        client_endpoint=f"{server.world.base_url}/rest/",
        access_token=first.access,
        refresh_token=first.refresh,
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    return House(server, oauth, MemoryTokens(token), session, recorder)


def shown(error: BaseException) -> str:
    parts = [*traceback.format_exception(error), repr(error)]
    seen: BaseException | None = error
    while seen is not None:
        parts.append(str(vars(seen)))
        seen = seen.__cause__ or seen.__context__
    return "".join(parts)


# ---- grants


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_code_becomes_a_token_of_the_portal(house: House, method: Literal["POST", "GET"]) -> None:
    from connector.sandbox.oauth import OAuthServer

    pages = OAuthServer(house.world)
    code = pages.code_for(house.oauth.app.client_id, ADMIN)
    answers = responses.RequestsMock()
    with answers:
        # The page that gives out codes has its own server object; answer as it would.
        token = pages.exchange(house.oauth.app.client_id, house.oauth.app.client_secret, code)
        answers.add(method, f"{house.world.oauth_url}/oauth/token/", json=pages.answer(token))
        made = OAuthClient(app_of(house.server, method=method)).exchange("the-code")
        request = answers.calls[0].request
    assert made.member_id == house.world.member_id
    assert made.portal == house.world.host
    assert made.user_id == ADMIN
    in_url = house.oauth.app.client_secret in str(request.url)
    assert in_url is (method == "GET")


def test_a_bad_code_is_refused_with_its_own_error(house: House) -> None:
    with pytest.raises(GrantRevoked):
        house.oauth.exchange("no-such-code")


def test_renewal_posts_a_form_and_keeps_secrets_out_of_urls(house: House) -> None:
    new = house.oauth.refresh(house.store.token)
    assert new.refresh_token != house.store.token.refresh_token
    assert [(method, url) for method, url, _ in house.recorder.sent] == [
        ("POST", f"{house.world.oauth_url}/oauth/token/")
    ]
    assert "client_secret=" in house.recorder.sent[0][2]


def test_wrong_application_keys_are_our_error(house: House) -> None:
    wrong = OAuthClient(app_of(house.server, client_secret="wrong-secret-value"))
    with pytest.raises(OAuthRefused) as caught:
        wrong.refresh(house.store.token)
    assert "wrong-secret-value" not in shown(caught.value)


def test_the_client_secret_goes_to_no_host_that_is_not_allowed(house: House) -> None:
    stranger = OAuthClient(app_of(house.server, allowed=KNOWN_SERVERS))
    with pytest.raises(UntrustedHost):
        stranger.refresh(house.store.token)


@pytest.mark.parametrize(
    "server_", ["http://oauth.example", "ftp://127.0.0.1", "", "https://u:p@oauth.bitrix.info"]
)
def test_only_safe_servers_can_be_allowed(server_: str) -> None:
    with pytest.raises(InsecureAddress):
        allow([server_])


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (402, {"error": "PAYMENT_REQUIRED"}, PaymentRequired),
        (400, {"error": "payment_required"}, PaymentRequired),
        (400, {"error": "invalid_grant"}, GrantRevoked),
        (401, {"error": "invalid_client"}, OAuthRefused),
        (400, {"error": "invalid_request"}, AuthError),
        (400, {"error": "brand_new"}, AuthError),
        (500, {"error": "x"}, TransportError),
        (503, "<html>", TransportError),
        (200, "<html>", BadAnswer),
        (302, "", BadAnswer),
        (200, {"access_token": "x"}, BadAnswer),
        (200, UNPROTECTED, BadAnswer),
    ],
)
def test_whatever_the_oauth_server_answers_is_one_named_error_without_a_secret(
    house: House, status: int, body: Any, kind: type[BitrixError]
) -> None:
    with responses.RequestsMock() as answers:
        given: dict[str, Any] = {"json": body} if isinstance(body, dict) else {"body": body}
        answers.post(f"{house.world.oauth_url}/oauth/token/", status=status, **given)
        with pytest.raises(kind) as caught:
            house.oauth.refresh(house.store.token)
        assert len(answers.calls) == 1
    for secret in house.secrets():
        assert secret not in shown(caught.value)


def test_a_lost_renewal_leaks_nothing_and_ends_the_lease(house: House) -> None:
    with responses.RequestsMock() as answers:
        body = requests.ConnectionError(f"https://x/?client_secret={house.oauth.app.client_secret}")
        answers.post(f"{house.world.oauth_url}/oauth/token/", body=body)
        with pytest.raises(TransportError) as caught:
            RenewingToken(house.store, house.oauth).renew(house.store.token)
    assert house.oauth.app.client_secret not in shown(caught.value)
    assert not house.store.leased


# ---- renewal inside calls


def test_an_expired_token_is_renewed_once_and_the_call_repeated(house: House) -> None:
    house.expire()
    before = len(house.world.leads)
    assert isinstance(house.client().call("crm.lead.add", {"fields": {"TITLE": "after expiry"}}).result, int)
    assert len(house.world.leads) == before + 1
    urls = [url.rsplit("/rest", 1)[-1].rsplit("/oauth", 1)[-1] for _, url, _ in house.recorder.sent]
    assert urls == ["/crm.lead.add", "/token/", "/crm.lead.add"]


def test_a_known_expiry_is_renewed_before_sending(house: House) -> None:
    house.expire()
    house.store.token = replace(house.store.token, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    house.client().call("profile")
    assert [url.rsplit("/", 2)[-2] for _, url, _ in house.recorder.sent] == ["token", "rest"]


@pytest.mark.parametrize("call", ["batch", "list"])
def test_batches_and_lists_survive_an_expiry_too(house: House, call: str) -> None:
    from connector.bitrix import Command

    house.expire()
    if call == "batch":
        commands = [Command(f"c{n}", "crm.lead.add", {"fields": {"TITLE": f"exp {n}"}}) for n in range(10)]
        before = len(house.world.leads)
        assert house.client().batch(commands).all_ok
        assert len(house.world.leads) == before + 10
    else:
        assert len(list(house.client().list("crm.lead.list"))) == len(house.world.leads)


def test_eight_threads_and_ten_expiries_are_ten_renewals(house: House) -> None:
    before = house.world.counters.get("oauth.renewals", 0)
    failures: list[BaseException] = []
    source = RenewingToken(house.store, house.oauth)

    def caller(barrier: threading.Barrier) -> None:
        client = BitrixClient(source)
        for _ in range(10):
            if barrier.wait() == 0:
                house.expire()
            barrier.wait()
            try:
                client.call("profile")
            except BaseException as error:
                failures.append(error)

    barrier = threading.Barrier(8)
    threads = [threading.Thread(target=caller, args=(barrier,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert house.world.counters.get("oauth.renewals", 0) - before == 10


def test_a_dead_grant_buries_the_portal_and_asks_no_more(house: House) -> None:
    house.expire()
    del house.world.refresh_tokens[house.store.token.refresh_token]
    with pytest.raises(GrantRevoked):
        house.client().call("profile")
    sent = len(house.recorder.sent)
    assert house.store.dead is not None
    assert house.store.dead.state == "grant_revoked"
    with pytest.raises(GrantRevoked):
        RenewingToken(house.store, house.oauth).current()
    assert len(house.recorder.sent) == sent


def test_a_deleted_portal_buries_itself(house: House) -> None:
    house.server.rest.dispatcher.faults.add(
        method="profile", kind="error", status=500, code="PORTAL_DELETED", times=1
    )
    with pytest.raises(PortalGone):
        house.client().call("profile")
    assert house.store.dead is not None
    assert house.store.dead.state == "portal_gone"


def test_an_oauth_server_that_is_down_leaves_a_write_certainly_unsent(house: House) -> None:
    house.expire()
    down = OAuthClient(
        app_of(house.server, server="http://127.0.0.1:9", allowed=("http://127.0.0.1:9",)), settings=QUICK
    )
    client = BitrixClient(RenewingToken(house.store, down), session=house.session, settings=QUICK)
    before = len(house.world.leads)
    with pytest.raises(NotSent):
        client.call("crm.lead.add", {"fields": {"TITLE": "x"}})
    assert len(house.world.leads) == before


def test_a_token_ended_early_by_somebody_elses_renewal_is_read_again(house: House) -> None:
    old = house.store.token
    stale = [old]

    class Source(RenewingToken):
        """Has handed out the old token once, as a thread that was slow to send would hold it."""

        def current(self) -> OAuthToken:
            return stale.pop() if stale else super().current()

    renewed = house.oauth.refresh(old)
    house.store.save(old, renewed)
    source = Source(house.store, house.oauth)
    client = BitrixClient(source, session=house.session)
    stale[:] = [old]
    assert client.call("profile").result
    assert house.store.token.version == 1


# ---- moves


@pytest.fixture
def stranger() -> Iterator[tuple[str, list[str]]]:
    """A server that notes whatever reaches it."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"result": true}')

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}", seen
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_an_unconfirmed_redirect_gets_nothing_not_even_a_token(
    house: House, stranger: tuple[str, list[str]]
) -> None:
    address, seen = stranger
    house.server.rest.dispatcher.faults.add(method="crm.lead.add", kind="redirect", location=address, times=1)
    with pytest.raises(PortalMoved) as caught:
        house.client().call("crm.lead.add", {"fields": {"TITLE": "x"}})
    assert seen == []
    assert address in caught.value.user_message()
    assert house.store.token.client_endpoint == f"{house.world.base_url}/rest/"
    assert not house.store.leased


def test_a_move_that_the_oauth_server_confirms_is_stored_and_the_call_posted_again(house: House) -> None:
    renamed = house.world.host.replace("127.0.0.1", "localhost")
    house.world.tokens[house.store.token.access_token].domain = renamed
    house.server.rest.dispatcher.faults.add(
        method="crm.lead.add", kind="redirect", location=f"http://{renamed}", times=1
    )
    before = len(house.world.leads)
    client = house.client()
    client.call("crm.lead.add", {"fields": {"TITLE": "moved"}})
    assert len(house.world.leads) == before + 1
    assert house.store.token.client_endpoint == f"http://{renamed}/rest/"
    assert client.portal == renamed
    assert [method for method, _, _ in house.recorder.sent] == ["POST"] * 3
    assert house.recorder.sent[-1][1] == f"http://{renamed}/rest/crm.lead.add"


def test_a_redirect_back_and_forth_ends(house: House) -> None:
    renamed = house.world.host.replace("127.0.0.1", "localhost")
    house.world.tokens[house.store.token.access_token].domain = renamed
    house.server.rest.dispatcher.faults.add(
        method="profile", kind="redirect", location=f"http://{renamed}", times=9
    )
    try:
        with pytest.raises(PortalMoved):
            house.client().call("profile")
    finally:
        house.server.rest.dispatcher.faults.clear()
    assert len(house.recorder.sent) == 3


# ---- launches


def test_a_true_launch_is_believed_and_names_the_user(house: House) -> None:
    believed = verify_launch(house.oauth, house.launch())
    assert believed.profile.id == ADMIN
    assert believed.profile.admin
    assert believed.token.user_id == ADMIN
    assert believed.domain == house.world.host


def test_a_launch_is_believed_whatever_the_case_or_scheme_of_its_domain(house: House) -> None:
    assert (
        verify_launch(house.oauth, house.launch(domain=f"HTTP://{house.world.host}/")).domain
        == house.world.host
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"member_id": "0" * 32},
        {"member_id": ""},
        {"domain": "attacker.example"},
        {"domain": ""},
        {"auth_id": "nonsense-token"},
        {"auth_id": ""},
        {"server_endpoint": "https://oauth.attacker.example/rest/"},
        {"server_endpoint": "http://oauth.bitrix.info/rest/"},
        {"server_endpoint": "https://oauth.bitrix.info@attacker.example/rest/"},
        {"server_endpoint": "https://oauth.bitrix.info.attacker.example/rest/"},
    ],
)
def test_a_false_launch_is_refused_and_nothing_leaves_for_its_addresses(
    house: House, changes: dict[str, str]
) -> None:
    launch = house.launch(**changes)
    with pytest.raises(LaunchRefused) as caught:
        verify_launch(house.oauth, launch)
    for _, url, _ in house.recorder.sent:
        assert url.startswith(house.world.oauth_url)
    assert launch.auth_id not in shown(caught.value) or not launch.auth_id
    assert "Nothing was stored" in caught.value.user_message()


def test_a_launch_with_another_apps_token_is_refused(house: House) -> None:
    from connector.sandbox.world import App

    house.world.apps["app.other"] = App(
        id=2, client_id="app.other", client_secret="x", code="other", present=True
    )
    try:
        token = issue(house.server, "app.other")
        with pytest.raises(LaunchRefused, match="another app"):
            verify_launch(house.oauth, house.launch(auth_id=token.access))
    finally:
        del house.world.apps["app.other"]


def test_a_server_endpoint_that_listens_but_is_not_allowed_hears_nothing(
    house: House, stranger: tuple[str, list[str]]
) -> None:
    address, seen = stranger
    with pytest.raises(LaunchRefused):
        verify_launch(house.oauth, house.launch(server_endpoint=f"{address}/rest/"))
    assert seen == []


def test_the_launch_token_is_sent_to_the_address_that_the_oauth_server_named(house: House) -> None:
    verify_launch(house.oauth, house.launch())
    assert [url for _, url, _ in house.recorder.sent] == [
        f"{house.world.oauth_url}/rest/app.info",
        f"{house.world.base_url}/rest/profile",
    ]
    assert all("auth=" not in url for _, url, _ in house.recorder.sent)


def test_an_oauth_server_that_is_down_is_no_refusal_of_the_launch(house: House) -> None:
    address = "http://127.0.0.1:9"
    down = OAuthClient(app_of(house.server, server=address, allowed=(address,)), settings=QUICK)
    with pytest.raises(TransportError):
        verify_launch(down, house.launch(server_endpoint=f"{address}/rest/"))


def test_a_write_lost_after_renewal_is_still_unknown(house: House) -> None:
    house.expire()
    house.server.rest.dispatcher.faults.add(method="crm.lead.add", kind="drop_after", times=1)
    before = len(house.world.leads)
    with pytest.raises(OutcomeUnknown):
        house.client().call("crm.lead.add", {"fields": {"TITLE": "x"}})
    assert len(house.world.leads) == before + 1
