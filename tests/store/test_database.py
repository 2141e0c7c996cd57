"""The gate to the database: migrations, transactions, time, encryption."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from connector.errors import BadSetting, DatabaseProblem, WrongSecretKey
from connector.store import migrate
from connector.store.database import Database
from connector.store.keyfile import new_key
from connector.store.models import Plan, Portal, Run

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def portal(key: str = "m1", **values: object) -> Portal:
    return Portal(
        **{
            "key": key,
            "host": "portal.example",
            "kind": "oauth",
            "created_at": NOW,
            "updated_at": NOW,
            **values,
        }
    )


def test_migrations_go_up_down_and_up_again(any_database: Database) -> None:
    migrate.downgrade(any_database.engine, "base")
    with any_database.engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("SELECT 1 FROM portal"))
    any_database.migrate()
    assert migrate.differences(any_database.engine) == []


def test_models_and_migrations_agree(any_database: Database) -> None:
    assert migrate.differences(any_database.engine) == []


def test_tables_of_the_job_engine_are_left_alone(any_database: Database) -> None:
    with any_database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE workflow_status (id INTEGER PRIMARY KEY)"))
    assert migrate.differences(any_database.engine) == []


def test_processes_that_start_together_migrate_once(empty_database: Database) -> None:
    problems: list[BaseException] = []

    def start() -> None:
        try:
            empty_database.migrate()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert migrate.differences(empty_database.engine) == []


def test_database_of_a_newer_version_is_refused(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseProblem):
        database.migrate()


def test_reading_session_cannot_write(any_database: Database) -> None:
    with any_database.read() as session:
        session.add(portal())
        with pytest.raises(DBAPIError):
            session.flush()
    with any_database.begin() as session:
        session.add(portal())
    with any_database.read() as session:
        assert session.scalar(select(Portal.key)) == "m1"


def test_times_come_back_in_utc_and_naive_ones_are_refused(any_database: Database) -> None:
    warsaw = NOW.astimezone(timezone(timedelta(hours=2)))
    with any_database.begin() as session:
        session.add(portal(mode_seen_at=warsaw))
    with any_database.read() as session:
        seen = session.scalar(select(Portal.mode_seen_at))
    assert seen == NOW
    assert seen is not None and seen.utcoffset() == timedelta(0)
    with pytest.raises(StatementError, match="time zone"), any_database.begin() as session:
        session.add(portal("m2", mode_seen_at=NOW.replace(tzinfo=None)))
        session.flush()


def test_credentials_are_unreadable_in_the_file(any_database: Database) -> None:
    with any_database.begin() as session:
        session.add(portal(credential={"refresh_token": "very-secret"}))
    with any_database.engine.connect() as connection:
        raw = connection.execute(text("SELECT credential FROM portal")).scalar_one()
    assert "very-secret" not in raw
    with any_database.read() as session:
        assert session.scalar(select(Portal.credential)) == {"refresh_token": "very-secret"}


def test_wrong_key_is_noticed_at_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.db'}"
    first = Database(url, [new_key()])
    first.migrate()
    with first.begin() as session:
        session.add(portal(credential={"url": "x"}))
    first.close()
    second = Database(url, [new_key()])
    with pytest.raises(WrongSecretKey):
        second.migrate()
    second.close()


def test_one_live_run_per_portal(any_database: Database) -> None:
    with any_database.begin() as session:
        session.add(portal())
        session.flush()
        session.add(Plan(id="p", portal_id=1, direction="simple", options={}, created_at=NOW, created_by={}))
        session.flush()
        session.add(run("r1", "done"))
        session.add(run("r2", "paused"))
    with pytest.raises(IntegrityError), any_database.begin() as session:
        session.add(run("r3", "queued"))
    with any_database.begin() as session:
        session.get_one(Run, "r2").state = "cancelled"
        session.flush()
        session.add(run("r3", "queued"))


def run(id_: str, state: str) -> Run:
    return Run(id=id_, portal_id=1, plan_id="p", kind="apply", state=state, created_by={}, created_at=NOW)


def test_writers_in_many_threads_never_find_the_database_locked(any_database: Database) -> None:
    with any_database.begin() as session:
        session.add(portal(credential_version=0))

    def add() -> None:
        for _ in range(25):
            with any_database.begin() as session:
                row = session.scalars(select(Portal).with_for_update()).one()
                row.credential_version += 1

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with any_database.read() as session:
        assert session.scalar(select(Portal.credential_version)) == 150


@pytest.mark.parametrize("url", ["nonsense", "sqlite://", "mysql://localhost/x"])
def test_unusable_addresses_are_named(url: str) -> None:
    with pytest.raises(BadSetting, match="LEADSWITCH_DATABASE_URL"):
        Database(url, [new_key()])
