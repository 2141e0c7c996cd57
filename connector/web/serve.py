"""`leadswitch serve`: one process that answers pages and works on jobs. Must never print a secret."""

import logging

import waitress

from connector.portals.manifest import app_manifest
from connector.settings import Settings
from connector.store.database import Database
from connector.switching.engine import Engine
from connector.web.app import create_app
from webhooks.upkeep import Upkeep
from webhooks.worker import Automation

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Bring the database to this version, start the jobs, answer until the process is asked to stop.

    Raises `ConfigError` leaves when a setting, the database or the app card cannot be used.
    """
    app_manifest()
    db = Database.open(settings)
    try:
        db.migrate()
        engine = Engine(settings, db)
        upkeep, automation = Upkeep(db, settings), Automation(db, settings)
        engine.start()
        upkeep.start()
        automation.start()
        try:
            app = create_app(settings, db, engine, woken=automation.woken)
            log.warning("listening on http://%s:%s", settings.host, settings.port)
            waitress.serve(
                app,
                host=settings.host,
                port=settings.port,
                threads=settings.threads,
                ident=None,
                clear_untrusted_proxy_headers=not settings.trusted_proxies,
            )
        finally:
            automation.stop()
            upkeep.stop()
            engine.stop()
    finally:
        db.close()
