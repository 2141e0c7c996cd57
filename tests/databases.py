"""Database fixtures for every room: `database` is SQLite, `any_database` also runs on PostgreSQL, `empty_database` has no tables yet."""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from connector.store.database import Database
from connector.store.keyfile import new_key
from tests import postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of a throw-away server; skips where PostgreSQL is missing, but never when CI says that it must be there."""
    try:
        with postgres.server() as url:
            yield url
    except postgres.NoPostgres as reason:
        if os.environ.get("CI", "").lower() == "true":
            raise
        pytest.skip(str(reason))


@pytest.fixture
def new_postgres_url(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Makes one more empty database on the throw-away server and gives its address."""

    def make() -> str:
        server = make_url(request.getfixturevalue("postgres_server"))
        name = f"t_{secrets.token_hex(6)}"
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return server.set(database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A migrated SQLite file to copy, and the key that opens it: a tenth of a second less for each test than migrating anew."""
    path, key = tmp_path_factory.mktemp("migrated") / "leadswitch.db", new_key()
    made = Database(f"sqlite:///{path}", [key])
    made.migrate()
    made.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path, key


@pytest.fixture
def database(tmp_path: Path, migrated: tuple[Path, str]) -> Iterator[Database]:
    """A migrated SQLite database in a folder of its own."""
    path, key = migrated
    shutil.copyfile(path, tmp_path / "leadswitch.db")
    made = Database(f"sqlite:///{tmp_path / 'leadswitch.db'}", [key])
    yield made
    made.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables, on both kinds of server."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        url = request.getfixturevalue("new_postgres_url")()
    made = Database(url, [new_key()])
    yield made
    made.close()


@pytest.fixture
def any_database(empty_database: Database) -> Database:
    """A migrated database, on both kinds of server."""
    empty_database.migrate()
    return empty_database
