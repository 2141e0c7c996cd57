"""Inbound events: verified, kept, handled; forged ones leave no trace."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from connector.clock import FakeClock
from connector.portals.install import install
from connector.portals.opening import parse_opening
from connector.portals.tokens import DatabaseTokenStore
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Audit, InboundEvent, Portal
from tests.portals.bitrix24 import EVIL, Bitrix24, Grant, bitrix24, form, install_event, query
from webhooks import inbound
from webhooks.inbound import finish_pending, handle_event

Pairs = list[tuple[str, str]]


@pytest.fixture
def b24() -> Iterator[Bitrix24]:
    with bitrix24() as made:
        yield made


@pytest.fixture
def settings() -> Settings:
    return Settings.load(client_id="app.1", client_secret="tops3cret")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def installed(b24: Bitrix24, database: Database, settings: Settings) -> int:
    return install(database, settings, parse_opening(query(), form())).ref.id


def event(
    code: str, *, token: str = "apptoken", member_id: str = "m1", ts: str = "1763888400", **data: str
) -> Pairs:
    return [
        ("event", code),
        ("event_handler_id", "5"),
        ("ts", ts),
        *((f"data[{name}]", value) for name, value in data.items()),
        ("auth[member_id]", member_id),
        ("auth[domain]", "one.example"),
        ("auth[application_token]", token),
    ]


def events(db: Database) -> list[tuple[str, str]]:
    with db.read() as session:
        rows = session.scalars(select(InboundEvent).order_by(InboundEvent.id))
        return [(row.event, row.state) for row in rows]


def test_install_event_alone_installs(b24: Bitrix24, database: Database, settings: Settings) -> None:
    assert handle_event(database, settings, install_event()) == 200
    token = DatabaseTokenStore(database, 1).load()
    assert (token.refresh_token, token.portal) == ("event-refresh", "one.example")
    assert events(database) == [("ONAPPINSTALL", "handled")]


@pytest.mark.parametrize("event_first", [True, False])
def test_installer_page_and_event_in_either_order_are_one_install(
    event_first: bool, b24: Bitrix24, database: Database, settings: Settings
) -> None:
    steps = [
        lambda: handle_event(database, settings, install_event()),
        lambda: install(database, settings, parse_opening(query(), form())),
    ]
    for step in steps if event_first else reversed(steps):
        step()
    assert handle_event(database, settings, install_event()) == 200
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Portal)) == 1
        assert session.scalars(select(Audit.action)).all() == ["app.installed"]
    assert handle_event(database, settings, event("ONAPPUNINSTALL", CLEAN="0")) == 200


@pytest.mark.parametrize(
    "auth",
    [
        {"access_token": "made-up"},
        {"access_token": ""},
        {"access_token": "other-app"},
        {"access_token": "employee-token"},
        {"member_id": "m2"},
        {"domain": "evil.example"},
        {"server_endpoint": f"{EVIL}/rest/"},
    ],
)
def test_forged_install_event_leaves_no_trace(
    auth: dict[str, str], b24: Bitrix24, database: Database, settings: Settings
) -> None:
    b24.grants["other-app"] = Grant(client_id="app.2")
    assert handle_event(database, settings, install_event(**auth)) == 403
    assert set(b24.asked) <= {"oauth.bitrix.info", "one.example"}
    assert events(database) == []
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Portal)) == 0


def test_unreachable_oauth_server_is_not_a_refusal(database: Database, settings: Settings) -> None:
    nowhere = settings.model_copy(update={"oauth_servers": ["http://127.0.0.1:9"]})
    pairs = install_event(server_endpoint="http://127.0.0.1:9/rest/")
    assert handle_event(database, nowhere, pairs, clock=FakeClock()) == 503
    assert events(database) == []


@pytest.mark.parametrize(
    "pairs",
    [
        event("ONAPPUNINSTALL", token="wrong"),
        event("ONAPPUNINSTALL", token=""),
        event("ONAPPUNINSTALL", member_id="m2"),
        event("ONAPPUNINSTALL", member_id=""),
        [("event", "ONAPPUNINSTALL")],
    ],
)
def test_forged_event_is_refused_and_not_kept(
    pairs: Pairs, installed: int, database: Database, settings: Settings
) -> None:
    assert handle_event(database, settings, pairs) == 403
    assert events(database) == []
    assert DatabaseTokenStore(database, installed).load()


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("event", "")],
        [("data[ID]", "1")],
        [("a" + "[b]" * 20, "1")],
        [(f"data[{number}]", "x") for number in range(501)] + [("event", "ONCRMLEADADD")],
    ],
)
def test_what_is_not_an_event_is_told_so(pairs: Pairs, database: Database, settings: Settings) -> None:
    assert handle_event(database, settings, pairs) == 400


@pytest.mark.parametrize("clean", ["0", "1"])
def test_uninstall_event_deletes_credentials_and_coming_twice_does_no_harm(
    clean: str, installed: int, database: Database, settings: Settings
) -> None:
    pairs = event("ONAPPUNINSTALL", CLEAN=clean, LANGUAGE_ID="pl")
    assert handle_event(database, settings, pairs) == 200
    assert handle_event(database, settings, pairs) in (200, 403)
    with database.read() as session:
        rows = session.scalars(select(Portal)).all()
        assert [(row.state, row.credential) for row in rows] == (
            [] if clean == "1" else [("uninstalled", None)]
        )


def test_same_delivery_twice_is_kept_once(installed: int, database: Database, settings: Settings) -> None:
    first = event("oncrmleadadd", **{"FIELDS][ID": "7"})
    assert [handle_event(database, settings, first) for _ in range(2)] == [200, 200]
    assert (
        handle_event(database, settings, event("ONCRMLEADADD", ts="1763888401", **{"FIELDS][ID": "7"})) == 200
    )
    assert events(database) == [("ONCRMLEADADD", "ignored")] * 2


def test_event_whose_handling_broke_off_is_finished_later(
    installed: int, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(inbound, "_finish", lambda *_: None)
        assert handle_event(database, settings, event("ONAPPUNINSTALL", CLEAN="0")) == 200
    assert events(database) == [("ONAPPUNINSTALL", "received")]
    assert finish_pending(database) == 1
    assert finish_pending(database) == 0
    with database.read() as session:
        assert session.get_one(Portal, installed).state == "uninstalled"


def test_kept_event_is_encrypted(
    installed: int, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbound, "_finish", lambda *_: None)
    handle_event(database, settings, [*event("ONCRMLEADADD"), ("auth[access_token]", "very-secret")])
    with database.engine.connect() as connection:
        raw = connection.exec_driver_sql("SELECT payload FROM inbound_event").scalar_one()
    assert "very-secret" not in raw and raw.startswith("gAAAA")
