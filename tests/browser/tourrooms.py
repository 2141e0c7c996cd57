"""The rooms beside the wizard, for the walk through the app: pipelines, what only administrators see, keys, automation."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.driving import LONG, Visit

Seen = Callable[[str, Visit], None]
NOBODY_LISTENS = "http://127.0.0.1:9/hook"
"""Taken as an endpoint, since the demo lets webhooks reach this machine."""


def rooms(person: Visit, seen: Seen) -> None:
    """From any page; ends on one of the pages of automation."""
    _pipelines(person, seen)
    _settings(person, seen)
    _keys(person, seen)
    _automation(person, seen)


def _pipelines(person: Visit, seen: Seen) -> None:
    """All pipelines, a new one made like the lead stages, what is refused, and the question before one goes."""
    person.click("to-pipelines")
    person.find("pipelines").wait_for()
    seen("pipelines", person)
    person.find("new-name").fill("Inquiries")
    person.click("create")
    person.find("stages").wait_for(timeout=LONG)
    seen("pipeline", person)
    person.find("stage-name").fill(person.find("name-1").input_value())
    person.click("add-stage")
    person.find("told").wait_for(timeout=LONG)
    seen("pipeline-refused", person)
    person.click("drop")
    person.find("delete").wait_for()
    seen("pipeline-ask", person)
    person.click("delete")
    person.find("pipelines").wait_for(timeout=LONG)


def _settings(person: Visit, seen: Seen) -> None:
    """What only administrators see."""
    person.click("to-settings")
    person.find("people-search").wait_for()
    seen("people", person)
    search = person.find("people-search")
    search.press_sequentially("S")
    person.find("found").wait_for()
    seen("people-found", person)
    search.fill("zzzz")
    person.find("found").wait_for(state="detached")
    seen("people-none", person)
    search.fill("#3")
    person.click("ask")
    person.find("name").wait_for()
    seen("people-ask", person)
    person.click("name")
    person.find("named").wait_for()
    seen("people-named", person)
    person.click("unname")
    person.find("named").wait_for(state="detached")
    person.click("tab-audit")
    person.find("log").wait_for()
    seen("audit", person)
    person.app.locator("#log-since").fill("2001-01-01")
    person.app.locator("#log-until").fill("2001-01-02")
    person.click("log-show")
    person.find("log").wait_for(state="detached")
    seen("audit-empty", person)
    person.click("tab-settings")
    person.find("stored").wait_for()
    seen("settings", person)


def _keys(person: Visit, seen: Seen) -> None:
    """No key, the one showing of a new one, and a revoked one."""
    person.click("tab-keys")
    person.find("key-name").wait_for()
    seen("keys", person)
    person.find("key-name").fill("Nightly")
    person.click("make-key")
    person.find("new-key").wait_for()
    seen("keys-made", person)
    person.app.locator("details.key__end summary").click()
    person.click("revoke")
    person.find("revoke").wait_for(state="detached")
    seen("keys-revoked", person)


def _automation(person: Visit, seen: Seen) -> None:
    """Nothing yet, an endpoint that nobody answers, a rule, and what became of them."""
    person.click("tab-automation")
    person.find("new-rule").wait_for()
    seen("automation-empty", person)
    person.click("new-endpoint")
    person.app.locator("#f-url").fill("https://nobody.invalid/hook")
    person.click("create-endpoint")
    person.app.get_by_role("alert").wait_for()
    seen("endpoint-refused", person)
    person.app.locator("#f-url").fill(NOBODY_LISTENS)
    person.app.locator("#f-name").fill("Data warehouse")
    person.app.locator("[name=everything]").uncheck()
    person.click("create-endpoint")
    person.find("secret").wait_for()
    seen("endpoint-secret", person)
    person.click("test-endpoint")
    person.find("delivery").wait_for()
    seen("endpoint", person)
    _rule(person, seen)
    person.click("delivery")
    person.find("attempts").wait_for(timeout=LONG)
    seen("delivery", person)
    person.click("tab-automation")
    person.click("to-log")
    person.find("deliveries").wait_for()
    seen("automation-log", person)


def _rule(person: Visit, seen: Seen) -> None:
    person.click("tab-automation")
    person.click("new-rule")
    person.find("save-rule").wait_for()
    seen("rule-new", person)
    person.app.locator("#f-name").fill("Tell the warehouse")
    person.click("save-rule")
    person.app.get_by_role("alert").wait_for()
    seen("rule-refused", person)
    person.app.locator("[name=on]").first.check()
    person.app.locator("[name=endpoint]").first.check()
    person.click("try-rule")
    person.app.locator(".would").first.wait_for()
    seen("rule-tried", person)
    person.click("save-rule")
    person.find("rules").wait_for()
    seen("automation", person)
    person.click("rule")
    person.find("delete-rule").wait_for()
    seen("rule", person)
    person.click("tab-automation")
    person.find("deliveries").wait_for()
