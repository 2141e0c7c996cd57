"""The portal's built-in "Application settings" form of an app without pages of its own (rest-only-installation-master.md).

The app describes the form as JSON when the portal asks (`OnAppSettingsInstall` or `OnAppSettingsDisplay`); the portal
shows it and posts what was entered to `form.action`. Undocumented and assumed: the bodies are form-encoded like
events, a dropdown lists its choices as `items` (or `options`) of {value, name}. It follows no redirect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from connector.sandbox.events import TIMEOUT_SECONDS, flatten
from connector.sandbox.oauth import OAuthServer
from connector.sandbox.world import App, User, World

Exchange = Callable[[str, list[tuple[str, str]]], tuple[int, Any]]
INPUT, DROPDOWN = "input", "dropdown-list"


class FormRefused(Exception):
    """The app answered something that is no form; the text says what."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field; `items` are (value, name) of a dropdown."""

    name: str
    kind: str
    label: str
    placeholder: str = ""
    value: str = ""
    items: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """What the app wants to be shown; `steps` are (title, description, fields)."""

    title: str
    action: str
    save: str
    steps: tuple[tuple[str, str, tuple[FormField, ...]], ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """The app's answer to what was entered: errors by field name, empty when it accepted."""

    accepted: bool
    errors: Mapping[str, str] = field(default_factory=dict)


def exchange(url: str, form: list[tuple[str, str]]) -> tuple[int, Any]:
    """POST the form; status and JSON body (None when it is not JSON)."""
    answer = requests.post(url, data=form, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    try:
        return answer.status_code, answer.json()
    except ValueError:
        return answer.status_code, None


class AppSettings:
    """Asks an app for its form and hands in what was entered, as the employee who does it."""

    def __init__(self, world: World, oauth: OAuthServer, send: Exchange = exchange) -> None:
        self._world, self._oauth, self._send = world, oauth, send

    def form(self, app: App, user: User) -> SettingsForm:
        """The form of an installed app; raises FormRefused, OSError when the app cannot be reached."""
        event = "OnAppSettingsDisplay" if app.installed else "OnAppSettingsInstall"
        body = {"event": event, "data": [], "auth": self._auth(app, user)}
        status, answer = self._send(app.settings_url, list(flatten(body)))
        if status != 200 or not isinstance(answer, Mapping) or not isinstance(answer.get("form"), Mapping):
            raise FormRefused(f"The application answered {status} without a form.")
        action = str(answer["form"].get("action") or "")
        if not action.startswith(("http://", "https://")):
            raise FormRefused("The form has no address to be sent to.")
        steps = answer.get("steps") if isinstance(answer.get("steps"), list) else []
        return SettingsForm(
            title=str(answer.get("title") or app.title),
            action=action,
            save=str(answer["form"].get("saveCaption") or ""),
            steps=tuple(_step(step) for step in steps or () if isinstance(step, Mapping)),
        )

    def save(self, app: App, user: User, action: str, entered: Mapping[str, str]) -> Saved:
        """Send what was entered to the form's action; 200 with status success accepts it."""
        body = {"data": dict(entered), "auth": self._auth(app, user), "saveform": "Y"}
        status, answer = self._send(action, list(flatten(body)))
        if status == 200 and isinstance(answer, Mapping) and answer.get("status") == "success":
            return Saved(True)
        errors = answer.get("errors") if isinstance(answer, Mapping) else None
        rows = [row for row in errors if isinstance(row, Mapping)] if isinstance(errors, list) else []
        return Saved(False, {str(row.get("field", "")): str(row.get("message", "")) for row in rows})

    def _auth(self, app: App, user: User) -> dict[str, Any]:
        token = self._oauth.issue(app.client_id, user.id)
        known = self._oauth.answer(token)
        return known | {
            "domain": self._world.host,
            "client_id": app.client_id,
            "application_token": app.application_token,
        }


def _step(step: Mapping[str, Any]) -> tuple[str, str, tuple[FormField, ...]]:
    rows = step.get("fields") if isinstance(step.get("fields"), list) else []
    fields = tuple(_field(row) for row in rows or () if isinstance(row, Mapping))
    return str(step.get("title") or ""), str(step.get("description") or ""), fields


def _field(row: Mapping[str, Any]) -> FormField:
    choices = row.get("items") or row.get("options") or ()
    items = [
        (str(c.get("value", "")), str(c.get("name") or c.get("label") or ""))
        for c in choices
        if isinstance(c, Mapping)
    ]
    return FormField(
        name=str(row.get("name") or row.get("id") or ""),
        kind=DROPDOWN if row.get("type") == DROPDOWN else INPUT,
        label=str(row.get("label") or ""),
        placeholder=str(row.get("placeholder") or ""),
        value=str(row.get("value") or ""),
        items=tuple(items),
    )
