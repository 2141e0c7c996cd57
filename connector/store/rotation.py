"""Key rotation: everything that is encrypted is sealed anew with the newest key. Must never leave a row half-changed."""

from sqlalchemy import Column, MetaData, Table, Text, select, update

from connector.store.base import Base, EncryptedJson
from connector.store.database import Database


def rotate(db: Database) -> int:
    """Seal every encrypted value with the newest key, in one transaction; returns how many. Raises `WrongSecretKey`.

    Afterwards the older keys can be taken out of the settings.
    """
    count = 0
    with db.begin() as session:
        for table, column in encrypted_columns():
            raw = Table(
                table.name,
                MetaData(),
                Column("id", Base.metadata.tables[table.name].c.id.type),
                Column(column, Text),
            )
            rows = session.execute(
                select(raw.c.id, raw.c[column]).where(raw.c[column].is_not(None)).with_for_update()
            ).all()
            for id_, token in rows:
                session.execute(update(raw).where(raw.c.id == id_).values({column: db.keyring.renew(token)}))
            count += len(rows)
    return count


def encrypted_columns() -> list[tuple[Table, str]]:
    """Every column of type `EncryptedJson`, found in the models, so that none can be forgotten."""
    return [
        (table, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, EncryptedJson)
    ]
