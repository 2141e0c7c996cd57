"""Changes of the CRM mode that were noticed, newest first. Reads only: whoever reads the mode of a portal notes them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from connector.store.database import Database
from connector.store.models import ModeChange


@dataclass(frozen=True, slots=True)
class Change:
    """The mode changed somewhere between `after` (None: not known) and `noticed_at`; `run_id` if a run waited for it."""

    id: int
    from_mode: str
    to_mode: str
    after: datetime | None
    noticed_at: datetime
    run_id: str | None
    source: str


def changes(db: Database, portal_id: int, *, before: int | None = None, limit: int = 50) -> list[Change]:
    """The newest changes of a portal, or the next older ones than the one with id `before`."""
    query = select(ModeChange).where(ModeChange.portal_id == portal_id)
    if before is not None:
        query = query.where(ModeChange.id < before)
    with db.read() as session:
        return [
            Change(row.id, row.from_mode, row.to_mode, row.after, row.noticed_at, row.run_id, row.source)
            for row in session.scalars(query.order_by(ModeChange.id.desc()).limit(limit))
        ]
