"""The short form of `make chaos`: a few dozen leads, real processes, real SIGKILL, every kind of fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.scene import Scene


@pytest.mark.slow
def test_a_killed_process_and_a_misbehaving_portal_lose_nothing_on_sqlite(tmp_path: Path) -> None:
    tally = Scene(tmp_path, seed=1, leads=24).play()
    assert tally.problem == ""
    assert tally.kills
    assert tally.faults


@pytest.mark.slow
@pytest.mark.postgres
def test_two_processes_on_postgresql_take_over_from_each_other(
    tmp_path: Path, new_postgres_url: Callable[[], str]
) -> None:
    tally = Scene(tmp_path, seed=2, leads=24, database_url=new_postgres_url(), workers=2).play()
    assert tally.problem == ""
    assert tally.kills
