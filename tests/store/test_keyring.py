"""Encryption keys and their rotation."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from connector.errors import BadSetting, WrongSecretKey
from connector.store.database import Database
from connector.store.keyring import Keyring, new_key
from connector.store.models import InboundEvent, Portal
from connector.store.rotation import encrypted_columns, rotate

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_old_keys_still_open_and_the_first_one_seals() -> None:
    old, new = new_key(), new_key()
    sealed = Keyring([old]).seal("żółw 🐢")
    assert Keyring([new, old]).open(sealed) == "żółw 🐢"
    assert Keyring([new]).open(Keyring([new, old]).renew(sealed)) == "żółw 🐢"


@pytest.mark.parametrize(
    "damage", [lambda t: t[:-4] + "AAA=", lambda t: "", lambda t: t + "ä", lambda t: t[::-1]]
)
def test_damaged_or_foreign_values_are_refused(damage: object) -> None:
    keyring = Keyring([new_key()])
    with pytest.raises(WrongSecretKey):
        keyring.open(damage(keyring.seal("x")))  # type: ignore[operator]


@pytest.mark.parametrize("keys", [[], ["short"], ["ä" * 44], [new_key(), "x"]])
def test_unusable_keys_are_named_but_not_shown(keys: list[str]) -> None:
    with pytest.raises(BadSetting) as caught:
        Keyring(keys)
    assert "LEADSWITCH_SECRET_KEYS" in str(caught.value)
    assert not [key for key in keys if key and key in str(caught.value)]


def test_derived_keys_differ_by_purpose_and_survive_rotation() -> None:
    old, new = new_key(), new_key()
    frame = Keyring([old]).derive("frame")
    assert Keyring([new, old]).derive("frame")[0] == frame[0]
    assert Keyring([old]).derive("other") != frame
    assert Keyring([new, old]).derive("frame")[-1] == Keyring([new]).derive("frame")[0]


def test_rotation_lets_the_old_key_go(any_database: Database, tmp_path: Path) -> None:
    with any_database.begin() as session:
        for number in range(3):
            session.add(
                Portal(
                    key=f"m{number}",
                    host="p",
                    kind="oauth",
                    credential={"n": number},
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
        session.flush()
        session.add(InboundEvent(portal_id=1, digest="d", event="E", received_at=NOW, payload={"auth": "x"}))
    new = new_key()
    url = any_database.engine.url.render_as_string(hide_password=False)
    both = Database(url, [new, *any_database.keyring._keys])
    assert rotate(both) == 4
    both.close()
    only_new = Database(url, [new])
    only_new.migrate()
    with only_new.read() as session:
        assert session.scalars(select(Portal.credential).order_by(Portal.id)).all() == [
            {"n": 0},
            {"n": 1},
            {"n": 2},
        ]
        assert session.scalar(select(InboundEvent.payload)) == {"auth": "x"}
    only_new.close()
    with pytest.raises(WrongSecretKey):
        any_database.migrate()


def test_rotation_with_a_missing_key_changes_nothing(database: Database) -> None:
    with database.begin() as session:
        session.add(
            Portal(key="m", host="p", kind="oauth", credential={"n": 1}, created_at=NOW, updated_at=NOW)
        )
    stranger = Database(str(database.engine.url), [new_key()])
    with pytest.raises(WrongSecretKey):
        rotate(stranger)
    stranger.close()
    database.migrate()


def test_every_encrypted_column_can_be_rotated() -> None:
    assert {(table.name, column) for table, column in encrypted_columns()} == {
        ("portal", "credential"),
        ("inbound_event", "payload"),
    }
    assert all("id" in table.c for table, _ in encrypted_columns())


def test_raw_rows_hold_no_plain_text(database: Database) -> None:
    with database.begin() as session:
        session.add(
            Portal(
                key="m",
                host="p",
                kind="oauth",
                credential={"k": "plain-text"},
                created_at=NOW,
                updated_at=NOW,
            )
        )
    with database.engine.connect() as connection:
        assert "plain-text" not in str(connection.execute(text("SELECT * FROM portal")).all())
