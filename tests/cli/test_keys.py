"""`leadswitch keys`: change the key that encrypts credentials, in a key file and in the environment."""

from pathlib import Path

import pytest

from connector.store.keyfile import KeyFile
from tests.cli.conftest import Shell


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "data" / "secret.keys")


def test_rotation_keeps_the_portal_connected_and_says_what_it_did(
    connected: Shell, key_file: KeyFile
) -> None:
    assert connected("status").code == 0
    (old,) = key_file.read()
    shown = connected("keys", "rotate")
    assert shown.code == 0
    assert "1 value was encrypted anew" in shown.err
    assert "--drop-old" in shown.err
    new, kept = key_file.read()
    assert kept == old != new
    assert new not in shown.out + shown.err
    assert key_file.path.stat().st_mode & 0o777 == 0o600
    assert connected("keys", "rotate", "--drop-old", "--json").json == {
        "source": "file",
        "keys": 1,
        "added": True,
        "dropped": 2,
        "values": 1,
        "sealed": 1,
    }
    assert not {old, new} & set(key_file.read())
    assert connected("status").code == 0


def test_keys_of_the_environment_are_used_and_left_alone(
    connected: Shell, key_file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = connected("keys", "new").out.strip()
    monkeypatch.setenv("LEADSWITCH_SECRET_KEYS", old)
    assert connected("status").code == 0
    assert "keys new" in connected("keys", "rotate").err
    new = connected("keys", "new").out.strip()
    monkeypatch.setenv("LEADSWITCH_SECRET_KEYS", f"{new},{old}")
    assert "can be taken out of LEADSWITCH_SECRET_KEYS" in connected("keys", "rotate").err
    again = connected("keys", "rotate", "--json").json
    assert (again["source"], again["sealed"], again["values"]) == ("environment", 0, 1)
    monkeypatch.setenv("LEADSWITCH_SECRET_KEYS", new)
    assert connected("status").code == 0
    assert not key_file.path.exists()


def test_wrong_keys_are_refused_and_change_nothing(
    connected: Shell, key_file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connected("status").code == 0
    before = key_file.read()
    stranger = connected("keys", "new").out.strip()
    monkeypatch.setenv("LEADSWITCH_SECRET_KEYS", stranger)
    refused = connected("keys", "rotate", "--json")
    assert (refused.code, refused.json["error"]["key"]) == (1, "config.wrong_secret_key")
    monkeypatch.setenv("LEADSWITCH_SECRET_KEYS", f"{stranger},nonsense")
    refused = connected("keys", "rotate", "--json")
    assert (refused.code, refused.json["error"]["key"]) == (1, "config.bad_setting")
    assert stranger not in refused.out + refused.err
    monkeypatch.delenv("LEADSWITCH_SECRET_KEYS")
    assert key_file.read() == before
    assert connected("status").code == 0
