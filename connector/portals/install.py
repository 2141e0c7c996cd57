"""An administrator installs the app or a new version of it, by the installer page or by ONAPPINSTALL, in either order.

Verified before anything is stored; an employee who is not an administrator changes nothing.
"""

from sqlalchemy import select

from connector.bitrix.launch import Launch, VerifiedLaunch, verify_launch
from connector.bitrix.oauth import OAuthClient
from connector.bitrix.records.portal import AppInfo
from connector.clock import Clock, SystemClock
from connector.errors import NotAllowed
from connector.portals.access import oauth_client, open_client
from connector.portals.audit import Did, record
from connector.portals.credential import follow_move, store_credential
from connector.portals.launch import Opened, opened, who
from connector.portals.manifest import Manifest, app_manifest
from connector.portals.opening import Opening
from connector.portals.refs import PortalRef, ref_of
from connector.portals.setup import Difference, bind_all
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Portal, PortalState

BASE_URL = "base_url"
"""Key in the portal's settings: the address that its handlers were bound to."""


def install(
    db: Database,
    settings: Settings,
    opening: Opening,
    *,
    clock: Clock | None = None,
    oauth: OAuthClient | None = None,
) -> Opened:
    """The installer page: store the administrator's credential. Bind with `set_up` next, then let the page call installFinish.

    Raises `LaunchRefused`, `NotAllowed` for anybody but an administrator, `TransportError`. Doing it twice does no harm.
    """
    clock = clock or SystemClock()
    verified = verify_launch(oauth or oauth_client(settings, clock), opening.launch)
    ref = _store(db, verified, opening.application_token, clock)
    return opened(db, ref, PortalState.ACTIVE, verified, opening)


def install_by_event(
    db: Database,
    settings: Settings,
    claimed: Launch,
    application_token: str,
    *,
    clock: Clock | None = None,
    oauth: OAuthClient | None = None,
) -> PortalRef:
    """ONAPPINSTALL or ONAPPUPDATE with the tokens in its `auth`; otherwise as `install`."""
    clock = clock or SystemClock()
    verified = verify_launch(oauth or oauth_client(settings, clock), claimed)
    return _store(db, verified, application_token, clock)


def set_up(
    db: Database,
    settings: Settings,
    ref: PortalRef,
    base_url: str,
    *,
    manifest: Manifest | None = None,
    clock: Clock | None = None,
) -> Difference:
    """Bind events and placements as the card says, with the stored credential, and note the portal's plan.

    `base_url` is how Bitrix24 reaches this app; the setting of that name wins. Raises what the portal answers; can be repeated.
    """
    address = (settings.base_url or base_url).rstrip("/")
    client = open_client(db, settings, ref.id, clock=clock)
    info = AppInfo.model_validate(client.call("app.info").result)
    with db.begin() as session:
        portal = session.get(Portal, ref.id, with_for_update=True)
        if portal is not None:
            portal.plan, portal.language = info.license, info.language_id or portal.language
            portal.settings = {**portal.settings, BASE_URL: address}
    return bind_all(client, manifest or app_manifest(), address)


def bind_again(
    db: Database, settings: Settings, portal_id: int, *, clock: Clock | None = None
) -> Difference | None:
    """As `set_up`, at the address where the app was installed: an update makes the portal forget handlers. None when that address is
    not known, since an event must not tell us our own.
    """
    with db.read() as session:
        portal = session.get(Portal, portal_id)
        if portal is None or portal.state != PortalState.ACTIVE:
            return None
        ref, known = ref_of(portal), str(portal.settings.get(BASE_URL, ""))
    if not (settings.base_url or known):
        return None
    return set_up(db, settings, ref, known, clock=clock)


def _store(db: Database, verified: VerifiedLaunch, application_token: str, clock: Clock) -> PortalRef:
    if not verified.profile.admin:
        raise NotAllowed("only an administrator can install the app")
    now = clock.now()
    version = str(verified.app.install.version or "")
    with db.begin() as session:
        portal = session.scalar(
            select(Portal).where(Portal.member_id == verified.token.member_id).with_for_update()
        )
        known = portal is not None and portal.state != PortalState.UNINSTALLED
        former = portal.app_version if portal is not None and known else None
        portal = store_credential(session, portal, verified, application_token, now)
        follow_move(session, portal, verified, now)
        if former != version:
            did = Did.UPDATED if known else Did.INSTALLED
            record(session, portal.id, at=now, who=who(verified), action=did, detail={"version": version})
        portal.app_version = version
        session.flush()
        return ref_of(portal)
