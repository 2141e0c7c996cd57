"""The built-in settings form of an app without pages: asked for, shown, handed in, refused field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.sandbox.app_settings import AppSettings, FormRefused
from connector.sandbox.events import EventDelivery
from connector.sandbox.launch import Apps
from connector.sandbox.oauth import OAuthServer
from connector.sandbox.portal_page.app import create_app
from connector.sandbox.world import World
from tests.sandbox.worlds import ADMIN, CLIENT_ID, EMPLOYEE, small_world

FORM = {
    "title": "Connection",
    "version": "1",
    "steps": [
        {
            "id": "step1",
            "title": "API Key",
            "fields": [
                {"id": "api-key", "name": "api-key", "type": "input", "label": "Key"},
                {
                    "id": "country",
                    "name": "country",
                    "type": "dropdown-list",
                    "label": "Country",
                    "items": [{"value": "DE", "name": "Germany"}],
                },
            ],
        }
    ],
    "form": {"id": "f", "action": "https://app.example/save", "saveCaption": "Connect"},
}


class Answers:
    """An app that answers what it is told and remembers what it got."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.got: list[tuple[str, dict[str, str]]] = []

    def __call__(self, url: str, form: list[tuple[str, str]]) -> tuple[int, Any]:
        self.got.append((url, dict(form)))
        return self.answers.pop(0)


@pytest.fixture
def world() -> World:
    world = small_world()
    app = world.apps[CLIENT_ID]
    app.present, app.installed, app.application_token = True, True, "secret-token"
    app.settings_url = "https://app.example/settings"
    return world


def test_the_form_is_asked_for_with_the_documented_event(world: World) -> None:
    app, answers = world.apps[CLIENT_ID], Answers((200, FORM))
    form = AppSettings(world, OAuthServer(world), answers).form(app, world.users[ADMIN])
    url, got = answers.got[0]
    assert url == app.settings_url
    assert got["event"] == "OnAppSettingsDisplay"
    assert got["auth[application_token]"] == "secret-token"
    assert got["auth[user_id]"] == str(ADMIN)
    assert got["auth[refresh_token]"]
    assert [field.name for field in form.steps[0][2]] == ["api-key", "country"]
    assert form.steps[0][2][1].items == (("DE", "Germany"),)


def test_before_the_installation_is_finished_it_is_the_install_event(world: World) -> None:
    app, answers = world.apps[CLIENT_ID], Answers((200, FORM))
    app.installed = False
    AppSettings(world, OAuthServer(world), answers).form(app, world.users[ADMIN])
    assert answers.got[0][1]["event"] == "OnAppSettingsInstall"


@pytest.mark.parametrize(
    "answer", [(500, None), (200, {"title": "x"}), (200, {"form": {"action": "javascript:1"}})]
)
def test_what_is_no_form_is_refused(world: World, answer: tuple[int, Any]) -> None:
    settings = AppSettings(world, OAuthServer(world), Answers(answer))
    with pytest.raises(FormRefused):
        settings.form(world.apps[CLIENT_ID], world.users[ADMIN])


def test_what_was_entered_is_handed_in_and_errors_come_back_by_field(world: World) -> None:
    refusal = {"status": "error", "errors": [{"field": "api-key", "message": "wrong"}]}
    answers = Answers((400, refusal), (200, {"status": "success"}))
    settings = AppSettings(world, OAuthServer(world), answers)
    app, user = world.apps[CLIENT_ID], world.users[ADMIN]
    assert settings.save(app, user, "https://app.example/save", {"api-key": "1"}).errors == {
        "api-key": "wrong"
    }
    assert settings.save(app, user, "https://app.example/save", {"api-key": "2"}).accepted
    assert answers.got[1][1]["saveform"] == "Y"
    assert answers.got[1][1]["data[api-key]"] == "2"


def test_the_page_is_for_administrators(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    events = EventDelivery(world, OAuthServer(world))
    monkeypatch.setattr("connector.sandbox.app_settings.requests.post", _unreachable)
    client = create_app(world, events, Apps(world, events)).test_client()
    assert client.get(f"/marketplace/app/1/settings/?user_id={EMPLOYEE}").status_code == 404
    page = client.get(f"/marketplace/app/1/settings/?user_id={ADMIN}&lang=en")
    assert "does not answer" in page.text
    assert (
        client.post("/marketplace/app/1/settings/", headers={"Sec-Fetch-Site": "cross-site"}).status_code
        == 403
    )


def _unreachable(*_args: object, **_more: object) -> Callable[..., Any]:
    raise OSError("no")
