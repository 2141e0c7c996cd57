"""Finding employees of a portal by name, for an administrator who names those that may switch. Reads names and job titles only.

Scope `user_brief` is enough (user-scope.md): it has no e-mail and no USER_TYPE, so an employee is somebody who is active and belongs
to a department; extranet guests belong to none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from connector.bitrix.client import BitrixClient
from connector.bitrix.records.portal import User

MOST = 20
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Colleague:
    """One active employee."""

    id: int
    name: str
    position: str


def find_people(client: BitrixClient, text: str) -> list[Colleague]:
    """Up to `MOST` active employees whose name or job title starts with the words of `text` (`user.search`), or the one with this ID.

    Raises what `BitrixClient.call` raises.
    """
    text = text.strip()[:LONGEST]
    digits = text.removeprefix("#")
    if digits.isascii() and digits.isdecimal():
        found = colleague(client, int(digits))
        return [found] if found else []
    if not text:
        return []
    return _employees(client.call("user.search", {"FILTER": {"FIND": text}}).result)[:MOST]


def colleague(client: BitrixClient, user_id: int) -> Colleague | None:
    """The active employee with this ID (`user.get`), or None."""
    found = _employees(client.call("user.get", {"ID": user_id}).result)
    return next((one for one in found if one.id == user_id), None)


def _employees(rows: object) -> list[Colleague]:
    return [one for row in (rows if isinstance(rows, list) else ()) if (one := _employee(row)) is not None]


def _employee(row: object) -> Colleague | None:
    if not isinstance(row, Mapping) or row.get("UF_DEPARTMENT", True) in (False, None, "", []):
        return None
    try:
        user = User.model_validate(row)
    except ValidationError:
        return None
    return None if user.active is False else Colleague(user.id, user.full_name, user.work_position)
