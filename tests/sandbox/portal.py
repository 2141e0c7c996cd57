"""A caller for the tests of the REST side: one webhook, plain HTTP, answers as they come."""

from __future__ import annotations

from typing import Any

import requests

from connector.sandbox.server import SandboxServer
from connector.sandbox.world import World


class Portal:
    """Calls a running sandbox. `result` insists on success, `error` on a refusal."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.world: World = server.world
        self.webhook = server.ready["webhook"]
        self.control = server.ready["control"]
        self.session = requests.Session()

    def call(self, method: str, /, **params: Any) -> requests.Response:
        return self.session.post(self.webhook + method, json=params, timeout=30)

    def result(self, method: str, /, **params: Any) -> Any:
        answer = self.call(method, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def error(self, method: str, /, **params: Any) -> tuple[int, Any, str]:
        answer = self.call(method, **params)
        body = answer.json()
        assert answer.status_code >= 400, body
        return answer.status_code, body["error"], body["error_description"]

    def batch(self, commands: Any, halt: Any = 0) -> Any:
        return self.result("batch", cmd=commands, halt=halt)

    def set(self, path: str, /, **body: Any) -> Any:
        answer = self.session.post(self.control + path, json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def look(self, path: str) -> Any:
        answer = self.session.get(self.control + path, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def as_user(self, user_id: int) -> Portal:
        """The same portal through a webhook of another user."""
        other = Portal(self.server)
        other.webhook = self.set("users", id=user_id, webhook=True)["webhook"]
        return other
