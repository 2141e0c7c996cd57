"""The stored credential of one portal behind the wire's `TokenStore`: lease, compare-and-swap, burial.

Every method is one short transaction; nothing here may call a portal or keep a transaction open while somebody does.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Update, or_, select, update
from sqlalchemy.orm import Session

from connector.bitrix.credentials import OAuthToken, portal_of
from connector.clock import Clock, SystemClock
from connector.errors import AppUninstalled, DeadCredential, GrantRevoked, PaymentRequired, PortalGone
from connector.occurrences import disconnected
from connector.store.database import Database
from connector.store.models import Portal, PortalState

DEAD: Mapping[str, type[DeadCredential]] = {
    PortalState.GRANT_REVOKED: GrantRevoked,
    PortalState.PAYMENT_REQUIRED: PaymentRequired,
    PortalState.PORTAL_GONE: PortalGone,
    PortalState.UNINSTALLED: AppUninstalled,
}


def sealed_token(token: OAuthToken) -> dict[str, Any]:
    """The part of a token that is stored encrypted."""
    return {
        "access_token": token.access_token,
        "refresh_token": token.refresh_token,
        "expires_at": token.expires_at.astimezone(UTC).isoformat(),
        "user_id": token.user_id,
        "scope": list(token.scope),
        "status": token.status,
    }


def token_of(portal: Portal, *, despite: str = "") -> OAuthToken:
    """The token of a row; raises the `DeadCredential` leaf of its state (unless that is `despite`), `GrantRevoked` when there is none."""
    dead = DEAD.get(portal.state)
    if dead is not None and portal.state != despite:
        raise dead(portal=portal.host)
    stored = portal.credential
    if stored is None or portal.member_id is None:
        raise GrantRevoked(portal=portal.host)
    return OAuthToken(
        member_id=portal.member_id,
        client_endpoint=portal.client_endpoint,
        access_token=stored["access_token"],
        refresh_token=stored["refresh_token"],
        expires_at=datetime.fromisoformat(stored["expires_at"]),
        user_id=stored["user_id"],
        scope=tuple(stored["scope"]),
        status=stored["status"],
        version=portal.credential_version,
    )


class DatabaseTokenStore:
    """`connector.bitrix.credentials.TokenStore` over the `portal` row `portal_id`. Thread-safe.

    `despite` names a state in which the token is tried all the same, to find out whether that state has ended.
    """

    def __init__(
        self, db: Database, portal_id: int, *, clock: Clock | None = None, despite: str = ""
    ) -> None:
        self._db = db
        self._id = portal_id
        self._clock = clock or SystemClock()
        self._despite = despite
        self._holder = secrets.token_hex(8)

    def load(self) -> OAuthToken:
        """The stored token; raises the `DeadCredential` leaf of the portal's state."""
        with self._db.read() as session:
            portal = session.scalar(select(Portal).where(Portal.id == self._id))
            if portal is None:
                raise AppUninstalled
            return token_of(portal, despite=self._despite)

    def take_lease(self, seen: OAuthToken, seconds: float) -> bool:
        """Become the one who renews version `seen.version`, for so many seconds."""
        now = self._clock.now()
        free = or_(Portal.lease_until.is_(None), Portal.lease_until < now)
        values = {"lease_until": now + timedelta(seconds=seconds), "lease_holder": self._holder}
        return self._changed(self._row(seen).where(free).values(values))

    def save(self, seen: OAuthToken, new: OAuthToken) -> OAuthToken | None:
        """Store `new` as the next version and end the lease; None if somebody else stored one meanwhile."""
        version = seen.version + 1
        values = {
            "credential": sealed_token(new),
            "credential_version": version,
            "client_endpoint": new.client_endpoint,
            "host": portal_of(new.client_endpoint),
            "state": PortalState.ACTIVE,
            "state_reason": "",
            "updated_at": self._clock.now(),
            **_NO_LEASE,
        }
        return self.load() if self._changed(self._row(seen).values(values)) else None

    def release(self, seen: OAuthToken) -> None:
        """End our lease; that of another holder stays."""
        self._changed(self._row(seen).where(Portal.lease_holder == self._holder).values(_NO_LEASE))

    def bury(self, seen: OAuthToken, error: DeadCredential) -> None:
        """Put the portal into the error's named state, unless a newer credential was stored meanwhile."""
        now = self._clock.now()
        values = {"state": error.state, "state_reason": error.code, "updated_at": now, **_NO_LEASE}
        with self._db.begin() as session:
            before = session.scalar(select(Portal.state).where(Portal.id == self._id).with_for_update())
            if _changes(session, self._row(seen).values(values)) and before == PortalState.ACTIVE:
                disconnected(session, self._id, error.state, now)

    def _row(self, seen: OAuthToken) -> Update:
        return update(Portal).where(Portal.id == self._id, Portal.credential_version == seen.version)

    def _changed(self, statement: Update) -> bool:
        with self._db.begin() as session:
            return _changes(session, statement)


def _changes(session: Session, statement: Update) -> bool:
    result = session.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


_NO_LEASE: dict[str, Any] = {"lease_until": None, "lease_holder": None}
