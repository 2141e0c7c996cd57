"""Who looks at the portal page, in which language and on what device: `?user_id=`, `?lang=`, `?device=`, kept in cookies.

There is no password: anyone who reaches the loopback may be any employee. This is a sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, g, request

from connector.sandbox.world import Actor, User, World

LANGUAGES: Mapping[str, str] = {"en": "English", "pl": "Polski", "de": "Deutsch", "ru": "Русский"}
ELSEWHERE = frozenset(
    ["ar", "br", "by", "fr", "id", "in", "it", "ja", "kz", "la", "ms", "sc", "tc", "th", "tr", "ua", "vn"]
)
"""Further languages of Bitrix24, by its codes: applications are told them, the page itself stays English."""
DEVICES = ("browser", "mobile")
VARIANTS = ("documented", "older-web")
COOKIES: Mapping[str, str] = {
    "user_id": "sandbox_user",
    "lang": "sandbox_lang",
    "device": "sandbox_device",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """The employee in front of the browser. `device` mobile means Bitrix24's mobile app, not a narrow window; `language` is that of the
    page, `reads` the one that applications are told."""

    user: User
    language: str
    device: str
    reads: str

    @property
    def actor(self) -> Actor:
        return Actor(user_id=self.user.id, kind="page")

    @property
    def may_configure(self) -> bool:
        """CRM "Allow to modify settings": what the CRM-mode dialog asks for (native_switch.md 1.1)."""
        return self.user.role in ("admin", "crm_manager")

    def text(self, key: str, **values: Any) -> str:
        """The text of the page in the visitor's language; English where a translation is missing."""
        found = texts(self.language).get(key) or texts("en")[key]
        return found.format(**values) if values else found


@cache
def texts(language: str) -> Mapping[str, str]:
    """All texts of one language."""
    path = Path(__file__).parent / "locales" / f"{language}.json"
    loaded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def visitor(world: World) -> Visitor:
    """The visitor of the current request; the first administrator when nothing else was said."""
    if "visitor" in g:
        found: Visitor = g.visitor
        return found
    wanted = {name: request.args.get(name) or request.cookies.get(key, "") for name, key in COOKIES.items()}
    user = world.user(int(wanted["user_id"])) if wanted["user_id"].isdecimal() else None
    if user is None or not user.active:
        user = next(user for user in world.users.values() if user.is_admin and user.active)
    code = wanted["lang"]
    reads = code if code in LANGUAGES or code in ELSEWHERE else _accepted(user)
    device = wanted["device"] if wanted["device"] in DEVICES else "browser"
    g.visitor = Visitor(user, reads if reads in LANGUAGES else "en", device, reads)
    return g.visitor  # type: ignore[no-any-return]


def _accepted(user: User) -> str:
    best = request.accept_languages.best_match(list(LANGUAGES))
    return best or (user.language if user.language in LANGUAGES else "en")


def remember(response: Response) -> Response:
    """Keep what the query said in cookies of the portal."""
    for name, key in COOKIES.items():
        value = request.args.get(name, "")
        if value.isalnum():
            response.set_cookie(key, value, samesite="Lax", path="/")
    return response
