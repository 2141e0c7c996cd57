"""What may not be read of the records that point at leads is said, and the rest of the reading goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from connector.bitrix.batch import Outcome, Status
from connector.errors import AccessDenied, LeadswitchError
from connector.planning.catalogue import CATALOGUE
from connector.planning.model import Referrer
from connector.reading.clients import Gate
from connector.reading.pool import Pool
from connector.reading.related import Found, RelatedReader
from tests.planning.portal import facts


class Refusing:
    """A pool on a portal that refuses every list."""

    def ask(self, method: str, _params: Any, came: Callable[[Outcome], None]) -> None:
        came(Outcome("x", method, Status.FAILED, error=AccessDenied(method=method)))

    def read_list(
        self,
        method: str,
        _params: Any,
        _row: Any,
        _end: Any,
        *,
        on_refused: Callable[[LeadswitchError], None],
    ) -> None:
        on_refused(AccessDenied(method=method))


def test_every_refused_kind_of_record_is_a_note_and_the_leads_go_on() -> None:
    referrers = (Referrer(7, "", "leadId", "dealId"), Referrer(1040, "Projects", "parentId1", "parentId2"))
    notes: set[str] = set()
    found: Found = {}
    opened: list[bool] = []
    gate = Gate(lambda: opened.append(True))
    RelatedReader(cast(Pool, Refusing()), facts(referrers=referrers), notes).read([1, 2], found, gate)
    gate.seal()
    assert notes == {"deals-unread", "quotes-unread", "records-unread", "tasks-unread"}
    assert notes <= set(CATALOGUE)
    assert (found, opened) == ({}, [True])
