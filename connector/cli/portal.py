"""The portal that a command works on: database, reference, client, and who is at work. Must never ask a portal before it is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from connector.bitrix.client import BitrixClient
from connector.cli.shell import Shell
from connector.clock import Clock, SystemClock
from connector.errors import ConfigError
from connector.i18n import N_
from connector.portals import PortalRef, find_portal, open_client, register_webhook
from connector.portals.profile import Profile, read_profile
from connector.portals.rights import Action, Viewer, require, viewer
from connector.settings import Settings
from connector.store.database import Database


class NoPortal(ConfigError):
    """A command needs a portal and none is given."""

    key = "config.no_portal"
    what = N_("No portal is given.")
    todo = N_(
        "Set LEADSWITCH_WEBHOOK to an incoming webhook, or give --portal DOMAIN for one that installed the app."
    )


@dataclass
class Here:
    """One portal while a command works on it."""

    settings: Settings
    db: Database
    ref: PortalRef
    clock: Clock

    @cached_property
    def client(self) -> BitrixClient:
        """The client of the stored credential, made on first use."""
        return open_client(self.db, self.settings, self.ref.id, clock=self.clock)

    @cached_property
    def owner(self) -> Profile:
        """Whose credential it is, as the portal says now."""
        return read_profile(self.client)

    @cached_property
    def viewer(self) -> Viewer:
        """The owner, with what an administrator of the portal said about them in the app."""
        owner = self.owner
        return viewer(self.db, self.ref.id, user_id=owner.user_id, name=owner.name, is_admin=owner.is_admin)

    @cached_property
    def actor(self) -> dict[str, Any]:
        """Who is at work, as plans and runs keep it."""
        return self.viewer.actor("cli")

    def require(self, action: Action) -> None:
        """Raises `NotAllowed` unless the owner may do that; Bitrix24 itself would only hide leads from them, without saying so."""
        require(self.viewer, action)


def load_settings(shell: Shell) -> Settings:
    """Settings from the environment, with what the command line says over them."""
    settings = Settings.load(webhook=shell.webhook, portal=shell.domain or None)
    for secret in (settings.webhook, settings.client_secret):
        if secret is not None and secret.get_secret_value():
            shell.keep_secret(secret.get_secret_value())
    return settings


@contextmanager
def database(settings: Settings) -> Iterator[Database]:
    """The migrated database, closed at the end."""
    db = Database.open(settings)
    try:
        db.migrate()
        yield db
    finally:
        db.close()


@contextmanager
def connected(shell: Shell) -> Iterator[Here]:
    """The portal that is meant: `--webhook`, else `--portal`, else the environment, webhook first. Raises `NoPortal`."""
    settings = load_settings(shell)
    clock = SystemClock()
    with database(settings) as db:
        yield Here(settings, db, _find(shell, settings, db, clock), clock)


def _find(shell: Shell, settings: Settings, db: Database, clock: Clock) -> PortalRef:
    if settings.webhook is not None and (shell.webhook is not None or not shell.domain):
        return register_webhook(db, settings, settings.webhook.get_secret_value(), clock=clock)
    if settings.portal:
        return find_portal(db, settings.portal)
    raise NoPortal()
