"""A desk over an emulated portal on real HTTP; time is passed in, so that nothing waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.clock import FakeClock
from connector.pipelines import Board, Desk, open_desk
from connector.pipelines.model import DealPipeline
from connector.portals import PortalRef, Viewer, audit, register_webhook
from connector.sandbox.server import SandboxServer
from connector.settings import Settings
from connector.store.database import Database


@dataclass
class Scene:
    """A portal, our database, and somebody who may change pipelines."""

    server: SandboxServer
    db: Database
    settings: Settings
    ref: PortalRef
    clock: FakeClock

    def desk(self, *, is_admin: bool = True, **options: Any) -> Desk:
        """A desk of its own, as one request or command has it."""
        viewer = Viewer(1, "Ada Lovelace", is_admin)
        return open_desk(
            self.db, self.settings, self.ref, viewer=viewer, via="api", clock=self.clock, **options
        )

    def rest(self, method: str, **params: Any) -> Any:
        """What the portal itself answers."""
        answer = requests.post(self.server.ready["webhook"] + method, json=params, timeout=20).json()
        assert "result" in answer, answer
        return answer["result"]

    def control(self, what: str, **data: Any) -> Any:
        """The portal's test controls."""
        answer = requests.post(self.server.ready["control"] + what, json=data, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def count(self, method: str) -> int:
        """How often a method was called since the counters were cleared."""
        counters = requests.get(self.server.ready["control"] + "counters", timeout=10).json()
        return int(counters.get(f"method.{method}", 0))

    def fault(self, method: str, kind: str, **more: Any) -> None:
        """Something goes wrong with the next call of a method."""
        self.control("faults", method=method, kind=kind, **{"times": 1, **more})

    def board(self) -> Board:
        """The pipelines as the portal has them."""
        return self.desk().board()

    def one(self, id_: int) -> DealPipeline:
        """One pipeline with deals counted per stage."""
        return self.desk().board(stages_of=id_).by_id[id_]

    def log(self) -> list[audit.Entry]:
        """The audit log, oldest first, without the connection itself."""
        found = reversed(audit.entries(self.db, self.ref.id))
        return [entry for entry in found if entry.action != audit.Did.WEBHOOK_CONNECTED]


@pytest.fixture
def scene(
    sandbox: Callable[..., SandboxServer], database: Database, tmp_path: Path
) -> Iterator[Callable[..., Scene]]:
    """`scene(leads=10, plan="professional")`: a portal with three pipelines."""

    def start(**options: Any) -> Scene:
        server = sandbox(**{"leads": 10, **options})
        settings = Settings.load(data_dir=tmp_path, webhook=server.ready["webhook"])
        clock = FakeClock()
        ref = register_webhook(database, settings, server.ready["webhook"], clock=clock)
        return Scene(server, database, settings, ref, clock)

    yield start
