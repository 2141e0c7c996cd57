"""Inbound events: verified, kept, handled; forged ones leave no trace."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select

from connector.clock import FakeClock
from connector.errors import PaymentRequired
from connector.portals.access import open_client
from connector.portals.credential import token_fits
from connector.portals.install import install, set_up
from connector.portals.opening import parse_opening
from connector.portals.refs import portal_ref
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


def hint(member_id: str = "m1") -> Pairs:
    """As the documentation shows it: without an application token (on-app-payment.md)."""
    said = {"CODE": "leadswitch", "VERSION": "1", "STATUS": "S", "PAYMENT_EXPIRED": "Y", "DAYS": "28"}
    return [
        ("event", "ONAPPPAYMENT"),
        ("ts", "1763888400"),
        *((f"data[{name}]", value) for name, value in said.items()),
        ("auth[member_id]", member_id),
        ("auth[domain]", "one.example"),
        ("auth[client_endpoint]", f"{EVIL}/rest/"),
        ("auth[server_endpoint]", f"{EVIL}/rest/"),
    ]


def at_once(work: Callable[[], None]) -> None:
    work()


def state_of(db: Database, portal_id: int) -> tuple[str, str]:
    with db.read() as session:
        row = session.get_one(Portal, portal_id)
        return row.state, row.plan


def events(db: Database) -> list[tuple[str, str]]:
    with db.read() as session:
        rows = session.scalars(select(InboundEvent).order_by(InboundEvent.id))
        return [(row.event, row.state) for row in rows]


def test_install_event_alone_installs(b24: Bitrix24, database: Database, settings: Settings) -> None:
    assert handle_event(database, settings, install_event()) == 200
    with database.read() as session:
        portal_id = session.scalars(select(Portal.id)).one()
    token = DatabaseTokenStore(database, portal_id).load()
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
    assert events(database) == [("ONCRMLEADADD", "received")] * 2


def test_an_event_that_nobody_knows_is_on_record_and_ignored(
    installed: int, database: Database, settings: Settings
) -> None:
    assert handle_event(database, settings, event("ONCRMCOMPANYADD", **{"FIELDS][ID": "7"})) == 200
    finish_pending(database, settings)
    assert events(database) == [("ONCRMCOMPANYADD", "ignored")]


def test_event_whose_handling_broke_off_is_finished_later(
    installed: int, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(inbound, "_finish", lambda *_: None)
        assert handle_event(database, settings, event("ONAPPUNINSTALL", CLEAN="0")) == 200
    assert events(database) == [("ONAPPUNINSTALL", "received")]
    assert finish_pending(database, settings) == 1
    assert finish_pending(database, settings) == 0
    with database.read() as session:
        assert session.get_one(Portal, installed).state == "uninstalled"


def test_kept_event_is_encrypted(
    installed: int, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbound, "_finish", lambda *_: None)
    handle_event(database, settings, [*event("ONCRMLEADADD"), ("auth[access_token]", "very-secret")])
    with database.engine.connect() as connection:
        raw = connection.exec_driver_sql("SELECT payload FROM inbound_event").scalar_one()
    assert raw.startswith("gAAAA")
    # What an event says of who acted is of no use to us, not even encrypted.
    assert "very-secret" not in database.keyring.open(raw)


def test_payment_event_makes_us_ask_and_is_not_believed(
    installed: int, b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock
) -> None:
    b24.asked.clear()
    assert handle_event(database, settings, hint(), clock=clock, later=at_once) == 200
    assert state_of(database, installed) == ("active", "pl_pro100")
    assert b24.asked == ["one.example"]
    assert events(database) == [("ONAPPPAYMENT", "handled")]


def test_payment_that_has_ended_is_noted_and_one_that_came_back_heals_the_portal(
    installed: int, b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock
) -> None:
    b24.info["PAYMENT_EXPIRED"] = "Y"
    handle_event(database, settings, hint(), clock=clock, later=at_once)
    assert state_of(database, installed)[0] == "payment_required"
    with pytest.raises(PaymentRequired):
        open_client(database, settings, installed, clock=clock).call("profile")
    b24.info["PAYMENT_EXPIRED"] = "N"
    clock.advance(600)
    handle_event(database, settings, hint(), clock=clock, later=at_once)
    assert state_of(database, installed)[0] == "active"
    assert open_client(database, settings, installed, clock=clock).call("profile").result


def test_refused_call_leaves_a_portal_waiting_for_payment(
    installed: int, b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock
) -> None:
    b24.refuse = ("PAYMENT_REQUIRED", 401)
    for _ in range(2):
        handle_event(database, settings, hint(), clock=clock, later=at_once)
        clock.advance(600)
        assert state_of(database, installed)[0] == "payment_required"
    assert [state for _, state in events(database)] == ["handled"] * 2


def test_many_hints_cost_one_question_and_leave_nothing_of_what_they_said(
    installed: int, b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock
) -> None:
    b24.asked.clear()
    kept: list[Callable[[], None]] = []
    assert {handle_event(database, settings, hint(), clock=clock, later=kept.append) for _ in range(20)} == {
        200
    }
    with database.read() as session:
        payload = session.scalars(select(InboundEvent.payload)).one()
    assert "evil" not in str(payload)
    assert "28" not in str(payload)
    for work in kept:
        work()
    assert len(b24.asked) == 1


def test_payment_event_of_a_stranger_is_refused(
    installed: int, b24: Bitrix24, database: Database, settings: Settings
) -> None:
    b24.asked.clear()
    assert handle_event(database, settings, hint("m2"), later=at_once) == 403
    assert (events(database), b24.asked) == ([], [])


def test_update_binds_again_what_the_portal_has_dropped(
    installed: int, b24: Bitrix24, database: Database, settings: Settings
) -> None:
    set_up(database, settings, portal_ref(database, installed), "https://app.example")
    bound = sorted(map(str, b24.bound))
    b24.bound.clear()
    update = [("event", "ONAPPUPDATE"), *install_event(application_token="newer")[1:]]
    assert handle_event(database, settings, update, later=at_once) == 200
    assert sorted(map(str, b24.bound)) == bound
    assert events(database) == [("ONAPPUPDATE", "handled")]
    with database.read() as session:
        assert token_fits(session.get_one(Portal, installed).application_token_hash, "newer")


def test_update_that_could_not_bind_is_tried_again(
    installed: int, b24: Bitrix24, database: Database, settings: Settings
) -> None:
    set_up(database, settings, portal_ref(database, installed), "https://app.example")
    count = len(b24.bound)
    b24.bound.clear()
    b24.refuse = ("ACCESS_DENIED", 403)
    update = [("event", "ONAPPUPDATE"), *install_event()[1:]]
    assert handle_event(database, settings, update, later=at_once) == 200
    assert (events(database), b24.bound) == ([("ONAPPUPDATE", "failed")], [])
    b24.refuse = None
    assert finish_pending(database, settings) == 1
    assert (events(database), len(b24.bound)) == ([("ONAPPUPDATE", "handled")], count)


def test_update_of_an_app_whose_address_is_unknown_is_left_to_its_installer(
    installed: int, b24: Bitrix24, database: Database, settings: Settings
) -> None:
    update = [("event", "ONAPPUPDATE"), *install_event()[1:]]
    assert handle_event(database, settings, update, later=at_once) == 200
    assert (events(database), b24.bound) == ([("ONAPPUPDATE", "handled")], [])


def test_slow_events_are_handled_beside_the_answer(
    installed: int, b24: Bitrix24, database: Database, settings: Settings
) -> None:
    waiting: list[Callable[[], None]] = []
    assert handle_event(database, settings, hint(), later=waiting.append) == 200
    assert events(database) == [("ONAPPPAYMENT", "received")]
    waiting[0]()
    assert events(database) == [("ONAPPPAYMENT", "handled")]
