"""The journal of one run: every write is stored before it is sent and settled after. Reads and writes our tables only; calls nobody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from connector.clock import Clock
from connector.store.database import Database
from connector.store.models import Journal as JournalRow
from connector.store.models import JournalState, Run
from connector.switching.calls import Line, Row, Write
from connector.switching.probes import Sent
from connector.switching.reverse import BACK

OPEN_STATES = (JournalState.INTENT, JournalState.UNKNOWN)


@dataclass(slots=True)
class Entry:
    """One line in memory. `result` holds `{"code", "text"}` when the portal refused or its answer was lost."""

    lead_id: int
    key: str
    attempt: int
    seq: int
    method: str
    params: Mapping[str, Any]
    marker: str
    high_water: int
    previous: Row
    at: datetime
    state: str = JournalState.INTENT
    result: Row = field(default_factory=dict)
    id: int = 0

    @property
    def is_open(self) -> bool:
        """True while it is not known whether the write happened."""
        return self.state in OPEN_STATES

    def sent(self) -> Sent:
        """What `probes` need of it."""
        return Sent(self.method, self.params, self.marker, self.high_water, self.previous)

    def line(self) -> Line:
        """What `reverse` needs of it."""
        return Line(self.key, self.method, self.params, self.result, self.previous)


class Journal:
    """Lines of one run. Not thread-safe: only the holder of the lease uses it."""

    def __init__(self, db: Database, run_id: str, clock: Clock) -> None:
        self._db, self.run_id, self._clock = db, run_id, clock
        with db.read() as session:
            self._seq = (
                session.scalar(select(func.max(JournalRow.seq)).where(JournalRow.run_id == run_id)) or 0
            )

    def load(self, lead_ids: Iterable[int]) -> dict[int, dict[str, Entry]]:
        """The latest attempt of every line of these leads, by lead and key."""
        wanted = list(lead_ids)
        found: dict[int, dict[str, Entry]] = {lead_id: {} for lead_id in wanted}
        with self._db.read() as session:
            for row in session.scalars(
                select(JournalRow)
                .where(JournalRow.run_id == self.run_id, JournalRow.lead_id.in_(wanted))
                .order_by(JournalRow.seq)
            ):
                found[row.lead_id][row.key] = _entry(row)
        return found

    def draft(self, lead_id: int, key: str, write: Write, high_water: int, before: Entry | None) -> Entry:
        """A line for a write about to be sent; not stored yet. `before` is the earlier attempt, proved not to have run."""
        self._seq += 1
        return Entry(
            lead_id=lead_id,
            key=key,
            attempt=before.attempt + 1 if before else 1,
            seq=self._seq,
            method=write.method,
            params=write.params,
            marker=write.marker,
            high_water=high_water,
            previous=write.previous,
            at=self._clock.now(),
        )

    def intend(self, session: Session, entries: Sequence[Entry]) -> None:
        """Store lines as intent. Must be committed before anything is sent."""
        rows = [_row(self.run_id, entry) for entry in entries]
        session.add_all(rows)
        session.flush()
        for entry, row in zip(entries, rows, strict=True):
            entry.id = row.id

    def settle(self, session: Session, entries: Sequence[Entry]) -> None:
        """Store what became of lines."""
        now = self._clock.now()
        if entries:
            session.execute(
                update(JournalRow),
                [
                    {
                        "id": e.id,
                        "state": e.state,
                        "result": e.result,
                        "settled_at": None if e.is_open else now,
                    }
                    for e in entries
                ],
            )


def _row(run_id: str, entry: Entry) -> JournalRow:
    return JournalRow(
        run_id=run_id,
        lead_id=entry.lead_id,
        key=entry.key,
        attempt=entry.attempt,
        seq=entry.seq,
        method=entry.method,
        params=dict(entry.params),
        marker=entry.marker or None,
        high_water=entry.high_water,
        state=entry.state,
        result=None,
        previous=entry.previous or None,
        at=entry.at,
        settled_at=None,
    )


def _entry(row: JournalRow) -> Entry:
    return Entry(
        lead_id=row.lead_id,
        key=row.key,
        attempt=row.attempt,
        seq=row.seq,
        method=row.method,
        params=row.params or {},
        marker=row.marker or "",
        high_water=row.high_water or 0,
        previous=row.previous or {},
        at=row.at,
        state=row.state,
        result=row.result or {},
        id=row.id,
    )


def standing(entries: Iterable[Entry]) -> list[Line]:
    """Writes that took effect and were not taken back, oldest first: what exists in the portal because of this lead."""
    done = sorted((entry for entry in entries if entry.state == JournalState.DONE), key=lambda e: e.seq)
    back = {entry.key.removeprefix(BACK) for entry in done if entry.key.startswith(BACK)}
    return [entry.line() for entry in done if not entry.key.startswith(BACK) and entry.key not in back]


def standing_lines(
    session: Session, run_id: str, lead_ids: Sequence[int], *, but: str = ""
) -> dict[int, list[Line]]:
    """What stands of a run for these leads, after everything that its undo runs have taken back; the undo run `but` is left out of
    account, so that a program of it that begins again sees what it saw before.
    """
    undo_runs = select(Run.id).where(Run.undo_of == run_id, Run.id != but)
    rows = session.scalars(
        select(JournalRow)
        .where(
            (JournalRow.run_id == run_id) | JournalRow.run_id.in_(undo_runs), JournalRow.lead_id.in_(lead_ids)
        )
        .order_by(JournalRow.id)
    )
    entries: dict[int, list[Entry]] = {lead_id: [] for lead_id in lead_ids}
    for row in rows:
        if row.run_id == run_id or row.key.startswith(BACK):
            entries[row.lead_id].append(_entry(row))
    return {lead_id: standing(found) for lead_id, found in entries.items()}
