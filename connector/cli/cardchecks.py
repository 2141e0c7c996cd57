"""What `leadswitch manifest check` looks at: the app card against our code, against the addresses it names, against a portal. Changes
nothing anywhere."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import requests

import connector
import webhooks
from connector.bitrix.calls import METHODS
from connector.cli.checks import Check, State, guarded
from connector.cli.portal import Here
from connector.i18n import _
from connector.portals.install import BASE_URL
from connector.portals.manifest import AppEvent, Manifest
from connector.portals.setup import Binding, compare
from connector.settings import Settings
from connector.store.models import Portal, PortalKind
from webhooks.handlers import HANDLERS
from webhooks.leads import HINTS
from webhooks.native.robot import ROBOT_CALL

# First part of a method's name -> scope it needs (api-reference/scopes/permissions.md); the others need none.
SCOPE_OF: Mapping[str, str] = {
    "crm": "crm",
    "placement": "placement",
    "user": "user_brief",
    "bizproc": "bizproc",
    "im": "im",
}
HANDLED = frozenset({AppEvent.ONAPPINSTALL.value} | (set(HANDLERS) - {ROBOT_CALL}) | HINTS)
"""Events that somebody handles; ONAPPINSTALL where events come in."""
SECONDS = 10.0


def called_methods() -> dict[str, str]:
    """Every REST method that our code names outside the table of methods, with a file that does."""
    found: dict[str, str] = {}
    for package in (connector, webhooks):
        folder = Path(str(package.__file__)).parent
        for path in sorted(folder.rglob("*.py")):
            if "sandbox" in path.relative_to(folder).parts or path.name in ("calls.py", "cardchecks.py"):
                continue
            text = path.read_text(encoding="utf-8")
            for method in METHODS:
                if method not in found and f'"{method}"' in text:
                    found[method] = path.relative_to(folder.parent).as_posix()
    return found


def used_scopes() -> dict[str, str]:
    """Scopes that our code needs, each with a method that proves it and where that is called."""
    found: dict[str, str] = {}
    for method, place in called_methods().items():
        scope = SCOPE_OF.get(method.split(".")[0])
        if scope is not None:
            found.setdefault(scope, f"{method} ({place})")
    return found


def against_code(card: Manifest) -> Iterator[Check]:
    """Scopes that are asked for and used, events that are bound and handled: the same ones."""
    used, asked = used_scopes(), set(card.scope_list())
    for scope in sorted(asked | set(used)):
        if scope not in used:
            text = _("The card asks for %(scope)s, and nothing uses it.", scope=scope)
            yield Check("scopes", State.FAILED, text, _("Take it out: moderation refuses it."))
        elif scope not in asked:
            text = _(
                "%(method)s needs %(scope)s, and the card does not ask for it.",
                method=used[scope],
                scope=scope,
            )
            yield Check("scopes", State.FAILED, text, _("Add it to the card."))
        else:
            yield Check("scopes", State.OK, _("%(scope)s: %(method)s", scope=scope, method=used[scope]))
    bound = {event.value for event in card.events}
    for event in sorted(bound ^ HANDLED):
        text = (
            _("Nobody handles %(event)s.", event=event)
            if event in bound
            else _("%(event)s is handled and not bound.", event=event)
        )
        yield Check("events", State.FAILED, text, _("Correct the card."))
    if bound == HANDLED:
        yield Check("events", State.OK, ", ".join(sorted(bound)))


def against_addresses(card: Manifest, settings: Settings) -> Iterator[Check]:
    """Every address of the card answers HEAD with 200, as the Market checks."""
    if not settings.base_url:
        todo = _("Set LEADSWITCH_BASE_URL to check them.")
        yield Check("addresses", State.NOTE, _("The public address of the app is not known."), todo)
        return
    paths = {*card.urls.model_dump().values(), *(place.path for place in card.placements)}
    for path in sorted(paths):
        url = settings.base_url.rstrip("/") + path
        try:
            answer = requests.head(url, timeout=SECONDS, allow_redirects=False)
        except requests.RequestException as problem:
            text = _("%(url)s does not answer (%(problem)s).", url=url, problem=type(problem).__name__)
            yield Check("addresses", State.FAILED, text, _("Start the app, or correct its address."))
            continue
        state = State.OK if answer.status_code == 200 else State.FAILED
        yield Check("addresses", state, _("%(url)s answers %(status)s", url=url, status=answer.status_code))


def against_portal(card: Manifest, here: Here) -> Iterator[Check]:
    """Granted scopes and bound handlers of a portal that installed the app."""
    with here.db.read() as session:
        portal = session.get_one(Portal, here.ref.id)
        kind, base = portal.kind, here.settings.base_url or str(portal.settings.get(BASE_URL, ""))
    if kind != PortalKind.OAUTH:
        text = _("%(host)s is connected by a webhook, which binds nothing.", host=here.ref.host)
        yield Check("portal", State.NOTE, text, _("Give --portal of one that installed the app."))
        return
    yield from guarded("portal", lambda: _scopes(card, here))
    yield from guarded("portal", lambda: _bindings(card, here, base.rstrip("/")))


def _scopes(card: Manifest, here: Here) -> Iterator[Check]:
    answer = here.client.call("scope").result
    granted = set(map(str, answer)) if isinstance(answer, list) else set()
    asked = set(card.scope_list())
    for scope in sorted(asked - granted):
        text = _("%(host)s has not granted %(scope)s.", host=here.ref.host, scope=scope)
        yield Check(
            "portal", State.FAILED, text, _("Correct the app's card in Bitrix24 and install it anew.")
        )
    for scope in sorted(granted - asked):
        text = _(
            "%(host)s grants %(scope)s, which the card does not ask for.", host=here.ref.host, scope=scope
        )
        yield Check("portal", State.FAILED, text, _("Take it out of the app's card in Bitrix24."))
    if granted == asked:
        yield Check("portal", State.OK, _("Granted: %(scopes)s", scopes=", ".join(sorted(granted))))


def _bindings(card: Manifest, here: Here, base: str) -> Iterator[Check]:
    difference = compare(here.client, card, base)
    todo = _("Install the app anew: its installer binds what the card says.")
    for binding in difference.absent:
        yield Check("portal", State.FAILED, _("Not bound: %(what)s", what=_binding(binding)), todo)
    for binding in difference.surplus:
        yield Check(
            "portal", State.FAILED, _("Bound and not in the card: %(what)s", what=_binding(binding)), todo
        )
    for code in difference.missing:
        text = _("%(host)s has no place %(code)s.", host=here.ref.host, code=code)
        yield Check("portal", State.NOTE, text)
    if difference.none:
        yield Check(
            "portal", State.OK, _("%(host)s has bound exactly what the card says.", host=here.ref.host)
        )


def _binding(binding: Binding) -> str:
    return " ".join(part for part in (binding.kind, binding.code, binding.handler, binding.title) if part)
