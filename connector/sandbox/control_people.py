"""The part of the control surface about people and applications: apps, payment, users, webhooks, tokens.

Handlers take the JSON body as a map, run under the portal's lock and answer JSON; they never answer a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from connector.sandbox.launch import Apps
from connector.sandbox.world import App, User, Webhook, World

_APP_FIELDS = ("app_url", "install_url", "redirect_uri", "settings_url", "event_url", "title")


class ControlError(Exception):
    """A request that cannot be carried out; the text says why."""


class PeopleControls:
    """`/control/app…`, `/control/users` and `/control/tokens…`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.apps: Apps | None = None
        """Installing and removing applications; set once the portal serves."""

    def routes(self) -> Mapping[tuple[str, str], Callable[[dict[str, Any]], Any]]:
        """(verb, path below /control) → handler."""
        return {
            ("GET", "app"): self._app_state,
            ("POST", "app"): self._app,
            ("POST", "app/install"): self._install,
            ("POST", "app/uninstall"): self._uninstall,
            ("POST", "app/update"): self._update_app,
            ("POST", "app/payment"): self._payment,
            ("POST", "users"): self._user,
            ("POST", "tokens/expire"): self._expire_tokens,
        }

    def _find_app(self, data: Mapping[str, Any]) -> App:
        client_id = str(data.get("client_id", ""))
        app = self.world.apps.get(client_id) if client_id else next(iter(self.world.apps.values()), None)
        if app is None:
            raise ControlError("no such application")
        return app

    def _app_state(self, data: Mapping[str, Any]) -> Any:
        app = self._find_app(data)
        return {
            key: value
            for key, value in asdict(app).items()
            if key not in {"client_secret", "application_token"}
        }

    def _app(self, data: Mapping[str, Any]) -> Any:
        """Register the URLs and scopes of an application, or a further one by a new `client_id`."""
        client_id = str(data.get("client_id", ""))
        if client_id and client_id not in self.world.apps:
            number = len(self.world.apps) + 1
            secret = str(data.get("client_secret") or f"{self.world.random.getrandbits(200):050x}")
            self.world.apps[client_id] = App(number, client_id, secret, str(data.get("code") or client_id))
            self.world.apps[client_id].scopes = next(iter(self.world.apps.values())).scopes
        app = self._find_app(data)
        for name in _APP_FIELDS:
            if name in data:
                setattr(app, name, str(data[name]))
        if "scopes" in data:
            scopes = data["scopes"]
            app.scopes = tuple(
                scopes.replace(",", " ").split() if isinstance(scopes, str) else map(str, scopes)
            )
        if "installed" in data and data["installed"] is False:
            app.installed = False
        return self._app_state({"client_id": app.client_id})

    def _uninstall(self, data: Mapping[str, Any]) -> Any:
        self.lifecycle().uninstall(
            self._find_app(data).client_id, self._administrator(), clean=bool(data.get("clean"))
        )
        return self._app_state(data)

    def _install(self, data: Mapping[str, Any]) -> Any:
        """Add the app as an administrator would; `finish` also ends the installation, as installFinish does."""
        client_id = self._find_app(data).client_id
        self.lifecycle().install(client_id, self._administrator())
        if data.get("finish"):
            self.lifecycle().finish(client_id, self._administrator())
        return self._app_state(data)

    def _update_app(self, data: Mapping[str, Any]) -> Any:
        self.lifecycle().update(self._find_app(data).client_id, self._administrator())
        return self._app_state(data)

    def lifecycle(self) -> Apps:
        """Installing and removing applications; ControlError while the portal does not serve."""
        if self.apps is None:
            raise ControlError("the portal is not serving yet")
        return self.apps

    def _administrator(self) -> User:
        return next(user for user in self.world.users.values() if user.is_admin and user.active)

    def _payment(self, data: Mapping[str, Any]) -> Any:
        """`expired` true ends the paid period, false pays for it."""
        self.lifecycle().pay(self._find_app(data).client_id, expired=bool(data.get("expired", True)))
        return self._app_state(data)

    def _user(self, data: Mapping[str, Any]) -> Any:
        """Change role, active or language of a user; `webhook` true gives them an incoming webhook."""
        user = self.world.users[int(data["id"])]
        for name in ("role", "active", "language"):
            if name in data:
                setattr(user, name, data[name])
        answer = asdict(user)
        if data.get("webhook"):
            code = f"{self.world.random.getrandbits(80):020x}"
            scopes = next(iter(self.world.webhooks.values())).scopes
            self.world.webhooks[code] = Webhook(user.id, code, scopes)
            answer["webhook"] = f"{self.world.base_url}/rest/{user.id}/{code}/"
        return answer

    def _expire_tokens(self, _: Mapping[str, Any]) -> Any:
        for token in self.world.tokens.values():
            token.expires_at = min(token.expires_at, self.world.clock.now() - 1)
        return {"expired": len(self.world.tokens)}
