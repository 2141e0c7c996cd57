"""Renewal of a stored token: one at a time over threads and processes, stored before used, buried when dead."""

import json
import multiprocessing
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from connector.bitrix.credentials import OAuthToken, RenewingToken
from connector.clock import FakeClock
from connector.errors import AnswerLost, AppUninstalled, DeadCredential, GrantRevoked, PaymentRequired
from connector.portals.tokens import DatabaseTokenStore, sealed_token
from connector.store.database import Database
from connector.store.models import Portal
from tests.portals.contender import contend

ROUNDS = 10
PROCESSES = 3
THREADS = 8


def token(**values: object) -> OAuthToken:
    made = OAuthToken(
        member_id="m1",
        client_endpoint="https://portal.example/rest/",
        access_token="access-0",
        refresh_token="refresh-0",
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
        user_id=1,
        scope=("crm",),
        status="L",
    )
    return replace(made, **values)  # type: ignore[arg-type]


def store_portal(db: Database, **values: object) -> None:
    now = datetime.now(UTC)
    row: dict[str, object] = {
        "key": "m1",
        "member_id": "m1",
        "host": "portal.example",
        "client_endpoint": "https://portal.example/rest/",
        "kind": "oauth",
        "credential": sealed_token(token()),
        "created_at": now,
        "updated_at": now,
    }
    with db.begin() as session:
        session.add(Portal(**{"id": 1, **row, **values}))


class OneUseServer(ThreadingHTTPServer):
    """Hands out pairs; each refresh token works once, and slowly, so that contenders really overlap."""

    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.current = "refresh-0"
        self.renewals = 0
        self.refused = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: OneUseServer

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        with self.server.lock:
            good = form["refresh_token"] == [self.server.current]
            self.server.renewals += good
            self.server.refused += not good
            if good:
                self.server.current = f"refresh-{self.server.renewals}"
            answer = {
                "access_token": f"access-{self.server.renewals}",
                "refresh_token": self.server.current,
                "expires_in": 3600,
                "member_id": "m1",
                "client_endpoint": "https://portal.example/rest/",
                "scope": "crm",
                "status": "L",
                "user_id": 1,
            }
        time.sleep(0.05)
        body = json.dumps(answer if good else {"error": "invalid_grant"}).encode()
        self.send_response(200 if good else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def oauth_server() -> Iterator[OneUseServer]:
    server = OneUseServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_24_contenders_renew_exactly_once_per_expiry(
    any_database: Database, oauth_server: OneUseServer
) -> None:
    store_portal(any_database)
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(PROCESSES * THREADS)
    outcome = context.Queue()
    url = any_database.engine.url.render_as_string(hide_password=False)
    key = any_database.keyring._keys.texts[0]
    arguments = (start, url, key, oauth_server.url, ROUNDS, THREADS, outcome)
    processes = [context.Process(target=contend, args=arguments) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    problems = [problem for _ in processes for problem in outcome.get(timeout=120)]
    for process in processes:
        process.join(30)
    assert problems == []
    assert (oauth_server.renewals, oauth_server.refused) == (ROUNDS, 0)
    assert DatabaseTokenStore(any_database, 1).load().refresh_token == oauth_server.current


class Renewer:
    """Answers with `answers` in turn: a token, or an error to raise."""

    def __init__(self, *answers: OAuthToken | Exception) -> None:
        self.answers = list(answers)
        self.seen: list[OAuthToken] = []

    def refresh(self, token: OAuthToken) -> OAuthToken:
        self.seen.append(token)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def named_endpoint(self, token: OAuthToken) -> str:
        return "https://new.example/rest/"


def test_new_pair_is_stored_before_it_is_returned(database: Database) -> None:
    store_portal(database)
    source = RenewingToken(
        DatabaseTokenStore(database, 1), Renewer(token(access_token="a1", refresh_token="r1"))
    )
    new = source.renew(source.current())
    assert (new.version, new.access_token) == (1, "a1")
    with database.read() as session:
        row = session.get_one(Portal, 1)
        assert row.credential is not None and row.credential["refresh_token"] == "r1"
        assert row.lease_until is None


def test_expired_token_is_renewed_before_use(database: Database) -> None:
    clock = FakeClock()
    store_portal(database, credential=sealed_token(token(expires_at=clock.now() - timedelta(seconds=1))))
    store = DatabaseTokenStore(database, 1, clock=clock)
    source = RenewingToken(store, Renewer(token(access_token="a1")), clock=clock)
    assert source.current().access_token == "a1"


@pytest.mark.parametrize(
    ("error", "state"), [(GrantRevoked, "grant_revoked"), (PaymentRequired, "payment_required")]
)
def test_dead_credential_puts_the_portal_into_a_named_state(
    database: Database, error: type[DeadCredential], state: str
) -> None:
    store_portal(database)
    store = DatabaseTokenStore(database, 1)
    renewer = Renewer(error(code="CODE"))
    source = RenewingToken(store, renewer)
    with pytest.raises(error):
        source.renew(source.current())
    with pytest.raises(error):
        source.current()
    assert len(renewer.seen) == 1
    with database.read() as session:
        row = session.get_one(Portal, 1)
        assert (row.state, row.state_reason, row.lease_until) == (state, "CODE", None)


def test_lost_answer_leaves_the_credential_and_frees_the_lease(database: Database) -> None:
    store_portal(database)
    store = DatabaseTokenStore(database, 1)
    source = RenewingToken(store, Renewer(AnswerLost(), token(access_token="a1")))
    with pytest.raises(AnswerLost):
        source.renew(source.current())
    assert source.current().access_token == "access-0"
    assert source.renew(source.current()).access_token == "a1"


def test_lease_of_a_killed_process_runs_out(database: Database) -> None:
    clock = FakeClock()
    store_portal(database)
    killed = DatabaseTokenStore(database, 1, clock=clock)
    other = DatabaseTokenStore(database, 1, clock=clock)
    seen = killed.load()
    assert killed.take_lease(seen, 30)
    assert not other.take_lease(seen, 30)
    other.release(seen)
    assert not other.take_lease(seen, 30)
    clock.advance(31)
    assert other.take_lease(seen, 30)


def test_late_comer_cannot_overwrite_a_newer_pair(database: Database) -> None:
    store_portal(database)
    store = DatabaseTokenStore(database, 1)
    seen = store.load()
    assert store.save(seen, token(access_token="a1")) is not None
    assert store.save(seen, token(access_token="late")) is None
    store.bury(seen, GrantRevoked())
    assert store.load().access_token == "a1"
    assert not store.take_lease(seen, 30)


def test_confirmed_move_changes_the_address_of_the_portal(database: Database) -> None:
    store_portal(database)
    source = RenewingToken(DatabaseTokenStore(database, 1), Renewer())
    moved = source.moved(source.current(), "https://new.example/")
    assert moved.portal == "new.example"
    with database.read() as session:
        assert session.get_one(Portal, 1).host == "new.example"


def test_unknown_portal_counts_as_uninstalled(database: Database) -> None:
    with pytest.raises(AppUninstalled):
        DatabaseTokenStore(database, 7).load()
