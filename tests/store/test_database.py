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
from connector.store.models import Plan, Portal, Run, RunLead

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


def test_a_portal_never_gets_the_number_of_one_that_was_deleted(any_database: Database) -> None:
    seen: set[int] = set()
    for number in range(20):
        with any_database.begin() as session:
            one = portal(f"m{number}")
            session.add(one)
            session.flush()
            assert one.id not in seen
            seen.add(one.id)
            session.delete(one)


def test_one_live_run_per_portal(any_database: Database) -> None:
    with any_database.begin() as session:
        session.add(portal(id=1))
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


def run(id_: str, state: str, portal_id: int = 1) -> Run:
    return Run(
        id=id_, portal_id=portal_id, plan_id="p", kind="apply", state=state, created_by={}, created_at=NOW
    )


def test_one_live_run_per_portal_that_is_connected_twice(any_database: Database) -> None:
    with any_database.begin() as session:
        session.add(portal(id=1))
        session.add(portal("portal.example", id=2, kind="webhook", host="Portal.example:443"))
        session.add(portal("other", id=3, host="other.example"))
        session.flush()
        session.add(Plan(id="p", portal_id=1, direction="simple", options={}, created_at=NOW, created_by={}))
        session.flush()
        session.add(run("r1", "waiting"))
        session.add(run("r2", "done", portal_id=2))
        session.add(run("r3", "running", portal_id=3))
    with pytest.raises(IntegrityError), any_database.begin() as session:
        session.add(run("r4", "queued", portal_id=2))
    with any_database.begin() as session:
        session.get_one(Run, "r1").state = "done"
        session.flush()
        session.add(run("r4", "queued", portal_id=2))


def test_runs_from_before_the_lock_keep_their_leads_and_live_on(empty_database: Database) -> None:
    migrate.upgrade(empty_database.engine, "0002")
    with empty_database.engine.begin() as connection:
        for id_, host in ((1, "Portal.example"), (2, "portal.example:443")):
            connection.execute(
                text(
                    "INSERT INTO portal (id, key, host, client_endpoint, kind, credential_version, state, state_reason, "
                    "owner_name, plan, scopes, language, named_users, settings, app_version, created_at, updated_at) "
                    "VALUES (:id, :host, :host, '', 'oauth', 0, 'active', '', '', '', '[]', '', '[]', '{}', '', :at, :at)"
                ),
                {"id": id_, "host": host, "at": NOW},
            )
        connection.execute(
            text(
                "INSERT INTO plan (id, portal_id, direction, options, state, progress, facts, counts, created_at, created_by) "
                "VALUES ('p', 1, 'simple', '{}', 'ready', '{}', '{}', '{}', :at, '{}')"
            ),
            {"at": NOW},
        )
        for run_id, portal_id, state in (("r1", 1, "waiting"), ("r2", 2, "paused"), ("r0", 2, "done")):
            connection.execute(
                text(
                    "INSERT INTO run (id, portal_id, plan_id, kind, state, phase, counters, wanted, attempt, created_by, created_at) "
                    "VALUES (:id, :portal, 'p', 'apply', :state, '', '{}', 'go', 1, '{}', :at)"
                ),
                {"id": run_id, "portal": portal_id, "state": state, "at": NOW},
            )
        connection.execute(
            text(
                "INSERT INTO run_lead (run_id, lead_id, position, state, reason) VALUES ('r1', 7, 0, 'done', '')"
            )
        )
    empty_database.migrate()
    with empty_database.read() as session:
        keys = {row.id: row.lock_key for row in session.scalars(select(Run))}
        assert keys == {"r0": "portal.example", "r1": "portal.example", "r2": "portal.example#r2"}
        assert session.scalars(select(RunLead.lead_id)).all() == [7]
    migrate.downgrade(empty_database.engine, "0002")
    with empty_database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM run_lead")).scalar_one() == 1


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
