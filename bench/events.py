"""A burst of events from many portals, each answered once it is stored, beside an empty Flask view. Writes the section "events" of
docs/benchmarks.md.

`python -m bench events`. Both views are behind the same server in one process, SQLite in WAL; the clients are another process with as many
connections as the server has threads. The bursts are sent in turn, in slices, so that both meet the same machine.
"""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from bench import Figure
from bench._plan_child import open_database
from connector.store.models import InboundEvent, Refusal

EVENTS = int(os.environ.get("BENCH_EVENTS", "10000"))
PORTALS = 50
CLIENTS = 8
SLICES = 10
TIMES = 5.0
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_SECTION = re.compile(r"<!-- events -->.*<!-- /events -->\n", re.DOTALL)


def measure() -> Iterator[Figure]:
    """Answer times of both, their ratio, and what was stored."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        child = subprocess.Popen(
            [sys.executable, "-m", "bench._events_child", str(folder), str(PORTALS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        try:
            ready = json.loads(child.stdout.readline())
            posts = _posts(ready["tokens"])
            ours, empty = [], []
            size = EVENTS // SLICES
            for at in range(0, EVENTS, size):
                empty += _burst(ready["empty"], "/", posts[at : at + size])
                ours += _burst(ready["app"], "/events", posts[at : at + size])
        finally:
            child.communicate("")
        stored, portals, refused = _stored(folder)
    fast, slow = statistics.median(empty), statistics.median(ours)
    figures = [
        Figure(f"events sent in a burst, from {PORTALS} portals", len(ours), ""),
        Figure("  lost", len(ours) - stored, "", 0),
        Figure("  refused", refused, "", 0),
        Figure("  portals with events", portals, "", PORTALS, at_least=True),
        Figure("median answer time", slow * 1000, "ms"),
        Figure("  of an empty Flask view", fast * 1000, "ms"),
        Figure("  against it", slow / fast, "x", TIMES),
    ]
    _write(figures)
    yield from figures


def _posts(tokens: dict[str, str]) -> list[str]:
    """Bodies as the documentation shows them (api-reference/events/index.md), every one another event."""
    members = list(tokens)
    return [
        urlencode(
            {
                "event": "ONCRMLEADADD",
                "event_handler_id": "5",
                "data[FIELDS][ID]": str(number),
                "ts": str(1_763_888_400 + number),
                "auth[access_token]": "x" * 70,
                "auth[expires_in]": "3600",
                "auth[scope]": "crm,im",
                "auth[domain]": f"{members[number % len(members)]}.example",
                "auth[member_id]": members[number % len(members)],
                "auth[user_id]": "1",
                "auth[application_token]": tokens[members[number % len(members)]],
            }
        )
        for number in range(EVENTS)
    ]


def _burst(address: str, path: str, bodies: Sequence[str]) -> list[float]:
    """Send all of them at once over `CLIENTS` connections; the answer times in seconds. Raises when one is not answered 200."""
    host, port = address.split(":")
    took: list[float] = []
    wrong: list[object] = []

    def send(mine: Sequence[str]) -> None:
        connection = HTTPConnection(host, int(port), timeout=60)
        try:
            for body in mine:
                started = time.perf_counter()
                connection.request("POST", path, body, FORM)
                answer = connection.getresponse()
                answer.read()
                took.append(time.perf_counter() - started)
                if answer.status != 200:
                    wrong.append(answer.status)
        except OSError as problem:
            wrong.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(bodies[at::CLIENTS],)) for at in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(f"{len(wrong)} posts were not answered 200, the first: {wrong[0]}")
    return took


def _stored(folder: Path) -> tuple[int, int, int]:
    """Events in the database, portals that have some, and posts that were refused."""
    db = open_database(folder)
    with db.read() as session:
        events = session.query(InboundEvent).count()
        portals = session.query(InboundEvent.portal_id).distinct().count()
        refused = sum(row.count for row in session.query(Refusal))
    db.close()
    return events, portals, refused


def _write(figures: Sequence[Figure]) -> None:
    lines = [
        "<!-- events -->",
        "## Events in a burst",
        "",
        f"By `make bench BENCH=events`. {EVENTS:,} events over {CLIENTS} connections, each stored before it is answered, beside an empty "
        f"Flask view behind the same server; SQLite in WAL; in turn, in {SLICES} slices; Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}.",
        "",
        "| figure | value | promise |",
        "| --- | ---: | --- |",
        *(f"| {one.name.strip()} | {one.value:,.1f} {one.unit} | {_promise(one)} |" for one in figures),
        "<!-- /events -->",
        "",
    ]
    section = "\n".join(lines)
    old = REPORT.read_text() if REPORT.exists() else "# Benchmarks\n\n"
    REPORT.write_text(_SECTION.sub(lambda _: section, old) if _SECTION.search(old) else f"{old}\n{section}")


def _promise(figure: Figure) -> str:
    if figure.limit is None:
        return ""
    return f"{'at least' if figure.at_least else 'at most'} {figure.limit:g}"
