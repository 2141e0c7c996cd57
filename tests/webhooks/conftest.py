"""A sandbox portal with our app installed, both over real HTTP, and a receiver of webhooks. Automation is driven round by round."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from standardwebhooks import Webhook
from werkzeug.serving import make_server

from connector import bitrix
from connector.clock import SystemClock
from connector.planning.options import Options
from connector.plans import service as plans
from connector.portals.refs import portal_ref
from connector.sandbox.launch import Address, Launch
from connector.sandbox.server import SandboxServer
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import ModeWatch, Portal
from connector.switching import service as switching
from connector.switching.engine import Engine
from connector.switching.jobs import MORE, Jobs
from connector.web.app import create_app
from webhooks.outbound import endpoints
from webhooks.rules import service as rules
from webhooks.worker import Automation

ACTOR = {"user_id": 1, "name": "Ada Example", "via": "web"}


class LateClock(SystemClock):
    """The real clock, put forward at will; days pass at once."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


@dataclass
class Post:
    """One webhook as it arrived."""

    id: str
    body: bytes
    headers: dict[str, str]
    path: str = "/"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """An HTTP server that takes webhooks and answers as it is told: `status` and `headers`, after `delay` seconds."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    posts: list[Post] = field(default_factory=list)

    @property
    def taken(self) -> list[Any]:
        """Bodies that were answered with success, in their order."""
        return [post.json for post in self.posts]

    def verify(self, secret: str) -> list[Any]:
        """What the reference library makes of all posts; raises when one of them is not ours."""
        return [Webhook(secret).verify(post.body, post.headers) for post in self.posts]


@contextmanager
def receiving() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            head = {name.lower(): value for name, value in self.headers.items()}
            made.posts.append(Post(head.get("webhook-id", ""), body, head, self.path))
            if made.delay:
                threading.Event().wait(made.delay)
            self.send_response(made.status)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@dataclass
class Office:
    """The portal, the app behind its address, and the automation of one process."""

    server: SandboxServer
    db: Database
    settings: Settings
    clock: LateClock
    automation: Automation
    jobs: Jobs
    portal_id: int = 0

    @property
    def world(self) -> Any:
        return self.server.world

    def install(self) -> None:
        """By the installer page, as an administrator does it."""
        apps = self.server.control.apps
        client_id = self.server.ready["client_id"]
        admin = next(user for user in self.world.users.values() if user.is_admin and user.active)
        apps.install(client_id, admin)
        opening: Launch = apps.open(client_id, admin, "en", Address(self.world.host, "http"))
        answer = requests.post(opening.action, data=opening.fields, timeout=30)
        assert answer.ok, answer.text
        apps.finish(client_id, admin)
        self.server.events.drain()
        with self.db.read() as session:
            self.portal_id = session.query(Portal.id).scalar()

    def webhook(self) -> bitrix.Webhook:
        """An inbound webhook of an administrator of the portal: somebody else who works with it."""
        return bitrix.Webhook.parse(self.server.ready["webhook"])

    def rounds(self, count: int = 6) -> None:
        """Let automation work until what follows from what has followed."""
        for _ in range(count):
            self.automation.once()
            self.automation.settled()

    def wait_for_the_next_reading(self) -> timedelta:
        """Put the clock forward to the moment at which the mode is read again; answers how long that was."""
        with self.db.read() as session:
            wait = session.get_one(ModeWatch, self.portal_id).next_at - self.clock.now()
        self.clock.ahead += wait + timedelta(seconds=0.1)
        return wait

    def work(self) -> None:
        """What the job engine would do: plans that are to be built, runs that are to go on."""
        while due := self.jobs.due():
            for one in due:
                while self.jobs.slice(one.kind, one.id) == MORE:
                    pass
            if all(one.kind == "run" for one in due):
                return

    def switch(self, **options: Any) -> str:
        """A dry run, and a run of it as far as it comes without anybody changing the mode; answers the run's id."""
        plan_id = plans.create(self.db, portal_ref(self.db, self.portal_id), Options(**options), ACTOR)
        self.work()
        run_id = switching.start(self.db, plan_id, ACTOR)
        self.work()
        return run_id

    def control(self, what: str, **data: Any) -> Any:
        """The sandbox's test controls."""
        url = self.server.ready["control"] + what
        answer = requests.post(url, json=data, timeout=10) if data else requests.get(url, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def endpoint(self, url: str, **options: Any) -> tuple[str, str]:
        """A new endpoint: its id and its secret."""
        view, secret = endpoints.create_endpoint(
            self.db, self.settings, self.portal_id, url=url, actor=ACTOR, clock=self.clock, **options
        )
        return view.id, secret

    def rule(self, **form: Any) -> str:
        """A new rule."""
        made = rules.read_form({"name": "a rule", **form})
        return rules.create_rule(self.db, self.portal_id, made, ACTOR, clock=self.clock).id

    def hook(self, url: str, *on: str, **options: Any) -> str:
        """An endpoint that gets these events; answers its secret."""
        id_, secret = self.endpoint(url, **options)
        self.rule(on=list(on), do=[{"type": "webhook", "endpoint": id_}])
        return secret


@pytest.fixture
def office(
    sandbox: Callable[..., SandboxServer], database: Database, tmp_path: Path
) -> Iterator[Callable[..., Office]]:
    """`office(leads=10, mode="simple")`: installed and ready."""
    stop: list[Callable[[], None]] = []

    def make(**options: Any) -> Office:
        holder: dict[str, Any] = {}

        def app(environ: Any, start_response: Any) -> Any:
            return holder["app"](environ, start_response)

        http = make_server("127.0.0.1", 0, app, threaded=True)
        url = f"http://localhost:{http.server_port}"
        server = sandbox(**{"leads": 10, "app_url": f"{url}/", "install_url": f"{url}/install", **options})
        settings = Settings.load(
            data_dir=tmp_path,
            base_url=url,
            client_id=server.ready["client_id"],
            client_secret=server.ready["client_secret"],
            oauth_servers=server.ready["oauth"],
            webhook_private_networks=True,
        )
        clock = LateClock()
        automation = Automation(database, settings, clock=clock)
        jobs = Jobs(settings, database, "test", clock=clock)
        holder["app"] = create_app(settings, database, cast(Engine, _NoEngine()), clock)
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        stop.extend([automation.stop, http.shutdown, http.server_close])
        made = Office(server, database, settings, clock, automation, jobs)
        made.install()
        return made

    yield make
    for end in stop:
        end()


class _NoEngine:
    running = True

    def enqueue(self, kind: str, id_: str, portal: str) -> None:
        """Nothing: tests call `work`."""
