"""Which portal is meant: short references that the other rooms pass around. Must never carry a credential."""

from dataclasses import dataclass

from sqlalchemy import case, or_, select

from connector.errors import PortalNotKnown
from connector.store.database import Database
from connector.store.models import Portal, PortalKind, PortalState


@dataclass(frozen=True, slots=True)
class PortalRef:
    """One connected portal: row id, key (`member_id`, else host) and host (with port, if there is one) as people know it."""

    id: int
    key: str
    host: str


def ref_of(portal: Portal) -> PortalRef:
    """The reference to a row."""
    return PortalRef(portal.id, portal.key, portal.host)


def portal_ref(db: Database, portal_id: int) -> PortalRef:
    """By row id; raises `PortalNotKnown`."""
    with db.read() as session:
        portal = session.get(Portal, portal_id)
        if portal is None:
            raise PortalNotKnown(portal=str(portal_id))
        return ref_of(portal)


def find_portal(db: Database, name: str) -> PortalRef:
    """By host or key, the installed app before a webhook of the same host; raises `PortalNotKnown`."""
    wanted = name.strip().lower()
    query = (
        select(Portal)
        .where(or_(Portal.host == wanted, Portal.key == name), Portal.state != PortalState.UNINSTALLED)
        .order_by(
            case((Portal.state == PortalState.ACTIVE, 0), else_=1),
            case((Portal.kind == PortalKind.OAUTH, 0), else_=1),
        )
        .limit(1)
    )
    with db.read() as session:
        portal = session.scalar(query)
        if portal is None:
            raise PortalNotKnown(portal=name)
        return ref_of(portal)


def all_portals(db: Database) -> list[PortalRef]:
    """Every portal that is not uninstalled, by host."""
    query = select(Portal).where(Portal.state != PortalState.UNINSTALLED).order_by(Portal.host, Portal.id)
    with db.read() as session:
        return [ref_of(portal) for portal in session.scalars(query)]
