"""Connecting a portal by incoming webhook."""

from collections.abc import Iterator

import pytest
import responses
from sqlalchemy import select

from connector.bitrix.credentials import Webhook
from connector.errors import AccessDenied, InsecureAddress, NotAWebhook, PortalNotKnown, TokenRefused
from connector.portals.access import open_client
from connector.portals.refs import all_portals, find_portal
from connector.portals.webhook import register_webhook
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Audit, Portal

URL = "https://portal.example/rest/7/s3cr3tk3y/"
ME = {"ID": "7", "ADMIN": True, "NAME": "Ada", "LAST_NAME": "Example"}


@pytest.fixture
def settings() -> Settings:
    return Settings.load()


@pytest.fixture
def portal() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{URL}profile", json={"result": ME})
        yield mock


def test_first_use_asks_who_we_are_and_the_next_costs_nothing(
    database: Database, settings: Settings, portal: responses.RequestsMock
) -> None:
    first = register_webhook(database, settings, URL)
    again = register_webhook(database, settings, URL + "crm.lead.list")
    assert first == again == find_portal(database, "portal.example")
    assert (first.key, first.host) == ("portal.example", "portal.example")
    assert len(portal.calls) == 1
    with database.read() as session:
        row = session.scalars(select(Portal)).one()
        assert (row.owner_id, row.owner_name, row.owner_is_admin) == (7, "Ada Example", True)
        assert session.scalars(select(Audit.action)).all() == ["webhook.connected"]


def test_new_key_replaces_the_old_one_of_the_same_portal(
    database: Database, settings: Settings, portal: responses.RequestsMock
) -> None:
    newer = "https://portal.example/rest/9/an0therk3y/"
    portal.post(f"{newer}profile", json={"result": {**ME, "ID": "9", "ADMIN": False}})
    first = register_webhook(database, settings, URL)
    assert register_webhook(database, settings, newer) == first
    with database.read() as session:
        row = session.scalars(select(Portal)).one()
        assert (row.owner_id, row.owner_is_admin, row.credential_version) == (9, False, 2)
        assert row.credential == {"url": Webhook.parse(newer).base}


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("portal.example", NotAWebhook),
        ("https://portal.example/crm/lead/list/", NotAWebhook),
        ("http://portal.example/rest/7/s3cr3tk3y/", InsecureAddress),
    ],
)
def test_what_is_not_a_webhook_is_never_called(
    database: Database, settings: Settings, portal: responses.RequestsMock, url: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        register_webhook(database, settings, url)
    assert len(portal.calls) == 0
    assert all_portals(database) == []


def test_refused_key_is_not_stored_and_not_shown(
    database: Database, settings: Settings, portal: responses.RequestsMock
) -> None:
    wrong = "https://portal.example/rest/7/wr0ngk3y/"
    portal.post(f"{wrong}profile", json={"error": "NO_AUTH_FOUND", "error_description": "no"}, status=401)
    with pytest.raises(TokenRefused) as caught:
        register_webhook(database, settings, wrong)
    assert "wr0ngk3y" not in str(caught.value) + caught.value.user_message()
    with pytest.raises(PortalNotKnown):
        find_portal(database, "portal.example")


def test_inactive_owner_is_refused(database: Database, settings: Settings) -> None:
    with responses.RequestsMock() as mock:
        mock.post(f"{URL}profile", json={"result": []})
        with pytest.raises(AccessDenied):
            register_webhook(database, settings, URL)


def test_opened_client_uses_the_stored_webhook(
    database: Database, settings: Settings, portal: responses.RequestsMock
) -> None:
    ref = register_webhook(database, settings, URL)
    portal.post(f"{URL}crm.settings.mode.get", json={"result": 1})
    client = open_client(database, settings, ref.id)
    assert client.call("crm.settings.mode.get").result == 1
    with pytest.raises(PortalNotKnown):
        open_client(database, settings, 99)
