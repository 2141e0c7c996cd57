"""Launches and installs: what is believed, what is stored, and what an attacker gets."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from connector.clock import FakeClock
from connector.errors import AppUninstalled, BadSetting, LaunchRefused, LeadswitchError, NotAllowed
from connector.portals import Action, audit, find_portal, may
from connector.portals.access import open_client
from connector.portals.install import install, set_up
from connector.portals.launch import launch
from connector.portals.manifest import app_manifest
from connector.portals.opening import parse_opening
from connector.portals.refs import portal_ref
from connector.portals.removal import uninstall
from connector.portals.rights import name_user
from connector.portals.setup import compare
from connector.portals.tokens import DatabaseTokenStore
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Portal
from tests.portals.bitrix24 import EVIL, Bitrix24, Grant, form, query

FORGED = {
    "a token nobody knows": ({}, {"AUTH_ID": "made-up"}),
    "no token": ({}, {"AUTH_ID": ""}),
    "a token of another app": ({}, {"AUTH_ID": "other-app"}),
    "a token of another portal": ({}, {"AUTH_ID": "other-portal"}),
    "another portal's member_id": ({}, {"member_id": "m2"}),
    "the attacker's domain": ({"DOMAIN": "evil.example"}, {}),
    "the attacker's domain as user info": ({"DOMAIN": "one.example@evil.example"}, {}),
    "the attacker's domain with a port": ({"DOMAIN": "one.example:444"}, {}),
    "the attacker's OAuth server": ({}, {"SERVER_ENDPOINT": f"{EVIL}/rest/"}),
    "an OAuth server that looks like ours": (
        {},
        {"SERVER_ENDPOINT": "https://oauth.bitrix.info.evil.example/rest/"},
    ),
    "an unprotected OAuth server": ({}, {"SERVER_ENDPOINT": "http://oauth.bitrix.info/rest/"}),
    "an OAuth server behind user info": (
        {},
        {"SERVER_ENDPOINT": "https://oauth.bitrix.info@evil.example/rest/"},
    ),
    "no member_id": ({}, {"member_id": ""}),
    "no domain": ({"DOMAIN": ""}, {}),
}


@pytest.mark.parametrize(("in_query", "in_form"), FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("entrance", [launch, install])
def test_forged_opening_stores_nothing_and_reaches_no_foreign_host(
    entrance: object,
    in_query: dict[str, str],
    in_form: dict[str, str],
    b24: Bitrix24,
    database: Database,
    settings: Settings,
) -> None:
    b24.grants["other-app"] = Grant(client_id="app.2")
    b24.grants["other-portal"] = Grant(member_id="m2", domain="two.example")
    with pytest.raises(LaunchRefused) as caught:
        entrance(database, settings, parse_opening(query(**in_query), form(**in_form)))  # type: ignore[operator]
    assert set(b24.asked) <= {"oauth.bitrix.info"}
    assert "admin-token" not in str(caught.value) + caught.value.user_message()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Portal)) == 0


def test_install_by_an_administrator_stores_the_credential(
    b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock
) -> None:
    opened = install(database, settings, parse_opening(query(), form()), clock=clock)
    assert (opened.ref.key, opened.ref.host, opened.origin) == ("m1", "one.example", "https://one.example")
    assert (opened.viewer.user_id, opened.viewer.is_admin, opened.language) == (1, True, "pl")
    token = DatabaseTokenStore(database, opened.ref.id).load()
    assert (token.access_token, token.refresh_token, token.user_id) == ("admin-token", "admin-refresh", 1)
    assert token.expires_at == clock.now() + timedelta(hours=1)
    assert [line.action for line in audit.entries(database, opened.ref.id)] == ["app.installed"]


def test_install_by_an_employee_changes_nothing(
    b24: Bitrix24, database: Database, settings: Settings
) -> None:
    with pytest.raises(NotAllowed):
        install(database, settings, parse_opening(query(), form(AUTH_ID="employee-token")))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Portal)) == 0


@pytest.mark.parametrize("token", ["admin-2", "employee-token"])
def test_launch_never_replaces_a_working_credential(
    token: str, b24: Bitrix24, database: Database, settings: Settings
) -> None:
    b24.grants["admin-2"] = Grant(user=2)
    first = install(database, settings, parse_opening(query(), form()))
    before = DatabaseTokenStore(database, first.ref.id).load()
    opened = launch(
        database, settings, parse_opening(query(), form(AUTH_ID=token, APPLICATION_TOKEN="forged"))
    )
    assert opened.ref == first.ref
    assert opened.viewer.user_id == b24.grants[token].user
    assert DatabaseTokenStore(database, first.ref.id).load() == before
    with database.read() as session:
        row = session.get_one(Portal, first.ref.id)
        assert row.owner_id == 1
        assert row.application_token_hash is not None
    again = install(database, settings, parse_opening(query(), form()))
    assert again.ref == first.ref


def test_ordinary_employee_gets_the_explanation_until_named(
    b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock
) -> None:
    admin = install(database, settings, parse_opening(query(), form()))
    opening = parse_opening(query(), form(AUTH_ID="employee-token"))
    assert not may(launch(database, settings, opening).viewer, Action.PLAN)
    name_user(database, admin.ref.id, admin.viewer, user_id=9, name="User 9", clock=clock)
    assert may(launch(database, settings, opening).viewer, Action.PLAN)


def test_first_launch_by_an_employee_is_sent_to_an_administrator(
    b24: Bitrix24, database: Database, settings: Settings
) -> None:
    with pytest.raises(AppUninstalled):
        launch(database, settings, parse_opening(query(), form(AUTH_ID="employee-token")))


@pytest.mark.parametrize("state", ["grant_revoked", "payment_required", "uninstalled"])
def test_administrator_who_opens_the_app_revives_a_dead_credential(
    state: str, b24: Bitrix24, database: Database, settings: Settings
) -> None:
    ref = install(database, settings, parse_opening(query(), form())).ref
    with database.begin() as session:
        session.get_one(Portal, ref.id).state = state
    b24.grants["admin-2"] = Grant(user=2)
    opened = launch(database, settings, parse_opening(query(), form(AUTH_ID="admin-2", REFRESH_ID="second")))
    assert opened.state == "active"
    assert DatabaseTokenStore(database, ref.id).load().refresh_token == "second"
    did = "app.installed" if state == "uninstalled" else "app.reauthorised"
    assert audit.entries(database, ref.id)[0].action == did


def test_portal_that_moved_keeps_its_row(b24: Bitrix24, database: Database, settings: Settings) -> None:
    ref = install(database, settings, parse_opening(query(), form())).ref
    b24.grants = {name: replace(grant, domain="new.example") for name, grant in b24.grants.items()}
    opened = launch(
        database, settings, parse_opening(query(DOMAIN="new.example"), form(AUTH_ID="employee-token"))
    )
    assert (opened.ref.id, opened.ref.host) == (ref.id, "new.example")
    assert find_portal(database, "new.example") == portal_ref(database, ref.id)
    assert DatabaseTokenStore(database, ref.id).load().client_endpoint == "https://new.example/rest/"
    with pytest.raises(LeadswitchError):
        find_portal(database, "one.example")


def test_reinstall_after_uninstall_works(
    b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock
) -> None:
    ref = install(database, settings, parse_opening(query(), form())).ref
    uninstall(database, ref.id, clean=False, clock=clock)
    again = install(database, settings, parse_opening(query(), form(REFRESH_ID="again")))
    assert again.ref == ref
    assert DatabaseTokenStore(database, ref.id).load().refresh_token == "again"


def test_install_binds_exactly_what_the_card_says(
    b24: Bitrix24, database: Database, settings: Settings
) -> None:
    ref = install(database, settings, parse_opening(query(), form())).ref
    b24.bound += [
        {"event": "ONCRMLEADADD", "handler": "https://old.example/events", "offline": 0},
        {"placement": "LEFT_MENU", "handler": "https://old.example/", "title": "old"},
    ]
    set_up(database, settings, ref, "https://app.example/")
    card = app_manifest()
    assert {row["event"] for row in b24.bound if "event" in row} == {event.value for event in card.events}
    assert {(row["placement"], row["handler"]) for row in b24.bound if "placement" in row} == {
        (place.code, "https://app.example/") for place in card.placements
    }
    again = set_up(database, settings, ref, "https://app.example")
    assert again.none
    assert compare(open_client(database, settings, ref.id), card, "https://app.example").none
    with database.read() as session:
        assert session.get_one(Portal, ref.id).plan == "pl_pro100"


def test_placement_that_the_portal_does_not_offer_is_left_out(
    b24: Bitrix24, database: Database, settings: Settings
) -> None:
    b24.placements = ["LEFT_MENU", "CRM_DEAL_LIST_TOOLBAR"]
    ref = install(database, settings, parse_opening(query(), form())).ref
    done = set_up(database, settings, ref, "https://app.example")
    assert done.missing == ("CRM_LEAD_LIST_TOOLBAR",)
    assert not any(row.get("placement") == "CRM_LEAD_LIST_TOOLBAR" for row in b24.bound)


def test_app_without_its_code_says_so(database: Database) -> None:
    with pytest.raises(BadSetting, match="LEADSWITCH_CLIENT_ID"):
        launch(database, Settings.load(), parse_opening(query(), form()))


@pytest.mark.parametrize(
    ("options", "expected"), [("", {}), ("[]", {}), ("{", {}), ('{"URI":"\\/crm\\/"}', {"URI": "/crm/"})]
)
def test_placement_options_are_read_when_they_are_readable(options: str, expected: dict[str, str]) -> None:
    assert parse_opening(query(), form(PLACEMENT_OPTIONS=options)).placement_options == expected


@pytest.mark.parametrize("expires", ["", "0", "-5", "999999999"])
def test_token_is_never_believed_to_live_longer_than_an_hour(expires: str) -> None:
    assert parse_opening(query(), form(AUTH_EXPIRES=expires)).launch.expires_in == 3600
