"""A client for a connected portal: its stored credential, its shared budget, our time-outs. Must never take a credential from a launch."""

from collections.abc import Callable
from dataclasses import replace

from connector.bitrix.client import BitrixClient
from connector.bitrix.credentials import CredentialSource, Renewer, RenewingToken, Webhook
from connector.bitrix.limits import Rate
from connector.bitrix.transport import WireSettings
from connector.clock import Clock, SystemClock
from connector.errors import PortalNotKnown, TokenRefused
from connector.portals.budget import DatabaseBucket, DatabaseOperatingTimes
from connector.portals.tokens import DatabaseTokenStore
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Portal, PortalKind


def open_client(
    db: Database,
    settings: Settings,
    portal_id: int,
    *,
    clock: Clock | None = None,
    cancel: Callable[[], bool] | None = None,
) -> BitrixClient:
    """A client that works with the portal's stored credential and the budget that all processes share.

    Tokens are renewed one process at a time and stored before they are used. `cancel` is asked before every request.
    Raises `PortalNotKnown`, or the `DeadCredential` leaf of the portal's state.
    """
    clock = clock or SystemClock()
    with db.read() as session:
        portal = session.get(Portal, portal_id)
        if portal is None:
            raise PortalNotKnown(portal=str(portal_id))
        kind, licence, host, stored = portal.kind, portal.plan, portal.host, portal.credential
    source: CredentialSource
    if kind == PortalKind.WEBHOOK:
        if stored is None:
            raise TokenRefused(portal=host)
        source = Webhook.parse(stored["url"])
    else:
        store = DatabaseTokenStore(db, portal_id, clock=clock)
        source = RenewingToken(store, oauth_client(settings, clock), clock=clock)
    return client_for(db, settings, source, licence=licence, clock=clock, cancel=cancel)


def client_for(
    db: Database,
    settings: Settings,
    source: CredentialSource,
    *,
    licence: str = "",
    clock: Clock | None = None,
    cancel: Callable[[], bool] | None = None,
) -> BitrixClient:
    """A client for any credential on the shared budget; `licence` (LICENSE of `app.info`) decides how much there is."""
    clock = clock or SystemClock()
    return BitrixClient(
        source,
        bucket=DatabaseBucket(db),
        operating=DatabaseOperatingTimes(db, clock),
        clock=clock,
        settings=replace(wire_settings(settings), rate=Rate.of_licence(licence)),
        cancel=cancel,
    )


def oauth_client(settings: Settings, clock: Clock) -> Renewer:
    """The OAuth server of our settings."""
    from connector.bitrix.oauth import OAuthClient  # noqa: PLC0415

    return OAuthClient(settings, clock)


def wire_settings(settings: Settings) -> WireSettings:
    """Our settings in the wire's terms."""
    return WireSettings(connect_timeout=settings.connect_timeout, read_timeout=settings.read_timeout)
