"""The long form runs only when it is asked for by its mark (`make chaos`)."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests marked `chaos` out unless `-m` names the mark."""
    if "chaos" in str(config.getoption("-m")):
        return
    skip = pytest.mark.skip(reason="takes hours; run by `make chaos`")
    for item in items:
        if item.get_closest_marker("chaos"):
            item.add_marker(skip)
