"""The sandbox's throw-away certificate is accepted by clients that trust only its authority."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

from connector.sandbox import tls


class _Ok(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_client_that_trusts_the_authority_connects(tmp_path: Path, host: str) -> None:
    material = tls.create(tmp_path, dt.datetime.now(dt.UTC))
    server = HTTPServer(("127.0.0.1", 0), _Ok)
    server.socket = material.server_context().wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"https://{host}:{server.server_port}/"
        assert requests.get(url, verify=str(material.ca), timeout=5).text == "ok"
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(url, timeout=5)
    finally:
        server.shutdown()
        server.server_close()


def test_the_mapped_host_names_are_in_the_certificate(tmp_path: Path) -> None:
    material = tls.create(tmp_path, dt.datetime.now(dt.UTC))
    details = ssl._ssl._test_decode_cert(str(material.certificate))  # type: ignore[attr-defined]
    names = {value for _kind, value in details["subjectAltName"]}
    assert {"demo.bitrix24.test", "oauth.bitrix24.tech", "oauth.bitrix.info", "127.0.0.1"} <= names


def test_the_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    material = tls.create(tmp_path, dt.datetime.now(dt.UTC))
    assert material.key.stat().st_mode & 0o077 == 0
