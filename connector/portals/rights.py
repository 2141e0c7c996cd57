"""Who may do what in the app, as one table. Must never be asked in a browser only: every action is checked on the server.

Bitrix24 has no call for "may change CRM settings": administrators are known by `profile`, others are named by an administrator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from connector.clock import Clock
from connector.errors import NotAllowed, PortalNotKnown
from connector.portals import audit
from connector.store.database import Database
from connector.store.models import Portal


class Role(StrEnum):
    """What somebody is in the app; a later one may do all that an earlier one may."""

    OTHER = "other"
    NAMED = "named"
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """Everything that is checked."""

    EXPLAIN = "explain"
    OVERVIEW = "overview"
    PLAN = "plan"
    READ_PLAN = "read_plan"
    APPLY = "apply"
    CONTROL = "control"
    UNDO = "undo"
    DOWNLOAD = "download"
    PIPELINES = "pipelines"
    NAME_PEOPLE = "name_people"
    READ_AUDIT = "read_audit"
    SETTINGS = "settings"
    AUTOMATION = "automation"
    API_KEYS = "api_keys"


LEAST_ROLE: Mapping[Action, Role] = MappingProxyType(
    {
        Action.EXPLAIN: Role.OTHER,
        Action.OVERVIEW: Role.NAMED,
        Action.PLAN: Role.NAMED,
        Action.READ_PLAN: Role.NAMED,
        Action.APPLY: Role.NAMED,
        Action.CONTROL: Role.NAMED,
        Action.UNDO: Role.NAMED,
        Action.DOWNLOAD: Role.NAMED,
        Action.PIPELINES: Role.NAMED,
        Action.NAME_PEOPLE: Role.ADMINISTRATOR,
        Action.READ_AUDIT: Role.ADMINISTRATOR,
        Action.SETTINGS: Role.ADMINISTRATOR,
        Action.AUTOMATION: Role.ADMINISTRATOR,
        Action.API_KEYS: Role.ADMINISTRATOR,
    }
)
_RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who opened the app, as the portal itself says (`profile`), and whether an administrator named them."""

    user_id: int
    name: str
    is_admin: bool
    named: bool = False

    @property
    def role(self) -> Role:
        """The highest role that applies."""
        if self.is_admin:
            return Role.ADMINISTRATOR
        return Role.NAMED if self.named else Role.OTHER

    def actor(self, via: str) -> dict[str, object]:
        """As plans, runs and the audit log keep it; `via` is web, api or cli."""
        return {"user_id": self.user_id, "name": self.name, "via": via}


@dataclass(frozen=True, slots=True)
class NamedUser:
    """An employee whom an administrator (`by`) allowed to switch; `at` is ISO 8601 in UTC."""

    id: int
    name: str
    by: str
    at: str


def may(viewer: Viewer, action: Action) -> bool:
    """Whether the table allows it."""
    return _RANK[viewer.role] >= _RANK[LEAST_ROLE[action]]


def require(viewer: Viewer, action: Action) -> None:
    """Raises `NotAllowed` unless the table allows it."""
    if not may(viewer, action):
        raise NotAllowed(action=action.value)


def viewer(db: Database, portal_id: int, *, user_id: int, name: str, is_admin: bool) -> Viewer:
    """The verified user of a launch, with what an administrator said about them. Read anew for every request: rights end at once."""
    named = any(person.id == user_id for person in named_users(db, portal_id))
    return Viewer(user_id, name, is_admin, named)


def named_users(db: Database, portal_id: int) -> list[NamedUser]:
    """Whom administrators of this portal have named, oldest first."""
    with db.read() as session:
        portal = session.get(Portal, portal_id)
        rows = portal.named_users if portal is not None else []
        return [NamedUser(int(row["id"]), str(row["name"]), str(row["by"]), str(row["at"])) for row in rows]


def name_user(db: Database, portal_id: int, by: Viewer, *, user_id: int, name: str, clock: Clock) -> None:
    """Let an employee switch, too; they will see all leads. Naming somebody twice changes nothing. Raises `NotAllowed`."""
    require(by, Action.NAME_PEOPLE)
    entry = {"id": user_id, "name": name, "by": by.name, "at": clock.now().isoformat()}
    _change(db, portal_id, by, user_id=user_id, entry=entry, clock=clock)


def unname_user(db: Database, portal_id: int, by: Viewer, *, user_id: int, clock: Clock) -> None:
    """Take it back, from the next request on. Raises `NotAllowed`."""
    require(by, Action.NAME_PEOPLE)
    _change(db, portal_id, by, user_id=user_id, entry=None, clock=clock)


def _change(
    db: Database, portal_id: int, by: Viewer, *, user_id: int, entry: dict[str, object] | None, clock: Clock
) -> None:
    with db.begin() as session:
        portal = session.get(Portal, portal_id, with_for_update=True)
        if portal is None:
            raise PortalNotKnown(portal=str(portal_id))
        before = list(portal.named_users)
        known = next((row for row in before if row["id"] == user_id), None)
        if (known is not None) == (entry is not None):
            return
        name = str((entry or known or {}).get("name", ""))
        portal.named_users = [row for row in before if row["id"] != user_id] + ([entry] if entry else [])
        action = audit.Did.NAMED_USER if entry else audit.Did.UNNAMED_USER
        audit.record(
            session,
            portal_id,
            at=clock.now(),
            who=by.actor("web"),
            action=action,
            detail={"user_id": user_id, "name": name},
        )
