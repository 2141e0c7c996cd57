"""The switch itself: HTTP requests beside the commands of the plan, leads per minute on the portal's own clock, memory of a large run.

`python -m bench switch`. Requests, refusals and time are the portal's (`bench/_timed.py`), so a busy machine changes none of them; writes
the section "switch" of docs/benchmarks.md. Must never count what it did not run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from sqlalchemy import func, select

from bench import Figure
from bench._timed import CountedClock, timed_portal
from connector.bitrix.client import BitrixClient
from connector.bitrix.credentials import Webhook
from connector.bitrix.transport import WireSettings
from connector.planning.options import Automation, Options, Timeline
from connector.plans import service as plans
from connector.portals.webhook import register_webhook
from connector.sandbox.server import SandboxServer
from connector.settings import Settings
from connector.store.database import Database
from connector.store.keyfile import new_key
from connector.store.models import Journal
from connector.switching import service
from connector.switching.packing import ONE, PACK
from connector.switching.runner import SliceResult, run_slice

LEADS = int(os.environ.get("BENCH_SWITCH_LEADS", "2000"))
SINGLE = 100
MANY = int(os.environ.get("BENCH_SWITCH_MANY", "10000"))
CREATE = {"A": "contact", "B": "contact", "C": "both"}
WITH_AUTOMATION, QUIET = 100.0, 120.0
"""Leads per minute of mix A that are promised; the second without comments, as the request study counts it."""
SLOW_ADD = 1.83
"""Seconds of one crm.item.add in a documented answer (request study, finding 7)."""
WAY_BATCH, WAY_SINGLE, WAY_SLOW = "Leadswitch", "one call per command", f"Leadswitch, {SLOW_ADD} s per add"
WAY_LEFT = "Leadswitch, timeline left"
ACTOR = {"user_id": 1, "name": "bench", "via": "bench"}
REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_SECTION = re.compile(r"<!-- switch -->.*<!-- /switch -->\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Row:
    """One run. `planned`: its writes (imports by twenty), one reading of comments per lead, and its other reads by full pages."""

    mix: str
    automation: str
    way: str
    leads: int
    planned: int
    commands: int
    requests: int
    refused: int
    seconds: float
    work: float
    longest: float

    @property
    def allowed(self) -> float:
        return 1.05 * ceil(self.planned / 50) + 5

    @property
    def per_minute(self) -> float:
        return self.leads / self.seconds * 60

    @property
    def ceiling(self) -> float:
        """Leads per minute of one connection that needs nothing but the planned commands, in full batches, without any wait."""
        return self.leads / (self.work + 0.15 * ceil(self.planned / 50)) * 60


def measure() -> Iterator[Figure]:
    """All figures of this file; writes the report."""
    rows: list[Row] = []
    for mix in CREATE:
        for automation in Automation:
            row = _run(mix, automation, WAY_BATCH, LEADS)
            rows.append(row)
            name = f"mix {mix}, {automation.value}"
            yield Figure(f"{name}: requests, {LEADS:,} leads", row.requests, "", row.allowed)
            floor = WITH_AUTOMATION if (mix, automation) == ("A", Automation.RUN) else None
            yield Figure("  leads per minute, one connection", row.per_minute, "", floor, at_least=True)
            yield Figure("  refused with 429 or 503", row.refused, "", 0)
        rows.append(_run(mix, Automation.RUN, WAY_SINGLE, SINGLE))
    left = _run("A", Automation.QUIET, WAY_LEFT, LEADS)
    rows.append(left)
    yield Figure(f"mix A, quiet, timeline left: requests, {LEADS:,} leads", left.requests, "")
    yield Figure("  leads per minute, one connection", left.per_minute, "", QUIET, at_least=True)
    yield Figure("  refused with 429 or 503", left.refused, "", 0)
    slow = _run("A", Automation.RUN, WAY_SLOW, SINGLE)
    rows.append(slow)
    yield Figure(f"longest batch at {SLOW_ADD} s per crm.item.add", slow.longest, "s", 30)
    yield Figure("  refused with 429 or 503", slow.refused, "", 0)
    large = _large()
    yield Figure(f"peak memory of a run of {MANY:,} leads", large["megabytes"], "MB", 250)
    yield Figure("  database after it", large["database"], "MB")
    _write(rows, large)


def _run(mix: str, automation: Automation, way: str, leads: int) -> Row:
    clock = CountedClock()
    spent: list[float] = []
    server = timed_portal(clock, spent.append, leads=leads, mix=mix, seed=3).start()
    if way == WAY_SLOW:
        server.world.settings.operating_costs["crm.item.add"] = SLOW_ADD
    webhook = Webhook.parse(server.ready["webhook"])
    settings = WireSettings(batch_size=1) if way == WAY_SINGLE else WireSettings()

    def client(_portal: int, cancel: Callable[[], bool]) -> BitrixClient:
        return BitrixClient(webhook, clock=clock, settings=settings, cancel=cancel)

    with tempfile.TemporaryDirectory(prefix="leadswitch-bench-") as folder:
        db = Database(f"sqlite:///{folder}/bench.db", [new_key()])
        db.migrate()
        ref = register_webhook(db, Settings(data_dir=Path(folder)), server.ready["webhook"])
        timeline = Timeline.LEAVE if way == WAY_LEFT else Timeline.BIND
        options = Options(create=CREATE[mix], automation=automation, timeline=timeline)
        plan_id = plans.create(db, ref, options, ACTOR)
        plans.build(db, BitrixClient(webhook, clock=clock), plan_id)
        clock.sleep(700)
        run_id = service.start(db, plan_id, ACTOR)
        before, started = Counter(server.world.counters), clock.monotonic()
        spent.clear()
        while (result := run_slice(db, client, run_id, holder="bench", clock=clock)) is SliceResult.MORE:
            pass
        seconds = clock.monotonic() - started
        assert result is SliceResult.WAITING, result
        counted = Counter(server.world.counters)
        counted.subtract(before)
        comments = 0 if way == WAY_LEFT else leads
        planned, work = _planned(db, run_id, server, comments, leads)
        db.close()
    server.stop()
    refused = counted["refused_operating"] + counted["refused_bucket"]
    commands = sum(n for name, n in counted.items() if name.startswith("method."))
    return Row(
        mix,
        automation.value,
        way,
        leads,
        planned,
        commands,
        counted["requests"],
        refused,
        seconds,
        work,
        max(spent),
    )


def _planned(
    db: Database, run_id: str, server: SandboxServer, comments: int, leads: int
) -> tuple[int, float]:
    """The commands that this plan needs at least, and the portal's time for them."""
    with db.read() as session:
        query = select(Journal.method, func.count()).where(Journal.run_id == run_id).group_by(Journal.method)
        needed: Counter[str] = Counter({line.method: line[1] for line in session.execute(query)})
    imports = needed.pop(ONE, 0)
    made = imports + needed["crm.item.add"]
    moved, rows = needed["crm.activity.binding.add"], 2 * needed["crm.item.productrow.set"]
    needed["crm.timeline.comment.list"] = comments
    # The lead three times, what was created, clients that are added to; product rows of lead and deal; activities before and after.
    needed["crm.item.list"] = ceil((3 * leads + made + needed["crm.item.update"]) / 50)
    needed["crm.item.productrow.list"] = ceil(2 * rows / 50)
    needed["crm.activity.list"] = ceil((leads + moved) / 50)
    cost = server.rest.dispatcher.limits.cost
    work = sum(n * cost(method.lower()) for method, n in needed.items()) + imports * cost(
        "crm.item.batchimport"
    )
    return sum(needed.values()) + ceil(imports / PACK), work


