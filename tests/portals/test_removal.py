"""What stays after an uninstall, and what old age takes."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from connector.clock import FakeClock
from connector.portals import audit
from connector.portals.refs import all_portals
from connector.portals.removal import purge, uninstall
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import (
    Base,
    DownloadTicket,
    InboundEvent,
    Journal,
    Plan,
    PlanFinding,
    PlanLead,
    Portal,
    RestLog,
    Run,
    RunLead,
)
from tests.portals.conftest import add_portal

PEOPLE = ("Ada Example", "Bo Example", "Lead Person", "+48 600", "refresh-token", "Ada who did it")


def fill(db: Database, portal_id: int, now: datetime, run_state: str = "done", tag: str = "") -> None:
    who = {"user_id": 1, "name": "Ada who did it", "via": "web"}
    plan, run = f"p{portal_id}{tag}", f"r{portal_id}{tag}"
    with db.begin() as session:
        session.add(
            Plan(
                id=plan,
                portal_id=portal_id,
                direction="simple",
                options={"x": "Lead Person"},
                state="ready",
                facts={"people": "Ada Example"},
                created_at=now,
                created_by=who,
            )
        )
        session.flush()
        session.add(
            PlanLead(plan_id=plan, lead_id=7, position=0, title="Lead Person", document={"phone": "+48 600"})
        )
        session.add(
            PlanFinding(plan_id=plan, lead_id=7, code="c", severity="info", params={"name": "Lead Person"})
        )
        session.add(
            Run(
                id=run,
                portal_id=portal_id,
                plan_id=plan,
                kind="apply",
                state=run_state,
                created_by=who,
                created_at=now,
            )
        )
        session.flush()
        session.add(
            Run(
                id=f"u{run}",
                portal_id=portal_id,
                plan_id=plan,
                kind="undo",
                undo_of=run,
                state="done",
                created_by=who,
                created_at=now,
                report={"name": "Lead Person"},
            )
        )
        session.add(
            RunLead(run_id=run, lead_id=7, position=0, state="done", deal_id=70, detail={"n": "Lead Person"})
        )
        session.add(
            Journal(
                run_id=run,
                lead_id=7,
                key="deal",
                method="crm.item.add",
                params={"n": "Lead Person"},
                result={"n": "Lead Person"},
                previous={"n": "Lead Person"},
                state="done",
                at=now,
            )
        )
        session.add(DownloadTicket(token_hash=plan, portal_id=portal_id, user_id=1, what={}, expires_at=now))
        session.add(
            InboundEvent(
                portal_id=portal_id, digest=plan, event="E", received_at=now, payload={"t": "refresh-token"}
            )
        )
        session.add(
            RestLog(portal_id=portal_id, at=now, method="m", request={"n": "Lead Person"}, answer=None)
        )
        audit.record(
            session, portal_id, at=now, who=who, action=audit.Did.APPLIED, detail={"n": "Lead Person"}
        )


def everything(db: Database) -> Iterator[str]:
    with db.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            yield from (
                f"{table.name}: {row}" for row in connection.execute(text(f"SELECT * FROM {table.name}"))
            )


def test_uninstall_keeps_settings_and_a_journal_of_ids_only(
    database: Database, portal_id: int, clock: FakeClock
) -> None:
    fill(database, portal_id, clock.now(), "paused")
    uninstall(database, portal_id, clean=False, clock=clock)
    left = list(everything(database))
    assert [line for line in left if any(person in line for person in PEOPLE)] == []
    with database.read() as session:
        row = session.get_one(Portal, portal_id)
        assert (row.state, row.credential, row.application_token_hash) == ("uninstalled", None, None)
        assert row.settings == {"kept": True}
        assert session.get_one(Run, f"r{portal_id}").state == "failed"
        assert session.scalars(select(Journal.lead_id)).all() == [7]
        assert session.scalars(select(RunLead.deal_id)).all() == [70]
    assert all_portals(database) == []


def test_uninstall_with_clean_leaves_nothing(any_database: Database, clock: FakeClock) -> None:
    portal_id = add_portal(any_database, clock.now())
    other = add_portal(any_database, clock.now(), "m2")
    fill(any_database, portal_id, clock.now(), "running")
    fill(any_database, other, clock.now())
    uninstall(any_database, portal_id, clean=True, clock=clock)
    with any_database.read() as session:
        assert session.scalars(select(Portal.key)).all() == ["m2"]
        for table in (Plan, Run, Journal, RestLog, InboundEvent, DownloadTicket, PlanLead):
            assert session.scalar(select(func.count()).select_from(table)) in (1, 2), table


@pytest.mark.parametrize("clean", [True, False])
def test_uninstall_twice_does_no_harm(
    database: Database, portal_id: int, clock: FakeClock, clean: bool
) -> None:
    fill(database, portal_id, clock.now())
    uninstall(database, portal_id, clean=clean, clock=clock)
    before = list(everything(database))
    uninstall(database, portal_id, clean=clean, clock=clock)
    assert list(everything(database)) == before


def test_old_plans_runs_and_logs_go_and_live_runs_stay(any_database: Database, clock: FakeClock) -> None:
    settings = Settings.load(retention_days=90, rest_log_days=7)
    finished = add_portal(any_database, clock.now())
    live = add_portal(any_database, clock.now(), "m2")
    recent = add_portal(any_database, clock.now(), "m3")
    old = clock.now() - timedelta(days=91)
    fill(any_database, finished, old)
    fill(any_database, live, old, "waiting")
    fill(any_database, recent, clock.now() - timedelta(days=6))
    done = purge(any_database, settings, clock)
    assert (done.runs, done.plans, done.rest_log, done.events) == (3, 1, 2, 2)
    with any_database.read() as session:
        assert session.scalars(select(Plan.portal_id).order_by(Plan.portal_id)).all() == sorted(
            [live, recent]
        )
        applied = session.scalars(select(Run.id).where(Run.kind == "apply")).all()
        assert set(applied) == {f"r{live}", f"r{recent}"}
        assert session.scalars(select(RestLog.portal_id)).all() == [recent]
