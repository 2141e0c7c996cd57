"""The app over a sandbox portal on real HTTP, with jobs worked on when they are asked for instead of in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.serving import make_server

from connector.clock import FakeClock
from connector.sandbox.launch import Address, Launch
from connector.sandbox.server import SandboxServer
from connector.sandbox.world import User
from connector.settings import Settings
from connector.store.database import Database
from connector.switching.engine import Engine
from connector.switching.jobs import MORE, Jobs
from connector.web.app import create_app
from tests.web.browsing import Person


class CompiledTemplates(BytecodeCache):
    """Every test builds an app of its own; a template is compiled once for all of them."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """The compiled form of the same source, if there is one."""
        checksum, code = self._kept.get(bucket.key, ("", b""))
        if checksum == bucket.checksum:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self._kept[bucket.key] = (bucket.checksum, bucket.bytecode_to_string())


COMPILED = CompiledTemplates()


@dataclass
class Worker:
    """Does the work of the engine in this thread: what was asked for waits until `work` is called."""

    jobs: Jobs
    asked: list[tuple[str, str]] = field(default_factory=list)
    running: bool = True

    def enqueue(self, kind: str, id_: str, _portal: str) -> None:
        """Keep it for later."""
        self.asked.append((kind, id_))

    def work(self) -> None:
        """Everything that was asked for, to where it rests."""
        while self.asked:
            kind, id_ = self.asked.pop(0)
            while self.jobs.slice(kind, id_) == MORE:
                pass


@dataclass
class Stage:
    """A portal, the app, and the people of the portal."""

    server: SandboxServer
    app: Flask
    db: Database
    settings: Settings
    worker: Worker
    clock: FakeClock

    @property
    def users(self) -> list[User]:
        """Active employees."""
        return [user for user in self.server.world.users.values() if user.active]

    @property
    def admin(self) -> User:
        """The first administrator."""
        return next(user for user in self.users if user.is_admin)

    @property
    def employee(self) -> User:
        """Somebody without special rights."""
        return next(user for user in self.users if not user.is_admin and user.role == "employee")

    def opening(self, user: User, lang: str = "en") -> Launch:
        """What the portal posts when this user opens the app."""
        world = self.server.world
        apps = self.server.control.apps
        assert apps is not None
        return apps.open(self.server.ready["client_id"], user, lang, Address(world.host, "http"))

    def install(self) -> Person:
        """The administrator installs the app and opens it."""
        apps = self.server.control.apps
        assert apps is not None
        client_id = self.server.ready["client_id"]
        apps.install(client_id, self.admin)
        self.open(self.admin)
        apps.finish(client_id, self.admin)
        return self.open(self.admin)

    def open(self, user: User, lang: str = "en") -> Person:
        """The user opens the app (or the installer page, before the installation is finished)."""
        return self.launch(self.opening(user, lang))

    def launch(self, opening: Launch, **changed: str) -> Person:
        """Post an opening, with some of its fields changed."""
        parts = urlsplit(opening.action)
        query = dict(parse_qsl(parts.query)) | {
            k: v for k, v in changed.items() if k in ("DOMAIN", "PROTOCOL", "LANG")
        }
        form = dict(opening.fields) | {k: v for k, v in changed.items() if k not in query}
        person = Person(self.app)
        headers = {"Sec-Fetch-Site": "cross-site", "Origin": self.server.world.base_url}
        return person.post(parts.path, form, query_string=query, headers=headers)


def build_stage(
    sandbox: Callable[..., SandboxServer],
    database: Database,
    folder: Path,
    url: str = "http://localhost",
    **options: Any,
) -> Stage:
    """A portal with the app's addresses in its card, and the app."""
    server = sandbox(**{"leads": 20, "app_url": f"{url}/", "install_url": f"{url}/install", **options})
    settings = Settings.load(
        data_dir=folder,
        base_url=url,
        client_id=server.ready["client_id"],
        client_secret=server.ready["client_secret"],
        oauth_servers=server.ready["oauth"],
    )
    worker = Worker(Jobs(settings, database, "test"))
    clock = FakeClock()
    app = create_app(settings, database, cast(Engine, worker), clock)
    app.jinja_env.bytecode_cache = COMPILED
    return Stage(server, app, database, settings, worker, clock)


@contextmanager
def serving(
    sandbox: Callable[..., SandboxServer], database: Database, folder: Path, *, leads: int
) -> Iterator[Stage]:
    """The app at an address of its own, served in this process with the clock of its stage."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    here = build_stage(sandbox, database, folder, url=f"http://localhost:{server.server_port}", leads=leads)
    server.app = here.app
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def stage(sandbox: Callable[..., SandboxServer], database: Database, tmp_path: Path) -> Callable[..., Stage]:
    """`stage(leads=20, mode="simple", …)`: a portal with the app's addresses in its card, and the app."""
    return partial(build_stage, sandbox, database, tmp_path)
