"""A portal in the database, without anybody behind it."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from connector.clock import FakeClock
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Portal
from tests.portals.bitrix24 import Bitrix24, bitrix24


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def settings() -> Settings:
    return Settings.load(client_id="app.1", client_secret="tops3cret")


@pytest.fixture
def portal_id(database: Database, clock: FakeClock) -> int:
    return add_portal(database, clock.now())


def add_portal(db: Database, now: datetime, key: str = "m1", **values: object) -> int:
    row = Portal(
        **{
            "key": key,
            "member_id": key,
            "host": f"{key}.example",
            "kind": "oauth",
            "credential": {"access_token": "x"},
            "application_token_hash": "h",
            "owner_id": 1,
            "owner_name": "Ada Example",
            "named_users": [{"id": 5, "name": "Bo Example", "by": "Ada Example", "at": now.isoformat()}],
            "settings": {"kept": True},
            "created_at": now,
            "updated_at": now,
            **values,
        }
    )
    with db.begin() as session:
        session.add(row)
    return row.id


@pytest.fixture
def b24() -> Iterator[Bitrix24]:
    with bitrix24() as made:
        yield made
