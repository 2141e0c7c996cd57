"""The whole life of an installation against the sandbox portal, over real HTTP: install, events, renewal, move of rights, uninstall."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import select

from connector.errors import AppUninstalled, GrantRevoked, LaunchRefused, TokenRefused
from connector.portals import audit, find_portal, install, launch, open_client, parse_opening, set_up
from connector.portals.manifest import app_manifest
from connector.portals.opening import Opening
from connector.portals.setup import compare
from connector.portals.tokens import DatabaseTokenStore
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import InboundEvent, Portal
from webhooks.inbound import handle_event

if TYPE_CHECKING:
    from connector.sandbox.server import SandboxServer


@dataclass
class Receiver:
    """Our side of the events: answers as the web room does."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    handle: Callable[[list[tuple[str, str]]], int] = lambda _: 500


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status = made.handle(parse_qsl(text, keep_blank_values=True))
            made.answers.append(status)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()


class Office:
    """A sandbox portal, its people, and our settings for its app."""

    def __init__(self, sandbox: Callable[..., Any], app_url: str) -> None:
        from connector.sandbox.launch import Address, Apps

        self.server: SandboxServer = sandbox(leads=3, app_url=f"{app_url}/", install_url=f"{app_url}/install")
        self.world = self.server.world
        self.apps = Apps(self.world, self.server.events)
        self.address = Address(self.world.host, "http")
        self.client_id = self.server.ready["client_id"]
        people = self.world.users.values()
        self.admin = next(user for user in people if user.is_admin and user.active)
        self.employee = next(user for user in people if not user.is_admin and user.active)
        self.settings = Settings.load(
            client_id=self.client_id,
            client_secret=self.server.ready["client_secret"],
            oauth_servers=self.server.ready["oauth"],
        )

    def opens(self, user: Any) -> Opening:
        """What Bitrix24 posts when this user opens the app."""
        posted = self.apps.open(self.client_id, user, "pl", self.address)
        return parse_opening(dict(parse_qsl(urlsplit(posted.action).query)), dict(posted.fields))


@pytest.fixture
def office(sandbox: Callable[..., Any], receiver: Receiver, database: Database) -> Office:
    made = Office(sandbox, receiver.url)
    receiver.handle = lambda pairs: handle_event(database, made.settings, pairs, later=lambda work: work())
    return made


def installed(office: Office, database: Database, receiver: Receiver) -> int:
    office.apps.install(office.client_id, office.admin)
    opened = install(database, office.settings, office.opens(office.admin))
    done = set_up(database, office.settings, opened.ref, receiver.url)
    assert done.missing == ()
    office.apps.finish(office.client_id, office.admin)
    assert office.server.events.drain()
    return opened.ref.id


def test_installation_from_the_first_page_to_the_event(
    office: Office, database: Database, receiver: Receiver
) -> None:
    portal_id = installed(office, database, receiver)
    assert receiver.answers and set(receiver.answers) == {200}
    with database.read() as session:
        assert set(session.scalars(select(InboundEvent.state))) == {"handled"}
        row = session.get_one(Portal, portal_id)
        assert (row.member_id, row.host) == (office.world.member_id, office.world.host)
        assert row.plan
    assert find_portal(database, office.world.host).id == portal_id
    assert open_client(database, office.settings, portal_id).call("crm.settings.mode.get").result == 1


def test_expired_token_is_renewed_and_the_call_repeated(
    office: Office, database: Database, receiver: Receiver
) -> None:
    portal_id = installed(office, database, receiver)
    before = DatabaseTokenStore(database, portal_id).load()
    office.world.clock.advance(3601)
    assert open_client(database, office.settings, portal_id).call("crm.settings.mode.get").result == 1
    after = DatabaseTokenStore(database, portal_id).load()
    assert after.version == before.version + 1
    assert after.refresh_token != before.refresh_token


