"""`leadswitch api-keys`: a key is printed once, listed without its secret, and revoked also when the portal is away."""

import pytest

from connector.clock import SystemClock
from connector.errors import KeyRevoked
from connector.portals import api_keys
from connector.portals.api_keys import Scope
from connector.settings import Settings
from connector.store.database import Database
from tests.cli.conftest import Portal, Shell


def test_a_key_is_printed_once_and_works(connected: Shell) -> None:
    made = connected("api-keys", "create", "Nightly", "--scope", "plans:read", "--days", "30")
    assert made.code == 0
    key = made.out.strip()
    assert key not in made.err
    database = Database.open(Settings.load())
    admitted = api_keys.admit(database, key, per_minute=10, clock=SystemClock())
    database.close()
    assert (admitted.card.name, admitted.card.scopes) == ("Nightly", ("plans:read",))
    listed = connected("api-keys", "list", "--json")
    (card,) = listed.json["keys"]
    assert (card["state"], card["created_by"]["via"]) == ("active", "cli")
    assert key.rpartition("_")[2] not in listed.out + connected("api-keys", "list").out


def test_without_scopes_a_key_reads_and_changes_nothing(connected: Shell) -> None:
    made = connected("api-keys", "create", "Reader", "--json").json
    assert made["key"].startswith(f"lsk_{made['id']}_")
    assert set(made["scopes"]) == {scope.value for scope in Scope if scope.endswith(":read")}


def test_a_key_is_revoked_when_the_portal_does_not_answer(connected: Shell, portal: Portal) -> None:
    made = connected("api-keys", "create", "Nightly", "--json").json
    portal.server.stop()
    assert connected("api-keys", "revoke", made["id"], "--json").json["state"] == "revoked"
    database = Database.open(Settings.load())
    with pytest.raises(KeyRevoked):
        api_keys.admit(database, made["key"], per_minute=10, clock=SystemClock())
    database.close()
    assert connected("api-keys", "revoke", "nothing", "--json").json["error"]["key"] == "api.not_found"
