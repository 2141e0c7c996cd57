"""What each verified event of the app's own life makes us do. Every handler may run twice; none may believe more of an event than that it
happened.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from connector.bitrix.records.events import Event
from connector.clock import Clock
from connector.portals.access import open_client
from connector.portals.install import BASE_URL, bind_again
from connector.portals.payment import recheck_payment
from connector.portals.removal import uninstall
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Portal
from webhooks.native.robot import ROBOT_CALL, answer_robot
from webhooks.native.setup import register

Handler = Callable[[Database, Settings, int, Event, Clock], None]


def _uninstalled(db: Database, _settings: Settings, portal_id: int, event: Event, clock: Clock) -> None:
    uninstall(db, portal_id, clean=str(event.data.get("CLEAN", "0")) == "1", clock=clock)


def _updated(db: Database, settings: Settings, portal_id: int, _event: Event, clock: Clock) -> None:
    """The portal has dropped our handlers (event-bind.md); the installer of the new version binds them too, in either order."""
    if bind_again(db, settings, portal_id, clock=clock) is not None:
        with db.read() as session:
            base_url = str(session.get_one(Portal, portal_id).settings.get(BASE_URL, ""))
        register(db, open_client(db, settings, portal_id, clock=clock), portal_id, base_url)


def _paid(db: Database, settings: Settings, portal_id: int, _event: Event, clock: Clock) -> None:
    recheck_payment(db, settings, portal_id, clock=clock)


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "ONAPPUNINSTALL": _uninstalled,
        "ONAPPUPDATE": _updated,
        "ONAPPPAYMENT": _paid,
        ROBOT_CALL: answer_robot,
    }
)

# They ask the portal many things: Bitrix24 is answered first (settings/performance/queue.md).
SLOW = frozenset({"ONAPPUPDATE", "ONAPPPAYMENT", ROBOT_CALL})
