"""No page asks the database row by row: as many statements for a large plan as for a small one, and few for each part of a page."""

from pathlib import Path

import pytest

from bench._web_world import World, build, planned

PER_SECTION = 5


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, World]:
    facts, kinds = planned()
    folders: list[Path] = [tmp_path_factory.mktemp(name) for name in ("few", "many")]
    return build(folders[0], facts, kinds, 100), build(folders[1], facts, kinds, 1500)


def test_statements_do_not_grow_with_the_plan(worlds: tuple[World, World]) -> None:
    few, many = worlds
    small = {spot.name: few.queries(spot) for spot in few.spots()}
    large = {spot.name: many.queries(spot) for spot in many.spots()}
    assert small == large


def test_no_section_of_a_page_makes_more_than_five(worlds: tuple[World, World]) -> None:
    few, _ = worlds
    most = {spot.name: spot.sections * PER_SECTION for spot in few.spots()}
    assert {spot.name: n for spot in few.spots() if (n := few.queries(spot)) > most[spot.name]} == {}
