"""The long form: `python -m tests.chaos [--runs 100] [--leads 300] [--database both|sqlite|postgresql] [--seed 1]
[--at-once 1] [--write] [--new]`.

Plays so many runs at once and prints a line for each; `--write` puts the table into docs/reliability.md, beside the lines of earlier
calls with other seeds, so that the work of hours can be done in parts (`--new` begins the table again). Ends with 1 if any promise was
broken.
"""

from __future__ import annotations

import argparse
import contextlib
import re
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
KEPT = "kept"
NUMBERED = re.compile(r"\| \d")


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, print, write; 0 when every promise was kept."""
    options = _options(arguments)
    if options.new:
        _put("")
    tallies: list[Tally] = []
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postgres.server()) if options.database != "sqlite" else ""
        pool = stack.enter_context(ProcessPoolExecutor(options.at_once, max_tasks_per_child=1))
        runs = [
            pool.submit(
                play,
                options.seed + n,
                options.leads,
                server if _is_postgres(options.database, options.seed + n) else "",
            )
            for n in range(options.runs)
        ]
        for done in as_completed(runs):
            tallies.append(done.result())
            sys.stdout.write(_line(tallies[-1]) + "\n")
            sys.stdout.flush()
            if tallies[-1].problem:
                sys.stdout.write(f"run {tallies[-1].number}: {tallies[-1].problem}\n")
            if options.write:
                # After every run: hours of them are not lost with the last one, and the page says how many there were.
                write(tallies, options.leads)
    return 1 if any(tally.problem for tally in tallies) else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    cli = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    cli.add_argument("--runs", type=int, default=100)
    cli.add_argument("--leads", type=int, default=300)
    cli.add_argument("--seed", type=int, default=1)
    cli.add_argument("--database", choices=("both", "sqlite", "postgresql"), default="both")
    cli.add_argument("--at-once", type=int, default=1)
    cli.add_argument("--write", action="store_true")
    cli.add_argument("--new", action="store_true")
    return cli.parse_args(arguments)


def _is_postgres(choice: str, number: int) -> bool:
    return choice == "postgresql" or (choice == "both" and number % 2 == 0)


def _cells(tally: Tally) -> tuple[str, ...]:
    result = tally.problem.splitlines()[0] if tally.problem else KEPT
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
    """Put the lines of these runs between the marks, with those of other runs that stand there; the rest of the page stays."""
    old = (line for line in _page()[1].splitlines() if NUMBERED.match(line))
    lines = {line.split(" | ")[0].strip("| "): line for line in old}
    lines.update((str(tally.number), _line(tally)) for tally in tallies)
    rows = [lines[number].strip("| ").split(" | ") for number in sorted(lines, key=int)]
    total = {name: sum(int(row[HEAD.index(name)]) for row in rows) for name in ("Leads", "Killed", "Faults")}
    kept = sum(row[-1] == KEPT for row in rows)
    _put(
        "\n".join(
            [
                f"{len(rows)} runs on portals with about {leads} leads in work, {total['Leads']} leads converted and taken back, "
                f"{total['Killed']} processes killed, {total['Faults']} faults met: every promise kept in {kept} of {len(rows)} runs.",
                "",
                "| " + " | ".join(HEAD) + " |",
                "|" + " --- |" * len(HEAD),
                *("| " + " | ".join(row) + " |" for row in rows),
                "",
            ]
        )
    )


def _page() -> tuple[str, str, str]:
    """The page before, between and after the marks."""
    head, rest = PAGE.read_text(encoding="utf-8").split(f"{BEGIN}\n")
    table, tail = rest.split(END)
    return head, table, tail


def _put(table: str) -> None:
    head, _, tail = _page()
    PAGE.write_text(f"{head}{BEGIN}\n{table}{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
