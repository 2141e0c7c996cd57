"""What each verified event makes us do. Every handler may run twice; none may believe more of an event than that it happened."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from connector.bitrix.records.events import Event
from connector.clock import Clock
from connector.portals.install import bind_again
from connector.portals.payment import recheck_payment
from connector.portals.removal import uninstall
from connector.settings import Settings
from connector.store.database import Database

Handler = Callable[[Database, Settings, int, Event, Clock], None]


def _uninstalled(db: Database, _settings: Settings, portal_id: int, event: Event, clock: Clock) -> None:
    uninstall(db, portal_id, clean=str(event.data.get("CLEAN", "0")) == "1", clock=clock)


def _updated(db: Database, settings: Settings, portal_id: int, _event: Event, clock: Clock) -> None:
    """The portal has dropped our handlers (event-bind.md); the installer of the new version binds them too, in either order."""
    bind_again(db, settings, portal_id, clock=clock)


def _paid(db: Database, settings: Settings, portal_id: int, _event: Event, clock: Clock) -> None:
    recheck_payment(db, settings, portal_id, clock=clock)


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {"ONAPPUNINSTALL": _uninstalled, "ONAPPUPDATE": _updated, "ONAPPPAYMENT": _paid}
)

# They ask the portal many things: Bitrix24 is answered first (settings/performance/queue.md).
SLOW = frozenset({"ONAPPUPDATE", "ONAPPPAYMENT"})
