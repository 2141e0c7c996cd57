"""The wire beside its peers: one sandbox, documented limits, unmodified clients. Writes the section "wire" of docs/benchmarks.md.

`python -m bench wire`. Every client runs in a process of its own; what it did is counted by the portal, not by the client.
"""

from __future__ import annotations

import json
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import requests

from bench import Figure
from bench._clients import ADDS, CLIENTS

LEADS = 10_000
BATCHES = ADDS // 50
FLOOR = (BATCHES - 50) / 2
ROUNDS = 11
# Medians of equal clients differ by this much on a machine that does other things too.
WOBBLE = 1.1
REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_SECTION = re.compile(r"<!-- wire -->.*<!-- /wire -->\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Run:
    """One client at one task. `written` counts the leads that the portal holds afterwards, by title."""

    client: str
    requests: int
    commands: int
    refused: int
    rows: int
    duplicates: int
    lost: int
    seconds: float
    megabytes: float
    error: str


class Portal:
    """The sandbox and its control surface."""

    def __init__(self, ready: dict[str, str]) -> None:
        self.ready = ready

    def control(self, name: str, **data: Any) -> Any:
        answer = requests.post(f"{self.ready['control']}{name}", json=data, timeout=300)
        answer.raise_for_status()
        return answer.json()

    def counters(self) -> dict[str, int]:
        counters: dict[str, int] = requests.get(f"{self.ready['control']}counters", timeout=60).json()
        return counters

    def fresh(self, *, seed: bool) -> None:
        """Forget what was counted; with `seed` also what was written."""
        if seed:
            self.control("reset")
        for name in ("counters/clear", "limits/clear", "faults/clear"):
            self.control(name)

    def run(self, client: str, task: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "bench._clients", client, task, json.dumps(self.ready)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
        result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return result


@contextmanager
def sandbox(leads: int) -> Iterator[Portal]:
    """A sandbox of its own process: plan with the bucket of 50 requests and 2 per second."""
    command = [
        sys.executable,
        "-m",
        "connector.sandbox",
        "--leads",
        str(leads),
        "--plan",
        "professional",
        "--tls",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Portal(json.loads(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(timeout=30)


def read(portal: Portal, clients: list[str], task: str = "leads") -> list[Run]:
    """The median of some rounds for each client. They take turns, so that a busy machine disturbs all alike."""
    runs: dict[str, list[Run]] = {client: [] for client in clients}
    for client in clients * ROUNDS:
        portal.fresh(seed=False)
        got = portal.run(client, task)
        counters = portal.counters()
        lists = sum(
            count for name, count in counters.items() if name.startswith("method.") and name.endswith(".list")
        )
        lost = LEADS - got["distinct"] if task == "leads" else 0
        runs[client].append(
            _run(client, got, counters, lists, got["rows"], got["rows"] - got["distinct"], lost)
        )
    return [
        replace(rounds[0], seconds=statistics.median(run.seconds for run in rounds))
        for rounds in runs.values()
    ]


def write(portal: Portal, client: str, *, drop: bool) -> Run:
    """Adds; `drop` loses the answer of the fortieth batch after the portal carried it out."""
    portal.fresh(seed=True)
    if drop:
        portal.control("faults", method="batch", kind="drop_after", nth=[40])
    got = portal.run(client, "adds")
    counters = portal.counters()
    portal.control("limits/clear")
    titles = _titles(portal)
    written = len(titles)
    distinct = len(set(titles))
    return _run(
        client,
        got,
        counters,
        counters.get("method.crm.lead.list", 0),
        written,
        written - distinct,
        ADDS - distinct,
    )


def _run(
    client: str,
    got: dict[str, Any],
    counters: dict[str, int],
    commands: int,
    rows: int,
    duplicates: int,
    lost: int,
) -> Run:
    return Run(
        client=client,
        requests=counters.get("requests", 0),
        commands=commands,
        refused=counters.get("refused_bucket", 0),
        rows=rows,
        duplicates=duplicates,
        lost=lost,
        seconds=got["seconds"],
        megabytes=got["megabytes"],
        error=got["error"],
    )


def _titles(portal: Portal) -> list[str]:
    """Titles of the leads that were added, read from the portal by plain offsets: no client of the contest."""
    titles: list[str] = []
    start: int | None = 0
    while start is not None:
        body = {
            "filter": {"%TITLE": "bench "},
            "select": ["ID", "TITLE"],
            "order": {"ID": "ASC"},
            "start": start,
        }
        answer = requests.post(f"{portal.ready['webhook']}crm.lead.list", json=body, timeout=60).json()
        if answer.get("error") == "QUERY_LIMIT_EXCEEDED":
            portal.control("limits/clear")
            continue
        titles += [row["TITLE"] for row in answer["result"]]
        start = answer.get("next")
    return titles


def measure() -> Iterator[Figure]:
    """Run everything, write the report, yield what was promised."""
    with sandbox(LEADS) as portal:
        reads = read(portal, list(CLIENTS))
        tree = read(portal, ["leadswitch"], "tree")[0]
    with sandbox(100) as portal:
        writers = [name for name, tasks in CLIENTS.items() if "adds" in tasks]
        writes = [write(portal, name, drop=False) for name in writers]
        drops = [write(portal, name, drop=True) for name in writers]
    REPORT.parent.mkdir(exist_ok=True)
    old = REPORT.read_text() if REPORT.exists() else "# Benchmarks\n\n<!-- wire --><!-- /wire -->\n"
    section = report(reads, tree, writes, drops)
    REPORT.write_text(_SECTION.sub(lambda _: section, old) if _SECTION.search(old) else f"{old}\n{section}")

    ours, peers = reads[0], [run for run in reads[1:] if not run.error and not run.lost]
    yield Figure("10,000 leads: HTTP requests", ours.requests, "", 5)
    yield Figure("10,000 leads: list commands", ours.commands, "", 201)
    yield Figure("10,000 leads: lost or doubled rows", ours.lost + ours.duplicates, "", 0)
    fastest = min(peer.seconds for peer in peers)
    yield Figure("10,000 leads: times the seconds of the fastest peer", ours.seconds / fastest, "", WOBBLE)
    yield Figure("leads, open activities, product rows, contacts: requests", tree.requests, "", 20)
    for name, run in (("4,000 adds", writes[0]), ("4,000 adds, one answer dropped", drops[0])):
        yield Figure(f"{name}: lost or doubled", run.lost + run.duplicates, "", 0)
        yield Figure(f"{name}: refusals (503)", run.refused, "", 1)
    yield Figure("4,000 adds: seconds", writes[0].seconds, "s", FLOOR * 1.05)


def report(reads: list[Run], tree: Run, writes: list[Run], drops: list[Run]) -> str:
    """The section as Markdown."""
    versions = ", ".join(f"{name} {_version(name)}" for name in ("fast-bitrix24", "b24pysdk"))
    parts = [
        "<!-- wire -->",
        "## Wire",
        "",
        f"Written by `make bench BENCH=wire`. Sandbox with documented limits (bucket 50, 2 per second); {versions}, unmodified; "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}. Requests, commands and records are counted by the "
        f"portal; reading is the median of {ROUNDS} rounds in turn; b24pysdk speaks only TLS, the others plain HTTP on the loopback.",
        "",
        f"### Reading {LEADS:,} leads",
        "",
        *_table(reads),
        "",
        f"### {LEADS:,} leads with contact links, open activities and product rows",
        "",
        *_table([tree]),
        "",
        f"A client that asks for the three kinds of children lead by lead needs {3 * LEADS // 50} requests (computed, not run).",
        "",
        f"### {ADDS:,} adds in {BATCHES} batches",
        "",
        f"The bucket's own floor is {FLOOR:.0f} s.",
        "",
        *_table(writes),
        "",
        f"### {ADDS:,} adds, the answer of one batch dropped after it was carried out",
        "",
        *_table(drops),
        "<!-- /wire -->",
        "",
    ]
    return "\n".join(parts)


def _table(runs: list[Run]) -> list[str]:
    lines = [
        "| client | HTTP requests | list commands | refused (503) | records | duplicates | lost | seconds | peak MB | ended with |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for run in runs:
        cells = (
            run.client,
            run.requests,
            run.commands,
            run.refused,
            f"{run.rows:,}",
            run.duplicates,
            run.lost,
        )
        lines.append(
            f"| {' | '.join(map(str, cells))} | {run.seconds:.2f} | {run.megabytes:.0f} | {run.error or 'done'} |"
        )
    return lines


def _version(name: str) -> str:
    return version(name)
