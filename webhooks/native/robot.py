"""Our automation rule "Read the CRM mode": Bitrix24 posts that a lead or deal has come to it, and waits for what we send back.

The post carries the same `auth` block as an event and is verified like one before anything is kept. What it says about the record is not
needed: the answer is about the portal.
"""

from collections.abc import Iterable

from pydantic import ValidationError
from sqlalchemy import select

from connector.bitrix.records.events import Event, nested
from connector.clock import Clock
from connector.errors import AccessDenied
from connector.portals.access import open_client
from connector.portals.modes import note_reading
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import ModeChange
from connector.switching.modes import read_mode

ROBOT_CALL = "BIZPROC.ROBOT"
"""How a call of the rule is kept among the events."""
LONGEST_TOKEN = 2000


def robot_event(form: Iterable[tuple[str, str]]) -> Event | None:
    """A posted call of the rule, as an event; None when it is not one. Nothing of it is believed yet."""
    try:
        tree = nested(form)
        token = tree.get("event_token")
        if not isinstance(token, str) or not token or len(token) > LONGEST_TOKEN:
            return None
        found = {
            "event": ROBOT_CALL,
            "ts": tree.get("ts"),
            "data": {"event_token": token},
            "auth": tree.get("auth") or {},
        }
        return Event.model_validate(found)
    except (ValidationError, ValueError):
        return None


def answer_robot(db: Database, settings: Settings, portal_id: int, event: Event, clock: Clock) -> None:
    """Read the mode and send it back to the step that waits (`bizproc.event.send`). A step that is gone by now is let go."""
    client = open_client(db, settings, portal_id, clock=clock)
    mode = read_mode(client)
    with db.begin() as session:
        note_reading(session, portal_id, mode.value, at=clock.now(), source="event")
        changed = session.scalar(
            select(ModeChange.noticed_at)
            .where(ModeChange.portal_id == portal_id)
            .order_by(ModeChange.id.desc())
            .limit(1)
        )
    values = {"mode": mode.value, "changed_at": changed.isoformat() if changed else ""}
    try:
        client.call("bizproc.event.send", {"EVENT_TOKEN": event.data["event_token"], "RETURN_VALUES": values})
    except AccessDenied:
        # The token is used up: the workflow was ended, or has been answered before our first answer came back.
        return
