"""The app card: what it may say, and that it says no more than the code needs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.cli.cardchecks import HANDLED, used_scopes
from connector.errors import BadManifest
from connector.portals.manifest import Manifest, app_manifest, read_manifest
from connector.resources import manifest_path
from webhooks.leads import HINTS


def test_scopes_are_exactly_those_that_the_code_needs() -> None:
    assert set(app_manifest().scope_list()) == set(used_scopes())


@pytest.mark.parametrize("scope", app_manifest().scope_list())
def test_every_scope_is_proved_by_a_call(scope: str) -> None:
    assert used_scopes()[scope]


def test_neither_the_feed_nor_all_of_the_users_is_asked_for() -> None:
    assert not {"log", "user", "user_basic", "user.userfield"} & set(app_manifest().scope_list())


def test_every_bound_event_has_somebody_who_handles_it() -> None:
    assert {event.value for event in app_manifest().events} == HANDLED
    assert {event.value for event in app_manifest().offline_events} <= HINTS


def test_deal_list_is_bound_too_because_leads_vanish_in_simple_mode() -> None:
    codes = {place.code for place in app_manifest().placements}
    assert {"CRM_LEAD_LIST_TOOLBAR", "CRM_DEAL_LIST_TOOLBAR"} <= codes


def _without(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(card: dict[str, Any]) -> None:
        *parents, last = path
        for name in parents:
            card = card[name]
        del card[last]

    return change


BROKEN: dict[str, Callable[[dict[str, Any]], object]] = {
    "a scope that moderation refuses": lambda card: card["scopes"].update(user="all of it"),
    "a language without a name": _without("name", "pl"),
    "a placement without a title": lambda card: card["placements"][0]["title"].pop("pl"),
    "no way to hear of the uninstall": lambda card: card["events"].remove("ONAPPUNINSTALL"),
    "an event that nobody handles": lambda card: card["events"].append("ONUSERADD"),
    "an address instead of a path": lambda card: card["urls"].update(handler="https://app.example/"),
    "a placement twice": lambda card: card["placements"].append(card["placements"][0]),
    "placements without their scope": _without("scopes", "placement"),
    "something unknown": lambda card: card.update(surprise=1),
    "another format": lambda card: card.update(format="leadswitch.manifest/9"),
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
def test_card_that_cannot_be_used_is_refused_with_a_reason(
    damage: Callable[[Any], object], tmp_path: Path
) -> None:
    card = json.loads(manifest_path().read_text(encoding="utf-8"))
    Manifest.model_validate(card)
    damage(card)
    path = tmp_path / "card.json"
    path.write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(BadManifest) as caught:
        read_manifest(path)
    assert caught.value.details["reason"]


@pytest.mark.parametrize("text", [None, "", "{", "[]"])
def test_file_that_is_no_card_is_refused(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadManifest):
        read_manifest(path)
