"""One REST call as a method sees it, and the table of methods. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.errors import RestError
from connector.sandbox.rest.php import as_map
from connector.sandbox.world import Actor, App, User, World


@dataclass(slots=True)
class Page:
    """A list answer: `total` and `next` go beside the result. None leaves them out."""

    result: Any
    total: int | None = None
    next: int | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """An answer that is a file and not JSON."""

    name: str
    content: bytes


@dataclass(slots=True)
class Call:
    """A method call: who (user, app), with what. `app` is None for a webhook: it has no application context."""

    world: World
    user: User
    app: App | None
    params: Mapping[str, Any]
    actor: Actor
    scopes: tuple[str, ...] = ()
    short_page: bool = False
    """Fault: answer one row less than there are."""
    ignore_cursor: bool = False
    """Fault: forget `start` and ID conditions of a list."""
    token: str = ""
    webhook_code: str = ""
    notes: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter by its documented name; upper and lower case are accepted, the documented one first."""
        for key in (name, name.lower(), name.upper()):
            if key in self.params:
                return self.params[key]
        wanted = name.lower()
        for key, value in self.params.items():
            if key.lower() == wanted:
                return value
        return default

    def map(self, name: str) -> dict[str, Any]:
        """A parameter that is a map; empty when missing."""
        return as_map(self.get(name))

    def integer(self, name: str, default: int = 0) -> int:
        """A parameter as a number the way PHP casts: what is not one is 0."""
        return to_int(self.get(name, default))

    def require_admin(self, text: str = "Access denied!", status: int = 403) -> None:
        if not self.user.is_admin:
            raise RestError("ACCESS_DENIED", text, status)

    def require_app(self, text: str = "Application context required", status: int = 400) -> App:
        if self.app is None:
            raise RestError("ACCESS_DENIED", text, status)
        return self.app


def to_int(value: Any) -> int:
    """PHP's (int): leading digits count, everything else is 0."""
    if isinstance(value, (bool, int, float)):
        return int(value)
    text = str(value or "").strip()
    end = 1 if text[:1] in {"-", "+"} else 0
    while end < len(text) and text[end].isdigit():
        end += 1
    try:
        return int(text[:end])
    except ValueError:
        return 0


def yes(value: Any) -> bool:
    """Y/N, 1/0, true/false as the portal reads them; any other non-empty text is true in PHP but not Y here."""
    return value is True or (not isinstance(value, bool) and str(value).strip().upper() in {"Y", "1", "TRUE"})


Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Method:
    """One REST method. `scopes`: any one of them is enough; empty means basic."""

    name: str
    handler: Handler
    scopes: tuple[str, ...] = ()
    switch: str = ""
    """Name of the `World.settings` flag without which the portal does not have the method."""

    def on(self, world: World) -> bool:
        """Whether this portal has the method."""
        return not self.switch or bool(getattr(world.settings, self.switch))


METHODS: dict[str, Method] = {}
"""Lower-case name → method; filled by the modules of `rest/methods`."""


def method(*names: str, scope: str = "crm", switch: str = "") -> Callable[[Handler], Handler]:
    """Register a handler under these names. `scope`: names separated by spaces, any one suffices; "" = basic."""

    def register(handler: Handler) -> Handler:
        for name in names:
            METHODS[name.lower()] = Method(name, handler, tuple(scope.split()), switch)
        return handler

    return register
