"""What a database error means for a person: full, locked by somebody else, or simply not usable. Decides nothing about what to do."""

from sqlalchemy.exc import SQLAlchemyError

from connector.errors import DatabaseBusy, DatabaseFull, DatabaseProblem

_FULL = ("disk is full", "no space left", "could not extend file", "disk full")
_BUSY = (
    "database is locked",
    "database table is locked",
    "deadlock detected",
    "lock timeout",
    "lock not available",
)


def trouble_of(problem: SQLAlchemyError) -> DatabaseProblem:
    """One of our errors that says so; it names no statement and no value."""
    said = str(getattr(problem, "orig", None) or type(problem).__name__).strip().splitlines()[0]
    text = said.casefold()
    if any(mark in text for mark in _FULL):
        return DatabaseFull(reason=said)
    if any(mark in text for mark in _BUSY):
        return DatabaseBusy(reason=said)
    return DatabaseProblem(reason=said)
