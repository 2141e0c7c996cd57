"""Small charts as inline SVG, for the printable report: no script, no font, no address to load. Must never draw unescaped text."""

from collections import defaultdict
from collections.abc import Iterable
from html import escape

from connector.reports.document import Bars, Flow

_WIDTH = 720
_LABEL = 220
_BAR = 22
_GAP = 8
_NODE = 10
_HUES = ("#2f7de1", "#00a5b8", "#5b8c3e", "#c2751a", "#8a5fc7", "#c0476e", "#53708f", "#8c7a3e")
_TONES = {
    "error": "#c8372d",
    "data-loss": "#b4540a",
    "warning": "#c79a00",
    "info": "#2f7de1",
    "plain": "#53708f",
}
_LONGEST = 30
_BAR_LABEL = 380
_BAR_LONGEST = 62


def svg(chart: Flow | Bars) -> str:
    """The chart as one `<svg>` element with a title for screen readers; empty when there is nothing to draw."""
    body, height = _flow(chart) if isinstance(chart, Flow) else _bars(chart)
    if not body:
        return ""
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{escape(chart.title)}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(chart.title)}</title>{body}</svg>'
    )


def _bars(chart: Bars) -> tuple[str, float]:
    most = max((count for _, count, _ in chart.bars), default=0)
    if not most:
        return "", 0
    room = _WIDTH - _BAR_LABEL - 70
    parts = []
    for line, (name, count, tone) in enumerate(chart.bars):
        top = line * _BAR
        width = max(2.0, room * count / most)
        parts.append(
            _text(_BAR_LABEL - 8, top + 15, _short(name, _BAR_LONGEST), "end")
            + f'<rect x="{_BAR_LABEL}" y="{top + 4}" width="{width:.1f}" height="14" rx="3" fill="{_TONES.get(tone, _TONES["plain"])}"/>'
            + _text(_BAR_LABEL + width + 6, top + 15, str(count), "start")
        )
    return "".join(parts), len(chart.bars) * _BAR


def _flow(chart: Flow) -> tuple[str, float]:
    total = sum(count for _, _, count in chart.edges)
    if not total:
        return "", 0
    left = _totals((a, count) for a, _, count in chart.edges)
    right = _totals((b, count) for _, b, count in chart.edges)
    most = max(len(left), len(right))
    height = max(60 + most * 40, 120)
    scale = (height - _GAP * (most - 1) - 20) / total
    x1, x2 = _LABEL, _WIDTH - _LABEL - _NODE
    tops_left, tops_right = _stack(left, scale), _stack(right, scale)
    colours = {name: _HUES[i % len(_HUES)] for i, name in enumerate(left)}
    parts = [
        _node(x1, tops_left[name], count * scale, colours[name])
        + _text(x1 - 8, tops_left[name] + count * scale / 2 + 4, f"{_short(name)} · {count}", "end")
        for name, count in left.items()
    ]
    parts += [
        _node(x2, tops_right[name], count * scale, "#53708f")
        + _text(
            x2 + _NODE + 8, tops_right[name] + count * scale / 2 + 4, f"{_short(name)} · {count}", "start"
        )
        for name, count in right.items()
    ]
    at_left, at_right = dict(tops_left), dict(tops_right)
    for a, b, count in chart.edges:
        parts.append(_ribbon((x1 + _NODE, at_left[a]), (x2, at_right[b]), count * scale, colours[a]))
        at_left[a] += count * scale
        at_right[b] += count * scale
    return "".join(parts), height


def _totals(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for name, count in pairs:
        sums[name] += count
    return dict(sums)


def _stack(totals: dict[str, int], scale: float) -> dict[str, float]:
    tops, top = {}, 10.0
    for name, count in totals.items():
        tops[name] = top
        top += count * scale + _GAP
    return tops


def _node(x: float, y: float, height: float, colour: str) -> str:
    return f'<rect x="{x}" y="{y:.1f}" width="{_NODE}" height="{max(height, 1):.1f}" rx="2" fill="{colour}"/>'


def _ribbon(start: tuple[float, float], end: tuple[float, float], width: float, colour: str) -> str:
    (x1, y1), (x2, y2) = start, end
    middle = (x1 + x2) / 2
    return (
        f'<path d="M{x1} {y1:.1f}C{middle} {y1:.1f} {middle} {y2:.1f} {x2} {y2:.1f}V{y2 + width:.1f}'
        f'C{middle} {y2 + width:.1f} {middle} {y1 + width:.1f} {x1} {y1 + width:.1f}Z" fill="{colour}" fill-opacity=".32"/>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _short(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