def _large() -> dict[str, float]:
    """A run of many leads in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="leadswitch-bench-") as folder:
        command = [
            sys.executable,
            "-m",
            "connector.sandbox",
            "--leads",
            str(MANY),
            "--limits",
            "off",
            "--mix",
            "A",
        ]
        portal = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            assert portal.stdout is not None
            webhook = json.loads(portal.stdout.readline())["webhook"]
            child = [sys.executable, "-m", "bench._switch_child", folder, webhook]
            printed = subprocess.run(child, stdout=subprocess.PIPE, check=True).stdout
        finally:
            portal.terminate()
            portal.wait()
    done: dict[str, float] = json.loads(printed.splitlines()[-1])
    assert done["leads"] == MANY, done
    return done


def _write(rows: list[Row], large: dict[str, float]) -> None:
    text = REPORT.read_text(encoding="utf-8")
    section = report(rows, large)
    found = _SECTION.search(text)
    REPORT.write_text(
        text[: found.start()] + section + text[found.end() :] if found else f"{text}\n{section}",
        encoding="utf-8",
    )


def report(rows: list[Row], large: dict[str, float]) -> str:
    """The section as Markdown."""
    parts = [
        "<!-- switch -->",
        "## Switch",
        "",
        "Written by `make bench BENCH=switch`. Sandbox with documented limits (bucket 50, 2 per second; 480 s per method in ten minutes; "
        "a request is cut at 60 s); seconds per command as in the request study, 0.02 for methods that it does not name, 0.15 per request. "
        "Time is the portal's own and is counted, not waited for. At most 100 leads in flight, one connection. *Planned*: writes, imports "
        "by twenty, one reading of comments per lead, other reads by pages of fifty. *Ceiling*: leads per minute if only these were sent, "
        "in full batches. Which comments a lead has can only be asked lead by lead; the study's 127 leads per minute in quiet mode leave "
        "that out, and so does the row *timeline left*.",
        "",
        "| mix | automation | way | leads | planned commands | requests | allowed | per 1,000 leads | commands sent | 429 or 503 "
        "| leads per minute | ceiling | longest batch |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *map(_line, rows),
        "",
        f"A run of {int(large['leads']):,} leads of mix A in a process of its own, plan included: {large['megabytes']:.0f} MB at its peak, "
        f"{large['database']:.0f} MB of SQLite database with plan and journal.",
        "<!-- /switch -->",
        "",
    ]
    return "\n".join(parts)


def _line(row: Row) -> str:
    allowed = f"{row.allowed:.0f}" if row.way in (WAY_BATCH, WAY_LEFT) else ""
    cells = (
        row.mix,
        row.automation,
        row.way,
        f"{row.leads:,}",
        f"{row.planned:,}",
        row.requests,
        allowed,
        round(row.requests * 1000 / row.leads),
        f"{row.commands:,}",
        row.refused,
        f"{row.per_minute:.0f}",
        f"{row.ceiling:.0f}",
        f"{row.longest:.0f} s",
    )
    return f"| {' | '.join(map(str, cells))} |"
