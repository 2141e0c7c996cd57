"""What a key may ask about itself. Must never say anything of other keys, or of the secret."""

from datetime import datetime

from pydantic import Field

from connector.portals.card import portal_card
from connector.web.api.caller import caller
from connector.web.api.operation import operation
from connector.web.api.shapes import Shape
from connector.web.context import web


class PortalShape(Shape):
    """The portal that a key opens."""

    host: str
    state: str = Field(
        description="active, or why Leadswitch has no access: an administrator has to open the app."
    )


class KeyShape(Shape):
    """The key that asks."""

    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    portal: PortalShape


@operation("GET", "/key", tag="key", scope=None, answer=KeyShape)
def get_key() -> KeyShape:
    """The key of this request: its portal, its scopes, its last day."""
    key, card = caller().key, portal_card(web().db, caller().portal.id)
    return KeyShape(
        id=key.id,
        name=key.name,
        scopes=list(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        portal=PortalShape(host=card.ref.host, state=card.state),
    )
