"""The full OAuth 2.0 login, for people who use the app outside the Bitrix24 frame. Believes nothing of a redirect but its state.

Source: settings/oauth/index.md: the portal's authorise page sends the person back with `code` (one use, 30 seconds) and `state`. The
state is signed, good for ten minutes, for one callback, and for the browser that began; the code is exchanged on our OAuth server only,
whatever the redirect names, and what comes back is verified like every other launch.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import urlsplit

from authlib.integrations.requests_client import OAuth2Session
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import CursorResult, delete, or_, select, update
from sqlalchemy.orm import Session

from connector.bitrix.credentials import portal_of
from connector.bitrix.launch import Launch
from connector.bitrix.oauth import OAuthClient
from connector.clock import Clock
from connector.errors import GrantRevoked, LaunchRefused, PortalNotKnown
from connector.portals.access import oauth_client
from connector.portals.launch import Opened, launch
from connector.portals.opening import Opening
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import LoginAttempt, Portal, PortalKind, PortalState

LIFE = timedelta(minutes=10)
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Begun:
    """A login under way: the portal's host, and the address of its authorise page to send the person to."""

    host: str
    address: str


def new_browser_secret() -> str:
    """What the browser keeps in a cookie of ours meanwhile, so that nobody can finish a login in another browser."""
    return secrets.token_urlsafe(32)


def begin_login(db: Database, settings: Settings, name: str, browser: str, *, clock: Clock) -> Begun:
    """Begin for the portal at `name` (domain or address) in the browser that keeps `browser`.

    Only a portal that has installed the app is sent to, so that nobody is led to a strange site. Raises `PortalNotKnown`, `BadSetting`
    when the app has no keys.
    """
    oauth_client(settings, clock)
    host = _host(name)
    nonce = secrets.token_urlsafe(32)
    now = clock.now()
    with db.begin() as session:
        session.execute(delete(LoginAttempt).where(LoginAttempt.expires_at < now))
        portal = _installed(session, host)
        if portal is None:
            raise PortalNotKnown(portal=host or name.strip()[:100])
        attempt = LoginAttempt(
            nonce_hash=_hash(nonce),
            portal_id=portal.id,
            browser_hash=_hash(browser),
            expires_at=now + LIFE,
        )
        session.add(attempt)
        base = portal.client_endpoint.removesuffix("/").removesuffix("/rest")
    # The address to come back to is that of the app card and is not sent; Authlib adds `response_type`, which harms nothing.
    address, _ = OAuth2Session(settings.client_id).create_authorization_url(
        f"{base}/oauth/authorize/", state=_signer(db).dumps(nonce)
    )
    return Begun(host, str(address))


def finish_login(
    db: Database,
    settings: Settings,
    *,
    state: str,
    code: str,
    browser: str,
    clock: Clock,
    language: str = "",
    oauth: OAuthClient | None = None,
) -> Opened:
    """The person came back. Raises `LaunchRefused` when state, code or what it is exchanged for is not as it must be (nothing was stored,
    and a state that was seen once is never accepted again), and as `connector.portals.launch.launch` does.
    """
    portal_id, member_id = _redeem(db, state, browser, clock)
    if not code or len(code) > _LONGEST:
        raise LaunchRefused("the login brought no code")
    oauth = oauth or oauth_client(settings, clock)
    try:
        token = oauth.exchange(code)
    except GrantRevoked:
        raise LaunchRefused("the OAuth server does not accept the code") from None
    if token.member_id != member_id:
        raise LaunchRefused("the code belongs to another portal", portal=token.portal)
    claimed = Launch(
        auth_id=token.access_token,
        refresh_id=token.refresh_token,
        expires_in=int((token.expires_at - oauth.now()).total_seconds()),
        member_id=token.member_id,
        domain=portal_of(token.client_endpoint),
        status=token.status,
    )
    opened = launch(db, settings, Opening(claimed, language=language), clock=clock, oauth=oauth)
    if opened.ref.id != portal_id:
        raise LaunchRefused("the login ended on another portal", portal=opened.ref.host)
    return opened


def _redeem(db: Database, state: str, browser: str, clock: Clock) -> tuple[int, str]:
    """Use up the state; id and member_id of the portal that it was made for."""
    try:
        nonce = _signer(db).loads(state[:_LONGEST])
    except BadData:
        raise LaunchRefused("the login was not begun here") from None
    now = clock.now()
    with db.begin() as session:
        used = session.execute(
            update(LoginAttempt)
            .where(LoginAttempt.nonce_hash == _hash(str(nonce)), LoginAttempt.used_at.is_(None))
            .where(LoginAttempt.expires_at >= now)
            .values(used_at=now)
        )
        assert isinstance(used, CursorResult)
        if used.rowcount == 1:
            attempt = session.get_one(LoginAttempt, _hash(str(nonce)))
            portal = session.get_one(Portal, attempt.portal_id)
            if compare_digest(attempt.browser_hash, _hash(browser)):
                return portal.id, portal.member_id or ""
            reason = "the login was begun in another browser"
        else:
            reason = "the login took too long or was finished before"
    raise LaunchRefused(reason)


def _installed(session: Session, host: str) -> Portal | None:
    here = or_(Portal.host == host, Portal.host == f"{host}:443")
    query = select(Portal).where(
        here,
        Portal.kind == PortalKind.OAUTH,
        Portal.state != PortalState.UNINSTALLED,
        Portal.member_id.is_not(None),
        Portal.client_endpoint != "",
    )
    return session.scalars(query.order_by(Portal.created_at.desc()).limit(1)).first() if host else None


def _host(name: str) -> str:
    """host[:port] of what a person types or pastes: a domain or an address of the portal; empty when it is neither."""
    text = name.strip().lower()
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        port = f":{parts.port}" if parts.port and parts.port != 443 else ""
    except ValueError:
        return ""
    return f"{parts.hostname or ''}{port}"


def _signer(db: Database) -> URLSafeSerializer:
    # Signed, so that strange states do not even reach the database; age and single use are the database's business.
    return URLSafeSerializer(db.keyring.derive("login"), salt="leadswitch.login.1")


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
