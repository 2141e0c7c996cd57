"""Settings: one table, the environment, and errors that name the variable but never its value."""

import os
import stat
from pathlib import Path

import pytest

from connector.errors import BadSetting
from connector.settings import PREFIX, Settings, settings_markdown
from connector.store.database import Database


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def test_every_field_is_in_the_table_with_help() -> None:
    rows = Settings.table()
    assert [row.name for row in rows] == list(Settings.model_fields)
    assert all(row.help.endswith(".") or row.help.endswith("`.") for row in rows)
    assert all(row.env == PREFIX + row.name.upper() for row in rows)
    assert settings_markdown().count("\n") == len(rows) + 2


def test_environment_is_read_and_empty_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADSWITCH_PORT", "9000")
    monkeypatch.setenv("LEADSWITCH_BASE_URL", "")
    monkeypatch.setenv("LEADSWITCH_OAUTH_SERVERS", "https://OAuth.bitrix.info/, http://127.0.0.1:8080")
    settings = Settings.load()
    assert settings.port == 9000
    assert settings.base_url == ""
    assert settings.oauth_servers == ["https://oauth.bitrix.info", "http://127.0.0.1:8080"]


def test_given_values_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADSWITCH_PORT", "9000")
    assert Settings.load(port=1234, host=None).port == 1234


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "many"),
        ("BASE_URL", "http://app.example"),
        ("BASE_URL", "https://user:pw@app.example"),
        ("OAUTH_SERVERS", "ftp://oauth.example"),
        ("OAUTH_SERVERS", "http://oauth.example"),
        ("REST_LOG_DAYS", "1"),
        ("SESSION_MINUTES", "100000"),
    ],
)
def test_bad_value_is_refused_by_name_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(BadSetting) as caught:
        Settings.load()
    assert PREFIX + name in str(caught.value)
    assert value not in caught.value.user_message()


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "CLIENT_SECRET": "tops3cret",
        "WEBHOOK": "https://portal.example/rest/1/abcdefgh/",
        "DATABASE_URL": "postgresql://me:hunter2@db/leadswitch",
        "SECRET_KEYS": "c2VjcmV0",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(PREFIX + name, value)
    shown = repr(Settings.load()) + str(Settings.load())
    assert not [value for value in secrets.values() if value in shown]


def test_database_and_key_file_are_made_once_and_only_for_the_owner(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=tmp_path / "data")
    first = Database.open(settings)
    first.migrate()
    readable = [
        path.name for path in settings.data_dir.iterdir() if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert readable == []
    text = settings.key_file.read_text()
    mode = stat.S_IMODE(settings.key_file.stat().st_mode)
    first.close()
    second = Database.open(settings)
    second.close()
    assert mode == 0o600
    assert settings.key_file.read_text() == text
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
    assert [path.name for path in settings.data_dir.glob("secret.keys*")] == ["secret.keys"]


def test_database_of_a_password_does_not_show_it() -> None:
    db = Database("postgresql://me:hunter2@127.0.0.1:1/none", [KEY])
    assert "hunter2" not in repr(db)
    db.close()


KEY = "x" * 43 + "="
