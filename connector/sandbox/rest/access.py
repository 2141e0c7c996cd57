"""Who may see and change what: administrators and CRM managers everything, employees what they are responsible for."""

from __future__ import annotations

from collections.abc import Callable

from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call
from connector.sandbox.tables import Row

ALL_ROWS = frozenset({"admin", "crm_manager"})


def sees_all(call: Call) -> bool:
    """Whether no row is hidden from the caller."""
    return call.user.role in ALL_ROWS


def visible(call: Call) -> Callable[[Row], bool] | None:
    """The row filter of a list, or None when everything is visible."""
    if sees_all(call):
        return None
    user_id = call.user.id
    return lambda row: bool(row["ASSIGNED_BY_ID"] == user_id)


def may_touch(call: Call, row: Row) -> bool:
    """Whether the caller may read and change this record."""
    return sees_all(call) or row["ASSIGNED_BY_ID"] == call.user.id


def may_configure(call: Call) -> bool:
    """ "Allow to modify settings": stages, pipelines, custom fields, currencies."""
    return sees_all(call)


def require_settings(call: Call, error: RestError | None = None) -> None:
    """Refuse a caller without the right to change CRM settings."""
    if not may_configure(call):
        raise error or RestError("ACCESS_DENIED", "Access denied", 400)
