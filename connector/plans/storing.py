"""Writing the leads of a plan into the store, a few hundred at a time. Must never hold a transaction while leads are still being read."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from typing import IO, Any

from sqlalchemy import delete, insert, update

from connector.clock import Clock
from connector.occurrences import plan_ready
from connector.planning.encode import finding_to_json, head_to_json
from connector.planning.model import PlanHead
from connector.plans.document import canonical, first_line
from connector.plans.rows import finding_rows, lead_row, plan_finding_rows
from connector.store.database import Database
from connector.store.models import Plan, PlanFinding, PlanLead, PlanState

CHUNK = 500
_MEMORY = 8 * 1024 * 1024
Json = dict[str, Any]


class Sink:
    """Takes the leads of one plan in order. `finish` makes the plan ready, `fail` says why it never will be."""

    def __init__(self, db: Database, plan_id: str, clock: Clock) -> None:
        self._db, self._plan_id, self._clock = db, plan_id, clock
        self._leads: list[Json] = []
        self._findings: list[Json] = []
        self._position = 0
        # The digest covers the first line, which carries the counts and is known last; the lines wait here for it.
        self._lines: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_MEMORY)  # noqa: SIM115  (closed in finish and fail)

    def add(self, lead: Json) -> None:
        """One lead, in the shape of `encode.lead_to_json`."""
        self._lines.write(canonical({"record": "lead", **lead}))
        self._leads.append(lead_row(self._plan_id, self._position, lead))
        both = [*lead["findings"], *lead["native"]["differences"]]
        self._findings += finding_rows(self._plan_id, lead["id"], both)
        self._position += 1
        if len(self._leads) >= CHUNK:
            self.flush()

    def flush(self, progress: Mapping[str, Any] | None = None) -> None:
        """Write what waits, and the progress with it."""
        with self._db.begin() as session:
            if self._leads:
                session.execute(insert(PlanLead), self._leads)
            if self._findings:
                session.execute(insert(PlanFinding), self._findings)
            if progress is not None:
                session.execute(update(Plan).where(Plan.id == self._plan_id).values(progress=dict(progress)))
        self._leads, self._findings = [], []

    def finish(self, head: PlanHead) -> str:
        """Store the head, make the plan ready, and return its digest."""
        self.flush()
        sha = hashlib.sha256(first_line(head))
        self._lines.seek(0)
        while part := self._lines.read(1 << 20):
            sha.update(part)
        self._lines.close()
        digest = sha.hexdigest()
        rows = plan_finding_rows(self._plan_id, [finding_to_json(f) for f in head.findings])
        with self._db.begin() as session:
            if rows:
                session.execute(insert(PlanFinding), rows)
            plan = session.get_one(Plan, self._plan_id)
            plan.state, plan.digest, plan.error = PlanState.READY, digest, None
            plan.facts, plan.counts = {"head": head_to_json(head)}, dict(head.counts)
            plan.progress = {"read": self._position, "total": self._position}
            plan.ready_at = self._clock.now()
            plan_ready(session, plan, self._position, plan.ready_at)
        return digest

    def fail(self, error: str) -> None:
        """Throw the leads away and mark the plan as failed; `error` is what `errors.sentences` takes."""
        self._lines.close()
        with self._db.begin() as session:
            session.execute(delete(PlanFinding).where(PlanFinding.plan_id == self._plan_id))
            session.execute(delete(PlanLead).where(PlanLead.plan_id == self._plan_id))
            session.execute(
                update(Plan).where(Plan.id == self._plan_id).values(state=PlanState.FAILED, error=error)
            )
