"""What one person of a portal has chosen for themselves: language of the app, options not used yet. Must never hold data of the CRM."""

from collections.abc import Mapping, Sequence

from connector.clock import Clock
from connector.store.database import Database
from connector.store.models import Preference
from connector.store.upsert import upsert

LONGEST = 20_000
"""Characters of options that are kept; no form of ours comes near."""

Pairs = Sequence[tuple[str, str]]


def language(db: Database, portal_id: int, user_id: int) -> str:
    """The language that this person has chosen in the app, or an empty text."""
    with db.read() as session:
        found = session.get(Preference, (portal_id, user_id))
        return found.language if found else ""


def keep_language(db: Database, portal_id: int, user_id: int, code: str, clock: Clock) -> None:
    """Remember the language that this person has chosen."""
    _keep(db, portal_id, user_id, {"language": code}, clock)


def draft(db: Database, portal_id: int, user_id: int) -> list[tuple[str, str]]:
    """The form that this person has filled in and not used yet, as pairs; empty when there is none."""
    with db.read() as session:
        found = session.get(Preference, (portal_id, user_id))
        return [(str(name), str(value)) for name, value in (found.draft or ())] if found else []


def keep_draft(db: Database, portal_id: int, user_id: int, pairs: Pairs, clock: Clock) -> None:
    """Remember a form; one that is too long to be ours is not kept."""
    if sum(len(name) + len(value) for name, value in pairs) <= LONGEST:
        _keep(db, portal_id, user_id, {"draft": [list(pair) for pair in pairs]}, clock)


def drop_draft(db: Database, portal_id: int, user_id: int, clock: Clock) -> None:
    """The form has been used."""
    keep_draft(db, portal_id, user_id, (), clock)


def _keep(db: Database, portal_id: int, user_id: int, values: Mapping[str, object], clock: Clock) -> None:
    key = {"portal_id": portal_id, "user_id": user_id}
    with db.begin() as session:
        session.execute(upsert(db, Preference, key, {**values, "updated_at": clock.now()}))
