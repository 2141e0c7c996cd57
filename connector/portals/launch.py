"""Somebody opens the app inside Bitrix24. Verified before it is believed; never replaces a credential that works.

The one exception is a portal without a working credential of an administrator: there an administrator who opens the app gives it a
new one, as the messages of `DeadCredential` ask them to.
"""

from dataclasses import dataclass

from sqlalchemy import select

from connector.bitrix.launch import VerifiedLaunch, verify_launch
from connector.bitrix.oauth import OAuthClient
from connector.clock import Clock, SystemClock
from connector.errors import AccessDenied, AppUninstalled, AuthError, LeadswitchError
from connector.portals.access import oauth_client, open_client
from connector.portals.audit import Did, record, record_opened
from connector.portals.credential import follow_move, store_credential, token_hash
from connector.portals.opening import Opening
from connector.portals.profile import read_profile
from connector.portals.refs import PortalRef, ref_of
from connector.portals.rights import Viewer, viewer
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Portal, PortalKind, PortalState


@dataclass(frozen=True, slots=True)
class Opened:
    """A believed launch: the portal, who it is, the portal's address for `frame-ancestors`, and how the credential stands."""

    ref: PortalRef
    viewer: Viewer
    origin: str
    state: str
    language: str
    time_zone: str


def launch(
    db: Database,
    settings: Settings,
    opening: Opening,
    *,
    clock: Clock | None = None,
    oauth: OAuthClient | None = None,
) -> Opened:
    """Verify and let in. Raises `LaunchRefused` when the OAuth server or the portal does not confirm it, `AppUninstalled` when the
    app has no access to that portal and this user cannot give it any, `TransportError`.
    """
    clock = clock or SystemClock()
    verified = verify_launch(oauth or oauth_client(settings, clock), opening.launch)
    admin = verified.profile.admin
    broken = _broken_version(db, settings, verified.token.member_id, clock) if admin else None
    with db.begin() as session:
        portal = session.scalar(
            select(Portal).where(Portal.member_id == verified.token.member_id).with_for_update()
        )
        gone = portal is None or portal.state == PortalState.UNINSTALLED
        said = False
        if admin and (portal is None or _needs_one(portal, broken)):
            did = Did.INSTALLED if gone else Did.REAUTHORISED
            portal = store_credential(session, portal, verified, opening.application_token, clock.now())
            record(session, portal.id, at=clock.now(), who=who(verified), action=did)
            said = True
        elif portal is None or gone:
            raise AppUninstalled(portal=verified.domain)
        elif portal.application_token_hash is None and admin and opening.application_token:
            portal.application_token_hash = token_hash(opening.application_token)
        follow_move(session, portal, verified, clock.now())
        session.flush()
        if not said:
            record_opened(session, portal.id, at=clock.now(), who=who(verified))
        ref, state = ref_of(portal), portal.state
    return opened(db, ref, state, verified, opening)


def _needs_one(portal: Portal, broken: int | None) -> bool:
    dead = portal.kind != PortalKind.OAUTH or portal.state != PortalState.ACTIVE
    return dead or portal.credential_version == broken


def _broken_version(db: Database, settings: Settings, member_id: str, clock: Clock) -> int | None:
    """The version of a stored credential that the portal refuses, or that is no administrator's any more; None when it is good.

    Asked only when an administrator is there to replace it: nobody else could, and without asking, an access that was
    revoked unheard of (no ONAPPUNINSTALL came) would stay `active` for ever.
    """
    with db.read() as session:
        portal = session.scalar(select(Portal).where(Portal.member_id == member_id))
        if portal is None or portal.state != PortalState.ACTIVE:
            return None
        portal_id = portal.id
    try:
        if read_profile(open_client(db, settings, portal_id, clock=clock)).is_admin:
            return None
    except (AuthError, AccessDenied):
        pass
    except LeadswitchError:
        return None
    with db.read() as session:
        return session.scalar(select(Portal.credential_version).where(Portal.id == portal_id))


def opened(db: Database, ref: PortalRef, state: str, verified: VerifiedLaunch, opening: Opening) -> Opened:
    """What the web room needs to go on."""
    profile = verified.profile
    person = viewer(db, ref.id, user_id=profile.id, name=profile.full_name, is_admin=profile.admin)
    origin = verified.token.client_endpoint.removesuffix("/").removesuffix("/rest")
    return Opened(ref, person, origin, state, opening.language, profile.time_zone)


def who(verified: VerifiedLaunch) -> dict[str, object]:
    """The verified user, as the audit log keeps people."""
    return {"user_id": verified.profile.id, "name": verified.profile.full_name, "via": "web"}
