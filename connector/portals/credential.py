"""Writes a verified credential into a portal's row, and what came with it. Must never be handed anything unverified."""

from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from sqlalchemy.orm import Session

from connector.bitrix.launch import VerifiedLaunch
from connector.portals.audit import Did, record
from connector.portals.tokens import sealed_token
from connector.store.models import Portal, PortalKind, PortalState


def store_credential(
    session: Session, portal: Portal | None, verified: VerifiedLaunch, application_token: str, now: datetime
) -> Portal:
    """The token of a verified administrator becomes the portal's one credential; a renewal under way loses against it.

    `application_token` comes from the same verified administrator's launch or event; without one the known one stays.
    """
    token = verified.token
    if portal is None:
        portal = Portal(key=token.member_id, member_id=token.member_id, created_at=now, credential_version=0)
        session.add(portal)
    portal.kind = PortalKind.OAUTH
    portal.credential = sealed_token(token)
    portal.credential_version += 1
    portal.lease_until = portal.lease_holder = None
    portal.state, portal.state_reason = PortalState.ACTIVE, ""
    portal.owner_id, portal.owner_name = verified.profile.id, verified.profile.full_name
    portal.owner_is_admin = verified.profile.admin
    portal.uninstalled_at = None
    portal.client_endpoint, portal.host = token.client_endpoint, token.portal
    portal.scopes = list(token.scope)
    portal.updated_at = now
    if application_token:
        portal.application_token_hash = token_hash(application_token)
    session.flush()
    return portal


def follow_move(session: Session, portal: Portal, verified: VerifiedLaunch, now: datetime) -> None:
    """The OAuth server names the portal's address as of now: keep it when it has moved."""
    token = verified.token
    if portal.client_endpoint == token.client_endpoint:
        return
    moved = {"from": portal.host, "to": token.portal}
    portal.client_endpoint, portal.host, portal.updated_at = token.client_endpoint, token.portal, now
    nobody = {"user_id": None, "name": "", "via": "bitrix24"}
    record(session, portal.id, at=now, who=nobody, action=Did.MOVED, detail=moved)


def token_hash(application_token: str) -> str:
    """How an application token is stored: it is only ever compared."""
    return sha256(application_token.encode()).hexdigest()


def token_fits(stored: str | None, application_token: str) -> bool:
    """Whether an event's application token is the one whose hash a portal has stored; in constant time, and never when none is stored."""
    return bool(stored and application_token) and compare_digest(stored or "", token_hash(application_token))
