"""Fixtures every room shares."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.databases import (
    any_database,
    database,
    empty_database,
    migrated,
    new_postgres_url,
    postgres_server,
)

if TYPE_CHECKING:
    from connector.sandbox.server import SandboxServer

__all__ = [
    "any_database",
    "database",
    "empty_database",
    "migrated",
    "new_postgres_url",
    "postgres_server",
    "sandbox",
]


# A slow machine is no failure.
hypothesis.settings.register_profile("leadswitch", deadline=None)
hypothesis.settings.load_profile("leadswitch")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In continuous integration nothing is skipped: what a test needs (Chromium, PostgreSQL, PHP) was installed there."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must not be skipped when CI is set: {report.longrepr}"
    return report


@pytest.fixture
def sandbox() -> Iterator[Callable[..., SandboxServer]]:
    """`sandbox(leads=50, seed=1, limits="off", …)` starts an emulated portal over real HTTP; stopped after the test."""
    from connector.sandbox.server import SandboxServer

    started: list[SandboxServer] = []

    def start(**options: Any) -> SandboxServer:
        server = SandboxServer(**{"leads": 50, "limits": "off", **options})
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()
