"""A sandbox portal that is connected by its webhook, for tests of plans."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connector.bitrix.client import BitrixClient
from connector.planning.options import Options
from connector.plans import service
from connector.portals.access import open_client
from connector.portals.refs import PortalRef
from connector.portals.webhook import register_webhook
from connector.sandbox.server import SandboxServer
from connector.settings import Settings
from connector.store.database import Database

ACTOR = {"user_id": 1, "name": "Test", "via": "test"}


@dataclass
class Connected:
    """A running sandbox, its row in the store, and a client for it."""

    server: SandboxServer
    db: Database
    ref: PortalRef
    client: BitrixClient

    def plan(self, **options: Any) -> str:
        """Make a plan and return its id."""
        plan_id = service.create(self.db, self.ref, Options(**options), ACTOR)
        service.build(self.db, self.client, plan_id)
        return plan_id


def connect(sandbox: Callable[..., SandboxServer], db: Database, **config: Any) -> Connected:
    """Start a sandbox with this configuration and connect it."""
    server = sandbox(**config)
    settings = Settings.load()
    ref = register_webhook(db, settings, server.ready["webhook"])
    return Connected(server, db, ref, open_client(db, settings, ref.id))
