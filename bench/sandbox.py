"""The sandbox at size: 100,000 leads with everything attached, beside 10,000 and 2,500. Each portal is a process of its own."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from bench import Figure
from bench._memory import peak_megabytes

COMMAND = [sys.executable, "-m", "connector.sandbox", "--limits", "off"]
CLIENTS, ROUNDS = 4, 10


@dataclass(frozen=True)
class Portal:
    """A running sandbox: its ready line, how long it took to be ready, and its process."""

    ready: dict[str, str]
    seconds: float
    process: "subprocess.Popen[str]"

    def megabytes(self) -> float:
        """The most memory the process has had."""
        return peak_megabytes(self.process.pid)


@contextlib.contextmanager
def portal(leads: int) -> Iterator[Portal]:
    started = time.monotonic()
    process = subprocess.Popen([*COMMAND, "--leads", str(leads)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    try:
        yield Portal(ready, time.monotonic() - started, process)
    finally:
        process.terminate()
        process.wait(30)


def pages(last: int) -> dict[str, str]:
    """One batch of fifty pages of leads, each going on where the one before ended."""
    base = "crm.lead.list?start=-1&order[ID]=ASC&filter[%3EID]="
    commands = {"p0": f"{base}{last}"}
    commands.update({f"p{n}": f"{base}$result[p{n - 1}][49][ID]" for n in range(1, 50)})
    return commands


def read(session: requests.Session, webhook: str, last: int) -> float:
    """Seconds of one batch of fifty pages that end at the highest id."""
    started = time.monotonic()
    answer = session.post(webhook + "batch", json={"cmd": pages(last)}, timeout=120)
    answer.raise_for_status()
    sections = answer.json()["result"]
    assert not sections["result_error"] and len(sections["result"]["p49"]) == 50
    return time.monotonic() - started


def last_pages(at: Portal) -> float:
    """The best of three batches over the last 2,500 leads of a portal."""
    session, webhook = requests.Session(), at.ready["webhook"]
    row = session.post(
        webhook + "crm.lead.list", json={"order": {"ID": "DESC"}, "select": ["ID"], "start": -1}, timeout=60
    ).json()["result"][0]
    below = int(row["ID"]) - 2500
    return min(read(session, webhook, below) for _ in range(3))


def together(at: Portal) -> int:
    """Failures of four clients that read and write at the same time."""

    def one(number: int) -> int:
        session, webhook, bad = requests.Session(), at.ready["webhook"], 0
        for turn in range(ROUNDS):
            adds = {f"a{n}": f"crm.lead.add?fields[TITLE]=client{number}.{turn}.{n}" for n in range(50)}
            for commands in (adds, {"p": "crm.lead.list?start=-1&filter[STATUS_SEMANTIC_ID]=P"}):
                answer: Any = session.post(webhook + "batch", json={"cmd": commands}, timeout=120)
                bad += answer.status_code != 200 or bool(answer.json()["result"]["result_error"])
        return bad

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(pool.map(one, range(CLIENTS)))


def measure() -> Iterator[Figure]:
    """Seeding, memory, pages and parallel clients."""
    with portal(300) as small:
        yield Figure("300 leads: ready after", small.seconds, "s", 5)
    with portal(2500) as small:
        few = last_pages(small)
        yield Figure("2,500 leads: a batch of 50 pages", few * 1000, "ms")
    with portal(10_000) as middle:
        per_lead = middle.seconds / 10_000
        yield Figure("10,000 leads: ready after", middle.seconds, "s")
    with portal(100_000) as large:
        yield Figure("100,000 leads: ready after", large.seconds, "s")
        yield Figure("  cost per lead beside 10,000", large.seconds / 100_000 / per_lead, "x", 1.3)
        yield Figure("  memory", large.megabytes(), "MB", 1000)
        many = last_pages(large)
        yield Figure("  a batch of 50 pages", many * 1000, "ms")
        yield Figure("  the same beside 2,500 leads", many / few, "x", 2)
        yield Figure("  failures of 4 clients reading and writing at once", together(large), "", 0)
        yield Figure("  memory afterwards", large.megabytes(), "MB", 1000)
