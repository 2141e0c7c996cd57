"""What the room and the error tree promise to export is there, and nothing public is forgotten."""

from __future__ import annotations

from types import ModuleType

import pytest

from connector import bitrix, errors
from connector.bitrix import records
from connector.errors import LeadswitchError


@pytest.mark.parametrize("module", [bitrix, records, errors])
def test_everything_promised_exists_once(module: ModuleType) -> None:
    assert len(module.__all__) == len(set(module.__all__))
    assert all(hasattr(module, name) for name in module.__all__)


def test_no_error_is_left_out_of_the_tree() -> None:
    def leaves(kind: type[LeadswitchError]) -> set[str]:
        return {kind.__name__}.union(*(leaves(one) for one in kind.__subclasses__()))

    ours = {name for name in leaves(LeadswitchError) if hasattr(errors, name)}
    assert ours <= set(errors.__all__)
