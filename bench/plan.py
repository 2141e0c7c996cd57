"""The dry run: requests to the portal, speed of the planner, memory at 100,000 leads, and pages of a large plan.

`python -m bench plan`. Requests are counted by the portal. Memory and whole-plan time are those of a process of its own that reads the
sandbox over HTTP and stores the plan in SQLite, as `leadswitch plan` does.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from random import Random
from unittest import mock

from bench import Figure
from bench._plan_child import new_plan, open_database
from connector.bitrix.client import BitrixClient
from connector.bitrix.credentials import Webhook
from connector.bitrix.transport import WireSettings
from connector.clock import SystemClock
from connector.planning.encode import lead_to_json
from connector.planning.model import LeadSnapshot, PortalFacts
from connector.planning.options import Options
from connector.planning.planner import plan_leads, plan_stream
from connector.planning.summary import make_head
from connector.planning.tally import Tally
from connector.plans import queries
from connector.plans.samples import sample_findings
from connector.plans.storing import Sink
from connector.reading import leads as reading
from connector.reading import read_facts, read_leads
from connector.sandbox.seeding import people
from connector.sandbox.server import SandboxServer
from connector.store.database import Database

REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_SECTION = re.compile(r"<!-- plan -->.*<!-- /plan -->\n", re.DOTALL)
LEADS = 10_000
CLIENTS = 25_000
MANY = int(os.environ.get("BENCH_LEADS", "100000"))


def measure() -> Iterator[Figure]:
    """All figures of this file; at the end they go into the report as well."""
    figures: list[Figure] = []
    for figure in _figures():
        figures.append(figure)
        yield figure
    _write(figures)


def _write(figures: list[Figure]) -> None:
    lines = [
        "<!-- plan -->",
        "## The dry run",
        "",
        "Written by `make bench BENCH=plan`. Leads of mix A; requests are counted by the client, whatever else this machine does; "
        "planner in process time of one core, memory and time of the large plan those of a process of its own that reads the sandbox over "
        "HTTP and stores the plan in SQLite, as `leadswitch plan` does. Timeline comments and activities that belong to other records are "
        f"left to the conversion, and the plan says so. Python {platform.python_version()}, {platform.system()} {platform.machine()}.",
        "",
        "| figure | measured | promised | kept |",
        "| --- | ---: | ---: | --- |",
        *(_row(figure) for figure in figures),
        "<!-- /plan -->",
        "",
    ]
    section = "\n".join(lines)
    old = REPORT.read_text(encoding="utf-8")
    new = _SECTION.sub(lambda _: section, old) if _SECTION.search(old) else f"{old}\n{section}"
    REPORT.write_text(new, encoding="utf-8")


def _row(figure: Figure) -> str:
    value = f"{figure.value:,.1f}".removesuffix(".0")
    promised = (
        f"{'at least' if figure.at_least else 'at most'} {figure.limit:,g}"
        if figure.limit is not None
        else ""
    )
    kept = "" if figure.limit is None else "yes" if figure.kept else "**no**"
    return f"| {figure.name.strip()} | {value} {figure.unit} | {promised} | {kept} |"


def _figures() -> Iterator[Figure]:
    server = SandboxServer(leads=LEADS, mix="A", limits="off").start()
    try:
        search, _, _, seconds = _read(server, search=True)
        yield Figure(f"requests, {LEADS:,} leads, duplicates by findbycomm", search, "", 48)
        yield Figure("  seconds with duplicate search (sandbox in the same process)", seconds, "s")
        missing = CLIENTS - len(server.world.contacts.rows) - len(server.world.companies.rows)
        people.seed(server.world, max(0, missing) * 3 // 4, Random(7))
        clients = len(server.world.contacts.rows) + len(server.world.companies.rows)
        assert clients <= CLIENTS, clients
        whole, facts, leads, seconds = _read(server, search=False)
        yield Figure(f"requests, {LEADS:,} leads, {clients:,} clients read whole", whole, "", 27)
        yield Figure("  seconds with clients read whole (sandbox in the same process)", seconds, "s")
    finally:
        server.stop()
    yield from _planner(facts, leads)
    with _stored(facts, leads[:100]) as small:
        fast = _page(*small)
    yield Figure("page of a plan of 100 leads", fast * 1000, "ms")
    yield from _large(fast)


def _read(server: SandboxServer, *, search: bool) -> tuple[int, PortalFacts, list[LeadSnapshot], float]:
    # What is counted are requests, not how busy this machine is: nothing is cut because commands take long here.
    client = BitrixClient(Webhook.parse(server.ready["webhook"]), settings=WireSettings(batch_seconds=600))
    started = time.perf_counter()
    forced = mock.patch.object(reading, "cheaper_whole", lambda *_: False) if search else nullcontext()
    with forced:
        facts = read_facts(client)
        leads = list(read_leads(client, facts, Options(create="contact" if search else "both")))
    assert len(leads) == LEADS
    return client.requests_sent, facts, leads, time.perf_counter() - started


def _planner(facts: PortalFacts, leads: list[LeadSnapshot]) -> Iterator[Figure]:
    def seconds(part: list[LeadSnapshot]) -> float:
        started = time.process_time()
        for _ in plan_stream(facts, Options(create="both"), part):
            pass
        return time.process_time() - started

    seconds(leads[:200])
    quarter, full = min(seconds(leads[: LEADS // 4]) for _ in range(3)), min(seconds(leads) for _ in range(2))
    yield Figure("planner alone, one core", LEADS / full, "leads/s", 2_000, at_least=True)
    yield Figure(
        "  planner, time of four times the leads against four times the time", full / quarter / 4, "x", 1.5
    )


@contextmanager
def _stored(facts: PortalFacts, leads: list[LeadSnapshot]) -> Iterator[tuple[Database, str]]:
    with tempfile.TemporaryDirectory() as folder:
        db, plan_id = new_plan(Path(folder), facts.key)
        sink, tally = Sink(db, plan_id, SystemClock()), Tally()
        for plan in plan_leads(facts, Options(create="both"), leads):
            tally.add(plan)
            sink.add(lead_to_json(plan))
        sink.finish(make_head(facts, Options(create="both"), tally, facts.taken_at))
        yield db, plan_id
        db.close()


def _page(db: Database, plan_id: str) -> float:
    """Seconds of what the preview asks for: header, findings with an example of each, flow, and a page of leads; the best of many."""

    def once() -> float:
        started = time.perf_counter()
        queries.header(db, plan_id)
        queries.findings(db, plan_id)
        queries.flow(db, plan_id)
        sample_findings(db, plan_id)
        queries.leads(db, plan_id, limit=50)
        return time.perf_counter() - started

    return min(once() for _ in range(20))


def _large(fast: float) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        portal = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "connector.sandbox",
                "--leads",
                str(MANY),
                "--limits",
                "off",
                "--mix",
                "A",
            ],
            stdout=subprocess.PIPE,
        )
        try:
            assert portal.stdout is not None
            webhook = json.loads(portal.stdout.readline())["webhook"]
            child = [sys.executable, "-m", "bench._plan_child", folder, webhook]
            done = json.loads(
                subprocess.run(child, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1]
            )
        finally:
            portal.terminate()
            portal.wait()
        assert done["leads"] == MANY, done
        yield Figure(f"plan of {MANY:,} leads, read and stored", done["seconds"], "s")
        yield Figure(f"  requests for {MANY:,} leads", done["requests"], "")
        yield Figure(f"  peak memory of the command, {MANY:,} leads", done["megabytes"], "MB", 400)
        db = open_database(Path(folder))
        slow = _page(db, done["plan"])
        db.close()
        yield Figure(f"page of a plan of {MANY:,} leads", slow * 1000, "ms")
        yield Figure("  page of the large plan against one of 100 leads", slow / fast, "x", 3)
