"""Values of custom fields on their way to another field: each is written or named, none is invented, dates and amounts stay as they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.planning.customfields import COMPATIBLE, compatible, shown, translate, values
from connector.planning.model import UserField

ENTRIES = {11: "Handel", 12: "Budowa", 13: "Rolnictwo"}
THEIRS = {31: "budowa", 32: "  HANDEL ", 33: "Usługi"}
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(str.strip)
SAMPLES: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT,
    "url": TEXT,
    "integer": st.integers(-5, 10**9),
    "double": st.floats(-1e6, 1e6).map(lambda x: round(x, 2)),
    "date": st.dates().map(lambda d: f"{d.isoformat()}T03:00:00+03:00"),
    "datetime": st.datetimes().map(lambda d: f"{d.isoformat(timespec='seconds')}+02:00"),
    "money": st.tuples(st.integers(1, 10**6), st.sampled_from(["PLN", "EUR"])).map(
        lambda m: f"{m[0]}|{m[1]}"
    ),
    "address": st.sampled_from(["Lipowa 5, Łódź|51.7;19.4|17", "Prosta 1"]),
    "employee": st.integers(1, 40),
    "enumeration": st.sampled_from([*ENTRIES, 99]),
    "crm": st.sampled_from(["C_5", "CO_7", "D_1"]),
    "boolean": st.sampled_from(["Y", "1", True]),
}


def field(type_: str, *, multiple: bool, entries: dict[int, str] | None = None) -> UserField:
    enum = (entries or {}) if type_ == "enumeration" else {}
    return UserField("UF_CRM_1", type_, multiple, False, "Pole", "ufCrm_1", enum=enum)


PAIRS = sorted({(t, t) for t in SAMPLES} | {pair for pair in COMPATIBLE if set(pair) <= set(SAMPLES)})


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=["-".join(p) for p in PAIRS])
@given(data=st.data())
def test_every_value_is_written_or_named(ours: str, theirs: str, data: st.DataObject) -> None:
    source = field(ours, multiple=data.draw(st.booleans()), entries=ENTRIES)
    target = field(theirs, multiple=data.draw(st.booleans()), entries=THEIRS)
    assert compatible(source, target)
    raw = data.draw(st.lists(SAMPLES[ours], min_size=1, max_size=3 if source.multiple else 1))
    found = values(source, {"ufCrm_1": raw if source.multiple else raw[0]})
    done = translate(source, target, found)
    out = [] if done.value is None else done.value if target.multiple else [done.value]
    assert isinstance(done.value, list) == (target.multiple and done.value is not None)
    assert len(out) <= (3 if target.multiple else 1)
    named = [*done.no_entry, *done.no_room]
    for value in found:
        text = shown(source, value)
        if theirs == "enumeration":
            entry = {e.strip().casefold(): id_ for id_, e in THEIRS.items()}.get(text.strip().casefold())
            assert entry in out or text in named, value
        elif ours == "boolean":
            assert out == ["Y"]
        elif theirs == "string" and ours != "string":
            assert text in out or text in named, value
        else:
            assert value in out or text in named, value
    if not named:
        assert len(out) <= len(found)
    possible = (
        {shown(source, value) for value in found} | set(map(str, found)) | {"Y"} | set(map(str, THEIRS))
    )
    assert {str(value) for value in out} <= possible, "something was invented"


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        ("date", "2026-12-01T03:00:00+03:00", "2026-12-01"),
        ("datetime", "2026-12-01T23:30:00+03:00", "2026-12-01 23:30"),
        ("money", "1500.50|PLN", "1500.50 PLN"),
        ("address", "Lipowa 5, Łódź|51.7;19.4|17", "Lipowa 5, Łódź"),
        ("enumeration", 12, "Budowa"),
    ],
)
def test_text_is_what_people_see_in_the_portal(type_: str, value: Any, text: str) -> None:
    source = field(type_, multiple=False, entries=ENTRIES)
    assert translate(source, field("string", multiple=False), [value]).value == text


def test_dates_amounts_and_people_of_one_type_stay_as_they_came() -> None:
    for type_, value in (
        ("date", "2026-12-01T03:00:00+03:00"),
        ("datetime", "2026-12-01T23:30:00+03:00"),
        ("money", "1500.50|PLN"),
        ("employee", 7),
    ):
        same = field(type_, multiple=False)
        assert translate(same, same, [value]).value == value
        assert translate(same, field(type_, multiple=True), [value]).value == [value]
