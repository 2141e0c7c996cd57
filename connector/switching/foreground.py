"""Drives a run in the calling process, for the shell: slice after slice, with progress, until it rests. Ctrl-C pauses it cleanly."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from connector.clock import Clock, SystemClock
from connector.errors import WrongRunState
from connector.store.database import Database
from connector.switching import service
from connector.switching.progress import RunProgress, progress
from connector.switching.runner import SliceResult, let_go, run_slice
from connector.switching.service import Actor
from connector.switching.shift import Effort, OpenClient

LOOK_SECONDS = 1.0
"""Between two looks at a run that another process works on, and between two reports of progress."""


def drive(
    db: Database,
    open_client: OpenClient,
    run_id: str,
    *,
    holder: str,
    actor: Actor,
    wait: float = 0.0,
    clock: Clock | None = None,
    effort: Effort | None = None,
    show: Callable[[RunProgress], None] = lambda _: None,
) -> RunProgress:
    """Work on a run until it rests and return how it stands then. `wait`: seconds that a run waiting for a person is waited for, too.

    Ctrl-C (SIGINT) asks for a pause and comes back when that is reached; a second one raises KeyboardInterrupt.
    Raises RunNotFound and what the database raises.
    """
    clock = clock or SystemClock()
    effort = replace(effort or Effort(), slice_seconds=LOOK_SECONDS)
    until = clock.monotonic() + wait
    interrupted = threading.Event()
    asked = False
    try:
        with _ctrl_c(interrupted):
            while True:
                result = run_slice(
                    db,
                    open_client,
                    run_id,
                    holder=holder,
                    clock=clock,
                    effort=effort,
                    stop=interrupted.is_set,
                )
                now = progress(db, run_id, clock=clock)
                show(now)
                if interrupted.is_set() and not asked:
                    asked = True
                    interrupted.clear()
                    _pause(db, run_id, actor, clock)
                elif result is SliceResult.WAITING and not asked and clock.monotonic() < until:
                    service.watch(db, run_id, clock=clock)
                    clock.sleep(min(effort.poll_watched, max(0.05, until - clock.monotonic())))
                elif result is SliceResult.BUSY:
                    clock.sleep(LOOK_SECONDS)
                elif result is not SliceResult.MORE:
                    return now
    finally:
        let_go(holder)


def _pause(db: Database, run_id: str, actor: Actor, clock: Clock) -> None:
    try:
        service.pause(db, run_id, actor, clock=clock)
    except WrongRunState:
        return  # it has come to its end in the meantime


@contextmanager
def _ctrl_c(event: threading.Event) -> Iterator[None]:
    """Turn the first SIGINT into an event; elsewhere than in the main thread nothing is changed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, frame: FrameType | None) -> None:
        if event.is_set():
            signal.default_int_handler(number, frame)
        event.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
