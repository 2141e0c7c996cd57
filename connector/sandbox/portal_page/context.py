"""What every page of the portal needs: menu, counts, texts, the visitor, links to the same page with another query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import request
from markupsafe import Markup

from connector.sandbox.clock import PORTAL_ZONE, parse_moment
from connector.sandbox.portal_page.data import KINDS, PLURAL, Reader, moment
from connector.sandbox.portal_page.session import LANGUAGES, Visitor
from connector.sandbox.world import CLASSIC, User, World

MODE_CODES: Mapping[int, str] = {1: "classic", 2: "simple"}
SCRIPT_TEXTS = (
    "mode.active",
    "mode.active.simple",
    "mode.progress",
    "mode.done",
    "mode.done_failed",
    "mode.stopped",
    "mode.flipped",
    "mode.keep",
    "mode.keep.mobile",
    "mode.sync",
    "mode.unavailable",
    "common.failed",
    "common.close",
    "market.confirm_uninstall",
    "pick.title",
    "pick.done",
)
WIDGET_MENU = "LEFT_MENU"
_LINK = re.compile(r"\[URL=(?P<target>[^\]]+)\](?P<label>.*?)\[/URL\]", re.IGNORECASE | re.DOTALL)
_BB_TAG = re.compile(r"\[/?[A-Za-z*][^\]]*\]")


def widgets(world: World, code: str, language: str) -> list[dict[str, str]]:
    """What installed apps have bound to this placement: {title, url, testid, section}."""
    found = []
    for position, row in enumerate(world.placements):
        app = world.apps.get(str(row.get("client_id", "")))
        if row.get("placement") != code or app is None or not app.installed:
            continue
        titles = row.get("langAll") or row.get("lang_all") or {}
        local = titles.get(language) if isinstance(titles, Mapping) else None
        title = str((local or {}).get("TITLE") or row.get("title") or app.title)
        query = urlencode({"placement": code, "n": position})
        found.append(
            {
                "title": title,
                "url": f"/marketplace/app/{app.id}/?{query}",
                "testid": f"placement-{code}-{position}",
                "section": f"placement-{position}",
            }
        )
    return found


def menu_apps(world: World, language: str) -> list[dict[str, str]]:
    """The entries below "Applications": the menu item of each app's card, then its left-menu widgets."""
    entries = [
        {
            "title": app.title,
            "url": f"/marketplace/app/{app.id}/",
            "testid": f"menu-app-{app.id}",
            "section": f"app-{app.id}",
        }
        for app in world.apps.values()
        if app.present and (app.app_url or app.install_url)
    ]
    return entries + widgets(world, WIDGET_MENU, language)


def notes(world: World, user: User, language: str) -> list[dict[str, Any]]:
    """The visitor's notifications, newest first."""
    rows = [world.notifications.rows[i] for i in world.notifications.find("USER_ID", user.id)]
    found = []
    for row in sorted(rows, key=lambda row: -row["ID"])[:20]:
        when = row["DATE"] or row["DATE_CREATE"] or row["CREATED"]
        stamp = parse_moment(when) if isinstance(when, str) else when
        text = message(str(row["MESSAGE"] or ""))
        found.append({"html": text, "when": moment(stamp, language), "read": bool(row["READ"])})
    return found


def message(text: str) -> Markup:
    """A notification's BB code: links into the portal stay links, every other tag is dropped, the rest is escaped."""
    out = Markup("")
    position = 0
    for found in _LINK.finditer(text):
        out += _BB_TAG.sub("", text[position : found.start()])
        label = _BB_TAG.sub("", found["label"])
        target = found["target"].strip()
        inside = target.startswith("/") and not target.startswith("//")
        out += Markup('<a href="{}">{}</a>').format(target, label) if inside else label
        position = found.end()
    return out + _BB_TAG.sub("", text[position:])


def page_context(world: World, who: Visitor) -> dict[str, Any]:
    """Template variables and helpers of every page."""
    reader = Reader(world, who.user, who.language)
    classic = world.mode == CLASSIC
    kinds = [kind for kind in KINDS if kind != "lead" or classic]
    mine = notes(world, who.user, who.language)

    def here(**changes: Any) -> str:
        query: dict[str, Any] = {
            k: v for k, v in request.args.items() if k not in ("lang", "user_id", "device")
        }
        query.update(changes)
        return f"{request.path}?{urlencode(query)}"

    return {
        "t": who.text,
        "who": who,
        "here": here,
        "host": request.host,
        "languages": LANGUAGES,
        "kinds": kinds,
        "plural": PLURAL,
        "counts": {kind: reader.count(kind, "P" if kind in ("lead", "deal") else "") for kind in kinds},
        "mode_code": MODE_CODES[world.mode],
        "native_variant": world.settings.native_variant,
        "menu_apps": menu_apps(world, who.reads),
        "notes": mine,
        "unread": sum(1 for note in mine if not note["read"]),
        "switch_users": [user for user in world.users.values() if user.active][:8],
        "initials": lambda user: (user.name[:1] + user.last_name[:1]).upper(),
        "hue": lambda number: (int(number) * 67 + 190) % 360,
        "bare": request.args.get("IFRAME") == "Y" or "embed" in request.args,
        "script_texts": {key: who.text(key) for key in SCRIPT_TEXTS},
        "zone": PORTAL_ZONE,
        "section": "",
    }
