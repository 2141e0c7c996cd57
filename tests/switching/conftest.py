"""Fixtures of the switch: a portal, a database and a plan away from a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.portals.webhook import register_webhook
from connector.sandbox.server import SandboxServer
from connector.store.database import Database
from tests.switching.harness import Stage, settings_in


@pytest.fixture
def stage(sandbox: Callable[..., SandboxServer], database: Database, tmp_path: Path) -> Callable[..., Stage]:
    """`stage(leads=30, …)`: a portal with these options, connected by its webhook."""

    def make(**options: Any) -> Stage:
        portal = sandbox(**{"leads": 30, **options})
        settings = settings_in(tmp_path)
        ref = register_webhook(database, settings, portal.ready["webhook"])
        return Stage(portal, database, settings, ref)

    return make
