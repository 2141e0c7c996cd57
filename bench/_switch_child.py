"""`python -m bench._switch_child FOLDER WEBHOOK`: plan and run one switch in a process of its own, print what it took as one JSON line."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from bench._memory import peak_megabytes
from connector.bitrix.client import BitrixClient
from connector.bitrix.credentials import Webhook
from connector.bitrix.limits import Rate
from connector.bitrix.transport import WireSettings
from connector.planning.options import Options
from connector.plans import service as plans
from connector.portals.webhook import register_webhook
from connector.settings import Settings
from connector.store.database import Database
from connector.store.keyfile import new_key
from connector.store.models import RunLead
from connector.switching import service
from connector.switching.runner import SliceResult, run_slice

ACTOR = {"user_id": 1, "name": "bench", "via": "bench"}
FAST = WireSettings(rate=Rate(1e6, 1e6))


def main(folder: Path, webhook: str) -> None:
    """Switch everything and print the line."""
    db = Database(f"sqlite:///{folder / 'bench.db'}", [new_key()])
    db.migrate()
    ref = register_webhook(db, Settings(data_dir=folder), webhook)

    def client(_portal: int = 0, cancel: Callable[[], bool] | None = None) -> BitrixClient:
        return BitrixClient(Webhook.parse(webhook), settings=FAST, cancel=cancel)

    plan_id = plans.create(db, ref, Options(create="contact"), ACTOR)
    plans.build(db, client(), plan_id)
    run_id = service.start(db, plan_id, ACTOR)
    while run_slice(db, client, run_id, holder="bench") is SliceResult.MORE:
        pass
    with db.read() as session:
        done = session.scalar(select(func.count()).where(RunLead.run_id == run_id, RunLead.state == "done"))
    db.close()
    figures = {
        "leads": done,
        "megabytes": peak_megabytes(),
        "database": sum(path.stat().st_size for path in folder.glob("bench.db*")) / 1e6,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
