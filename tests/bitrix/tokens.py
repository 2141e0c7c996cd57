"""A token store in memory with the contract of TokenStore, and a session that remembers what left the house."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from connector.bitrix import OAuthToken
from connector.bitrix.transport import new_session
from connector.errors import DeadCredential


class MemoryTokens:
    """One portal's token."""

    def __init__(self, token: OAuthToken) -> None:
        self.token = token
        self.dead: DeadCredential | None = None
        self.leased = False
        self._lock = threading.Lock()

    def load(self) -> OAuthToken:
        with self._lock:
            if self.dead is not None:
                raise self.dead
            return self.token

    def take_lease(self, seen: OAuthToken, seconds: float) -> bool:
        with self._lock:
            if self.leased or self.token.version != seen.version:
                return False
            self.leased = True
            return True

    def save(self, seen: OAuthToken, new: OAuthToken) -> OAuthToken | None:
        with self._lock:
            if self.token.version != seen.version:
                return None
            self.token = replace(new, version=seen.version + 1)
            self.leased = False
            return self.token

    def release(self, seen: OAuthToken) -> None:
        with self._lock:
            self.leased = False

    def bury(self, seen: OAuthToken, error: DeadCredential) -> None:
        with self._lock:
            self.dead, self.leased = error, False


class Recorder(HTTPAdapter):
    """Sends for real and keeps (method, url, body) of everything sent."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)
        self.sent: list[tuple[str, str, str]] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
        self.sent.append((str(request.method), str(request.url), body))
        return super().send(request, **options)


def recorded() -> tuple[requests.Session, Recorder]:
    """A session of ours whose traffic is kept."""
    session, recorder = new_session(), Recorder()
    session.mount("http://", recorder)
    session.mount("https://", recorder)
    return session, recorder
