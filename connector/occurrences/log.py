"""Writes down that something happened, in the transaction in which it happened. Never acts on it: that is the webhooks room's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector.occurrences.kinds import Data, Kind
from connector.store.models import Occurrence

MOST_NAMED = 200
"""Leads that an occurrence names one by one."""


def occurred(
    session: Session,
    portal_id: int,
    kind: Kind,
    data: Data,
    *,
    at: datetime,
    subject: str,
    key: str | None = None,
    people: Mapping[str, Any] | None = None,
) -> Occurrence | None:
    """Add it to the caller's transaction. `people` are names and titles that only those get who ask for personal data.

    With a `key` that is known for the portal nothing is added: the same thing does not happen twice.
    """
    if key is not None:
        known = select(Occurrence.id).where(Occurrence.portal_id == portal_id, Occurrence.key == key)
        if session.scalar(known) is not None:
            return None
    row = Occurrence(
        portal_id=portal_id,
        kind=kind.value,
        at=at,
        subject=subject,
        key=key,
        data=data.model_dump(mode="json", by_alias=True),
        people=dict(people) if people else None,
    )
    session.add(row)
    return row
