"""Worker processes of a chaos run: `python -m tests.chaos.worker`, with the rest in the environment. Each works until it is killed.

This process has everything imported and is the parent of all workers. For every line `spawn NAME` or `kill NAME` on its standard input it
does that and says `done`. Only a parent kills safely: the number of a dead child is nobody else's until the parent has buried it. When its
input ends, all its workers end with it. The waits that are right for a real portal are cut short here; nothing else differs from
`leadswitch serve`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from connector.bitrix.client import BitrixClient
from connector.bitrix.credentials import RenewingToken
from connector.bitrix.limits import MemoryBucket, MemoryOperatingTimes, Operating, Rate
from connector.bitrix.transport import WireSettings
from connector.clock import SystemClock
from connector.portals.access import oauth_client
from connector.portals.tokens import DatabaseTokenStore
from connector.settings import Settings
from connector.store.database import Database
from connector.switching.engine import Engine
from connector.switching.shift import Effort

SLOW_ANSWER = 0.6
"""Seconds that a slow answer of a chaos run takes. `settle_seconds` is far more, because this machine may be busy with other things too."""
PR_SET_PDEATHSIG = 1
"""prctl(2): this signal when the parent has died."""
EFFORT = Effort(
    in_flight=60,
    slice_seconds=2.0,
    settle_seconds=4.0,
    lease_seconds=4.0,
    longest_idle=0.1,
    trouble_seconds=90.0,
    poll_unwatched=0.5,
)
QUICK = WireSettings(
    connect_timeout=5.0, read_timeout=20.0, first_pause=0.05, longest_pause=0.5, rate=Rate(1e6, 1e6)
)


class ShortTimes(MemoryOperatingTimes):
    """A method whose time is used up may be called again after half a second instead of minutes."""

    def put(self, portal: str, method: str, latest: Operating) -> None:
        soon = min(latest.blocked_until, time.time() + 0.5)
        super().put(portal, method, replace(latest, blocked_until=soon))


def client_opener(db: Database, settings: Settings) -> Callable[[int, Callable[[], bool]], BitrixClient]:
    """Clients on the portal's stored OAuth credential, renewed as in the real thing."""
    clock = SystemClock()

    def open_(portal_id: int, cancel: Callable[[], bool]) -> BitrixClient:
        store = DatabaseTokenStore(db, portal_id, clock=clock)
        return BitrixClient(
            RenewingToken(store, oauth_client(settings, clock), clock=clock),
            bucket=MemoryBucket(),
            operating=ShortTimes(),
            settings=QUICK,
            cancel=cancel,
        )

    return open_


def work(name: str) -> None:
    """Work on whatever is due."""
    settings = Settings.load()
    db = Database.open(settings)
    effort = Effort() if os.environ.get("CHAOS_REAL_WAITS") else EFFORT
    Engine(settings, db, executor=name, effort=effort, client=client_opener(db, settings)).start()
    while True:
        time.sleep(60)


def spawn(name: str) -> int:
    """Fork a worker; its process id."""
    process = os.fork()
    if process:
        return process
    # Nobody waits for the end of a pipe that only a worker holds.
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        work(name)
    finally:
        os._exit(1)


def kill(process: int) -> None:
    """SIGKILL, and wait until it is gone."""
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def main() -> None:
    """Do as told."""
    workers: dict[str, int] = {}
    for line in sys.stdin:
        order, name = line.split()
        if order == "spawn":
            workers[name] = spawn(name)
        else:
            kill(workers.pop(name))
        sys.stdout.write("done\n")
        sys.stdout.flush()
    for process in workers.values():
        kill(process)


if __name__ == "__main__":
    main()
