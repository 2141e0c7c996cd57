"""Download tickets: good once, for two minutes, and never stored readable."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from connector.clock import FakeClock
from connector.errors import NotAllowed
from connector.portals import tickets
from connector.store.database import Database
from connector.store.models import DownloadTicket


def test_ticket_is_good_once(database: Database, portal_id: int, clock: FakeClock) -> None:
    token = tickets.issue(database, portal_id, 5, {"plan": "p", "format": "csv"}, clock)
    ticket = tickets.redeem(database, token, clock)
    assert (ticket.portal_id, ticket.user_id, ticket.what) == (portal_id, 5, {"plan": "p", "format": "csv"})
    with pytest.raises(NotAllowed):
        tickets.redeem(database, token, clock)


@pytest.mark.parametrize("token", ["", "guess", "ä"])
def test_unknown_ticket_is_refused(database: Database, clock: FakeClock, token: str) -> None:
    with pytest.raises(NotAllowed):
        tickets.redeem(database, token, clock)


def test_old_ticket_is_refused_and_swept_away(database: Database, portal_id: int, clock: FakeClock) -> None:
    token = tickets.issue(database, portal_id, 5, {}, clock)
    clock.advance(121)
    with pytest.raises(NotAllowed):
        tickets.redeem(database, token, clock)
    tickets.issue(database, portal_id, 5, {}, clock)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(DownloadTicket)) == 1
        assert token not in str(session.execute(select(DownloadTicket.token_hash)).all())


def test_of_two_clicks_at_once_one_wins(any_database: Database, clock: FakeClock) -> None:
    from tests.portals.conftest import add_portal

    portal_id = add_portal(any_database, clock.now())
    token = tickets.issue(any_database, portal_id, 5, {}, clock)

    def click(_: int) -> bool:
        try:
            tickets.redeem(any_database, token, clock)
        except NotAllowed:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(click, range(6))) == 1
