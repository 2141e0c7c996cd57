"""Encryption keys and their rotation."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from connector.errors import BadSetting, WrongSecretKey
from connector.store.database import Database
from connector.store.keyfile import KeyFile, new_key
from connector.store.keyring import Keyring
from connector.store.models import InboundEvent, Portal
from connector.store.rotation import Rotated, encrypted_columns, rotate

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
                    id=number + 1,
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
    both = Database(url, [new, *any_database.keyring._keys.texts])
    assert rotate(both) == Rotated(values=4, sealed=4, added=False, dropped=0)
    assert rotate(both) == Rotated(values=4, sealed=0, added=False, dropped=0)
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
        ("endpoint", "secrets"),
        ("api_answer", "answer"),
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


def _on_key_file(tmp_path: Path) -> Database:
    db = Database(
        f"sqlite:///{tmp_path / 'leadswitch.db'}", Keyring.of_file(KeyFile(tmp_path / "secret.keys"))
    )
    db.migrate()
    return db


def _add_portal(db: Database, key: str) -> None:
    with db.begin() as session:
        session.add(
            Portal(key=key, host="p", kind="oauth", credential={"k": key}, created_at=NOW, updated_at=NOW)
        )


def _credentials(db: Database) -> list[object]:
    with db.read() as session:
        return [row["k"] for row in session.scalars(select(Portal.credential).order_by(Portal.key)) if row]


def test_key_file_gets_a_key_that_a_running_process_uses_at_once(tmp_path: Path) -> None:
    running, shell = _on_key_file(tmp_path), _on_key_file(tmp_path)
    _add_portal(running, "a")
    assert rotate(shell, drop_old=True) == Rotated(values=1, sealed=1, added=True, dropped=1)
    assert _credentials(running) == ["a"]
    _add_portal(running, "b")
    later = _on_key_file(tmp_path)
    assert _credentials(later) == ["a", "b"]
    assert len(later.keyring) == 1
    for db in (running, shell, later):
        db.close()


def test_process_that_has_read_nothing_since_the_rotation_seals_with_the_new_key(tmp_path: Path) -> None:
    running, shell = _on_key_file(tmp_path), _on_key_file(tmp_path)
    rotate(shell, drop_old=True)
    _add_portal(running, "first")
    assert _credentials(_on_key_file(tmp_path)) == ["first"]


def test_interrupted_rotation_is_finished_with_the_key_that_it_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = _on_key_file(tmp_path)
    _add_portal(db, "a")
    with monkeypatch.context() as patch:
        patch.setattr(Keyring, "renew", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            rotate(db)
    again = _on_key_file(tmp_path)
    assert len(again.keyring) == 2
    assert rotate(again) == Rotated(values=1, sealed=1, added=False, dropped=0)
    assert len(KeyFile(tmp_path / "secret.keys").read()) == 2
    assert _credentials(again) == ["a"]


def test_key_file_that_broke_while_running_leaves_the_known_keys_in_use(tmp_path: Path) -> None:
    db = _on_key_file(tmp_path)
    (tmp_path / "secret.keys").write_text("half a k")
    _add_portal(db, "a")
    assert _credentials(db) == ["a"]


@pytest.mark.parametrize("content", ["", "short\n", "zażółć\n"])
def test_key_file_that_holds_no_key_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret.keys").write_text(content)
    with pytest.raises(BadSetting, match=r"secret\.keys"):
        Keyring.of_file(KeyFile(tmp_path / "secret.keys"))


def test_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadSetting, match="LEADSWITCH_DATA_DIR"):
        Keyring.of_file(KeyFile(tmp_path / "file" / "secret.keys"))


def test_rotations_at_once_lose_no_key(any_database: Database, tmp_path: Path) -> None:
    url = any_database.engine.url.render_as_string(hide_password=False)
    path = tmp_path / "secret.keys"
    path.write_text("".join(f"{key}\n" for key in any_database.keyring._keys.texts))
    _add_portal(any_database, "a")
    several = [Database(url, Keyring.of_file(KeyFile(path))) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(rotate, several))
    assert sum(one.added for one in done) == 4
    assert len(KeyFile(path).read()) == 5
    assert [_credentials(db) for db in several] == [["a"]] * 4
    for db in several:
        db.close()
