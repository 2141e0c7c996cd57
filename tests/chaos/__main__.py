"""The long form: `python -m tests.chaos [--runs 100] [--leads 300] [--database both|sqlite|postgresql] [--seed 1]
[--at-once 1] [--write]`.

Plays so many runs at once and prints a line for each; `--write` puts the table into docs/reliability.md. Ends with 1 if any promise
was broken.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests import postgres
from tests.chaos.scene import ROOT, Tally, play

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- chaos: written by `make chaos` -->", "<!-- /chaos -->"
HEAD = (
    "Run",
    "Database",
    "Workers",
    "Leads",
    "Seconds",
    "Killed",
    "Faults",
    "Tokens expired",
    "Writes looked for",
    "Sent again",
    "Result",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, print, write; 0 when every promise was kept."""
    options = _options(arguments)
    tallies: list[Tally] = []
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postgres.server()) if options.database != "sqlite" else ""
        pool = stack.enter_context(ProcessPoolExecutor(options.at_once, max_tasks_per_child=1))
        runs = [
            pool.submit(
                play, options.seed + n, options.leads, server if _is_postgres(options.database, n) else ""
            )
            for n in range(options.runs)
        ]
        for done in as_completed(runs):
            tallies.append(done.result())
            sys.stdout.write(_line(tallies[-1]) + "\n")
            sys.stdout.flush()
            if options.write:
                # After every run: hours of them are not lost with the last one, and the page says how many there were.
                write(sorted(tallies, key=lambda tally: tally.number), options.leads)
    broken = [tally for tally in tallies if tally.problem]
    for tally in broken:
        sys.stdout.write(f"run {tally.number}: {tally.problem}\n")
    return 1 if broken else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    cli = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    cli.add_argument("--runs", type=int, default=100)
    cli.add_argument("--leads", type=int, default=300)
    cli.add_argument("--seed", type=int, default=1)
    cli.add_argument("--database", choices=("both", "sqlite", "postgresql"), default="both")
    cli.add_argument("--at-once", type=int, default=1)
    cli.add_argument("--write", action="store_true")
    return cli.parse_args(arguments)


def _is_postgres(choice: str, number: int) -> bool:
    return choice == "postgresql" or (choice == "both" and number % 2 == 1)


def _cells(tally: Tally) -> tuple[str, ...]:
    result = tally.problem.splitlines()[0] if tally.problem else "kept"
    numbers = (
        tally.leads,
        round(tally.seconds),
        tally.kills,
        tally.faults,
        tally.expired,
        tally.looked_for,
        tally.sent_again,
    )
    return (str(tally.number), tally.database, str(tally.workers), *map(str, numbers), result)


def _line(tally: Tally) -> str:
    return "| " + " | ".join(_cells(tally)) + " |"


def write(tallies: Sequence[Tally], leads: int) -> None:
    """Put the table between its marks; the rest of the page stays."""
    kept = sum(1 for tally in tallies if not tally.problem)
    total = sum(tally.leads for tally in tallies)
    lines = [
        BEGIN,
        f"{len(tallies)} runs on portals with {leads} leads in work, {total} leads converted and taken back, "
        f"{sum(t.kills for t in tallies)} processes killed, {sum(t.faults for t in tallies)} faults met: "
        f"every promise kept in {kept} of {len(tallies)} runs.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + " --- |" * len(HEAD),
        *map(_line, tallies),
        END,
    ]
    page = PAGE.read_text(encoding="utf-8")
    start, end = page.index(BEGIN), page.index(END) + len(END)
    PAGE.write_text(page[:start] + "\n".join(lines) + page[end:], encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
