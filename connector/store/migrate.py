"""Runs the Alembic migrations that ship inside the package. Must never touch tables that are not ours (the job engine's)."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, text

from connector.errors import DatabaseProblem
from connector.store.models import Base

_ADVISORY_LOCK = 0x1EAD5717C4
_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to `revision`; raises `DatabaseProblem` when it was made by a newer version."""
    _run(engine, command.upgrade, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to `revision` (`base` removes all our tables)."""
    _run(engine, command.downgrade, revision)


def differences(engine: Engine) -> list[Any]:
    """What the models have and the migrated database has not, or the other way round; empty when they agree."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": is_ours, "compare_type": True}
        )
        return list(compare_metadata(context, Base.metadata))


def is_ours(_item: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    """Whether Alembic may look at a thing: the job engine keeps its own tables in the same database."""
    return not (kind == "table" and reflected and name not in Base.metadata.tables)


def _run(engine: Engine, what: Any, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    with engine.begin() as connection:
        _only_one_at_a_time(connection)
        config.attributes["connection"] = connection
        try:
            what(config, revision)
        except CommandError as problem:
            raise DatabaseProblem(reason=str(problem)) from None


def _only_one_at_a_time(connection: Connection) -> None:
    # SQLite is already exclusive: our writing transactions begin with BEGIN IMMEDIATE.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
