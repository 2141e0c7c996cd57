"""Processes that a command starts are heard, and never outlive it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.cli.children import Child, ChildFailed, free_port, is_free, stop_signals
from connector.clock import SystemClock

MODULE = "child_program"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    started: list[Child] = []

    def run(program: str) -> Child:
        (tmp_path / f"{MODULE}.py").write_text(program)
        env = {**os.environ, "PYTHONPATH": str(tmp_path)}
        started.append(Child("The helper", MODULE, [], log=tmp_path / "log", env=env))
        return started[-1]

    yield run
    for child in started:
        child.stop()
        assert not child.alive


def test_its_first_line_is_heard_and_the_rest_does_not_block_it(start) -> None:  # type: ignore[no-untyped-def]
    child = start(
        "import time\nprint('ready', flush=True)\nprint('x' * 1_000_000, flush=True)\nopen('/dev/null')\ntime.sleep(60)"
    )
    assert child.first_line(20) == "ready\n"


def test_one_that_dies_is_named_with_its_last_words(start) -> None:  # type: ignore[no-untyped-def]
    child = start("raise SystemExit('the port is taken')")
    with pytest.raises(ChildFailed, match=r"The helper.*the port is taken"):
        child.first_line(20)


def test_one_that_says_nothing_is_not_waited_for_for_ever(start) -> None:  # type: ignore[no-untyped-def]
    child = start("import time; time.sleep(60)")
    with pytest.raises(ChildFailed, match="said nothing"):
        child.first_line(0.3)


def test_waiting_ends_when_the_process_does(start) -> None:  # type: ignore[no-untyped-def]
    child = start("raise SystemExit('no database')")
    with pytest.raises(ChildFailed, match="no database"):
        child.wait_ready(lambda: False, SystemClock(), 30)


def test_a_bound_port_is_not_free() -> None:
    port = free_port()
    assert is_free(port)


def test_signals_are_noted_and_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(5)
    assert signal.getsignal(signal.SIGTERM) == before
