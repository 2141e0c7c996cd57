"""Event delivery: documented form, once, no retry, lost and doubled on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connector.sandbox.events import EventDelivery, attach, flatten
from connector.sandbox.oauth import OAuthServer
from connector.sandbox.world import SYSTEM, Actor, World
from tests.sandbox.worlds import ACTOR, ADMIN, CLIENT_ID, EMPLOYEE, add_lead, small_world

URL = "http://handler.example/events"


class Recorder:
    """A handler that remembers what it was sent; `status` is what it answers."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.status = 200

    def __call__(self, url: str, form: list[tuple[str, str]]) -> int:
        self.forms.append(dict(form))
        if self.status == 0:
            raise OSError("refused")
        return self.status


@pytest.fixture
def world() -> World:
    world = small_world()
    app = world.apps[CLIENT_ID]
    app.present = app.installed = True
    app.application_token = "token-of-the-app"
    return world


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def delivery(world: World, recorder: Recorder) -> EventDelivery:
    delivery = EventDelivery(world, OAuthServer(world), recorder).start()
    world.on_event = delivery.accept
    return delivery


def bind(world: World, event: str, **more: Any) -> None:
    row = {
        "id": len(world.event_handlers) + 700,
        "event": event,
        "handler": URL,
        "auth_type": "0",
        "offline": 0,
    }
    world.event_handlers.append({**row, "client_id": CLIENT_ID, "connector": "", "options": {}, **more})


def test_the_form_has_bracket_keys_and_the_documented_auth_block(
    world: World, recorder: Recorder, delivery: EventDelivery
) -> None:
    bind(world, "ONCRMLEADADD")
    lead_id = add_lead(world)
    assert delivery.drain()
    form = recorder.forms[0]
    assert form["event"] == "ONCRMLEADADD"
    assert form["data[FIELDS][ID]"] == str(lead_id)
    assert form["event_handler_id"] == "700"
    assert form["auth[application_token]"] == "token-of-the-app"
    assert form["auth[member_id]"] == world.member_id
    assert form["auth[client_endpoint]"] == "http://127.0.0.1:8000/rest/"
    assert form["auth[server_endpoint]"] == "http://127.0.0.1:8001/rest/"
    assert delivery.oauth.resolve(form["auth[access_token]"]).user_id == ADMIN
    assert "auth[refresh_token]" not in form


def test_it_is_delivered_once_whatever_the_handler_answers(
    world: World, recorder: Recorder, delivery: EventDelivery
) -> None:
    bind(world, "ONCRMLEADADD")
    for status in (500, 0, 302):
        recorder.status = status
        add_lead(world)
        assert delivery.drain()
    assert len(recorder.forms) == 3
    assert [outcome.status for outcome in delivery.outcomes] == [500, 0, 302]


def test_a_robot_has_no_token_and_a_chosen_user_has(
    world: World, recorder: Recorder, delivery: EventDelivery
) -> None:
    bind(world, "ONCRMDEALADD")
    bind(world, "ONCRMDEALADD", auth_type=str(EMPLOYEE))
    world.emit("ONCRMDEALADD", {"ID": 5}, SYSTEM)
    assert delivery.drain()
    assert "auth[access_token]" not in recorder.forms[0]
    assert delivery.oauth.resolve(recorder.forms[1]["auth[access_token]"]).user_id == EMPLOYEE


def test_nothing_is_sent_before_the_installation_is_finished(
    world: World, recorder: Recorder, delivery: EventDelivery
) -> None:
    bind(world, "ONCRMLEADADD")
    world.apps[CLIENT_ID].installed = False
    add_lead(world)
    assert delivery.drain()
    assert recorder.forms == []


def test_comment_events_carry_the_id_directly(
    world: World, recorder: Recorder, delivery: EventDelivery
) -> None:
    bind(world, "ONCRMTIMELINECOMMENTADD")
    world.emit("ONCRMTIMELINECOMMENTADD", {"ID": 9}, ACTOR, flat=True)
    assert delivery.drain()
    assert recorder.forms[0]["data[ID]"] == "9"


def test_events_are_lost_and_doubled_on_request(
    world: World, recorder: Recorder, delivery: EventDelivery
) -> None:
    bind(world, "ONCRMLEADADD")
    world.settings.events_lose = 1
    add_lead(world)
    world.settings.events_repeat = 1
    doubled = add_lead(world)
    last = add_lead(world)
    assert delivery.drain()
    assert [int(form["data[FIELDS][ID]"]) for form in recorder.forms] == [doubled, doubled, last]


def test_delivery_waits_for_the_delay(world: World, recorder: Recorder) -> None:
    now = [100.0]
    delivery = EventDelivery(world, OAuthServer(world), recorder, lambda: now[0]).start()
    world.on_event = delivery.accept
    bind(world, "ONCRMLEADADD")
    world.settings.event_delay = 5.0
    add_lead(world)
    assert not delivery.drain(0.15)
    assert recorder.forms == []
    now[0] = 106.0
    assert delivery.drain()
    assert len(recorder.forms) == 1


def test_the_offline_queue_pings_its_app_and_not_for_its_own_doings(
    world: World, recorder: Recorder, delivery: EventDelivery
) -> None:
    bind(world, "ONCRMLEADADD", offline=1, handler="", connector="mine")
    bind(world, "ONOFFLINEEVENT", options={"minTimeout": 0})
    world.emit("ONCRMLEADADD", {"ID": 1}, Actor(user_id=ADMIN, client_id=CLIENT_ID, auth_connector="mine"))
    add_lead(world)
    assert delivery.drain()
    assert [form["event"] for form in recorder.forms] == ["ONOFFLINEEVENT"]
    assert recorder.forms[0]["auth[refresh_token]"]
    assert len(world.offline_queue) == 1


def test_pings_keep_their_distance(world: World, recorder: Recorder, delivery: EventDelivery) -> None:
    bind(world, "ONCRMLEADADD", offline=1, handler="")
    bind(world, "ONOFFLINEEVENT", options={"minTimeout": 30})
    add_lead(world)
    add_lead(world)
    world.clock.advance(31)
    add_lead(world)
    assert delivery.drain()
    assert len(recorder.forms) == 2


def test_php_writes_nested_forms_like_this() -> None:
    value = {"a": {"b": [1, {"c": "x"}]}, "yes": True, "none": None, "text": "ż"}
    assert list(flatten(value)) == [("a[b][0]", "1"), ("a[b][1][c]", "x"), ("yes", "1"), ("text", "ż")]


class _Handler(BaseHTTPRequestHandler):
    seen: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        type(self).seen.append((self.headers["Content-Type"], self.rfile.read(length)))
        self.send_response(503)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    handler = type("Handler", (_Handler,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", handler.seen  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def test_over_a_real_socket_it_is_a_form_and_not_repeated(
    world: World, receiver: tuple[str, list[tuple[str, bytes]]]
) -> None:
    url, seen = receiver
    delivery = attach(world)
    bind(world, "ONCRMLEADADD", handler=url)
    lead_id = add_lead(world)
    assert delivery.drain()
    assert len(seen) == 1
    assert seen[0][0] == "application/x-www-form-urlencoded"
    assert f"data%5BFIELDS%5D%5BID%5D={lead_id}".encode() in seen[0][1]