def test_launch_of_an_employee_is_let_in_and_changes_no_credential(
    office: Office, database: Database, receiver: Receiver
) -> None:
    portal_id = installed(office, database, receiver)
    before = DatabaseTokenStore(database, portal_id).load()
    opened = launch(database, office.settings, office.opens(office.employee))
    assert (opened.ref.id, opened.viewer.user_id) == (portal_id, office.employee.id)
    assert not opened.viewer.is_admin
    assert opened.origin == office.world.base_url
    assert DatabaseTokenStore(database, portal_id).load() == before


def test_expired_launch_is_refused(office: Office, database: Database, receiver: Receiver) -> None:
    installed(office, database, receiver)
    opening = office.opens(office.admin)
    office.world.clock.advance(3601)
    with pytest.raises(LaunchRefused):
        launch(database, office.settings, opening)


def test_update_of_the_app_binds_again_what_the_portal_dropped(
    office: Office, database: Database, receiver: Receiver
) -> None:
    portal_id = installed(office, database, receiver)
    client = open_client(database, office.settings, portal_id)
    assert compare(client, app_manifest(), receiver.url).none
    slow: list[Callable[[], None]] = []
    receiver.handle = lambda pairs: handle_event(database, office.settings, pairs, later=slow.append)
    office.apps.update(office.client_id, office.admin)
    assert office.server.events.drain()
    assert not compare(client, app_manifest(), receiver.url).none
    for work in slow:
        work()
    assert compare(client, app_manifest(), receiver.url).none
    assert receiver.answers[-1] == 200
    assert "app.updated" in {entry.action for entry in audit.entries(database, portal_id)}


@pytest.mark.parametrize("clean", [False, True])
def test_uninstall_and_reinstall(clean: bool, office: Office, database: Database, receiver: Receiver) -> None:
    portal_id = installed(office, database, receiver)
    office.apps.uninstall(office.client_id, office.admin, clean=clean)
    assert office.server.events.drain()
    with database.read() as session:
        rows = session.scalars(select(Portal)).all()
        assert [row.credential for row in rows] == ([] if clean else [None])
    if not clean:
        with pytest.raises(AppUninstalled):
            open_client(database, office.settings, portal_id).call("crm.settings.mode.get")
    again = installed(office, database, receiver)
    assert open_client(database, office.settings, again).call("crm.settings.mode.get").result == 1


def test_refresh_token_that_died_puts_the_portal_into_a_named_state(
    office: Office, database: Database, receiver: Receiver
) -> None:
    portal_id = installed(office, database, receiver)
    office.world.refresh_tokens.clear()
    office.world.clock.advance(3601)
    client = open_client(database, office.settings, portal_id)
    for _ in range(2):
        with pytest.raises(GrantRevoked):
            client.call("crm.settings.mode.get")
    opened = launch(database, office.settings, office.opens(office.admin))
    assert opened.state == "active"
    assert client.call("crm.settings.mode.get").result == 1


def test_access_revoked_unheard_of_is_healed_by_the_next_administrator_only(
    office: Office, database: Database, receiver: Receiver
) -> None:
    portal_id = installed(office, database, receiver)
    for token in list(office.world.tokens.values()):
        token.revoked = True
    client = open_client(database, office.settings, portal_id)
    launch(database, office.settings, office.opens(office.employee))
    with pytest.raises(TokenRefused):
        client.call("crm.settings.mode.get")
    launch(database, office.settings, office.opens(office.admin))
    assert client.call("crm.settings.mode.get").result == 1
    assert audit.entries(database, portal_id)[0].action == "app.reauthorised"


def test_credential_of_somebody_who_is_no_administrator_any_more_is_replaced(
    office: Office, database: Database, receiver: Receiver
) -> None:
    portal_id = installed(office, database, receiver)
    office.admin.role = "employee"
    office.employee.role = "admin"
    launch(database, office.settings, office.opens(office.employee))
    with database.read() as session:
        row = session.get_one(Portal, portal_id)
        assert (row.owner_id, row.owner_is_admin) == (office.employee.id, True)
