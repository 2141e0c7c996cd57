"""The main job from end to end, in a browser, on `leadswitch demo`: install, preview, convert, change the mode, undo."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.driving import Sandbox, Visit, open_deals

LEADS, DEALS, ACTIVITIES = "leads", "deals", "activities"
CLASSIC, SIMPLE = 1, 2
LEAD, DEAL = 1, 2


@pytest.mark.slow
def test_a_portal_is_switched_to_simple_crm_and_back(
    start_demo: Callable[..., Sandbox], visit: Callable[..., Visit]
) -> None:
    portal = start_demo(leads=60)
    before = portal.records(LEADS, DEALS, ACTIVITIES)
    active = {int(id_) for id_, lead in before[LEADS].items() if lead.get("STATUS_SEMANTIC_ID", "P") == "P"}
    opened = {
        id_
        for id_, one in before[ACTIVITIES].items()
        if not one.get("COMPLETED") and _bound(one, LEAD) & active
    }
    assert active
    assert opened
    portal.keep("start")

    person = visit(portal)
    person.install()
    expect(person.find("current-mode")).to_have_attribute("data-mode", "classic")
    expect(person.find("active-leads")).to_have_text(str(len(active)))
    person.dry_run()
    assert not {LEADS, DEALS, ACTIVITIES, "contacts", "companies"} & set(portal.diff("start"))

    person.confirm()
    person.wait_for_flip()
    assert portal.state()["active_leads"] == 0
    assert portal.state()["mode"] == CLASSIC
    person.change_mode("simple")
    person.wait_for_report()
    expect(person.find("report-title")).to_have_attribute("data-state", "done")

    after = portal.records(LEADS, DEALS, ACTIVITIES)
    assert portal.state()["mode"] == SIMPLE
    assert portal.state()["active_leads"] == 0
    made = {id_: deal for id_, deal in after[DEALS].items() if id_ not in before[DEALS]}
    assert open_deals({DEALS: made}) == dict.fromkeys(active, 1)
    for id_ in opened:
        activity = after[ACTIVITIES][id_]
        assert not activity.get("COMPLETED"), activity["SUBJECT"]
        assert _bound(activity, DEAL) & {int(deal) for deal in made}
        assert not _bound(activity, LEAD) & active

    person.undo()
    person.wait_for_flip()
    person.change_mode("classic")
    person.wait_for_report()
    expect(person.find("report-title")).to_have_attribute("data-state", "done")
    again = portal.records(LEADS, DEALS, ACTIVITIES)
    assert portal.state()["mode"] == CLASSIC
    assert set(again[DEALS]) == set(before[DEALS])
    stages = {id_: lead.get("STATUS_ID", "NEW") for id_, lead in again[LEADS].items()}
    assert stages == {id_: lead.get("STATUS_ID", "NEW") for id_, lead in before[LEADS].items()}
    for id_ in opened:
        assert not again[ACTIVITIES][id_].get("COMPLETED")
        assert _bound(again[ACTIVITIES][id_], LEAD) & active


def _bound(activity: dict[str, object], entity_type: int) -> set[int]:
    """Records of one type that an activity is bound to."""
    pairs = activity.get("BINDINGS", [])
    assert isinstance(pairs, list)
    return {int(id_) for type_, id_ in pairs if int(type_) == entity_type}
