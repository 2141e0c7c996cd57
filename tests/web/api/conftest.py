"""A portal with the app installed, an API key, and scripts that use it; jobs are worked on when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import Client, TestResponse

from connector.portals import api_keys
from connector.portals.api_keys import Scope
from connector.store.models import Portal
from tests.web.conftest import Stage, stage

__all__ = ["api", "stage"]

ADMIN = {"user_id": 1, "name": "Ada", "via": "web"}


@dataclass
class Api:
    """A script with a key."""

    here: Stage
    portal_id: int
    scopes: tuple[Scope, ...] = tuple(Scope)
    headers: dict[str, str] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """The text of its key."""
        _, text = api_keys.create(
            self.here.db, self.portal_id, ADMIN, name="Nightly", scopes=self.scopes, clock=self.here.clock
        )
        assert text is not None
        return text

    @cached_property
    def client(self) -> Client:
        """Talks to the WSGI app."""
        return self.here.app.test_client(use_cookies=False)

    def send(self, method: str, path: str, json: Any = None, **headers: str) -> TestResponse:
        """One request; header names are written with underscores."""
        sent = {"Authorization": f"Bearer {self.key}", **self.headers}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(f"/api/v1{path}", method=method, json=json, headers=sent)

    def get(self, path: str, **headers: str) -> TestResponse:
        """Read."""
        return self.send("GET", path, **headers)

    def post(self, path: str, json: Any = None, **headers: str) -> TestResponse:
        """Act."""
        return self.send("POST", path, json, **headers)

    def ready_plan(self, **options: Any) -> str:
        """A plan that is ready."""
        made = self.post("/plans", options)
        assert made.status_code == 202, made.text
        self.here.worker.work()
        plan_id: str = made.json["id"]  # type: ignore[index]
        assert self.get(f"/plans/{plan_id}").json["state"] == "ready"  # type: ignore[index]
        return plan_id


@pytest.fixture
def api(stage: Callable[..., Stage]) -> Callable[..., Api]:
    """`api(leads=20)`: a portal where the app is installed, and a script with every scope."""

    def start(**options: Any) -> Api:
        here = stage(**{"leads": 12, **options})
        here.install()
        with here.db.read() as session:
            portal_id = session.scalars(select(Portal.id)).one()
        return Api(here, portal_id)

    return start
