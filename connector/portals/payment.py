"""Whether the portal's subscription still lets the app work: asked, never told. Must never believe what an event says about it."""

from sqlalchemy import select, update

from connector.bitrix.records.portal import AppInfo
from connector.clock import Clock, SystemClock
from connector.errors import DeadCredential, PaymentRequired
from connector.occurrences import disconnected
from connector.portals.access import open_client
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Portal, PortalKind, PortalState

_ASKED = (PortalState.ACTIVE, PortalState.PAYMENT_REQUIRED)


def recheck_payment(db: Database, settings: Settings, portal_id: int, *, clock: Clock | None = None) -> str:
    """Ask the portal (`app.info`, with the stored credential) and note its plan and whether the access is paid for.

    Returns the portal's state afterwards. A portal that waits for payment goes on as soon as it answers; one in another named
    state needs a person and is not asked. Raises `TransportError` when the portal cannot be reached; then nothing is changed.
    """
    clock = clock or SystemClock()
    with db.read() as session:
        portal = session.get(Portal, portal_id)
        if portal is None:
            return PortalState.UNINSTALLED
        if portal.kind != PortalKind.OAUTH or portal.state not in _ASKED or portal.credential is None:
            return portal.state
    client = open_client(db, settings, portal_id, clock=clock, despite=PortalState.PAYMENT_REQUIRED)
    try:
        info = AppInfo.model_validate(client.call("app.info").result)
    except DeadCredential as dead:
        return dead.state
    state = PortalState.PAYMENT_REQUIRED if info.payment_expired else PortalState.ACTIVE
    values = {
        "plan": info.license,
        "state": state,
        "state_reason": PaymentRequired.key if info.payment_expired else "",
        "updated_at": clock.now(),
    }
    with db.begin() as session:
        before = session.scalar(select(Portal.state).where(Portal.id == portal_id).with_for_update())
        if before == PortalState.ACTIVE and state != PortalState.ACTIVE:
            disconnected(session, portal_id, state, clock.now())
        session.execute(update(Portal).where(Portal.id == portal_id, Portal.state.in_(_ASKED)).values(values))
    return state
