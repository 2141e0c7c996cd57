"""Insert a row, or change the one that is there, in one statement: two processes that do it at once never collide. Decides nothing."""

from collections.abc import Mapping
from typing import TypeAlias

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase

from connector.store.database import Database

Insert: TypeAlias = postgresql.Insert | sqlite.Insert


def upsert(
    db: Database, table: type[DeclarativeBase], key: Mapping[str, object], values: Mapping[str, object]
) -> Insert:
    """The statement; without `values` a row that is there stays as it is."""
    make = sqlite.insert if db.is_sqlite else postgresql.insert
    insert = make(table).values(**key, **values)
    if values:
        return insert.on_conflict_do_update(index_elements=list(key), set_=dict(values))
    return insert.on_conflict_do_nothing(index_elements=list(key))
