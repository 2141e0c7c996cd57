"""Imports of single records share commands on the way to the portal; what became of each is told by its place."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import AccessDenied, AnswerLost, MethodError, OutcomeUnknown
from connector.switching.packing import MANY, ONE, PACK, Load, Parcel, full_first, pack, unpack
from connector.switching.wire import Command, Outcome, State


def imported(kind: int, **fields: Any) -> Command:
    return Command(ONE, {"entityTypeId": kind, "fields": {"title": "x", **fields}})


COMMANDS = st.lists(
    st.one_of(
        st.builds(lambda kind, n: imported(kind, title=f"t{n}"), st.sampled_from([2, 3, 4]), st.integers()),
        st.just(Command("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {}})),
        st.just(imported(2, comments="ż" * 9000)),
        st.just(imported(3, fm=[])),
    ),
    max_size=90,
)


@settings(deadline=None)
@given(COMMANDS)
def test_every_command_travels_once_and_gets_its_own_outcome(commands: list[Command]) -> None:
    parcels = pack(commands)
    assert sorted(place for parcel in parcels for place in parcel.places) == list(range(len(commands)))
    for parcel in parcels:
        if len(parcel.places) == 1:
            assert parcel.command == commands[parcel.places[0]]
            continue
        assert parcel.command.method == MANY
        assert len(parcel.places) <= PACK
        assert parcel.command.params["data"] == [commands[n].params["fields"] for n in parcel.places]
        answer = {"items": [{"item": {"id": 100 + n}} for n in parcel.places]}
        outcomes = unpack(parcel, Outcome(State.OK, answer), "p")
        assert [o.value["item"]["id"] for o in outcomes] == [100 + n for n in parcel.places]


@settings(deadline=None)
@given(COMMANDS)
def test_a_full_load_is_never_more_than_a_request_holds(commands: list[Command]) -> None:
    load, taken = Load(5), []
    for command in commands:
        if not load.takes(command.method, command.params):
            break
        taken.append(command)
    small = [c for c in taken if len(str(c.params)) < 1000 and c.params.get("fields", {}).get("fm") != []]
    assert len(pack(small)) <= 5


def test_items_are_refused_one_by_one() -> None:
    parcel = Parcel(imported(3), [0, 1, 2])
    answer = {
        "items": [
            {"item": {"id": 5}},
            {"error": "CRM_FIELD_ERROR_REQUIRED", "error_description": "The “Name” field is required"},
            {"error": "STRANGE", "error_description": "?"},
        ]
    }
    good, refused, strange = unpack(parcel, Outcome(State.OK, answer), "p")
    assert good.state is State.OK
    assert refused.state is State.FAILED
    assert isinstance(refused.error, MethodError)
    # A code that nobody knows proves nothing: the record is looked for.
    assert strange.state is State.UNKNOWN
    assert isinstance(strange.error, OutcomeUnknown)


def test_what_cannot_be_told_by_place_is_looked_for() -> None:
    parcel = Parcel(imported(3), [0, 1])
    for answer in ({"items": [{"item": {"id": 5}}]}, {}, None, {"items": "no"}):
        assert [o.state for o in unpack(parcel, Outcome(State.OK, answer), "p")] == [State.UNKNOWN] * 2
    lost = Outcome(State.UNKNOWN, error=OutcomeUnknown(AnswerLost(method=MANY)))
    assert unpack(parcel, lost, "p") == [lost, lost]


def test_a_refusal_of_the_whole_is_one_of_each() -> None:
    denied = Outcome(State.FAILED, error=AccessDenied(method=MANY, code="INVALID_CREDENTIALS"))
    assert unpack(Parcel(imported(3), [0, 1]), denied, "p") == [denied, denied]


def test_imports_that_fill_no_pack_come_last() -> None:
    commands = [(ONE, {"entityTypeId": 3})] * (PACK + 2) + [("crm.lead.update", {"id": 1})]
    places = full_first(commands)
    assert sorted(places) == list(range(len(commands)))
    assert places[-3:] == [PACK + 2, PACK, PACK + 1]


def test_full_packs_go_ahead_when_little_else_is_left() -> None:
    commands = [("crm.lead.update", {"id": 1})] + [(ONE, {"entityTypeId": 3})] * (PACK + 2)
    assert full_first(commands, ahead=True) == [*range(1, PACK + 1), 0, PACK + 1, PACK + 2]
