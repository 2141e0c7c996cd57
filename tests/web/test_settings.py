"""The settings page: administrators choose how long plans are kept, and see what is stored."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from connector.plans import queries
from connector.portals import all_portals, audit
from connector.portals.removal import purge
from tests.web.conftest import Stage
from tests.web.test_people import named
from tests.web.test_wizard import planned


def test_plans_are_kept_as_long_as_administrators_say(stage: Callable[..., Stage]) -> None:
    here = stage(leads=6)
    admin = here.install()
    planned(here, admin)
    portal = all_portals(here.db)[0].id
    admin.press("to-settings").press("tab-settings")
    assert "90" in admin.find("days").text
    assert admin.find("stored").all("dd")[0].text == "1"
    for _ in range(2):
        admin.press("save-settings", days="30")
        assert "30 days" in admin.page.text
    changed = audit.entries(here.db, portal, wanted=audit.Wanted(action=audit.Did.SETTINGS_CHANGED))
    assert [one.detail for one in changed] == [{"retention_days": 30}]
    here.clock.sleep(timedelta(days=29).total_seconds())
    purge(here.db, here.settings, here.clock)
    assert queries.recent(here.db, portal)
    here.clock.sleep(timedelta(days=2).total_seconds())
    purge(here.db, here.settings, here.clock)
    assert not queries.recent(here.db, portal)


@pytest.mark.parametrize("days", ["0", "-1", "100000", "x", "", "9" * 40])
def test_other_numbers_are_refused_and_change_nothing(stage: Callable[..., Stage], days: str) -> None:
    here = stage(leads=4)
    admin = here.install()
    admin.press("to-settings").press("tab-settings").press("save-settings", days=days)
    assert admin.status == 409
    assert admin.has("message")


def test_nobody_else_changes_them(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    named(here, here.install())
    token = here.open(here.employee).token
    person = here.open(here.employee)
    for path in ("", "/save"):
        assert person.post(f"/app/settings{path}", {"session": token, "days": "7"}).status == 403
