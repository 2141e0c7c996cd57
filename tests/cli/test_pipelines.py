"""`pipelines`: every command does what it says on the portal, answers with what is so now, and refuses the rest with a reason."""

import pytest

from connector.cli.exits import Exit
from tests.cli.conftest import Portal, Shell


def stage_ids(shell: Shell, pipeline: str = "0") -> list[str]:
    return [s["id"] for s in shell("pipelines", "stages", "list", pipeline, "--json").json["stages"]]


def test_from_the_lead_stages_to_nothing_again(connected: Shell, portal: Portal) -> None:
    made = connected("pipelines", "create", "Leads", "--from-leads", "--json")
    assert made.code == Exit.DONE and made.err == ""
    leads = portal.rest("crm.status.list", filter={"ENTITY_ID": "STATUS"}, order={"SORT": "ASC"})
    in_work = [row["NAME"] for row in leads if row["SEMANTICS"] is None]
    assert [s["name"] for s in made.json["stages"] if s["semantics"] == "P"] == in_work
    id_ = str(made.json["id"])
    renamed = connected("pipelines", "rename", "leads", "Sales", "--json").json
    assert (renamed["id"], renamed["name"]) == (made.json["id"], "Sales")
    gone = connected("pipelines", "delete", id_, "--yes", "--json")
    assert gone.json["deleted"]["name"] == "Sales"
    assert connected("pipelines", "show", id_, "--json").json["error"]["key"] == "config.no_such_pipeline"


def test_show_counts_deals_and_marks_system_stages(connected: Shell, portal: Portal) -> None:
    shown = connected("pipelines", "show", "0", "--json").json
    assert shown["deals"] == sum(s["deals"] for s in shown["stages"])
    assert [s["id"] for s in shown["stages"] if s["system"]] == ["NEW", "WON", "LOSE"]
    text = connected("pipelines", "show", "0").out
    assert "in work" in text and "success" in text and "Deals" in text


def test_pipelines_change_places(connected: Shell, portal: Portal) -> None:
    ids = [str(p["id"]) for p in connected("pipelines", "list", "--json").json["pipelines"]]
    now = connected("pipelines", "reorder", *ids[::-1], "--json")
    assert [str(p["id"]) for p in now.json["pipelines"]] == ids[::-1]
    refused = connected("pipelines", "reorder", *ids[1:], "--json")
    assert refused.code == Exit.FAILED and refused.json["error"]["key"] == "pipeline.order_misses"


def test_the_built_in_pipeline_is_renamed_too(connected: Shell, portal: Portal) -> None:
    assert connected("pipelines", "rename", "0", "Nasz lejek", "--json").json["name"] == "Nasz lejek"
    assert portal.rest("crm.category.get", entityTypeId=2, id=0)["category"]["name"] == "Nasz lejek"


def test_stages_are_added_renamed_recoloured_moved_and_deleted(connected: Shell, portal: Portal) -> None:
    added = connected(
        "pipelines", "stages", "add", "0", "Offer", "--color", "#abcdef", "--after", "NEW", "--json"
    )
    assert added.json["stages"][1]["name"] == "Offer" and added.json["stages"][1]["color"] == "#ABCDEF"
    code = added.json["stages"][1]["id"]
    connected("pipelines", "stages", "rename", "0", code, "Offer sent")
    now = connected("pipelines", "stages", "recolour", "0", "offer sent", "#000000", "--json").json
    assert (now["stages"][1]["name"], now["stages"][1]["color"]) == ("Offer sent", "#000000")
    order = stage_ids(connected)
    order[0], order[1] = order[1], order[0]
    assert connected("pipelines", "stages", "reorder", "0", *order).code == Exit.DONE
    assert stage_ids(connected) == order
    assert connected("pipelines", "stages", "delete", "0", code, "--yes", "--json").code == Exit.DONE
    assert code not in stage_ids(connected)
    lost = connected("pipelines", "stages", "add", "0", "Too dear", "--meaning", "failure", "--json")
    assert lost.json["stages"][-1]["semantics"] == "F"


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("show", "99"), "config.no_such_pipeline"),
        (("create", ""), "pipeline.name_missing"),
        (("create", "x" * 256), "pipeline.name_too_long"),
        (("create", "x", "--sort", "-1"), "pipeline.place"),
        (("rename", "0", " "), "pipeline.name_missing"),
        (("delete", "0", "--yes"), "pipeline.default_stays"),
        (("stages", "list", "nowhere"), "config.no_such_pipeline"),
        (("stages", "add", "0", "x", "--color", "red"), "pipeline.colour"),
        (("stages", "add", "0", "x", "--meaning", "success"), "pipeline.one_success"),
        (("stages", "add", "0", "x", "--after", "NOPE"), "pipeline.no_such_stage"),
        (("stages", "recolour", "0", "NEW", "#12345"), "pipeline.colour"),
        (("stages", "reorder", "0", "NEW"), "pipeline.order_misses"),
        (("stages", "delete", "0", "WON", "--yes"), "pipeline.stage_stays"),
        (("stages", "delete", "0", "NOPE", "--yes"), "pipeline.no_such_stage"),
    ],
)
def test_bad_input_has_a_reason_and_changes_nothing(
    connected: Shell, portal: Portal, arguments: tuple[str, ...], key: str
) -> None:
    shown = connected("pipelines", *arguments, "--json")
    assert shown.code == Exit.FAILED
    assert shown.json["error"]["key"] == key
    assert portal.writes() == []


def test_deletion_is_confirmed(connected: Shell, portal: Portal) -> None:
    connected("pipelines", "create", "Short life")
    refused = connected("pipelines", "delete", "Short life", "--json")
    assert refused.code == Exit.USAGE and refused.json["error"]["key"] == "config.not_confirmed"
    assert connected("pipelines", "delete", "Short life", "--yes").code == Exit.DONE


def test_deletion_is_refused_while_deals_are_in_it(connected: Shell, portal: Portal) -> None:
    made = connected("pipelines", "create", "Busy", "--json").json["id"]
    portal.rest("crm.item.add", entityTypeId=2, fields={"title": "x", "categoryId": made})
    refused = connected("pipelines", "delete", "Busy", "--yes")
    assert refused.code == Exit.FAILED and "Deals in it: 1" in refused.err


def test_who_may_not_change_crm_settings_is_told_so(connected: Shell, portal: Portal) -> None:
    portal.post("users", id=1, role="employee")
    refused = connected("pipelines", "create", "Mine", "--json")
    assert refused.json["error"]["key"] == "run.not_allowed"


def test_a_lost_answer_creates_once(connected: Shell, portal: Portal) -> None:
    portal.post("faults", method="crm.category.add", kind="drop_after", times=1)
    assert connected("pipelines", "create", "Once", "--json").code == Exit.DONE
    names = [p["name"] for p in connected("pipelines", "list", "--json").json["pipelines"]]
    assert names.count("Once") == 1
