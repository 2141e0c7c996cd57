"""Fixtures every room shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector.sandbox.server import SandboxServer


@pytest.fixture
def sandbox() -> Iterator[Callable[..., SandboxServer]]:
    """`sandbox(leads=50, seed=1, limits="off", …)` starts an emulated portal over real HTTP; stopped after the test."""
    started: list[SandboxServer] = []

    def start(**options: Any) -> SandboxServer:
        server = SandboxServer(**{"leads": 50, "limits": "off", **options})
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()
