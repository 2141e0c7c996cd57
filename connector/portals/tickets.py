"""One-time links for downloads: a frame without cookies cannot sign a plain link, so the link carries a ticket good for one use.

Must never store the ticket itself, only its hash.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import CursorResult, delete, select, update

from connector.clock import Clock
from connector.errors import NotAllowed
from connector.store.database import Database
from connector.store.models import DownloadTicket

LIFE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a redeemed ticket allows: this user of this portal may fetch `what` (for example `{"plan", "format"}`)."""

    portal_id: int
    user_id: int
    what: Mapping[str, Any]


def issue(db: Database, portal_id: int, user_id: int, what: Mapping[str, Any], clock: Clock) -> str:
    """A ticket for one download within two minutes, as text that is safe in an address. Old ones are swept away."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    with db.begin() as session:
        session.execute(delete(DownloadTicket).where(DownloadTicket.expires_at < now))
        session.add(
            DownloadTicket(
                token_hash=_hash(token),
                portal_id=portal_id,
                user_id=user_id,
                what=dict(what),
                expires_at=now + LIFE,
            )
        )
    return token


def redeem(db: Database, token: str, clock: Clock) -> Ticket:
    """Use up a ticket; raises `NotAllowed` when it is unknown, too old or was used before."""
    now = clock.now()
    known = DownloadTicket.token_hash == _hash(token)
    with db.begin() as session:
        used = session.execute(
            update(DownloadTicket)
            .where(known, DownloadTicket.used_at.is_(None), DownloadTicket.expires_at >= now)
            .values(used_at=now)
        )
        assert isinstance(used, CursorResult)
        if used.rowcount != 1:
            raise NotAllowed("the download link was used before or is too old")
        row = session.scalars(select(DownloadTicket).where(known)).one()
        return Ticket(row.portal_id, row.user_id, row.what)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
