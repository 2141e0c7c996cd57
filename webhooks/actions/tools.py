"""What actions work with. Holds no rule and no state."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.bitrix.client import BitrixClient
from connector.clock import Clock
from connector.errors import (
    AccessDenied,
    BitrixError,
    DeadCredential,
    LimitError,
    MethodError,
    MissingScope,
    PortalNotKnown,
    TransportError,
)
from connector.portals.access import open_client
from connector.settings import Settings
from connector.store.database import Database
from webhooks.outbound.queue import Tried
from webhooks.outbound.sender import Sender


@dataclass(frozen=True, slots=True)
class Tools:
    """The parts of the running process; `client` opens a portal with its stored credential."""

    db: Database
    settings: Settings
    clock: Clock
    sender: Sender
    client: Callable[[int], BitrixClient]
    rng: random.Random = field(default_factory=random.Random)


def tools(db: Database, settings: Settings, clock: Clock) -> Tools:
    """The usual ones."""
    sender = Sender(private=settings.webhook_private_networks, clock=clock)
    return Tools(
        db, settings, clock, sender, lambda portal_id: open_client(db, settings, portal_id, clock=clock)
    )


def failed(error: Exception, detail: Mapping[str, Any] | None = None) -> Tried:
    """A try that Bitrix24 or our access to it has stopped; what no later try can mend is final."""
    if isinstance(error, TransportError | LimitError):
        return Tried(False, "silent", answer=type(error).__name__, detail=detail)
    if isinstance(error, DeadCredential | PortalNotKnown):
        return Tried(False, "no-access", answer=type(error).__name__, detail=detail)
    final = isinstance(error, MissingScope | AccessDenied | MethodError)
    code = error.code if isinstance(error, BitrixError) else type(error).__name__
    return Tried(False, "refused", answer=str(code), final=final, detail=detail)
