"""`manifest check` against a portal that installed the app, and against the app's own addresses."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.cli import cardchecks
from connector.cli.checks import Check, State
from connector.cli.portal import Here
from connector.portals import all_portals, open_client
from connector.portals.install import set_up
from connector.portals.manifest import Manifest, app_manifest
from connector.sandbox.server import SandboxServer
from connector.store.database import Database
from tests.web.conftest import Stage, serving


def here_of(stage: Stage) -> Here:
    """The portal as the shell has it."""
    return Here(stage.settings, stage.db, all_portals(stage.db)[0], stage.clock)


def failed(checks: Iterator[Check]) -> list[str]:
    """What is not well."""
    return [check.what for check in checks if check.state is State.FAILED]


def installed(stage: Callable[..., Stage]) -> Stage:
    """A portal whose card of the app asks for what ours asks for, with the app."""
    here = stage(leads=4)
    for app in here.server.world.apps.values():
        app.scopes = app_manifest().scope_list()
    here.install()
    return here


def changed(**parts: object) -> Manifest:
    """The card with other parts."""
    return app_manifest().model_copy(update=parts)


def test_a_fresh_installation_agrees_with_the_card(stage: Callable[..., Stage]) -> None:
    here = installed(stage)
    assert failed(cardchecks.against_portal(app_manifest(), here_of(here))) == []


def test_scopes_that_the_portal_grants_besides_are_named(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    here.install()
    assert any("log" in text for text in failed(cardchecks.against_portal(app_manifest(), here_of(here))))


def test_what_was_bound_by_hand_or_dropped_is_named(stage: Callable[..., Stage]) -> None:
    here = installed(stage)
    client = open_client(here.db, here.settings, here_of(here).ref.id, clock=here.clock)
    client.call(
        "placement.bind", {"PLACEMENT": "CRM_LEAD_DETAIL_TAB", "HANDLER": "http://localhost/x", "TITLE": "x"}
    )
    client.call("event.unbind", {"event": "ONAPPUNINSTALL", "handler": "http://localhost/events"})
    said = failed(cardchecks.against_portal(app_manifest(), here_of(here)))
    assert len(said) == 2
    assert any("CRM_LEAD_DETAIL_TAB" in text for text in said)
    assert any("ONAPPUNINSTALL" in text for text in said)
    set_up(here.db, here.settings, here_of(here).ref, "http://localhost", clock=here.clock)
    assert failed(cardchecks.against_portal(app_manifest(), here_of(here))) == []


def test_an_update_with_other_places_binds_what_the_new_card_says(stage: Callable[..., Stage]) -> None:
    here = installed(stage)
    first, second, *_ = app_manifest().placements
    card = changed(placements=(first, second.model_copy(update={"title": {"en": "Other", "pl": "Inny"}})))
    ref = here_of(here).ref
    set_up(here.db, here.settings, ref, "http://localhost", manifest=card, clock=here.clock)
    assert failed(cardchecks.against_portal(card, here_of(here))) == []
    assert failed(cardchecks.against_portal(app_manifest(), here_of(here)))


def test_a_scope_too_many_or_too_few_and_an_event_too_few_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    card = app_manifest()
    assert "ONAPPINSTALL" in failed(cardchecks.against_code(changed(events=card.events[1:])))[0]
    fewer = changed(scopes={scope: why for scope, why in card.scopes.items() if scope != "im"})
    assert "im" in failed(cardchecks.against_code(fewer))[0]
    unused = {name: scope for name, scope in cardchecks.SCOPE_OF.items() if scope != "im"}
    monkeypatch.setattr(cardchecks, "SCOPE_OF", unused)
    assert "im" in failed(cardchecks.against_code(card))[0]


@pytest.fixture
def served(sandbox: Callable[..., SandboxServer], database: Database, tmp_path: Path) -> Iterator[Stage]:
    """The app at an address of its own."""
    with serving(sandbox, database, tmp_path, leads=4) as here:
        yield here


def test_every_address_of_the_card_answers_head(served: Stage) -> None:
    card = app_manifest()
    checks = list(cardchecks.against_addresses(card, served.settings))
    assert [check for check in checks if check.state is not State.OK] == []
    assert len(checks) == len({*card.urls.model_dump().values(), *(p.path for p in card.placements)})
    lost = card.model_copy(update={"urls": card.urls.model_copy(update={"robot": "/no/such/page"})})
    assert "404" in failed(cardchecks.against_addresses(lost, served.settings))[0]
