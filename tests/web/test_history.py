"""The history of plans and runs is paged, and costs as many queries for many rows as for one."""

from collections.abc import Callable

import pytest

from connector.planning.options import Options
from connector.plans import service
from connector.portals import all_portals
from tests.web.conftest import Stage


def test_plans_are_paged(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    person = here.install()
    portal = all_portals(here.db)[0]
    for _ in range(45):
        here.clock.sleep(60)
        service.create(
            here.db, portal, Options(), {"user_id": 1, "name": "Ada", "via": "web"}, clock=here.clock
        )
    person = here.open(here.admin)
    person.post("/app/history", {"session": person.token})
    pages = []
    while True:
        pages.append([one.text for one in person.page.all(data_testid="history-plan")])
        if not person.has("plans-older"):
            break
        person.press("plans-older")
    assert [len(page) for page in pages] == [20, 20, 5]
    person.press("plans-newer")
    assert [one.text for one in person.page.all(data_testid="history-plan")] == pages[1]


@pytest.mark.parametrize("page", ["-1", "x", "9" * 30, "²", "99999999"])
def test_a_page_that_is_none_shows_no_error(stage: Callable[..., Stage], page: str) -> None:
    person = stage(leads=4).install()
    assert person.post("/app/history", {"session": person.token, "plans": page, "runs": page}).status == 200
