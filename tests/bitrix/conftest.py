"""The scripted portal as a fixture."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bitrix.portal import Portal


@pytest.fixture
def portal() -> Iterator[Portal]:
    scripted = Portal()
    with scripted.serving():
        yield scripted
