"""One person at work on the pipelines of one portal: client, rights, patience. Decides nothing about pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.bitrix.client import BitrixClient
from connector.clock import Clock
from connector.errors import Cancelled, NotSent
from connector.pipelines import reading
from connector.pipelines.model import Board
from connector.portals import PortalRef, Viewer, open_client
from connector.settings import Settings
from connector.store.database import Database

PATIENCE = 120.0
"""How long a change may take that somebody waits for at a keyboard, in seconds; after that nothing more is sent."""


@dataclass(slots=True)
class Limit:
    """Until when (monotonic) requests are sent."""

    clock: Clock
    seconds: float
    end: float = 0.0

    def begin(self) -> None:
        """The whole time again."""
        self.end = self.clock.monotonic() + self.seconds

    def over(self) -> bool:
        """Asked by the wire before every request and in every wait."""
        return self.clock.monotonic() > self.end


@dataclass(frozen=True, slots=True)
class Desk:
    """`viewer` is who asks, with the rights of this moment; `via` is web, api or cli.

    `look_seconds`: how long a change whose answer was lost is looked for before it is told to be unknown.
    """

    db: Database
    portal: PortalRef
    client: BitrixClient
    clock: Clock
    viewer: Viewer
    via: str
    limit: Limit
    look_seconds: float = 8.0

    @property
    def actor(self) -> Mapping[str, Any]:
        """Who asks, as the audit log keeps it."""
        return self.viewer.actor(self.via)

    def board(self, *, stages_of: int | None = None) -> Board:
        """All pipelines as the portal has them now; deals per stage of `stages_of` too. Raises the errors of the wire."""
        self.limit.begin()
        return self.look(stages_of)

    def look(self, stages_of: int | None = None) -> Board:
        """The same within the time of a change that is under way."""
        try:
            return reading.read(self.client, stages_of=stages_of)
        except Cancelled:
            raise NotSent(portal=self.client.portal) from None


def open_desk(
    db: Database,
    settings: Settings,
    portal: PortalRef,
    *,
    viewer: Viewer,
    via: str,
    clock: Clock,
    patience: float = PATIENCE,
    look_seconds: float = 8.0,
) -> Desk:
    """A desk over the portal's stored credential. Raises `PortalNotKnown`, or the `DeadCredential` leaf of the portal's state."""
    limit = Limit(clock, min(patience, PATIENCE))
    client = open_client(db, settings, portal.id, clock=clock, cancel=limit.over)
    return Desk(db, portal, client, clock, viewer, via, limit, look_seconds)
