"""The request budget of a portal, shared by all threads and processes on one database. Knows no arithmetic: the wire brings that."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlalchemy import Insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

from connector.bitrix.limits import BucketState, Operating
from connector.store.database import Database
from connector.store.models import Budget, BudgetOperating

T = TypeVar("T")


class DatabaseBucket:
    """`connector.bitrix.limits.Bucket` in the `budget` table."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def change(self, key: str, step: Callable[[BucketState], tuple[BucketState, T]]) -> T:
        """One short writing transaction; the row is locked on PostgreSQL, the whole database on SQLite."""
        with self._db.begin() as session:
            row = _locked(session, key)
            if row is None:
                session.execute(_upsert(self._db, Budget, {"key": key}, {}))
                row = _locked(session, key)
            assert row is not None
            state, value = step(BucketState(row.free_at, row.slowdown, row.refused_at))
            row.free_at, row.slowdown, row.refused_at = state.free_at, state.slowdown, state.refused_at
            return value


class DatabaseOperatingTimes:
    """`connector.bitrix.limits.OperatingTimes` in the `budget_operating` table; the last report wins."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, portal: str, method: str) -> Operating | None:
        """The latest report, or None."""
        with self._db.read() as session:
            row = session.get(BudgetOperating, (portal, method))
            return None if row is None else Operating(row.seconds, row.resets_at, row.blocked_until)

    def put(self, portal: str, method: str, latest: Operating) -> None:
        """Store the report."""
        values = {
            "seconds": latest.seconds,
            "resets_at": latest.resets_at,
            "blocked_until": latest.blocked_until,
        }
        with self._db.begin() as session:
            session.execute(_upsert(self._db, BudgetOperating, {"key": portal, "method": method}, values))


def _locked(session: Session, key: str) -> Budget | None:
    return session.scalar(select(Budget).where(Budget.key == key).with_for_update())


def _upsert(
    db: Database, table: type[DeclarativeBase], key: Mapping[str, object], values: Mapping[str, object]
) -> Insert:
    """Insert, or change the row that is there; without `values` a row that is there stays as it is."""
    make = sqlite.insert if db.is_sqlite else postgresql.insert
    insert = make(table).values(**key, **values)
    if values:
        return insert.on_conflict_do_update(index_elements=list(key), set_=values)
    return insert.on_conflict_do_nothing(index_elements=list(key))
