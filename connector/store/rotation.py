"""Key rotation: everything that is encrypted is sealed anew with the newest key. Must never leave a row half-changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, MetaData, Table, Text, select, text, update
from sqlalchemy.orm import Session

from connector.store.base import Base, EncryptedJson
from connector.store.database import Database

_ADVISORY_LOCK = 0x1EAD5717C5


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: values there are, how many of them were sealed anew, whether a key was added, keys that were let go."""

    values: int
    sealed: int
    added: bool
    dropped: int


def rotate(db: Database, *, drop_old: bool = False) -> Rotated:
    """Seal every encrypted value with the newest key, in one transaction. Raises `WrongSecretKey`, having changed nothing.

    Keys of a key file get a fresh one in front first, except when an earlier rotation was interrupted: then that one is
    finished. Keys of a setting are never changed; put the new one in front there. `drop_old` lets the older keys of a key
    file go once nothing needs them.
    """
    file = db.keyring.file
    with db.begin() as session:
        _alone(session, db)
        stale = _check(session, db)
        added = file is not None and not stale
        if added:
            assert file is not None
            file.add()
            db.keyring.follow()
        values, sealed = _seal(session, db)
    dropped = 0
    if drop_old and file is not None:
        with db.begin() as session:
            _alone(session, db)
            if not _check(session, db):
                dropped = file.keep(1)
    return Rotated(values, sealed, added, dropped)


def encrypted_columns() -> list[tuple[Table, str]]:
    """Every column of type `EncryptedJson`, found in the models, so that none can be forgotten."""
    return [
        (table, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, EncryptedJson)
    ]


def _alone(session: Session, db: Database) -> None:
    """No other rotation until the transaction ends, and the keys as the last one has left them."""
    # Two rotations at once would each write the key file. SQLite is exclusive once the transaction has begun.
    session.connection()
    if not db.is_sqlite:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    db.keyring.follow()


def _check(session: Session, db: Database) -> int:
    """How many values are not sealed with the newest key; raises `WrongSecretKey` when one cannot be opened."""
    stale = 0
    for _, rows in _rows(session):
        for row in rows:
            token: str = row[1]
            if not db.keyring.is_newest(token):
                db.keyring.open(token)
                stale += 1
    return stale


def _seal(session: Session, db: Database) -> tuple[int, int]:
    values = sealed = 0
    for raw, rows in _rows(session):
        values += len(rows)
        for row in rows:
            if not db.keyring.is_newest(row[1]):
                new = {raw.c[1].name: db.keyring.renew(row[1])}
                session.execute(update(raw).where(raw.c[0] == row[0]).values(new))
                sealed += 1
    return values, sealed


def _rows(session: Session) -> Iterator[tuple[Table, list[Any]]]:
    """Each encrypted column as a table of id and raw text, with its rows, locked."""
    for table, column in encrypted_columns():
        key = Column("id", Base.metadata.tables[table.name].c.id.type)
        raw = Table(table.name, MetaData(), key, Column(column, Text))
        query = select(raw.c[0], raw.c[1]).where(raw.c[1].is_not(None)).with_for_update()
        yield raw, list(session.execute(query))
