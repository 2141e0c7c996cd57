"""Who is there: employees, applications, their tokens, incoming webhooks, and on whose behalf something happens.

Plain data; tokens are issued in `oauth.py`, applications are installed in `launch.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class User:
    """One employee. `role`: admin, crm_manager (all CRM rows, CRM settings) or employee (own rows only)."""

    id: int
    name: str
    last_name: str
    email: str
    role: str = "employee"
    active: bool = True
    department: int = 1
    language: str = "en"

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


@dataclass(slots=True)
class App:
    """An application known to the portal; `installed` follows installFinish / the callback install."""

    id: int
    client_id: str
    client_secret: str
    code: str
    title: str = "Leadswitch"
    app_url: str = ""
    install_url: str = ""
    redirect_uri: str = ""
    settings_url: str = ""
    event_url: str = ""
    scopes: tuple[str, ...] = ()
    status: str = "L"
    version: int = 1
    present: bool = False
    """The administrator has added it to the portal; without it no token is valid."""
    installed: bool = False
    """Installation is finished; no events before that (installation-finish.md)."""
    payment_expired: bool = False
    """The paid or trial period is over: the OAuth server issues no tokens (oauth/error-codes.md)."""
    application_token: str = ""
    installed_by: int = 0


@dataclass(slots=True)
class Token:
    """An OAuth pair. `revoked` ends both halves; the access half ends at `expires_at` (portal time)."""

    access: str
    refresh: str
    client_id: str
    user_id: int
    expires_at: float
    refresh_expires_at: float
    scopes: tuple[str, ...] = ()
    revoked: bool = False
    domain: str = ""
    """The portal address it was issued at, when that differs from `World.host` (localhost, a mapped name)."""
    scheme: str = ""


@dataclass(slots=True)
class Webhook:
    """An incoming webhook: calls run as `user_id`; it has no application context."""

    user_id: int
    code: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Actor:
    """On whose behalf something happens. `kind`: rest, page (a person in the portal), robot (no tokens in events)."""

    user_id: int
    kind: str = "rest"
    client_id: str | None = None
    auth_connector: str = ""
    scopes: tuple[str, ...] = ()

    @property
    def has_app(self) -> bool:
        return self.client_id is not None


SYSTEM = Actor(user_id=1, kind="robot")
