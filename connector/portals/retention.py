"""How long plans and journals of one portal are kept: what its administrators chose, never longer than this installation allows. And how
much is kept now. Must never delete anything itself; `removal.purge` does."""

from dataclasses import dataclass

from sqlalchemy import func, select

from connector.clock import Clock
from connector.errors import BadSetting, PortalNotKnown
from connector.portals import audit
from connector.portals.rights import Action, Viewer, require
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Audit, Plan, PlanLead, Portal, RestLog, Run

KEY = "retention_days"
CHOICES = (7, 14, 30, 60, 90, 180, 365)


@dataclass(frozen=True, slots=True)
class Stored:
    """How many rows of a portal are kept: plans, copies of leads in them, runs, lines of the audit log and of the REST log."""

    plans: int
    leads: int
    runs: int
    audit: int
    rest_log: int


def days_of(portal: Portal, settings: Settings) -> int:
    """Days that this portal's plans and journals are kept."""
    chosen = portal.settings.get(KEY)
    return min(int(chosen), settings.retention_days) if isinstance(chosen, int) else settings.retention_days


def retention_days(db: Database, settings: Settings, portal_id: int) -> int:
    """As `days_of`, by row id."""
    with db.read() as session:
        portal = session.get(Portal, portal_id)
        return days_of(portal, settings) if portal is not None else settings.retention_days


def choices(settings: Settings) -> tuple[int, ...]:
    """What may be chosen here, ascending; the most is what this installation allows."""
    return (*(days for days in CHOICES if days < settings.retention_days), settings.retention_days)


def keep_for(
    db: Database, settings: Settings, portal_id: int, by: Viewer, days: int, *, clock: Clock
) -> None:
    """Keep this portal's plans and journals for so many days. The same again changes nothing.

    Raises `NotAllowed`, `BadSetting` for a number that is not among `choices`.
    """
    require(by, Action.SETTINGS)
    if days not in choices(settings):
        raise BadSetting(setting=KEY, reason="it is not one of the choices")
    with db.begin() as session:
        portal = session.get(Portal, portal_id, with_for_update=True)
        if portal is None:
            raise PortalNotKnown(portal=str(portal_id))
        if days_of(portal, settings) == days:
            return
        portal.settings = {**portal.settings, KEY: days}
        audit.record(
            session,
            portal_id,
            at=clock.now(),
            who=by.actor("web"),
            action=audit.Did.SETTINGS_CHANGED,
            detail={KEY: days},
        )


def stored(db: Database, portal_id: int) -> Stored:
    """What is kept of this portal just now."""
    plans = select(Plan.id).where(Plan.portal_id == portal_id)
    with db.read() as session:

        def count(table: type[Plan | Run | Audit | RestLog | PlanLead], *which: object) -> int:
            query = select(func.count()).select_from(table).where(*which)  # type: ignore[arg-type]
            return session.scalar(query) or 0

        return Stored(
            plans=count(Plan, Plan.portal_id == portal_id),
            leads=count(PlanLead, PlanLead.plan_id.in_(plans)),
            runs=count(Run, Run.portal_id == portal_id),
            audit=count(Audit, Audit.portal_id == portal_id),
            rest_log=count(RestLog, RestLog.portal_id == portal_id),
        )
