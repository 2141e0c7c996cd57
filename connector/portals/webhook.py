"""A portal connected by an incoming webhook, for the shell: known by its host, since a webhook has no application context.

Must never show the webhook's address, which is its key.
"""

from sqlalchemy import select

from connector.bitrix.credentials import Webhook
from connector.clock import Clock, SystemClock
from connector.portals.access import client_for
from connector.portals.audit import Did, record
from connector.portals.profile import Profile, read_profile
from connector.portals.refs import PortalRef, ref_of
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Portal, PortalKind, PortalState


def register_webhook(db: Database, settings: Settings, url: str, *, clock: Clock | None = None) -> PortalRef:
    """Connect the portal of this incoming webhook, or give it this new one; asks the portal once who the webhook works as.

    A webhook that is connected already costs no request. Raises `NotAWebhook`, `InsecureAddress`, or what the portal answers
    (`TokenRefused` for an unknown key).
    """
    webhook = Webhook.parse(url)
    clock = clock or SystemClock()
    with db.read() as session:
        known = session.scalar(select(Portal).where(Portal.key == webhook.portal))
        if (
            known is not None
            and known.state == PortalState.ACTIVE
            and known.credential == {"url": webhook.base}
        ):
            return ref_of(known)
    owner = read_profile(client_for(db, settings, webhook, clock=clock))
    return _store(db, webhook, owner, clock)


def _store(db: Database, webhook: Webhook, owner: Profile, clock: Clock) -> PortalRef:
    now = clock.now()
    with db.begin() as session:
        portal = session.scalar(select(Portal).where(Portal.key == webhook.portal).with_for_update())
        if portal is None:
            portal = Portal(key=webhook.portal, host=webhook.portal, created_at=now, credential_version=0)
            session.add(portal)
        portal.kind = PortalKind.WEBHOOK
        portal.client_endpoint = ""
        portal.credential = {"url": webhook.base}
        portal.credential_version += 1
        portal.state, portal.state_reason = PortalState.ACTIVE, ""
        portal.owner_id, portal.owner_name, portal.owner_is_admin = owner.user_id, owner.name, owner.is_admin
        portal.updated_at = now
        session.flush()
        who = {"user_id": owner.user_id, "name": owner.name, "via": "cli"}
        record(session, portal.id, at=now, who=who, action=Did.WEBHOOK_CONNECTED)
        return ref_of(portal)
