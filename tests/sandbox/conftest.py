"""Fixtures of the sandbox's own tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from connector.sandbox.server import SandboxServer
from tests.sandbox.portal import Portal


@pytest.fixture
def portal(sandbox: Callable[..., SandboxServer]) -> Portal:
    """An empty portal without limits."""
    return Portal(sandbox(leads=0))


@pytest.fixture(scope="module")
def filled() -> Iterator[Portal]:
    """A portal with 130 leads for reading; its tests write nothing."""
    with SandboxServer(leads=130, seed=1, limits="off") as server:
        yield Portal(server)
