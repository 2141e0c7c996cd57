"""Column types and the declarative base that every table shares. Must never hold a table or a key of its own."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from connector.store.keyring import Keyring

JsonMap = dict[str, Any]
JsonList = list[Any]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_KEYRINGS: WeakKeyDictionary[Dialect, Keyring] = WeakKeyDictionary()


def use_keyring(dialect: Dialect, keyring: Keyring) -> None:
    """Let the encrypted columns of one engine use `keyring`; engines are told apart by their dialect object."""
    _KEYRINGS[dialect] = keyring


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC on every database; a naive one is refused, because nobody knows what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC for the database; SQLite gets it without the offset that it would drop anyway."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without time zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EncryptedJson(TypeDecorator[JsonMap]):
    """A JSON map that the database only sees as a Fernet token; opened with the keyring of the engine."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: Dialect) -> str | None:
        """Sealed with the newest key."""
        if value is None:
            return None
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return _KEYRINGS[dialect].seal(text)

    def process_result_value(self, value: str | None, dialect: Dialect) -> JsonMap | None:
        """Opened with whichever key fits; raises `WrongSecretKey` when none does."""
        if value is None:
            return None
        opened: JsonMap = json.loads(_KEYRINGS[dialect].open(value))
        return opened


# A document keeps its text on PostgreSQL (JSON, not JSONB), so that what is exported is what was hashed.
Document = JSON(none_as_null=True)
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Id = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """What all tables have in common: names of constraints, and how Python types become columns."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        int: Id,
        datetime: UtcDateTime(),
        JsonMap: Json,
        JsonList: Json,
    }
