"""The picture of how many leads go from each lead stage to each deal stage: positions of nodes and bands. Pure geometry, no texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.i18n import number
from connector.planning.model import Stage

WIDTH = 620
NODE = 12
LABEL = 165
GAP = 24
LEAST = 40.0
TALLEST = 340.0
PALETTE = "#a8adb4"


@dataclass(frozen=True, slots=True)
class Node:
    """One stage: a bar with its name and number beside it."""

    name: str
    count: str
    color: str
    x: float
    y: float
    width: float
    height: float
    text_x: float
    text_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Band:
    """Leads that go from one stage to another, as an SVG path."""

    path: str
    color: str


@dataclass(frozen=True, slots=True)
class Row:
    """The same as words, for the list."""

    source: str
    source_color: str
    target: str
    target_color: str
    count: int


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole picture in its own units (`viewBox`)."""

    width: int
    height: float
    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]
    rows: tuple[Row, ...]


def draw(
    counts: Sequence[Mapping[str, object]], leads: Sequence[Stage], deals: Sequence[Stage]
) -> Flow | None:
    """The picture of `counts` (`{"stage", "deal_stage", "leads"}`); None when nothing flows.

    Stages stand in their own order, unknown ones last. A bar is as tall as its share, but never too small for its label.
    """
    links = [
        (str(c["stage"]), str(c["deal_stage"]), int(str(c["leads"])))
        for c in counts
        if int(str(c["leads"])) > 0
    ]
    if not links:
        return None
    left = _ordered({s for s, _, _ in links}, leads)
    right = _ordered({t for _, t, _ in links}, deals)
    out = {s.id: sum(n for a, _, n in links if a == s.id) for s in left}
    into = {t.id: sum(n for _, b, n in links if b == t.id) for t in right}
    total = sum(out.values())
    scale = TALLEST / total
    heights = {("l", k): max(n * scale, LEAST) for k, n in out.items()} | {
        ("r", k): max(n * scale, LEAST) for k, n in into.items()
    }
    sides = (("l", left), ("r", right))
    tall = {
        side: sum(heights[side, s.id] for s in stages) + GAP * (len(stages) - 1) for side, stages in sides
    }
    height = max(tall.values())
    tops: dict[tuple[str, str], float] = {}
    nodes = []
    for side, stages in sides:
        y = (height - tall[side]) / 2
        for stage in stages:
            tops[side, stage.id] = y
            nodes.append(
                _node(side, stage, (out if side == "l" else into)[stage.id], y, heights[side, stage.id])
            )
            y += heights[side, stage.id] + GAP
    sums = {("l", k): n for k, n in out.items()} | {("r", k): n for k, n in into.items()}
    bands = _bands(links, (left, right), sums, tops, heights)
    return Flow(WIDTH, round(height, 1), tuple(nodes), bands, _rows(links, left, right))


def safe_color(color: str) -> str:
    """The colour of a stage if it is a plain hex colour, else grey: it comes from the portal."""
    digits = color.removeprefix("#")
    plain = len(digits) in (3, 6) and all(c in "0123456789abcdefABCDEF" for c in digits)
    return f"#{digits}" if plain else PALETTE


def _ordered(ids: set[str], stages: Sequence[Stage]) -> list[Stage]:
    known = [s for s in sorted(stages, key=lambda s: s.sort) if s.id in ids]
    missing = sorted(ids - {s.id for s in known})
    return known + [Stage(one, one, 0, "P") for one in missing]


def _node(side: str, stage: Stage, count: int, y: float, height: float) -> Node:
    x = LABEL if side == "l" else WIDTH - LABEL - NODE
    text_x = x - 10 if side == "l" else x + NODE + 10
    anchor = "end" if side == "l" else "start"
    middle = y + height / 2 - 3
    return Node(
        _short(stage.name), number(count), safe_color(stage.color),
        x, round(y, 1), NODE, round(height, 1), text_x, round(middle, 1), anchor,
    )  # fmt: skip


def _short(name: str, longest: int = 19) -> str:
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"


def _bands(
    links: list[tuple[str, str, int]],
    sides: tuple[list[Stage], list[Stage]],
    sums: Mapping[tuple[str, str], int],
    tops: Mapping[tuple[str, str], float],
    heights: Mapping[tuple[str, str], float],
) -> tuple[Band, ...]:
    """Bands fill the whole of both bars, in the order in which the stages stand, so that they cross as little as they can."""
    left, right = ([s.id for s in side] for side in sides)
    colors = {s.id: safe_color(s.color) for s in sides[0]}
    used: dict[tuple[str, str], float] = dict.fromkeys(tops, 0.0)
    bands = []
    for source, target, n in sorted(links, key=lambda k: (left.index(k[0]), right.index(k[1]))):
        a = n / sums["l", source] * heights["l", source]
        b = n / sums["r", target] * heights["r", target]
        y0, y1 = tops["l", source] + used["l", source], tops["r", target] + used["r", target]
        used["l", source] += a
        used["r", target] += b
        bands.append(Band(_ribbon(y0, a, y1, b), colors[source]))
    return tuple(bands)


def _ribbon(y0: float, a: float, y1: float, b: float) -> str:
    x0, x1 = LABEL + NODE, WIDTH - LABEL - NODE
    mid = (x0 + x1) / 2
    return (
        f"M{x0} {y0:.1f}C{mid} {y0:.1f} {mid} {y1:.1f} {x1} {y1:.1f}V{y1 + b:.1f}"
        f"C{mid} {y1 + b:.1f} {mid} {y0 + a:.1f} {x0} {y0 + a:.1f}Z"
    )


def _rows(links: list[tuple[str, str, int]], left: list[Stage], right: list[Stage]) -> tuple[Row, ...]:
    source, target = {s.id: s for s in left}, {t.id: t for t in right}
    order = [s.id for s in left]
    return tuple(
        Row(source[a].name, safe_color(source[a].color), target[b].name, safe_color(target[b].color), n)
        for a, b, n in sorted(links, key=lambda k: order.index(k[0]))
    )
