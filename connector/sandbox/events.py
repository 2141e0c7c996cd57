"""Delivery of events to bound handlers: once, form-encoded, a little later, in a thread of its own, never repeated.

Wire form: api-reference/events/index.md (bracket keys, `auth` block with `application_token`); behaviour:
settings/performance/queue.md (no retry, whatever the handler answers). Tokens are those of the acting employee, or
of the handler's `auth_type`; a robot's doings carry none. It never runs inside the request that caused the event.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import requests

from connector.sandbox.oauth import ACCESS_SECONDS, OAuthServer, endpoint, server_endpoint
from connector.sandbox.world import App, Event, Token, World

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
LONG_ACCESS = frozenset({"ONAPPINSTALL", "ONAPPUPDATE", "ONOFFLINEEVENT"})
"""Events whose `auth` carries a refresh_token (api-reference/events/index.md)."""
OFFLINE_PING = "ONOFFLINEEVENT"
POLL_SECONDS = 0.02


class Post(Protocol):
    """Sends one form; raises OSError (as `requests` does) when the handler cannot be reached."""

    def __call__(self, url: str, form: list[tuple[str, str]]) -> int: ...


def post_form(url: str, form: list[tuple[str, str]]) -> int:
    """POST the form and answer the HTTP status."""
    headers = {"User-Agent": "Bitrix24 Webhook Engine (sandbox)"}
    return requests.post(
        url, data=form, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
    ).status_code


def flatten(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """PHP's `http_build_query`: nested maps and lists as bracket keys, booleans as 1/0, null left out."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flatten(inner, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from flatten(inner, f"{name}[{position}]")
    elif value is not None:
        yield name, str(int(value)) if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One form on its way. `due` in real seconds (monotonic)."""

    url: str
    code: str
    form: tuple[tuple[str, str], ...]
    due: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery: the HTTP status, or 0 when nobody answered; `lost` on request only."""

    code: str
    url: str
    status: int
    lost: bool = False


