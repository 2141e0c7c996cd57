"""`make bench [BENCH=name]`: runs every module of this folder that has `measure()` and fails when a promised figure is not kept."""

import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module

import bench
from bench import Figure


def modules(wanted: list[str]) -> Iterator[str]:
    """Names of the measuring modules, all or the wanted ones, in alphabetical order."""
    for info in pkgutil.iter_modules(bench.__path__):
        if not info.name.startswith("_") and (not wanted or info.name in wanted):
            yield info.name


def line(figure: Figure) -> str:
    """One figure as a line of text."""
    promise = ""
    if figure.limit is not None:
        promise = f"  ({'at least' if figure.at_least else 'at most'} {figure.limit:g})  {'ok' if figure.kept else 'NOT KEPT'}"
    return f"  {figure.name:<58} {figure.value:>12,.1f} {figure.unit}{promise}"


def main(wanted: list[str]) -> int:
    """Measure and print; 1 when a promise is not kept, 2 when there was nothing to measure."""
    figures = []
    for name in modules(wanted):
        module = import_module(f"bench.{name}")
        if not hasattr(module, "measure"):
            continue
        print(name, flush=True)
        for figure in module.measure():
            print(line(figure), flush=True)
            figures.append(figure)
    if not figures:
        print(f"nothing to measure{': ' + ', '.join(wanted) if wanted else ''}", file=sys.stderr)
        return 2
    broken = sum(not figure.kept for figure in figures)
    print(f"{len(figures)} figures, {broken} not kept")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
