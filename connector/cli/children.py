"""Child processes of a command: started, watched, and stopped when the command ends, whatever happens. Must never leave one behind."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue
from types import FrameType
from typing import Any

from connector.clock import Clock
from connector.errors import LeadswitchError
from connector.i18n import N_

GRACE = 10.0


class ChildFailed(LeadswitchError):
    """A process that a command needs did not start or died; `last` are its last words."""

    key = "cli.child"
    what = N_("%(name)s does not run: %(last)s")


class Child:
    """One `python -m MODULE …` with its standard error kept in a file, for the message if it dies."""

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str],
    ) -> None:
        self.name = name
        self._log = log
        with log.open("wb") as errors:
            # A session of its own: Ctrl-C reaches this process alone, which then stops the children in order.
            self.process = subprocess.Popen(  # noqa: S603  (our own modules, no shell)
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=dict(env),
                start_new_session=True,
            )
        self._first: Queue[bytes] = Queue(1)
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        """Read standard output to its end, so that a talkative child never blocks on a full pipe; only the first line is kept."""
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self._first.put(lines.readline())
            for _line in lines:
                pass

    def first_line(self, seconds: float) -> str:
        """The first line it prints, within `seconds`. Raises ChildFailed when it ends or stays silent."""
        try:
            line = self._first.get(timeout=seconds)
        except Empty:
            raise self.failure(f"said nothing within {seconds:.0f} seconds") from None
        if not line:
            self.process.wait(GRACE)
            raise self.failure("ended")
        return line.decode()

    def wait_ready(self, probe: Callable[[], bool], clock: Clock, seconds: float) -> None:
        """Wait until `probe` answers True. Raises ChildFailed when the process ends or time is over."""
        end = clock.monotonic() + seconds
        while not probe():
            if not self.alive:
                raise self.failure("ended")
            if clock.monotonic() > end:
                raise self.failure(f"was not ready within {seconds:.0f} seconds")
            clock.sleep(0.1)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def failure(self, what: str) -> ChildFailed:
        """The error to raise about this process, with the end of what it wrote to standard error."""
        last = self._log.read_text(errors="replace").strip().splitlines()[-3:]
        return ChildFailed(name=self.name, last=" / ".join(last) or what)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when that was not enough."""
        if self.alive:
            self.process.terminate()
            try:
                self.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def free_port(host: str = "127.0.0.1") -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody could listen on this port now."""
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return True
    return False


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """Inside, Ctrl-C and SIGTERM set the event instead of ending the process; the old handlers come back after."""
    event = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        event.set()

    previous: dict[int, Any] = {n: signal.signal(n, note) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
