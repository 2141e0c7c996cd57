"""Applications on the portal: adding, finishing, opening, updating and removing one, as Bitrix24 does it.

The page POST is settings/oauth/simple-way.md (query DOMAIN, PROTOCOL, LANG, APP_SID; the rest in the body); the order
of installation is settings/app-installation/installation-finish.md; removal is settings/app-uninstallation.md.
It opens nothing itself: the portal page renders the form that posts into the frame.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from connector.sandbox.events import EventDelivery
from connector.sandbox.oauth import ACCESS_SECONDS, server_endpoint
from connector.sandbox.world import App, Token, User, World

DEFAULT_PLACEMENT = "DEFAULT"


class LaunchRefused(Exception):
    """The app cannot be opened or changed by this employee; `key` names the text that the page shows."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Launch:
    """One opening of the app: where the form goes and what it carries. `app_sid` names this frame."""

    action: str
    fields: Mapping[str, str]
    app_sid: str
    installing: bool
    token: Token


@dataclass(frozen=True, slots=True)
class Address:
    """How the browser reached the portal; everything the app is told about the portal is built from it."""

    host: str
    scheme: str


class Apps:
    """What an administrator does with applications, over `world.apps`."""

    def __init__(
        self, world: World, events: EventDelivery, secret: Callable[[int], str] = secrets.token_hex
    ) -> None:
        self._world = world
        self._events = events
        self._secret = secret
        self._ran: set[tuple[str, int]] = set()

    def first_run(self, client_id: str, user: User) -> bool:
        """Whether this employee opens the app for the first time (`BX24.install` runs then)."""
        return (client_id, user.id) not in self._ran

    def ran(self, client_id: str, user: User) -> None:
        """`setInstall` of the frame protocol: the first run of this employee is over."""
        self._ran.add((client_id, user.id))

    def install(self, client_id: str, user: User) -> App:
        """Add the app to the portal. Without an installer page the installation is finished at once."""
        with self._world.lock:
            app = self._world.apps[client_id]
            if not user.is_admin:
                raise LaunchRefused("app.admins_only")
            if not app.present:
                app.present, app.installed, app.installed_by = True, False, user.id
                app.application_token = self._secret(16)
                if not app.install_url:
                    self.finish(client_id, user)
            return app

    def finish(self, client_id: str, user: User) -> None:
        """`BX24.installFinish()`: from now on the app URL opens, events flow, ONAPPINSTALL is sent."""
        with self._world.lock:
            app = self._world.apps[client_id]
            if not app.present:
                raise LaunchRefused("app.not_on_portal")
            if not user.is_admin:
                raise LaunchRefused("app.admins_only")
            if app.installed:
                return
            app.installed = True
            data = {
                "VERSION": str(app.version),
                "ACTIVE": "Y",
                "INSTALLED": "Y",
                "LANGUAGE_ID": user.language,
            }
            self._events.app_event(app, "ONAPPINSTALL", data, user.id)

    def call_robot(self, robot: Mapping[str, Any], document: tuple[str, str, str]) -> str:
        """A record comes to a robot of an application; see `EventDelivery.call_robot`."""
        return self._events.call_robot(robot, document)

    def update(self, client_id: str, user: User) -> None:
        """A new version: handlers bound by the old one are dropped (event-bind.md), the installer runs again."""
        with self._world.lock:
            app = self._world.apps[client_id]
            if not app.present:
                raise LaunchRefused("app.not_on_portal")
            if not user.is_admin:
                raise LaunchRefused("app.admins_only")
            previous, app.version = app.version, app.version + 1
            app.application_token = self._secret(16)
            data = {
                "VERSION": str(app.version),
                "PREVIOUS_VERSION": str(previous),
                "LANGUAGE_ID": user.language,
            }
            self._events.app_event(app, "ONAPPUPDATE", data, user.id)
            self._drop_handlers(app)
            if app.install_url:
                app.installed = False

    def pay(self, client_id: str, *, expired: bool) -> None:
        """The paid period ends, or is paid for: then ONAPPPAYMENT goes out (events/on-app-payment.md)."""
        with self._world.lock:
            app = self._world.apps[client_id]
            paid = app.payment_expired and not expired
            app.payment_expired = expired
            if paid and app.installed:
                data = {
                    "CODE": app.code,
                    "VERSION": app.version,
                    "STATUS": app.status,
                    "PAYMENT_EXPIRED": "N",
                    "DAYS": 28,
                    "LANGUAGE_ID": self._world.settings.language,
                }
                self._events.app_event(app, "ONAPPPAYMENT", data, None)

    def uninstall(self, client_id: str, user: User, *, clean: bool = False) -> None:
        """Tokens die first, then ONAPPUNINSTALL goes out without any, then all traces of the app are removed."""
        with self._world.lock:
            app = self._world.apps[client_id]
            if not app.present:
                return
            if not user.is_admin:
                raise LaunchRefused("app.admins_only")
            self._events.oauth.revoke_app(client_id)
            app.present = False
            data = {"LANGUAGE_ID": user.language, "CLEAN": int(clean)}
            self._events.app_event(app, "ONAPPUNINSTALL", data, None)
            app.installed, app.application_token = False, ""
            self._ran = {key for key in self._ran if key[0] != client_id}
            self._drop_handlers(app)
            world = self._world
            world.placements[:] = [row for row in world.placements if row.get("client_id") != client_id]
            world.offline_queue[:] = [row for row in world.offline_queue if row["client_id"] != client_id]
            for table in (world.robots, world.triggers, world.activity_types):
                for row in [row for row in table if row["client_id"] == client_id]:
                    table.remove(int(row["ID"]))
            if clean:
                world.app_options.pop(client_id, None)
                for key in [key for key in world.user_options if key[0] == client_id]:
                    del world.user_options[key]

    def open(
        self,
        client_id: str,
        user: User,
        language: str,
        address: Address,
        *,
        placement: str = DEFAULT_PLACEMENT,
        options: Mapping[str, Any] | None = None,
        handler: str = "",
    ) -> Launch:
        """The POST that opens the app: the installer until the installation is finished, then the app (or widget).

        Raises LaunchRefused for an app that is not on the portal, and for anybody but an administrator while it is
        not finished.
        """
        with self._world.lock:
            app = self._world.apps.get(client_id)
            if app is None or not app.present:
                raise LaunchRefused("app.not_on_portal")
            installing = not app.installed
            if installing and not user.is_admin:
                raise LaunchRefused("app.not_finished")
            target = app.install_url if installing else handler or app.app_url
            if not target:
                raise LaunchRefused("app.no_address")
            token = self._events.oauth.issue(client_id, user.id, address.host, address.scheme)
            app_sid = self._secret(16)
            query = {
                "DOMAIN": address.host,
                "PROTOCOL": "1" if address.scheme == "https" else "0",
                "LANG": language,
                "APP_SID": app_sid,
            }
            fields = {
                "AUTH_ID": token.access,
                "AUTH_EXPIRES": str(ACCESS_SECONDS),
                "REFRESH_ID": token.refresh,
                "SERVER_ENDPOINT": server_endpoint(self._world),
                "APPLICATION_TOKEN": app.application_token,
                "APPLICATION_SCOPE": ",".join(app.scopes),
                "member_id": self._world.member_id,
                "status": app.status,
                "PLACEMENT": DEFAULT_PLACEMENT if installing else placement,
            }
            if options and not installing:
                fields["PLACEMENT_OPTIONS"] = php_json(options)
            return Launch(_with_query(target, query), fields, app_sid, installing, token)

    def _drop_handlers(self, app: App) -> None:
        handlers = self._world.event_handlers
        handlers[:] = [row for row in handlers if row["client_id"] != app.client_id]


def php_json(value: Mapping[str, Any]) -> str:
    """`json_encode` as PHP writes it: slashes and everything beyond ASCII escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def _with_query(url: str, more: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *more.items()]
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", urlencode(query), ""))
