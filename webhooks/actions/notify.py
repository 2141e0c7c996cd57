"""Tells chosen employees in Bitrix24. `im.notify.system.add` with a TAG: a second one with the same TAG takes the place of the first, so a
try whose answer was lost may be repeated (chats/notifications/im-notify-system-add.md).
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from connector import i18n
from connector.bitrix.batch import Command
from connector.errors import BitrixError, LeadswitchError
from connector.i18n import N_, _
from connector.occurrences import Kind, data_of
from connector.store.models import Delivery, Occurrence, Portal
from webhooks.actions.tools import Tools, failed
from webhooks.outbound.queue import Tried
from webhooks.rules.texts import tell

METHOD = "im.notify.system.add"
DISABLED = "endpoint.disabled"
_OFF = N_(
    "Leadswitch has switched off the webhook endpoint %(name)s: it has taken nothing for days, or says that it is gone."
)


def notify(tools: Tools, row: Delivery) -> Tried:
    """One notification for each chosen employee. Those who were told in an earlier try are not told again."""
    told: list[int] = list((row.detail or {}).get("told", ()))
    users = [int(user) for user in row.action.get("users", ()) if int(user) not in told]
    message = _message(tools, row)
    try:
        found = tools.client(row.portal_id).batch(
            [Command(f"u{user}", METHOD, params(user, message, row.id)) for user in users]
        )
    except LeadswitchError as error:
        return failed(error, {"told": told})
    told += [user for user in users if found[f"u{user}"].ok]
    errors = [found[f"u{user}"].error for user in users if not found[f"u{user}"].ok]
    worst = next((error for error in errors if error is not None), None)
    if worst is None and errors:
        worst = BitrixError(method=METHOD)
    return Tried(True, "ok", detail={"told": told}) if worst is None else failed(worst, {"told": told})


def params(user: int, message: str, delivery_id: str) -> Mapping[str, Any]:
    """Of the REST method."""
    return {"USER_ID": user, "MESSAGE": message, "TAG": f"LEADSWITCH|{delivery_id}"}


def _message(tools: Tools, row: Delivery) -> str:
    if text := str(row.action.get("text") or ""):
        return text
    with tools.db.read() as session:
        portal = session.get_one(Portal, row.portal_id)
        happened = session.scalar(select(Occurrence).where(Occurrence.id == row.occurrence_id))
    with i18n.speaking(i18n.pick(portal.language)):
        if happened is None:
            return _(_OFF, name=str(row.action.get("name", "")))
        return tell(Kind(happened.kind), data_of(happened.kind, happened.data), portal.host)
