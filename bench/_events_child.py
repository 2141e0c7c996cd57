"""The app over SQLite with fifty portals, and an empty Flask view beside it, each behind the server that `leadswitch serve` uses.

`python -m bench._events_child FOLDER PORTALS` prints both addresses and the application tokens as one line of JSON and answers until its
input ends.
"""

import json
import sys
import threading
from pathlib import Path
from typing import Any, cast

import waitress
from flask import Flask

from bench._plan_child import open_database
from connector.clock import SystemClock
from connector.portals.credential import token_hash
from connector.settings import Settings
from connector.store.models import Portal, PortalKind, PortalState
from connector.switching.engine import Engine
from connector.web.app import create_app


class _NoEngine:
    running = True

    def enqueue(self, *_: Any) -> None:
        """Nothing of a burst is a job."""


def _empty() -> Flask:
    app = Flask("empty")
    app.add_url_rule("/", "empty", lambda: "", methods=["POST"])
    return app


def _serve(app: Flask, threads: int) -> str:
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=threads, ident=None)
    threading.Thread(target=server.run, daemon=True).start()
    return f"127.0.0.1:{server.effective_port}"


def main(folder: Path, portals: int) -> None:
    """Build, say where, wait."""
    db = open_database(folder)
    db.migrate()
    now = SystemClock().now()
    tokens = {f"member{number}": f"token{number}" for number in range(portals)}
    with db.begin() as session:
        for member, token in tokens.items():
            session.add(
                Portal(
                    key=member,
                    member_id=member,
                    host=f"{member}.example",
                    kind=PortalKind.OAUTH,
                    state=PortalState.ACTIVE,
                    application_token_hash=token_hash(token),
                    created_at=now,
                    updated_at=now,
                )
            )
    settings = Settings.load(data_dir=folder)
    app = create_app(settings, db, cast(Engine, _NoEngine()), SystemClock())
    ready = {
        "app": _serve(app, settings.threads),
        "empty": _serve(_empty(), settings.threads),
        "tokens": tokens,
    }
    print(json.dumps(ready), flush=True)
    sys.stdin.read()
    db.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
