"""Which pipeline a switch that is not at its end works on. Reads our own records only."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from connector.errors import RunHolds, RunMakes
from connector.pipelines.model import DealPipeline
from connector.planning.model import CrmMode
from connector.planning.options import NEW
from connector.store.database import Database
from connector.store.models import LIVE_STATES, Journal, JournalState, Plan, Portal, Run, lock_key

BEFORE_LEADS = ("", "setup")
"""Phases of a run in which a new pipeline is not whole yet."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A live run. `pipeline` is the id that it uses; `making`: it is creating one, or about to, and which id that gets is not certain."""

    run_id: str
    pipeline: int | None
    making: bool = False


def hold(db: Database, portal_id: int) -> Hold | None:
    """What the live run of this portal (by host, however it is connected) needs; None without one, or where it needs no pipeline."""
    with db.read() as session:
        host = session.get_one(Portal, portal_id).host
        same = or_(Run.portal_id == portal_id, Run.lock_key == lock_key(host))
        run = session.scalar(select(Run).where(same, Run.state.in_(LIVE_STATES)).limit(1))
        if run is None:
            return None
        options = session.get_one(Plan, run.plan_id).options
        if options.get("to") == CrmMode.CLASSIC:
            return None
        wanted = options.get("pipeline", 0)
        if wanted != NEW:
            return Hold(run.id, int(wanted))
        made = _made(session, run.undo_of or run.id)
        making = run.kind == "apply" and (made is None or run.phase in BEFORE_LEADS)
        return Hold(run.id, made, making) if making or made is not None else None


def nothing_made(found: Hold | None) -> None:
    """Raises `RunMakes` while a run is creating its pipeline: it finds it again by its name."""
    if found is not None and found.making:
        raise RunMakes(run=found.run_id[:8])


def free(found: Hold | None, pipeline: DealPipeline) -> None:
    """Raises `RunHolds` when something of this pipeline would go that a run needs."""
    if found is not None and found.pipeline == pipeline.id:
        raise RunHolds(run=found.run_id[:8], name=pipeline.name)


def _made(session: Session, run_id: str) -> int | None:
    results = session.scalars(
        select(Journal.result).where(
            Journal.run_id == run_id,
            Journal.lead_id == 0,
            Journal.method == "crm.category.add",
            Journal.state == JournalState.DONE,
        )
    )
    return next((int(row["id"]) for row in results if row and "id" in row), None)
