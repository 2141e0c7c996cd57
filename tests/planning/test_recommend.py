"""A mode is recommended from figures, with reasons, and never from too few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.planning.model import CrmMode
from connector.planning.recommend import ENOUGH, Figures, recommend

CLASSIC, SIMPLE = CrmMode.CLASSIC, CrmMode.SIMPLE
FIGURES = st.builds(
    Figures,
    mode=st.sampled_from(CrmMode),
    requests=st.integers(0, 10_000),
    lost=st.integers(0, 10_000),
    people=st.integers(0, 500),
    days_to_deal=st.none() | st.floats(0, 400),
).filter(lambda f: f.lost <= f.requests)


@pytest.mark.parametrize(
    ("figures", "mode"),
    [
        (Figures(CLASSIC, 1000, 600, 4, 9.0), CLASSIC),
        (Figures(CLASSIC, 60, 3, 6, 0.1), SIMPLE),
        (Figures(CLASSIC, 60, 30, 6), None),
        (Figures(SIMPLE, 900, 500, 3), CLASSIC),
        (Figures(SIMPLE, 40, 2, 4), SIMPLE),
        (Figures(CLASSIC, 300, 75, 4, 1.0), None),
    ],
)
def test_the_majority_of_the_figures_decides(figures: Figures, mode: CrmMode | None) -> None:
    advice = recommend(figures)
    assert advice.mode == mode
    assert not advice.thin


@given(FIGURES)
def test_every_advice_has_reasons_and_thin_figures_recommend_nothing(figures: Figures) -> None:
    advice = recommend(figures)
    assert advice.reasons
    assert advice.thin == (figures.requests < ENOUGH)
    if advice.thin:
        assert advice.mode is None
    for reason in advice.reasons:
        assert reason.text % reason.params
    if advice.mode is not None:
        assert advice.mode in {reason.towards for reason in advice.reasons}