class EventDelivery:
    """The portal's outgoing queue. `start()` runs it; `drain()` waits until it is empty."""

    def __init__(
        self,
        world: World,
        oauth: OAuthServer,
        post: Post = post_form,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._world = world
        self.oauth = oauth
        self._post = post
        self._monotonic = monotonic
        self._queue: SimpleQueue[Delivery] = SimpleQueue()
        self._pinged: dict[tuple[str, str], float] = {}
        self._thread: threading.Thread | None = None
        self._open = 0
        self._idle = threading.Condition()
        self.outcomes: deque[Outcome] = deque(maxlen=5_000)

    def start(self) -> EventDelivery:
        """Serve the queue from a daemon thread."""
        self._thread = threading.Thread(target=self._run, name="sandbox-events", daemon=True)
        self._thread.start()
        return self

    def drain(self, timeout: float = 10.0) -> bool:
        """Wait until nothing is queued or on its way; False when *timeout* seconds were not enough."""
        with self._idle:
            return self._idle.wait_for(lambda: self._open == 0, timeout)

    def accept(self, event: Event) -> None:
        """`World.on_event`: queue the event for every online handler of an installed app. Called inside the lock."""
        offline_apps = set()
        for handler in list(self._world.event_handlers):
            if handler["event"] != event.code:
                continue
            if handler["offline"]:
                if not handler.get("connector") or handler["connector"] != event.actor.auth_connector:
                    offline_apps.add(str(handler["client_id"]))
                continue
            app = self._world.apps.get(handler["client_id"])
            if app is None or not app.installed:
                continue
            data = dict(event.fields) if event.flat else {"FIELDS": dict(event.fields)}
            speaker = self._speaker(event, handler)
            self._enqueue(app, handler, event.code, data=data, user_id=speaker, moment=event.moment)
        for client_id in offline_apps:
            self._ping(client_id, event)

    def app_event(
        self, app: App, code: str, data: Mapping[str, Any], user_id: int | None, *, handlers: bool = True
    ) -> None:
        """ONAPPINSTALL, ONAPPUPDATE, ONAPPUNINSTALL, …: to the card's event URL and to bound handlers.

        *user_id* None leaves the tokens out, as after an uninstallation (settings/app-uninstallation.md).
        """
        with self._world.lock:
            bound = [
                handler
                for handler in self._world.event_handlers
                if handlers
                and handler["event"] == code
                and handler["client_id"] == app.client_id
                and not handler["offline"]
            ]
            urls = {str(handler["handler"]) for handler in bound}
            if app.event_url and app.event_url not in urls:
                bound.append({"id": 0, "handler": app.event_url})
            for handler in bound:
                self._enqueue(app, handler, code, data=data, user_id=user_id, moment=self._world.clock.now())

    def call_robot(self, robot: Mapping[str, Any], document: tuple[str, str, str]) -> str:
        """A record has come to an application's robot: its HANDLER is told, and a step waits for `bizproc.event.send`.

        Keys as in tutorials/bizproc/activity.md; `auth` as in an event. Answers the EVENT_TOKEN. *document* as in DOCUMENT_ID.
        """
        world = self._world
        with world.lock:
            app = world.apps[robot["client_id"]]
            row_id = world.next_id("workflow_instance")
            token = f"{row_id}|{world.random.getrandbits(160):040x}"
            world.workflow_instances.insert(
                {
                    "ID": row_id,
                    "CODE": f"robot.{row_id}",
                    "ENTITY": document[1],
                    "DOCUMENT_ID": document[2],
                    "STARTED": world.now(),
                    "STARTED_BY": app.installed_by,
                    "TEMPLATE_ID": 0,
                    "EVENT_TOKEN": token,
                }
            )
            body = {
                "workflow_id": f"robot.{row_id}",
                "code": robot["CODE"],
                "document_id": list(document),
                "document_type": [document[0], document[1], document[2].rsplit("_", 1)[0]],
                "event_token": token,
                "properties": {},
                "use_subscription": robot.get("USE_SUBSCRIPTION") or "Y",
                "timeout_duration": 0,
                "ts": str(int(world.clock.now())),
                "auth": self._auth(app, "", app.installed_by),
            }
            with self._idle:
                self._open += 1
            due = self._monotonic() + max(world.settings.event_delay, 0.0)
            self._queue.put(Delivery(str(robot["HANDLER"]), "BIZPROC.ROBOT", tuple(flatten(body)), due))
            return token

    def _speaker(self, event: Event, handler: Mapping[str, Any]) -> int | None:
        auth_type = str(handler.get("auth_type") or "0")
        if auth_type.isdecimal() and int(auth_type) > 0:
            return int(auth_type)
        return None if event.actor.kind == "robot" else event.actor.user_id

    def _ping(self, client_id: str, event: Event) -> None:
        for handler in self._world.event_handlers:
            if handler["event"] != OFFLINE_PING or handler["client_id"] != client_id or handler["offline"]:
                continue
            gap = float((handler.get("options") or {}).get("minTimeout", 1))
            key, now = (client_id, str(handler["handler"])), self._world.clock.now()
            if now - self._pinged.get(key, float("-inf")) < gap:
                continue
            self._pinged[key] = now
            app = self._world.apps[client_id]
            if app.installed:
                speaker = self._speaker(event, handler)
                self._enqueue(app, handler, OFFLINE_PING, data={}, user_id=speaker, moment=event.moment)

    def _enqueue(
        self,
        app: App,
        handler: Mapping[str, Any],
        code: str,
        *,
        data: Mapping[str, Any],
        user_id: int | None,
        moment: float,
    ) -> None:
        settings = self._world.settings
        copies = 1
        if settings.events_lose > 0:
            settings.events_lose -= 1
            self.outcomes.append(Outcome(code, str(handler["handler"]), 0, lost=True))
            return
        if settings.events_repeat > 0:
            settings.events_repeat -= 1
            copies = 2
        body = {
            "event": code,
            "event_handler_id": handler["id"],
            "data": dict(data),
            "ts": str(int(moment)),
            "auth": self._auth(app, code, user_id),
        }
        due = self._monotonic() + max(settings.event_delay, 0.0)
        for _ in range(copies):
            with self._idle:
                self._open += 1
            self._queue.put(Delivery(str(handler["handler"]), code, tuple(flatten(body)), due))

    def _auth(self, app: App, code: str, user_id: int | None) -> dict[str, Any]:
        world = self._world
        auth: dict[str, Any] = {
            "domain": world.host,
            "client_endpoint": f"{world.base_url}/rest/",
            "server_endpoint": server_endpoint(world),
            "member_id": world.member_id,
            "status": app.status,
            "application_token": app.application_token,
        }
        if user_id is None or not app.present:
            return auth
        token: Token = self.oauth.issue(app.client_id, user_id)
        auth |= {
            "access_token": token.access,
            "expires_in": str(ACCESS_SECONDS),
            "scope": ",".join(token.scopes),
            "client_endpoint": endpoint(token, world),
        }
        if code in LONG_ACCESS:
            auth["refresh_token"] = token.refresh
        return auth

    def _run(self) -> None:
        waiting: list[Delivery] = []
        while True:
            try:
                waiting.append(self._queue.get(timeout=POLL_SECONDS if waiting else None))
                continue
            except Empty:
                pass
            now = self._monotonic()
            for delivery in [item for item in waiting if item.due <= now]:
                waiting.remove(delivery)
                self._send(delivery)

    def _send(self, delivery: Delivery) -> None:
        try:
            status = self._post(delivery.url, list(delivery.form))
        except OSError as error:
            # The class only: the text of a requests error may repeat the URL with its query.
            log.info("event %s was not delivered: %s", delivery.code, type(error).__name__)
            status = 0
        self.outcomes.append(Outcome(delivery.code, delivery.url, status))
        with self._idle:
            self._open -= 1
            self._idle.notify_all()


def attach(world: World) -> EventDelivery:
    """Give the world its token issuer (`.oauth`) and its outgoing event queue, and start the queue."""
    delivery = EventDelivery(world, OAuthServer(world)).start()
    world.on_event = delivery.accept
    return delivery
