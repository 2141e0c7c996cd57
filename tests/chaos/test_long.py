"""`make chaos`: CHAOS_RUNS runs (100) of CHAOS_LEADS leads (300), results into docs/reliability.md."""

from __future__ import annotations

import os

import pytest

from tests.chaos.__main__ import main


@pytest.mark.chaos
@pytest.mark.postgres
@pytest.mark.timeout(0)
def test_every_promise_is_kept_in_every_run() -> None:
    runs, leads = os.environ.get("CHAOS_RUNS", "100"), os.environ.get("CHAOS_LEADS", "300")
    assert main(["--runs", runs, "--leads", leads, "--write"]) == 0
