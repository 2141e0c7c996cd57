"""What is told of a portal when the access to it ends. Called in the transaction that notes it."""

from datetime import datetime

from sqlalchemy.orm import Session

from connector.occurrences.kinds import Kind, PortalDisconnected
from connector.occurrences.log import occurred


def disconnected(session: Session, portal_id: int, state: str, at: datetime) -> None:
    """There was access until now; `state` is the named state that the portal is in from now on."""
    data = PortalDisconnected.model_validate({"state": state})
    occurred(session, portal_id, Kind.PORTAL_DISCONNECTED, data, at=at, subject="portal")
