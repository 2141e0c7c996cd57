"""`python -m bench._plan_child FOLDER WEBHOOK`: make one plan in a process of its own and print what it took as one JSON line."""

import json
import sys
import time
from pathlib import Path

from bench._memory import peak_megabytes
from connector.bitrix.client import BitrixClient
from connector.bitrix.credentials import Webhook
from connector.clock import SystemClock
from connector.planning.options import Options
from connector.plans import queries, service
from connector.portals.refs import PortalRef
from connector.store.database import Database
from connector.store.keyfile import new_key
from connector.store.models import Portal, PortalKind


def open_database(folder: Path) -> Database:
    """The database of this measurement; its keys open nothing, because nothing secret is stored."""
    return Database(f"sqlite:///{folder / 'bench.db'}", [new_key()])


def new_plan(folder: Path, key: str) -> tuple[Database, str]:
    """A migrated database with a portal and an empty plan."""
    db = open_database(folder)
    db.migrate()
    with db.begin() as session:
        now = SystemClock().now()
        portal = Portal(key=key, host=key, kind=PortalKind.WEBHOOK, created_at=now, updated_at=now)
        session.add(portal)
        session.flush()
        ref = PortalRef(portal.id, key, key)
    return db, service.create(
        db, ref, Options(create="both"), {"user_id": 1, "name": "bench", "via": "bench"}
    )


def main(folder: Path, webhook: str) -> None:
    """Make the plan and print the line."""
    client = BitrixClient(Webhook.parse(webhook))
    db, plan_id = new_plan(folder, client.portal)
    started = time.perf_counter()
    service.build(db, client, plan_id)
    seconds = time.perf_counter() - started
    counts = queries.header(db, plan_id).counts
    db.close()
    figures = {
        "plan": plan_id,
        "leads": counts["leads"],
        "seconds": seconds,
        "requests": client.requests_sent,
        "megabytes": peak_megabytes(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
