"""A client for a connected portal: its stored credential, its shared budget, our time-outs. Must never take a credential from a launch."""

from collections.abc import Callable
from dataclasses import replace

from connector.bitrix.client import BitrixClient
from connector.bitrix.credentials import CredentialSource, RenewingToken, Webhook
from connector.bitrix.limits import Rate
from connector.bitrix.oauth import OAuthApp, OAuthClient
from connector.bitrix.transport import WireSettings
from connector.bitrix.wire import Observer
from connector.clock import Clock, SystemClock
from connector.errors import BadSetting, PortalNotKnown, TokenRefused
from connector.portals.budget import DatabaseBucket, DatabaseOperatingTimes
from connector.portals.restlog import rest_observer
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
    despite: str = "",
) -> BitrixClient:
    """A client that works with the portal's stored credential and the budget that all processes share.

    Tokens are renewed one process at a time and stored before they are used. Every request leaves a masked line in the REST
    log. `cancel` is asked before every request; `despite` is a state of the portal in which it is asked all the same.
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
        store = DatabaseTokenStore(db, portal_id, clock=clock, despite=despite)
        source = RenewingToken(store, oauth_client(settings, clock), clock=clock)
    return client_for(
        db,
        settings,
        source,
        licence=licence,
        clock=clock,
        cancel=cancel,
        observer=rest_observer(db, portal_id, clock),
    )


def client_for(
    db: Database,
    settings: Settings,
    source: CredentialSource,
    *,
    licence: str = "",
    clock: Clock | None = None,
    cancel: Callable[[], bool] | None = None,
    observer: Observer | None = None,
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
        observer=observer,
    )


def oauth_client(settings: Settings, clock: Clock) -> OAuthClient:
    """Our application at the OAuth server; raises `BadSetting` when it has no code or key."""
    for name in ("client_id", "client_secret"):
        value = getattr(settings, name)
        if not (value if isinstance(value, str) else value.get_secret_value()):
            raise BadSetting(
                setting=f"LEADSWITCH_{name.upper()}", reason="it is needed to work with an installed app"
            )
    app = OAuthApp(
        settings.client_id,
        settings.client_secret.get_secret_value(),
        server=settings.oauth_servers[0],
        allowed=tuple(settings.oauth_servers),
        method="GET" if settings.oauth_http_method == "get" else "POST",
    )
    return OAuthClient(app, clock=clock)


def wire_settings(settings: Settings) -> WireSettings:
    """Our settings in the wire's terms."""
    return WireSettings(connect_timeout=settings.connect_timeout, read_timeout=settings.read_timeout)
