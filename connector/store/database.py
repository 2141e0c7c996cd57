"""The one gate to the database: engine, sessions, migrations at start. Must never be held open across a call to a portal."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from connector.errors import BadSetting, DatabaseProblem
from connector.settings import Settings
from connector.store import migrate
from connector.store.base import use_keyring
from connector.store.keyfile import KeyFile
from connector.store.keyring import Keyring
from connector.store.models import Portal
from connector.store.restlog import RestLogBuffer

BUSY_SECONDS = 30
_READ_ONLY = "leadswitch_read_only"


class Database:
    """Sessions on SQLite or PostgreSQL. Thread-safe; one object per process and URL.

    On SQLite every writing transaction begins with BEGIN IMMEDIATE on a WAL database: anything weaker ends in
    "database is locked" as soon as two threads write (technology.md, section 2).
    """

    def __init__(self, url: str, keys: Sequence[str] | Keyring) -> None:
        """`url` as SQLAlchemy writes it; `keys` are Fernet keys, newest first. Raises `BadSetting` when one of them cannot be used."""
        self.keyring = keys if isinstance(keys, Keyring) else Keyring(keys)
        self._engine = _engine(url)
        use_keyring(self._engine.dialect, self.keyring)
        self._write = sessionmaker(self._engine, expire_on_commit=False)
        self._read = sessionmaker(_reading(self._engine), expire_on_commit=False, autoflush=False)
        self.rest_log = RestLogBuffer(self)

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The database that `settings` name, with its keys; the key file is made on first use."""
        keys = [key.get_secret_value() for key in settings.secret_keys]
        keyring = Keyring(keys) if keys else Keyring.of_file(KeyFile(settings.key_file))
        return cls(settings.effective_database_url(), keyring)

    def __repr__(self) -> str:
        """The address without its password."""
        return f"Database({self._engine.url.render_as_string(hide_password=True)})"

    @property
    def engine(self) -> Engine:
        """For the job engine and for tests; everything else uses sessions."""
        return self._engine

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, where one writer at a time is all there is."""
        return self._engine.dialect.name == "sqlite"

    def migrate(self) -> None:
        """Bring the tables to this version; several processes may do it at once.

        Raises `DatabaseProblem` when the database cannot be reached or is newer than this program, and
        `WrongSecretKey` when no configured key opens what is stored.
        """
        try:
            migrate.upgrade(self._engine)
        except OperationalError as problem:
            raise DatabaseProblem(reason=str(problem.orig).strip().splitlines()[0]) from None
        self._check_keys()

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A writing transaction: committed at the end of the block, rolled back when it raises."""
        with self._write.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view that cannot write; never waits for a writer on SQLite."""
        with self._read() as session:
            yield session

    def ping(self) -> None:
        """Raises `DatabaseProblem` when the database does not answer."""
        try:
            with self.read() as session:
                session.execute(text("SELECT 1"))
        except OperationalError as problem:
            raise DatabaseProblem(reason=str(problem.orig).strip().splitlines()[0]) from None

    def close(self) -> None:
        """Write what the REST log still holds and give all connections back."""
        self.rest_log.close()
        self._engine.dispose()

    def _check_keys(self) -> None:
        with self.read() as session:
            session.execute(select(Portal.credential).where(Portal.credential.is_not(None))).all()


def _engine(address: str) -> Engine:
    try:
        url = make_url(address)
    except ArgumentError:
        raise BadSetting(setting="LEADSWITCH_DATABASE_URL", reason="it is not a database address") from None
    backend = url.get_backend_name()
    # Parameters hold credentials and people's data: errors of the database must not quote them.
    options: dict[str, Any] = {
        "hide_parameters": True,
        "json_serializer": partial(json.dumps, ensure_ascii=False),
    }
    if backend == "sqlite":
        if not url.database or url.database == ":memory:":
            raise BadSetting(
                setting="LEADSWITCH_DATABASE_URL",
                reason="SQLite needs a file, so that processes can share it",
            )
        file = Path(url.database)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)
        engine = create_engine(
            url, connect_args={"timeout": BUSY_SECONDS}, pool_size=10, max_overflow=40, **options
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if backend in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, **options)
    raise BadSetting(
        setting="LEADSWITCH_DATABASE_URL",
        reason=f"{backend} is not supported, only SQLite and PostgreSQL are",
    )


def _reading(engine: Engine) -> Engine:
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_READ_ONLY: True})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        # FULL: an intent in the journal must outlive a power failure, or its write would be sent twice.
        "synchronous=FULL",
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = bool(connection.get_execution_options().get(_READ_ONLY))
    connection.exec_driver_sql(f"PRAGMA query_only={int(reading)}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
