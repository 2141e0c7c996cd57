"""A call means the same alone and in a batch, whatever its values are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.bitrix.encoding import Ref, command_text, fits_query, is_label, normalise, php_query
from connector.errors import BadCall
from tests.bitrix.php import parse_str

KEYS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="[]=&+%.\x00 ", exclude_categories=("Cs", "Cc")),
    min_size=1,
    max_size=8,
).filter(lambda key: not key.isdigit())
TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20)
LEAVES = TEXT | st.integers(-(10**12), 10**12)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def as_php_reads(value: Any) -> Any:
    """Everything a query string carries is text."""
    if isinstance(value, dict):
        return {key: as_php_reads(item) for key, item in value.items()}
    return [as_php_reads(item) for item in value] if isinstance(value, list) else str(value)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_php_reads_back_what_was_sent(params: dict[str, Any]) -> None:
    sent = normalise(params)
    assert isinstance(sent, dict)
    if fits_query(sent):
        assert parse_str(php_query(sent)) == as_php_reads(sent)
    else:
        with pytest.raises(BadCall):
            php_query(sent)


@pytest.mark.parametrize(
    "text", ["a&b=c", "x[0]=1", "50%", "ž + š", "🙂", "line\nbreak", "'\"\\", "$result", "a#b?c/d;e", "  "]
)
def test_hard_text_survives(text: str) -> None:
    assert parse_str(php_query({"fields": {"TITLE": text}})) == {"fields": {"TITLE": text}}


def test_filter_operators_survive_as_keys() -> None:
    sent = {"filter": {">ID": 5, "!=STATUS_ID": "X", "@ID": [1, 2], "%TITLE": "a"}}
    assert parse_str(php_query(sent)) == {
        "filter": {">ID": "5", "!=STATUS_ID": "X", "@ID": ["1", "2"], "%TITLE": "a"}
    }


def test_booleans_become_what_the_field_expects() -> None:
    assert normalise({"OPENED": True, "UF_CRM_1": True, "ufCrm_2": [False], "opened": False}) == {
        "OPENED": "Y",
        "UF_CRM_1": "1",
        "ufCrm_2": ["0"],
        "opened": "N",
    }


def test_other_types_have_one_form() -> None:
    class Mode(Enum):
        CLASSIC = 1

    assert normalise(
        {
            "a": Decimal("10.50"),
            "b": date(2026, 1, 2),
            "c": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            "d": Mode.CLASSIC,
            "e": (1, 2),
        }
    ) == {"a": "10.50", "b": "2026-01-02", "c": "2026-01-02T03:04:05+00:00", "d": 1, "e": [1, 2]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"bytes", object()])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(BadCall):
        normalise({"fields": {"X": value}})


def test_floats_never_travel_in_scientific_form() -> None:
    assert php_query({"a": 1e16, "b": 0.00001}) == "a=10000000000000000&b=0.00001"


@pytest.mark.parametrize("value", [None, [], {}, [None], {"a": []}, "see $result[x][ID]"])
def test_what_a_query_would_lose_does_not_fit(value: object) -> None:
    assert not fits_query({"fields": {"X": value}})


def test_references_are_left_readable_and_nothing_else_is() -> None:
    assert command_text("crm.lead.list", {"filter": {">ID": Ref("p0", 49, "ID")}}) == (
        "crm.lead.list?filter[%3EID]=$result[p0][49][ID]"
    )


@pytest.mark.parametrize("label", ["c_0", "lead123", "_x"])
def test_word_labels_are_safe(label: str) -> None:
    assert is_label(label)


@pytest.mark.parametrize("label", ["0", "12", "1a", "a b", "", "a[0]", "ł"])
def test_numeric_labels_are_refused(label: str) -> None:
    assert not is_label(label)
