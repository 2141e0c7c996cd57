"""Somebody changes the mode with the portal page's own buttons, and within one interval everybody who wanted to know does."""

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page

from connector.portals.modes import changes
from tests.browser.driving import PATIENCE
from tests.webhooks.conftest import Office, Receiver, office, receiver
from webhooks.outbound import deliveries

__all__ = ["office", "receiver"]


def test_a_flip_by_clicks_is_noticed_told_and_acted_on(
    office: Callable[..., Office], receiver: Receiver, new_page: Callable[..., Page]
) -> None:
    portal = office(leads=6)
    secret = portal.hook(receiver.url, "crm.mode.changed")
    portal.rule(on=["crm.mode.changed"], do=[{"type": "notify", "users": [2]}])
    portal.rule(
        on=["crm.mode.changed"], when={"to": "simple"}, do=[{"type": "dry_run", "options": {"to": "classic"}}]
    )
    portal.rounds()
    portal.control("events", lose=10_000)
    before = portal.clock.now()

    page = new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{portal.world.base_url}/crm/lead/list/")
    page.get_by_test_id("gear").click()
    page.get_by_test_id("crm-mode").click()
    page.get_by_test_id("mode-simple").click()
    page.get_by_test_id("mode-save").click()
    page.get_by_test_id("mode-continue").click()
    page.get_by_test_id("mode-finish").click()
    page.wait_for_url("**/crm/deal/list/**")

    interval = portal.wait_for_the_next_reading()
    portal.rounds()
    (change,) = changes(portal.db, portal.portal_id)
    assert (change.from_mode, change.to_mode, change.run) == ("classic", "simple", None)
    assert before <= change.noticed_at <= before + interval + timedelta(minutes=2)
    (told,) = receiver.verify(secret)
    assert (told["data"]["from"], told["data"]["to"]) == ("classic", "simple")
    (note,) = [row for row in portal.world.notifications if row["USER_ID"] == 2]
    assert note["TAG"].startswith("LEADSWITCH|")
    portal.work()
    portal.rounds()
    (run,) = deliveries.page(portal.db, portal.portal_id, kind="dry_run")
    assert run.state == "done"
