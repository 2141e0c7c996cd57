"""A portal over real HTTP, a real database, a plan: what tests of the switch start from. Holds helpers only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from connector.bitrix.client import BitrixClient
from connector.bitrix.credentials import Webhook
from connector.bitrix.limits import Rate
from connector.bitrix.transport import WireSettings
from connector.clock import SystemClock
from connector.planning.options import Options
from connector.plans import service as plans
from connector.portals.refs import PortalRef
from connector.sandbox import snapshot
from connector.sandbox.server import SandboxServer
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Journal, Run, RunLead
from connector.switching import service
from connector.switching.runner import SliceResult, run_slice
from connector.switching.shift import Effort

ACTOR = {"user_id": 1, "name": "Test", "via": "cli"}
QUICK = Effort(
    slice_seconds=60.0, settle_seconds=0.0, lease_seconds=6.0, longest_idle=0.05, trouble_seconds=5.0
)
HURRY = WireSettings(
    first_pause=0.01,
    longest_pause=0.05,
    connect_timeout=2.0,
    read_timeout=20.0,
    attempts=4,
    rate=Rate(1e6, 1e6),
)

IGNORED = frozenset(
    {
        *snapshot.VOLATILE,
        "MOVED_TIME",
        "MOVED_BY_ID",
        "DATE_CLOSED",
        "CLOSEDATE",
        "END_TIME",
        "BINDINGS",
        "EVER_CONVERTED",
    }
)
"""What a run and its undo may leave different: times, and the order of bindings (so the owner), which undo says it cannot restore."""
HISTORY = frozenset(
    {"stage_history", "log_messages", "workflow_instances", "notifications", "blog_posts", "traces"}
)


@dataclass
class Stage:
    """One portal with one database."""

    portal: SandboxServer
    db: Database
    settings: Settings
    ref: PortalRef
    effort: Effort = QUICK
    holder: str = "test"

    @property
    def world(self) -> Any:
        return self.portal.world

    def client(self, _portal_id: int = 0, cancel: Callable[[], bool] | None = None) -> BitrixClient:
        """On the portal's webhook, without the pauses that a real portal's limits ask for."""
        return BitrixClient(Webhook.parse(self.portal.ready["webhook"]), settings=HURRY, cancel=cancel)

    def plan(self, **options: Any) -> str:
        plan_id = plans.create(self.db, self.ref, Options(**options), ACTOR)
        plans.build(self.db, self.client(), plan_id)
        return plan_id

    def start(self, **options: Any) -> str:
        return service.start(self.db, self.plan(**options), ACTOR)

    def slice(self, run_id: str, *, holder: str = "") -> SliceResult:
        return run_slice(
            self.db,
            self.client,
            run_id,
            holder=holder or self.holder,
            clock=SystemClock(),
            effort=self.effort,
        )

    def drive(self, run_id: str, *, holder: str = "") -> SliceResult:
        """Slice after slice until the run rests."""
        while (result := self.slice(run_id, holder=holder)) is SliceResult.MORE:
            pass
        return result

    def undo(self, run_id: str, leads: Iterable[int] | None = None) -> str:
        return service.undo(self.db, run_id, ACTOR, list(leads) if leads is not None else None)

    def set_mode(self, mode: int) -> None:
        self.world.settings.mode = mode

    def run(self, run_id: str) -> Run:
        with self.db.read() as session:
            return session.get_one(Run, run_id)

    def leads(self, run_id: str) -> list[RunLead]:
        with self.db.read() as session:
            return list(
                session.scalars(select(RunLead).where(RunLead.run_id == run_id).order_by(RunLead.position))
            )

    def journal(self, run_id: str, lead_id: int | None = None) -> list[Journal]:
        query = select(Journal).where(Journal.run_id == run_id).order_by(Journal.id)
        if lead_id is not None:
            query = query.where(Journal.lead_id == lead_id)
        with self.db.read() as session:
            return list(session.scalars(query))

    def picture(self) -> snapshot.Picture:
        return snapshot.take(self.world)

    def active(self) -> list[int]:
        return sorted(row["ID"] for row in self.world.leads if row["STATUS_SEMANTIC_ID"] == "P")

    def open_activities(self, kind: int, id_: int) -> list[dict[str, Any]]:
        return [a for a in self.world.activities if (kind, id_) in a["BINDINGS"] and not a["COMPLETED"]]


def changes(before: snapshot.Picture, after: snapshot.Picture) -> dict[str, Any]:
    """What is different apart from times, history, and the order of bindings."""
    found = snapshot.diff(_sorted_bindings(before), _sorted_bindings(after), IGNORED - {"BINDINGS"})
    return {table: entry for table, entry in found.items() if table not in HISTORY}


def _sorted_bindings(picture: snapshot.Picture) -> snapshot.Picture:
    activities = {
        id_: {**row, "BINDINGS": sorted(map(tuple, row["BINDINGS"]))}
        for id_, row in picture["activities"].items()
    }
    return {**picture, "activities": activities}


def check_switched(stage: Stage, run_id: str, before: snapshot.Picture) -> None:
    """One deal per lead that is done, every kept activity open and on its deal, nothing twice, nothing orphaned."""
    done = [lead for lead in stage.leads(run_id) if lead.state == "done"]
    by_lead: dict[int, list[Any]] = {}
    for deal in stage.world.deals:
        if str(deal["ID"]) not in before["deals"]:
            by_lead.setdefault(deal["LEAD_ID"], []).append(deal)
    assert sorted(by_lead) == sorted(lead.lead_id for lead in done)
    for lead in done:
        deals = [deal["ID"] for deal in by_lead[lead.lead_id]]
        story = [
            (r.key, r.attempt, r.state, r.result, str(r.at), str(r.settled_at))
            for r in stage.journal(run_id, lead.lead_id)
        ]
        assert deals == [lead.deal_id], f"lead {lead.lead_id} has the deals {deals}: {story}"
        row = stage.world.leads.rows[lead.lead_id]
        assert row["STATUS_SEMANTIC_ID"] == "S"
        assert not stage.open_activities(1, lead.lead_id) or all(
            "TASK" in a["PROVIDER_ID"] for a in stage.open_activities(1, lead.lead_id)
        )
    was_open = {
        int(id_): row
        for id_, row in before["activities"].items()
        if not row.get("COMPLETED") and "TASK" not in row.get("PROVIDER_ID", "")
    }
    deal_of = {lead.lead_id: lead.deal_id for lead in done}
    for id_, row in was_open.items():
        for kind, owner in map(tuple, row["BINDINGS"]):
            if kind == 1 and owner in deal_of:
                now = stage.world.activities.rows[id_]
                assert not now["COMPLETED"], f"activity {id_} was completed"
                assert (2, deal_of[owner]) in now["BINDINGS"]
    for table in ("contacts", "companies"):
        used = {getattr(lead, "contact_id" if table == "contacts" else "company_id") for lead in done}
        new = {int(id_) for id_ in map(str, stage.world.tables[table].rows) if id_ not in before[table]}
        assert new <= used, f"{table} without a lead: {new - used}"


def settings_in(folder: Path) -> Settings:
    return Settings(data_dir=folder)
