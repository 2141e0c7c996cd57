"""One chaos run: a portal that misbehaves, workers that are killed with SIGKILL, and what must be true at the end all the same."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, func, make_url, select, text

from connector.bitrix.credentials import OAuthToken
from connector.planning.options import Options
from connector.plans import service as plans
from connector.portals.refs import PortalRef
from connector.portals.tokens import sealed_token
from connector.sandbox.oauth import OAuthServer
from connector.sandbox.server import SandboxServer
from connector.settings import Settings
from connector.store.database import Database
from connector.store.keyfile import new_key
from connector.store.models import Journal, JournalState, Portal, Run
from connector.switching import service
from tests.chaos.worker import SLOW_ANSWER
from tests.switching.harness import ACTOR, Stage, changes, check_switched

ROOT = Path(__file__).parents[2]
FAULTS: tuple[Mapping[str, Any], ...] = (
    {"kind": "drop_after"},
    {"kind": "drop_before"},
    {"kind": "error", "status": 503, "code": "QUERY_LIMIT_EXCEEDED"},
    {"kind": "error", "status": 429, "code": "OPERATION_TIME_LIMIT"},
    {"kind": "error", "status": 500, "code": "INTERNAL_SERVER_ERROR"},
    {"kind": "error_after", "status": 502, "code": ""},
    {"kind": "delay", "seconds": SLOW_ANSWER},
    {"kind": "truncated"},
)
PATIENCE = 600
LOOK_SECONDS = 0.1
ONE_IN = 18
"""Of so many batches one meets each kind of fault, on average."""


@dataclass
class Tally:
    """What happened in one run, for the table."""

    number: int
    database: str
    workers: int
    leads: int = 0
    seconds: float = 0.0
    kills: int = 0
    faults: int = 0
    expired: int = 0
    looked_for: int = 0
    sent_again: int = 0
    problem: str = ""


@dataclass
class Scene:
    """A portal, a database, and worker processes that come and go. Of three seeded leads two are in work: `leads` counts these."""

    folder: Path
    seed: int
    leads: int
    database_url: str = ""
    workers: int = 1
    real_waits: bool = False
    tally: Tally = field(init=False)
    _workers: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        kind = "PostgreSQL" if self.database_url.startswith("postgres") else "SQLite"
        self.tally = Tally(self.seed, kind, self.workers)
        self._random = random.Random(self.seed)

    def play(self) -> Tally:
        """The whole run and its undo. A broken promise is `tally.problem`, not an exception."""
        started = time.monotonic()
        with self.opened():
            try:
                self._apply_and_undo()
            except (AssertionError, TimeoutError) as broken:
                place = traceback.extract_tb(broken.__traceback__)[-1]
                self.tally.problem = (
                    f"{type(broken).__name__} at {place.name}: {place.line}: {str(broken)[:1000]}"
                )
        self.tally.seconds = time.monotonic() - started
        return self.tally

    @contextmanager
    def opened(self) -> Iterator[Scene]:
        """With its portal and its database, and nobody at work yet."""
        self._open()
        try:
            yield self
        finally:
            self._close()

    def start(self) -> str:
        """A run of a new plan, not worked on yet."""
        plan_id = plans.create(self.stage.db, self.stage.ref, Options(create="both"), ACTOR)
        plans.build(self.stage.db, self.stage.client(), plan_id)
        return service.start(self.stage.db, plan_id, ACTOR)

    def _apply_and_undo(self) -> None:
        before = self.stage.picture()
        run_id = self.start()
        self._misbehave()
        self._until(run_id, "waiting")
        check_switched(self.stage, run_id, before)
        assert {lead.state for lead in self.stage.leads(run_id)} == {"done"}
        self.tally.leads = len(self.stage.leads(run_id))
        undo_id = service.undo(self.stage.db, run_id, ACTOR)
        self._misbehave()
        self._until(undo_id, "done")
        self._behave()
        left = {
            lead.lead_id: (lead.state, lead.detail)
            for lead in self.stage.leads(undo_id)
            if lead.state != "undone"
        }
        assert not left, f"not undone: {left}"
        assert changes(before, self.stage.picture()) == {}
        self._count(run_id, undo_id)

    # ------------------------------------------------------------------------------------------------- the portal

    def _open(self) -> None:
        self.server = SandboxServer(leads=self.leads * 3 // 2, seed=self.seed, limits="off").start()
        url = self.database_url or f"sqlite:///{self.folder / 'leadswitch.db'}"
        key = new_key()
        self._env = {
            "LEADSWITCH_DATA_DIR": str(self.folder),
            "LEADSWITCH_DATABASE_URL": url,
            "LEADSWITCH_SECRET_KEYS": key,
            "LEADSWITCH_CLIENT_ID": self.server.ready["client_id"],
            "LEADSWITCH_CLIENT_SECRET": self.server.ready["client_secret"],
            "LEADSWITCH_OAUTH_SERVERS": self.server.ready["oauth"],
            "CHAOS_REAL_WAITS": "1" if self.real_waits else "",
        }
        self._nursery = self._start_nursery()
        db = Database(url, [key])
        db.migrate()
        self.stage = Stage(self.server, db, Settings(data_dir=self.folder), self._install(db))

    def _start_nursery(self) -> subprocess.Popen[str]:
        """The process that forks workers, so that none has to import everything again."""
        with (self.folder / "workers.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.worker"],
                cwd=ROOT,
                env={**os.environ, **self._env},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def _install(self, db: Database) -> PortalRef:
        """The app with an administrator's token, as an installation would have stored it."""
        world, client_id = self.server.world, self.server.ready["client_id"]
        admin = next(user for user in world.users.values() if user.is_admin and user.active)
        apps = self.server.control.apps
        assert apps is not None
        apps.install(client_id, admin)
        apps.finish(client_id, admin)
        issued = OAuthServer(world).issue(client_id, admin.id)
        endpoint = f"{world.base_url}/rest/"
        token = OAuthToken(
            world.member_id,
            endpoint,
            issued.access,
            issued.refresh,
            datetime.fromtimestamp(issued.expires_at, UTC),
            admin.id,
            tuple(issued.scopes),
        )
        now = datetime.now(UTC)
        row = Portal(
            key=world.member_id,
            member_id=world.member_id,
            host=world.host,
            client_endpoint=endpoint,
            kind="oauth",
            credential=sealed_token(token),
            credential_version=1,
            owner_id=admin.id,
            owner_name=admin.name,
            owner_is_admin=True,
            created_at=now,
            updated_at=now,
        )
        with db.begin() as session:
            session.add(row)
        return PortalRef(row.id, row.key, row.host)

    def _misbehave(self) -> None:
        """Spread faults over the next batches."""
        self._behave()
        for fault in FAULTS:
            calls = tuple(n for n in range(1, 600) if self._random.randrange(ONE_IN) == 0)
            self.server.rest.dispatcher.faults.add(method="batch", nth=calls, **fault)

    def _behave(self) -> None:
        faults = self.server.rest.dispatcher.faults
        self.tally.faults += sum(rule.hits for rule in faults.rules)
        faults.clear()

    # ------------------------------------------------------------------------------------------------- the workers

    def _until(self, run_id: str, state: str) -> None:
        """Kill workers in the middle of their work, again and again, until the run is where it should come to."""
        end = time.monotonic() + PATIENCE
        names = [f"worker-{number}" for number in range(self.workers)]
        killed_at, stride = 0, self._stride()
        while (now := self.look(run_id))[0] != state:
            if now[0] in ("paused", "failed", "cancelled"):
                waiting = self.stage.run(run_id).waiting_for
                raise AssertionError(f"the run came to rest as {now[0]}: {waiting}")
            if time.monotonic() > end:
                raise TimeoutError(f"still {now[0]} after {PATIENCE} s, phase {self.stage.run(run_id).phase}")
            for name in names:
                self.spawn(name)
            if now[1] - killed_at >= stride:
                time.sleep(self._random.uniform(0.0, 0.2))
                self.kill(now[2] if now[2] in self._workers else self._random.choice(names))
                killed_at, stride = now[1], self._stride()
                if self._random.random() < 0.3:
                    self._expire()
            time.sleep(LOOK_SECONDS)

    def _stride(self) -> int:
        """Commands that are let through before the next kill: many kills, but always some progress between them."""
        return self._random.randrange(self.leads, self.leads * 8)

    def look(self, run_id: str) -> tuple[str, int, str]:
        """State, commands so far, and who works on it."""
        with self.stage.db.read() as session:
            run = session.get_one(Run, run_id)
            return run.state, int(run.counters.get("commands", 0)), run.lease_holder or ""

    def _expire(self) -> None:
        with self.server.world.lock:
            for token in self.server.world.tokens.values():
                token.expires_at = min(token.expires_at, self.server.world.clock.now() - 1)
        self.tally.expired += 1

    def spawn(self, name: str) -> None:
        """A worker of this name, unless there is one."""
        if name not in self._workers:
            self._order("spawn", name)
            self._workers.add(name)

    def kill(self, name: str) -> None:
        """SIGKILL for the worker of this name."""
        if name in self._workers:
            self._workers.remove(name)
            self._order("kill", name)
            self.tally.kills += 1

    def _order(self, what: str, name: str) -> None:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(f"{what} {name}\n")
        self._nursery.stdin.flush()
        said = self._nursery.stdout.readline()
        assert said == "done\n", said

    def _close(self) -> None:
        # At the end of its input it ends, and its workers with it.
        self._nursery.communicate()
        self.stage.db.close()
        self.server.stop()

    def _count(self, *run_ids: str) -> None:
        with self.stage.db.read() as session:
            query = select(func.count()).select_from(Journal).where(Journal.run_id.in_(run_ids))
            self.tally.sent_again = session.scalar(query.where(Journal.attempt > 1)) or 0
            self.tally.looked_for = session.scalar(query.where(Journal.state == JournalState.NOT_RUN)) or 0
            left = session.scalar(query.where(Journal.state.in_([JournalState.INTENT, JournalState.UNKNOWN])))
        assert not left, f"{left} writes whose outcome nobody knows"


def play(seed: int, leads: int, server: str) -> Tally:
    """One run in a folder and a database of its own: PostgreSQL on this server with two workers, or SQLite with one."""
    url = _new_database(server) if server else ""
    with tempfile.TemporaryDirectory(prefix="leadswitch-chaos-") as folder:
        return Scene(Path(folder), seed, leads, url, 2 if url else 1).play()


def _new_database(server: str) -> str:
    name = f"chaos_{secrets.token_hex(4)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)
