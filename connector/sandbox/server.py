"""One portal behind real sockets: builds the world, dispatches requests by path, serves until stopped.

`/rest` and `/control` are answered here in the package's REST room; everything else (`/oauth`, `/portal`, `/market`,
`/app-frame`) by the Flask application of `portal_page`. The OAuth server listens on a port of its own, as
oauth.bitrix.info is another host; the same application runs there and is told so by `sandbox.role`.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from connector.sandbox import tls
from connector.sandbox.config import SandboxConfig
from connector.sandbox.control import ControlApp
from connector.sandbox.launch import Apps
from connector.sandbox.oauth_faults import OAuthFaults
from connector.sandbox.rest.wsgi import RestApp
from connector.sandbox.seeding import seed_world
from connector.sandbox.world import CLASSIC, SIMPLE, App, World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOCAL_SCOPES = (
    "crm",
    "user",
    "user_brief",
    "placement",
    "im",
    "bizproc",
    "task",
    "log",
    "userfieldconfig",
)


class _Handler(WSGIRequestHandler):
    """Keeps connections open and writes no access log (a webhook key would be in it)."""

    protocol_version = "HTTP/1.1"
    # Head and body go out in two writes; with Nagle's algorithm a kept connection would wait 40 ms between them.
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:
        """Write nothing."""


class SandboxServer:
    """An emulated portal in this process. `start()` binds and serves in threads; `ready` is the ready line."""

    def __init__(self, **options: Any) -> None:
        self.config = SandboxConfig(**options)
        self.world = World(seed=self.config.seed)
        self.ready: dict[str, str] = {}
        self._servers: list[BaseWSGIServer] = []
        self._threads: list[threading.Thread] = []
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._apply_settings()
        self._add_app()
        seed_world(self.world, leads=self.config.leads, mix=self.config.mix)
        self.rest = RestApp(self.world)
        self.control = ControlApp(self.world, self.config, self.rest.dispatcher)
        self._pages: WSGIApplication | None = None

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _apply_settings(self) -> None:
        settings = self.world.settings
        settings.mode = SIMPLE if self.config.mode == "simple" else CLASSIC
        settings.plan = self.config.plan
        settings.limits = self.config.limits == "documented"
        settings.self_hosted = self.config.self_hosted
        settings.companion = self.config.self_hosted
        if self.config.self_hosted:
            settings.operating_limit = 420.0

    def _add_app(self) -> None:
        generator = random.Random(f"app{self.config.seed}")  # noqa: S311
        client_id = (
            self.config.client_id or f"local.{generator.getrandbits(56):014x}.{generator.getrandbits(32):08d}"
        )
        app = App(
            id=1,
            client_id=client_id,
            client_secret=self.config.client_secret or f"{generator.getrandbits(200):050x}",
            code=client_id,
            app_url=self.config.app_url,
            install_url=self.config.install_url,
            scopes=LOCAL_SCOPES + (("leadswitch",) if self.config.self_hosted else ()),
        )
        self.world.apps[client_id] = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The portal as one WSGI application."""
        path = environ.get("PATH_INFO", "")
        while "//" in path:
            path = path.replace("//", "/")
        environ["PATH_INFO"] = path
        if environ.get("HTTP_HOST", "").startswith("oauth."):
            environ["sandbox.role"] = "oauth"
        environ.setdefault("sandbox.role", "portal")
        if path == "/rest" or path.startswith("/rest/"):
            return self.rest(environ, start_response)
        if path.startswith("/control"):
            return self.control(environ, start_response)
        if self._pages is None:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"not found"]
        return self._pages(environ, start_response)

    def _oauth_side(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["sandbox.role"] = "oauth"
        return self(environ, start_response)

    def _listen(self, port: int, app: WSGIApplication, context: Any = None) -> int:
        server = make_server(
            self.config.host, port, app, threaded=True, request_handler=_Handler, ssl_context=context
        )
        server.daemon_threads = True  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        self._servers.append(server)
        self._threads.append(thread)
        return int(server.server_port)

    def start(self) -> SandboxServer:
        """Bind the ports and serve in background threads; returns itself."""
        host = self.config.host
        port = self._listen(self.config.port, self)
        oauth_port = self._listen(0, self._oauth_side)
        world = self.world
        world.host, world.oauth_url = f"{host}:{port}", f"http://{host}:{oauth_port}"
        self._build_pages()
        webhook = next(iter(world.webhooks.values()))
        app = next(iter(world.apps.values()))
        self.ready = {
            "portal": world.base_url,
            "webhook": f"{world.base_url}/rest/{webhook.user_id}/{webhook.code}/",
            "oauth": world.oauth_url,
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "member_id": world.member_id,
            "control": f"{world.base_url}/control/",
        }
        if self.config.tls:
            self._directory = tempfile.TemporaryDirectory(prefix="sandbox-tls-")
            material = tls.create(Path(self._directory.name), datetime.now(UTC))
            tls_port = self._listen(0, self, material.server_context())
            self.ready["https_webhook"] = f"https://{host}:{tls_port}/rest/{webhook.user_id}/{webhook.code}/"
            self.ready["ca"] = str(material.ca)
        return self

    def _build_pages(self) -> None:
        from connector.sandbox.events import attach  # noqa: PLC0415  (needs the final addresses)
        from connector.sandbox.portal_page import create_app  # noqa: PLC0415

        self.events = attach(self.world)
        self.control.people.apps = Apps(self.world, self.events)
        pages = create_app(self.world, self.events, self.control.people.apps)
        self._pages = OAuthFaults(pages, self.rest.dispatcher)

    def stop(self) -> None:
        """Stop serving and free the ports."""
        for server in self._servers:
            server.shutdown()
        for thread in self._threads:
            thread.join(timeout=5)
        for server in self._servers:
            with contextlib.suppress(OSError):
                server.server_close()
        self._servers.clear()
        self._threads.clear()
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None
