"""Every in-work lead stage gets a deal stage, first stays first and last stays last, names come before places."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from connector.planning.model import Pipeline, Stage
from connector.planning.options import Options
from connector.planning.stages import map_stages, new_pipeline, stage_findings
from tests.planning.portal import FACTS, facts


def pipeline(id_: int, count: int) -> Pipeline:
    stages = tuple(Stage(f"C{id_}:S{i}", f"Etap {i}", 10 * i, "P") for i in range(count))
    return Pipeline(id_, "P", 10, False, (*stages, Stage(f"C{id_}:WON", "Koniec", 999, "S")))


@given(st.integers(1, 8), st.integers(1, 8))
def test_places_never_go_backwards_and_the_ends_meet(leads: int, deals: int) -> None:
    stages = tuple(Stage(f"L{i}", f"Lead {i}", 10 * i, "P") for i in range(leads))
    portal = facts(
        lead_stages=(*stages, Stage("CONVERTED", "Dobry", 999, "S")), pipelines=(pipeline(7, deals),)
    )
    links = map_stages(portal, Options(pipeline=7))
    places = [int(link.deal_stage.removeprefix("C7:S")) for link in links]
    assert len(places) == leads
    assert places == sorted(places)
    assert places[0] == 0
    if leads > 1:
        assert places[-1] == min(deals - 1, leads - 1) if leads == deals else places[-1] == deals - 1


def test_only_stages_in_work_are_mapped() -> None:
    assert [link.lead_stage for link in map_stages(FACTS, Options())] == [
        "NEW",
        "IN_PROCESS",
        "UC_CALL",
        "PROCESSED",
    ]
    assert all("WON" not in link.deal_stage for link in map_stages(FACTS, Options()))


def test_a_pipeline_without_stages_in_work_maps_to_nothing() -> None:
    portal = facts(pipelines=(pipeline(7, 0),))
    assert {link.how for link in map_stages(portal, Options(pipeline=7))} == {"none"}


def test_shared_deal_stages_are_said() -> None:
    said = stage_findings(map_stages(FACTS, Options(pipeline=4)))
    assert {"stages-folded", "stages-by-position"} == {f.code for f in said}


def test_names_are_compared_without_case_and_blanks() -> None:
    renamed = tuple(replace(s, name=s.name.upper() + " ") for s in FACTS.lead_stages)
    links = {link.lead_stage: link for link in map_stages(facts(lead_stages=renamed), Options())}
    assert (links["IN_PROCESS"].deal_stage, links["IN_PROCESS"].how) == ("EXECUTING", "name")


def test_a_new_pipeline_always_has_an_end() -> None:
    bare = replace(FACTS.pipelines[0], stages=())
    for portal in (FACTS, facts(pipelines=(bare,)), facts(pipelines=())):
        stages = new_pipeline(portal, Options(pipeline="new")).params["stages"]
        assert [s["semantics"] for s in stages].count("S") == 1
        assert stages[-1]["semantics"] == "F"
