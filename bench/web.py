"""Every page of the app on a plan of 100,000 leads beside the same page on 100. Writes the section "web" of docs/benchmarks.md.

`python -m bench web`. Server time is that of the whole request in this process, database included, portal excluded (its facts are at
hand); the median of several rounds in turn. Statements are counted by the database layer.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import Figure
from bench._web_world import Spot, World, build, planned

FEW = 100
MANY = int(os.environ.get("BENCH_LEADS", "100000"))
ROUNDS = 9
TIMES = 3.0
PER_SECTION = 5
REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_SECTION = re.compile(r"<!-- web -->.*<!-- /web -->\n", re.DOTALL)


def measure() -> Iterator[Figure]:
    """One figure per page and promise; the table goes into the report."""
    facts, kinds = planned()
    with tempfile.TemporaryDirectory() as few, tempfile.TemporaryDirectory() as many:
        small, large = build(Path(few), facts, kinds, FEW), build(Path(many), facts, kinds, MANY)
        rows = []
        for one, other in zip(small.spots(), large.spots(), strict=True):
            fast, slow = _seconds(small, one, large, other)
            rows.append((other, fast, slow, small.queries(one), large.queries(other)))
        small.db.close()
        large.db.close()
    _write(rows)
    for spot, fast, slow, before, after in rows:
        yield Figure(f"{spot.name}: server time of {MANY:,} leads", slow * 1000, "ms")
        yield Figure("  against 100 leads", slow / fast, "x", TIMES)
        yield Figure("  statements more than for 100 leads", after - before, "", 0)
        yield Figure("  statements of a section", after / spot.sections, "", PER_SECTION)


def _seconds(small: World, one: Spot, large: World, other: Spot) -> tuple[float, float]:
    """The medians for both sizes, measured in turn."""
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for world, spot, into in ((small, one, took[0]), (large, other, took[1])):
            started = time.perf_counter()
            world.get(spot)
            into.append(time.perf_counter() - started)
    return statistics.median(took[0]), statistics.median(took[1])


def _write(rows: list[tuple[Spot, float, float, int, int]]) -> None:
    lines = [
        "<!-- web -->",
        "## Pages of the app",
        "",
        f"By `make bench BENCH=web`. Whole request in one process, SQLite, facts of the portal at hand; median of {ROUNDS} rounds in "
        f"turn; Python {platform.python_version()}, {platform.system()} {platform.machine()}. A section is a part of a page that asks the "
        f"database for something of its own; the session with the person's rights is one of every page.",
        "",
        f"| page | {FEW:,} leads, ms | {MANY:,} leads, ms | times | statements | {MANY:,} leads | sections |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {spot.name} | {fast * 1000:.1f} | {slow * 1000:.1f} | {slow / fast:.2f} | {before} | {after} | {spot.sections} |"
            for spot, fast, slow, before, after in rows
        ),
        "<!-- /web -->",
        "",
    ]
    section = "\n".join(lines)
    old = REPORT.read_text() if REPORT.exists() else "# Benchmarks\n\n"
    REPORT.write_text(_SECTION.sub(lambda _: section, old) if _SECTION.search(old) else f"{old}\n{section}")
