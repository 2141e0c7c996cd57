"""What pages may show of a portal without asking it: address, state, who installed the app, the mode last seen. Never a credential."""

from dataclasses import dataclass

from connector.errors import AppUninstalled
from connector.portals.refs import PortalRef, ref_of
from connector.store.database import Database
from connector.store.models import Portal, PortalState


@dataclass(frozen=True, slots=True)
class PortalCard:
    """A portal as our store knows it; `mode` is None before it was ever read."""

    ref: PortalRef
    state: str
    owner_name: str
    mode: str | None
    owner_id: int | None = None


def portal_card(db: Database, portal_id: int) -> PortalCard:
    """The card of a portal that has the app; raises `AppUninstalled` when it was removed, whatever else is wrong with its access."""
    with db.read() as session:
        portal = session.get(Portal, portal_id)
        if portal is None or portal.state == PortalState.UNINSTALLED:
            raise AppUninstalled(portal=portal.host if portal is not None else "")
        return PortalCard(ref_of(portal), portal.state, portal.owner_name, portal.mode, portal.owner_id)
