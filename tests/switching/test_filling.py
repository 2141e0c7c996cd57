"""Which leads a run takes last: none that has to wait for another one."""

from types import SimpleNamespace
from typing import Any

from connector.planning.model import Do
from connector.switching.filling import waiting_first


def _row(lead_id: int, *actions: tuple[Do, dict[str, Any]], excluded: bool = False) -> Any:
    managed = [{"key": do.value, "do": do.value, "params": params} for do, params in actions]
    return SimpleNamespace(lead_id=lead_id, excluded=excluded, document={"managed": managed})


def _filled(contact: int) -> tuple[Do, dict[str, Any]]:
    return Do.LINK_CONTACT, {"id": contact, "fill": {"comments": "x"}}


CLOSE = (Do.CLOSE_LEAD, {"stage": "CONVERTED"})


def _order(*rows: Any) -> list[int]:
    return [row.lead_id for row in waiting_first(rows)]


def test_leads_that_change_the_same_client_are_not_the_last() -> None:
    assert _order(_row(1, CLOSE), _row(2, _filled(7)), _row(3, _filled(8)), _row(4, _filled(7))) == [
        2,
        4,
        1,
        3,
    ]


def test_lead_that_uses_the_client_of_another_one_is_not_the_last() -> None:
    assert _order(_row(1, CLOSE), _row(2, CLOSE), _row(3, (Do.REUSE_CONTACT, {"lead": 2}))) == [2, 3, 1]


def test_lead_that_is_left_out_keeps_nobody_waiting() -> None:
    assert _order(_row(1, CLOSE), _row(2, _filled(7)), _row(3, _filled(7), excluded=True)) == [1, 2, 3]


def test_leads_that_only_link_the_same_client_do_not_wait() -> None:
    linked = (Do.LINK_CONTACT, {"id": 7})
    assert _order(_row(1, CLOSE), _row(2, linked), _row(3, linked)) == [1, 2, 3]
