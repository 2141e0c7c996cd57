"""The page about error codes says what the table says."""

from __future__ import annotations

from tests.bitrix.error_docs import PAGE, rendered


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == rendered(), "run: python -m tests.bitrix.error_docs"
