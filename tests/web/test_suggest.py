"""The recommendation on the pages: from the portal's own records, seldom asked for, and missing rather than in the way."""

from collections.abc import Callable

from tests.web.conftest import Stage


def figures_asked(here: Stage) -> int:
    """How often the figures were asked for."""
    return sum(
        "movedTime" in str(call["params"])
        for call in here.server.world.call_log
        if call["method"] == "crm.item.list"
    )


def test_a_busy_portal_gets_a_recommendation_with_reasons(stage: Callable[..., Stage]) -> None:
    here = stage(leads=200)
    world = here.server.world
    for lead in world.leads:
        if lead["STATUS_SEMANTIC_ID"] == "P" and lead["ID"] % 2:
            lead["STATUS_ID"], lead["STATUS_SEMANTIC_ID"] = "JUNK", "F"
    person = here.install()
    shown = person.find("suggestion")
    assert "%" in shown.text
    person.press("to-choose")
    assert person.find("suggestion").attributes["data-mode"] == shown.attributes["data-mode"]
    before = len(world.call_log)
    person.press("to-options", to="simple")
    assert not any("movedTime" in str(call) for call in list(world.call_log)[before:])


def test_a_quiet_portal_is_told_that_there_is_too_little(stage: Callable[..., Stage]) -> None:
    person = stage(leads=5).install()
    assert person.find("suggestion").attributes["data-mode"] == ""
    assert "Too few" in person.find("suggestion").text


def test_without_figures_the_page_goes_without(stage: Callable[..., Stage]) -> None:
    here = stage(leads=5)
    refused = {"kind": "error", "status": 403, "code": "ACCESS_DENIED", "nth": tuple(range(1, 99))}
    person = here.install()
    here.clock.sleep(3600 / 2)
    here.server.rest.dispatcher.faults.add(method="crm.item.list", **refused)
    person.post("/app/choose", {"session": person.token})
    assert person.status in (200, 502)
