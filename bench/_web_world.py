"""The app over a stored plan of any size, without a portal: what `bench/web.py` measures and tests/web/test_queries.py counts.

Leads are those of a sandbox portal, planned once and repeated under new ids, so that a hundred thousand of them take a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from flask import Flask
from sqlalchemy import event, insert, literal, select

from bench._plan_child import open_database
from connector.bitrix.client import BitrixClient
from connector.bitrix.credentials import Webhook
from connector.clock import Clock, SystemClock
from connector.planning.encode import lead_to_json
from connector.planning.model import LeadPlan, PortalFacts, Severity
from connector.planning.options import Options
from connector.planning.planner import plan_leads
from connector.planning.summary import make_head
from connector.planning.tally import Tally
from connector.plans import queries, service
from connector.plans.storing import Sink
from connector.portals import audit
from connector.portals.refs import PortalRef
from connector.reading import read_facts, read_leads
from connector.sandbox.server import SandboxServer
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Plan, PlanFinding, PlanLead, Portal, PortalKind
from connector.switching import service as switching
from connector.switching.engine import Engine
from connector.web import context
from connector.web.app import create_app
from connector.web.session import WebSession

KINDS = 100
"""Leads that differ from each other."""
HISTORY = 60
OPTIONS = Options(create="both")
WHO = {"user_id": 1, "name": "Ada", "via": "web"}


@dataclass(frozen=True, slots=True)
class Spot:
    """A page: `path` below `/app`, fields of the form, and how many parts of it ask the database for something of their own.

    The session, the portal and the rights of the person are one such part of every page.
    """

    name: str
    path: str
    sections: int
    fields: tuple[tuple[str, str], ...] = ()


@dataclass
class World:
    """The app, and a plan and a run of one size in its database."""

    app: Flask
    db: Database
    plan: str
    run: str
    token: str
    lead: int
    codes: tuple[str, ...]
    """Findings of the plan, the rarest first."""

    def spots(self) -> list[Spot]:
        """Every page of the app that shows something of a plan, a run or the portal."""
        plan, run = f"/plans/{self.plan}", f"/runs/{self.run}"
        return [
            Spot("overview", "", 2),
            Spot("choose a mode", "/choose", 2),
            Spot("options", "/options", 1, (("to", "simple"),)),
            Spot("preview", plan, 4),
            Spot("leads", f"{plan}/leads", 2),
            Spot("leads with the most frequent finding", f"{plan}/leads", 2, (("code", self.codes[-1]),)),
            Spot("leads with the rarest finding", f"{plan}/leads", 2, (("code", self.codes[0]),)),
            Spot("leads of a stage", f"{plan}/leads", 2, (("stage", "NEW"),)),
            Spot("one lead", f"{plan}/leads/{self.lead}", 2),
            Spot("confirm", f"{plan}/confirm", 2),
            Spot("run", run, 2),
            Spot("history", "/history", 3),
            Spot("people", "/people", 2),
            Spot("audit log", "/audit", 3),
            Spot("settings", "/settings", 3),
        ]

    def get(self, spot: Spot) -> None:
        """Open a page as a signed-in administrator."""
        data = {"session": self.token, **dict(spot.fields)}
        answer = self.app.test_client().post(
            f"/app{spot.path}", data=data, headers={"Sec-Fetch-Site": "same-origin"}
        )
        if answer.status_code != 200:
            raise RuntimeError(f"{spot.name}: {answer.status_code}")

    def queries(self, spot: Spot) -> int:
        """How many statements a page costs."""
        with counted(self.db) as statements:
            self.get(spot)
        return len(statements)


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    """Statements that were sent to the database; the beginning and end of transactions do not count."""
    statements: list[str] = []

    def heard(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.split(None, 1)[0].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", heard)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", heard)


def planned() -> tuple[PortalFacts, list[LeadPlan]]:
    """The facts of a sandbox portal, and plans of leads of it that differ."""
    server = SandboxServer(leads=KINDS * 2, mix="A", limits="off").start()
    try:
        client = BitrixClient(Webhook.parse(server.ready["webhook"]))
        facts = read_facts(client)
        leads = list(read_leads(client, facts, OPTIONS))
    finally:
        server.stop()
    return facts, list(plan_leads(facts, OPTIONS, leads))[:KINDS]


def build(folder: Path, facts: PortalFacts, kinds: list[LeadPlan], leads: int) -> World:
    """A database with a plan of so many leads that waits, one that runs, a history, and the app over them."""
    db, clock = open_database(folder), SystemClock()
    db.migrate()
    with db.begin() as session:
        now = clock.now()
        portal = Portal(
            key="bench",
            host="bench.example",
            kind=PortalKind.OAUTH,
            created_at=now,
            updated_at=now,
            owner_name="Ada",
        )
        session.add(portal)
        session.flush()
        ref = PortalRef(portal.id, "bench", "bench.example")
        for number in range(HISTORY):
            detail = {"run": f"{number:032}"}
            audit.record(session, ref.id, at=now, who=WHO, action=audit.Did.PAUSED, detail=detail)
    for _ in range(HISTORY):
        service.create(db, ref, OPTIONS, WHO, clock=clock)
    plan = _store(db, ref, facts, kinds, leads)
    run = switching.start(db, _copy(db, ref, plan), WHO, clock=clock)
    app = create_app(Settings.load(data_dir=folder), db, cast(Engine, _NoEngine()), clock)
    parts = app.extensions[context.KEY]
    app.extensions[context.KEY] = replace(
        parts, facts=cast(Any, _Facts(facts)), advisor=cast(Any, _NoAdvice())
    )
    found = queries.header(db, plan).counts["findings"]
    codes = tuple(sorted(found, key=lambda code: (found[code], code)))
    return World(app, db, plan, run, _token(parts, ref, clock), lead=leads // 2, codes=codes)


def _store(db: Database, ref: PortalRef, facts: PortalFacts, kinds: list[LeadPlan], leads: int) -> str:
    plan_id = service.create(db, ref, OPTIONS, WHO)
    sink, tally = Sink(db, plan_id, SystemClock()), Tally()
    documents = [lead_to_json(plan) for plan in kinds]
    for number in range(1, leads + 1):
        kind = number % len(kinds)
        tally.add(replace(kinds[kind], id=number))
        sink.add({**documents[kind], "id": number})
    head = make_head(facts, OPTIONS, tally, "2026-11-25T00:00:00+00:00")
    # Fewer or more leads than the portal has are an error of a real plan.
    sink.finish(replace(head, findings=tuple(f for f in head.findings if f.severity is not Severity.ERROR)))
    return plan_id


def _copy(db: Database, ref: PortalRef, plan_id: str) -> str:
    """The same plan once more, row by row inside the database."""
    other = service.create(db, ref, OPTIONS, WHO)
    with db.begin() as session:
        plan, copy = session.get_one(Plan, plan_id), session.get_one(Plan, other)
        for name in ("state", "facts", "counts", "digest", "ready_at"):
            setattr(copy, name, getattr(plan, name))
        for table in (PlanLead.__table__, PlanFinding.__table__):
            columns = [column for column in table.columns if column.name != "id"]
            picked = [literal(other) if column.name == "plan_id" else column for column in columns]
            rows = select(*picked).where(table.c.plan_id == plan_id)
            session.execute(insert(table).from_select([column.name for column in columns], rows))
    return other


def _token(parts: context.Web, ref: PortalRef, clock: Clock) -> str:
    who = WebSession(
        portal_id=ref.id,
        origin="https://bench.example",
        user_id=1,
        name="Ada",
        admin=True,
        lang="en",
        since=int(clock.now().timestamp()),
    )
    return parts.sessions.issue(who)


class _Facts:
    def __init__(self, facts: PortalFacts) -> None:
        self.of: Callable[..., PortalFacts] = lambda *_, **__: facts

    def forget(self, _portal_id: int) -> None:
        """Nothing is kept."""


class _NoAdvice:
    def of(self, *_: Any) -> None:
        """No portal, no figures."""


class _NoEngine:
    running = True

    def enqueue(self, *_: Any) -> None:
        """Nobody works here."""
