"""The picture of stages: every lead is in it once, nothing overlaps, colours of the portal cannot carry anything else."""

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from connector.planning.model import Stage
from connector.web.flow import GAP, draw, safe_color

LEADS = [Stage(f"L{n}", f"Lead stage {n}", n, "P", "#39A8EF") for n in range(6)]
DEALS = [Stage(f"D{n}", f"Deal stage {n}", n, "P", "#2FC6F6") for n in range(5)]
COUNTS = st.lists(
    st.tuples(st.sampled_from(LEADS), st.sampled_from(DEALS), st.integers(1, 100_000)),
    min_size=1,
    max_size=20,
    unique_by=lambda row: (row[0].id, row[1].id),
)


@given(COUNTS)
def test_every_lead_is_told_once_and_bars_do_not_overlap(rows: list[tuple[Stage, Stage, int]]) -> None:
    flow = draw([{"stage": a.id, "deal_stage": b.id, "leads": n} for a, b, n in rows], LEADS, DEALS)
    assert flow is not None
    assert sum(row.count for row in flow.rows) == sum(n for _, _, n in rows)
    assert len(flow.bands) == len(rows)
    for x in {node.x for node in flow.nodes}:
        side = sorted((node for node in flow.nodes if node.x == x), key=lambda node: node.y)
        assert all(b.y - (a.y + a.height) > GAP - 1 for a, b in itertools.pairwise(side))
        assert side[0].y >= -0.1
        assert side[-1].y + side[-1].height <= flow.height + 0.2


def test_nothing_is_drawn_when_nothing_flows() -> None:
    assert draw([], LEADS, DEALS) is None
    assert draw([{"stage": "L0", "deal_stage": "D0", "leads": 0}], LEADS, DEALS) is None


def test_a_stage_that_is_gone_is_shown_by_its_code() -> None:
    flow = draw([{"stage": "GONE", "deal_stage": "D0", "leads": 3}], LEADS, DEALS)
    assert flow is not None
    assert {node.name for node in flow.nodes} == {"GONE", "Deal stage 0"}


@given(st.text(max_size=30))
def test_a_colour_is_a_plain_colour_whatever_the_portal_says(color: str) -> None:
    assert re.fullmatch(r"#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?", safe_color(color))


def test_the_colour_of_the_portal_is_kept() -> None:
    assert safe_color("#39A8EF") == safe_color("39A8EF") == "#39A8EF"
