"""Installing, opening and removing an app on the sandbox portal, with the documented POST and events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from b24pysdk.credentials import OAuthPlacementData

from connector.sandbox.events import EventDelivery
from connector.sandbox.launch import Address, Apps, Launch, LaunchRefused
from connector.sandbox.oauth import OAuthError, OAuthServer
from connector.sandbox.world import World
from tests.sandbox.worlds import ADMIN, CLIENT_ID, EMPLOYEE, small_world

HERE = Address("portal.example:8000", "http")


class Recorder:
    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, str]]] = []

    def __call__(self, url: str, form: list[tuple[str, str]]) -> int:
        self.sent.append((url, dict(form)))
        return 200


@pytest.fixture
def world() -> World:
    return small_world()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def events(world: World, recorder: Recorder) -> EventDelivery:
    delivery = EventDelivery(world, OAuthServer(world), recorder).start()
    world.on_event = delivery.accept
    return delivery


@pytest.fixture
def apps(world: World, events: EventDelivery) -> Apps:
    return Apps(world, events)


def open_app(apps: Apps, world: World, user_id: int = ADMIN, **more: Any) -> Launch:
    return apps.open(CLIENT_ID, world.users[user_id], "pl", HERE, **more)


def bind(world: World, event: str) -> None:
    row = {"id": 1, "event": event, "handler": "http://app.example/events", "auth_type": "0", "offline": 0}
    world.event_handlers.append({**row, "client_id": CLIENT_ID, "connector": "", "options": {}})


def test_the_post_has_exactly_the_documented_keys(apps: Apps, world: World) -> None:
    apps.install(CLIENT_ID, world.users[ADMIN])
    apps.finish(CLIENT_ID, world.users[ADMIN])
    launch = open_app(apps, world)
    query = {key: values[0] for key, values in parse_qs(urlsplit(launch.action).query).items()}
    assert query == {
        "DOMAIN": "portal.example:8000",
        "PROTOCOL": "0",
        "LANG": "pl",
        "APP_SID": launch.app_sid,
    }
    assert set(launch.fields) == {
        "AUTH_ID",
        "AUTH_EXPIRES",
        "REFRESH_ID",
        "SERVER_ENDPOINT",
        "APPLICATION_TOKEN",
        "APPLICATION_SCOPE",
        "member_id",
        "status",
        "PLACEMENT",
    }
    assert launch.fields["PLACEMENT"] == "DEFAULT"
    assert launch.fields["APPLICATION_SCOPE"] == "crm,placement"


def test_the_official_sdk_reads_the_post(apps: Apps, world: World) -> None:
    apps.install(CLIENT_ID, world.users[ADMIN])
    launch = open_app(apps, world)
    query = {key: values[0] for key, values in parse_qs(urlsplit(launch.action).query).items()}
    parsed = OAuthPlacementData.from_dict({**query, **launch.fields})
    assert parsed.member_id == world.member_id
    assert parsed.oauth_token.access_token == launch.fields["AUTH_ID"]


def test_the_installer_opens_until_install_finish_and_then_the_app(apps: Apps, world: World) -> None:
    admin = world.users[ADMIN]
    apps.install(CLIENT_ID, admin)
    first = open_app(apps, world, placement="LEFT_MENU", options={"ID": "1"})
    assert urlsplit(first.action).path == "/install"
    assert first.installing
    assert first.fields["PLACEMENT"] == "DEFAULT"
    apps.finish(CLIENT_ID, admin)
    second = open_app(apps, world)
    assert urlsplit(second.action).path == "/"
    assert not second.installing


def test_an_app_without_installer_is_installed_at_once(apps: Apps, world: World) -> None:
    world.apps[CLIENT_ID].install_url = ""
    assert apps.install(CLIENT_ID, world.users[ADMIN]).installed


def test_placement_options_are_json_as_php_writes_it(apps: Apps, world: World) -> None:
    world.apps[CLIENT_ID].install_url = ""
    apps.install(CLIENT_ID, world.users[ADMIN])
    options = {"URI": "/crm/deal/list/", "ID": "5"}
    launch = open_app(
        apps, world, placement="CRM_DEAL_LIST_TOOLBAR", options=options, handler="https://a.example/w?x=1"
    )
    assert launch.fields["PLACEMENT_OPTIONS"] == '{"URI":"\\/crm\\/deal\\/list\\/","ID":"5"}'
    assert parse_qs(urlsplit(launch.action).query)["x"] == ["1"]


def test_tokens_belong_to_the_person_who_opens(apps: Apps, world: World, events: EventDelivery) -> None:
    world.apps[CLIENT_ID].install_url = ""
    apps.install(CLIENT_ID, world.users[ADMIN])
    token = events.oauth.resolve(open_app(apps, world, EMPLOYEE).fields["AUTH_ID"])
    assert (token.user_id, token.domain) == (EMPLOYEE, "portal.example:8000")


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(LaunchRefused) as error:
        action()
    return error.value.key


def test_only_an_administrator_installs_finishes_updates_and_removes(apps: Apps, world: World) -> None:
    employee = world.users[EMPLOYEE]
    assert refusal(lambda: apps.install(CLIENT_ID, employee)) == "app.admins_only"
    apps.install(CLIENT_ID, world.users[ADMIN])
    assert refusal(lambda: open_app(apps, world, EMPLOYEE)) == "app.not_finished"
    assert refusal(lambda: apps.finish(CLIENT_ID, employee)) == "app.admins_only"
    assert refusal(lambda: apps.update(CLIENT_ID, employee)) == "app.admins_only"
    assert refusal(lambda: apps.uninstall(CLIENT_ID, employee)) == "app.admins_only"
    assert world.apps[CLIENT_ID].present


def test_install_event_goes_out_when_the_installation_is_finished(
    apps: Apps, world: World, events: EventDelivery, recorder: Recorder
) -> None:
    world.apps[CLIENT_ID].event_url = "http://app.example/card"
    apps.install(CLIENT_ID, world.users[ADMIN])
    assert events.drain()
    assert recorder.sent == []
    apps.finish(CLIENT_ID, world.users[ADMIN])
    apps.finish(CLIENT_ID, world.users[ADMIN])
    assert events.drain()
    assert len(recorder.sent) == 1
    url, form = recorder.sent[0]
    assert url == "http://app.example/card"
    assert form["event"] == "ONAPPINSTALL"
    assert (form["data[VERSION]"], form["data[INSTALLED]"], form["data[ACTIVE]"]) == ("1", "Y", "Y")
    assert form["auth[application_token]"] == world.apps[CLIENT_ID].application_token
    assert form["auth[refresh_token]"]


def test_uninstall_kills_tokens_and_tells_the_app_without_any(
    apps: Apps, world: World, events: EventDelivery, recorder: Recorder
) -> None:
    world.apps[CLIENT_ID].install_url = ""
    apps.install(CLIENT_ID, world.users[ADMIN])
    access = open_app(apps, world).fields["AUTH_ID"]
    secret = world.apps[CLIENT_ID].application_token
    bind(world, "ONAPPUNINSTALL")
    world.placements.append({"client_id": CLIENT_ID, "placement": "LEFT_MENU", "handler": "x"})
    world.app_options[CLIENT_ID] = {"kept": "yes"}
    apps.uninstall(CLIENT_ID, world.users[ADMIN])
    assert events.drain()
    form = recorder.sent[-1][1]
    assert form["event"] == "ONAPPUNINSTALL"
    assert form["data[CLEAN]"] == "0"
    assert form["auth[application_token]"] == secret
    assert "auth[access_token]" not in form
    with pytest.raises(OAuthError):
        events.oauth.resolve(access)
    assert world.event_handlers == []
    assert world.placements == []
    assert world.app_options[CLIENT_ID] == {"kept": "yes"}
    assert refusal(lambda: open_app(apps, world)) == "app.not_on_portal"


def test_uninstall_with_clean_removes_stored_options_and_reinstalling_works(
    apps: Apps, world: World, events: EventDelivery
) -> None:
    admin = world.users[ADMIN]
    apps.install(CLIENT_ID, admin)
    apps.finish(CLIENT_ID, admin)
    first = world.apps[CLIENT_ID].application_token
    world.app_options[CLIENT_ID] = {"a": 1}
    world.user_options[(CLIENT_ID, ADMIN)] = {"b": 2}
    apps.ran(CLIENT_ID, admin)
    apps.uninstall(CLIENT_ID, admin, clean=True)
    assert world.app_options == {}
    assert world.user_options == {}
    apps.install(CLIENT_ID, admin)
    assert apps.first_run(CLIENT_ID, admin)
    assert open_app(apps, world).installing
    assert world.apps[CLIENT_ID].application_token not in ("", first)


def test_update_drops_handlers_runs_the_installer_again_and_says_both_versions(
    apps: Apps, world: World, events: EventDelivery, recorder: Recorder
) -> None:
    admin = world.users[ADMIN]
    apps.install(CLIENT_ID, admin)
    apps.finish(CLIENT_ID, admin)
    bind(world, "ONAPPUPDATE")
    apps.update(CLIENT_ID, admin)
    assert events.drain()
    form = recorder.sent[-1][1]
    assert (form["data[PREVIOUS_VERSION]"], form["data[VERSION]"]) == ("1", "2")
    assert form["auth[application_token]"] == world.apps[CLIENT_ID].application_token
    assert world.event_handlers == []
    assert open_app(apps, world).installing
