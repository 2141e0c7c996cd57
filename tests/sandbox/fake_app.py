"""A tiny application on an address of its own, built with the real b24jssdk: it shows what the portal posted to it."""

from __future__ import annotations

import html
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SDK = Path(__file__).parents[2] / "templates" / "static" / "vendor" / "b24jssdk" / "b24jssdk.min.js"
PAGE = """<!doctype html><meta charset="utf-8"><title>Test app</title>
<h1 id="where">{where}</h1><pre id="posted">{posted}</pre><p id="state">starting</p>
<script src="/sdk.js"></script>
<script>
  B24Js.initializeB24Frame().then((b24) => {{ window.b24 = b24; document.getElementById("state").textContent = "ready"; }},
    (error) => {{ document.getElementById("state").textContent = "failed: " + error.message; }});
</script>"""


class _App(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = parse_qs(self.rfile.read(length).decode())
        parts = urlsplit(self.path)
        posted = {"query": parse_qs(parts.query), "form": form}
        page = PAGE.format(where=parts.path, posted=html.escape(json.dumps(posted)))
        self._send("text/html; charset=utf-8", page.encode())

    def do_GET(self) -> None:
        if self.path == "/sdk.js":
            self._send("text/javascript", SDK.read_bytes())
        else:
            self.send_error(404)

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def fake_app() -> Iterator[str]:
    """Serves on `localhost`, which is another site than `127.0.0.1`; yields its base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _App)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
