"""What `leadswitch doctor` looks at, one function per check. Must never change anything but the tables of our own database."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from connector.cli.portal import NoPortal, connected, database
from connector.cli.shell import Shell
from connector.errors import LeadswitchError, sentences
from connector.i18n import _
from connector.portals import all_portals
from connector.portals.manifest import app_manifest
from connector.reports.words import MODE, word
from connector.settings import PREFIX, Settings

# Variables with our prefix that are no settings: read before settings are, or by the tests.
_OTHER_VARIABLES = {"LEADSWITCH_DEBUG"}

# Scope → why. `crm` is needed, the others only make plans say more.
_SCOPES: Mapping[str, bool] = {
    "crm": True,
    "user_brief": False,
    "bizproc": False,
    "imopenlines": False,
    "telephony": False,
}


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    NOTE = "note"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor: what was looked at, how it is, and what to do if it is not well."""

    name: str
    state: State
    what: str
    todo: str = ""


def examine(shell: Shell) -> Iterator[Check]:
    """All checks in order; one that needs an earlier one that failed is left out."""
    settings: list[Settings] = []
    yield from guarded("settings", lambda: _settings(shell, settings))
    yield from guarded("manifest", _manifest)
    if not settings:
        return
    yield from guarded("data folder", lambda: _data_folder(settings[0]))
    broken = False
    for check in guarded("database", lambda: _database(settings[0])):
        broken = broken or check.state is State.FAILED
        yield check
    yield from _app(settings[0])
    if not broken:
        yield from guarded("portal", lambda: _portal(shell))


def guarded(name: str, checks: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """The checks; what they raise becomes a failed one that says what to do."""
    try:
        yield from checks()
    except LeadswitchError as error:
        text, *said = sentences({**error.told(), "kept": ""}, _)
        detail = str(error)
        if not detail.startswith(text):
            text = f"{text} ({detail})"
        yield Check(name, State.FAILED, text, " ".join(said))
    except OSError as error:
        yield Check(name, State.FAILED, f"{error.filename or ''}: {error.strerror}")


def _settings(shell: Shell, found: list[Settings]) -> Iterator[Check]:
    settings = Settings.load(webhook=shell.webhook, portal=shell.domain or None)
    found.append(settings)
    known = {row.env for row in Settings.table()}
    given = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in _OTHER_VARIABLES)
    used = [name for name in given if name in known]
    yield Check("settings", State.OK, _("Set in the environment: %(names)s", names=", ".join(used) or "–"))
    for name in given:
        if name not in known:
            yield Check(
                "settings", State.NOTE, _("%(name)s is not a setting.", name=name), _("Check its spelling.")
            )


def _manifest() -> Iterator[Check]:
    card = app_manifest()
    yield Check(
        "manifest",
        State.OK,
        _(
            "App card %(version)s, permissions: %(scopes)s",
            version=card.version,
            scopes=", ".join(card.scope_list()),
        ),
    )


def _data_folder(settings: Settings) -> Iterator[Check]:
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.data_dir):
        yield Check("data folder", State.OK, str(settings.data_dir))
    if settings.key_file.exists() and settings.key_file.stat().st_mode & 0o077:
        yield Check(
            "data folder",
            State.FAILED,
            _("Other users of this machine can read the key file %(file)s.", file=settings.key_file),
            f"chmod 600 {settings.key_file}",
        )


def _database(settings: Settings) -> Iterator[Check]:
    with database(settings) as db:
        kind = "SQLite" if db.is_sqlite else "PostgreSQL"
        portals = all_portals(db)
        yield Check(
            "database", State.OK, _("%(kind)s, up to date, %(n)s portals known", kind=kind, n=len(portals))
        )


def _app(settings: Settings) -> Iterator[Check]:
    missing = [
        PREFIX + name.upper()
        for name, value in (
            ("base_url", settings.base_url),
            ("client_id", settings.client_id),
            ("client_secret", settings.client_secret.get_secret_value()),
        )
        if not value
    ]
    if len(missing) == 3:
        yield Check(
            "app",
            State.NOTE,
            _("Only the command line is set up."),
            _("For `leadswitch serve` set %(names)s.", names=", ".join(missing)),
        )
    elif missing:
        yield Check(
            "app",
            State.FAILED,
            _("Not set: %(names)s.", names=", ".join(missing)),
            _("Copy them from the app's card in Bitrix24."),
        )
    else:
        yield Check("app", State.OK, settings.base_url)


def _portal(shell: Shell) -> Iterator[Check]:
    try:
        with connected(shell) as here:
            owner = here.owner
            yield Check(
                "portal", State.OK, _("%(host)s answers as %(name)s", host=here.ref.host, name=owner.name)
            )
            if owner.is_admin:
                yield Check("permissions", State.OK, _("%(name)s is an administrator.", name=owner.name))
            else:
                yield Check(
                    "permissions",
                    State.FAILED,
                    _(
                        "%(name)s is not an administrator: Bitrix24 hides leads without saying so.",
                        name=owner.name,
                    ),
                    _("Use the webhook of an administrator."),
                )
            yield from _scopes(set(map(str, _list(here.client.call("scope").result))))
            mode = here.client.call("crm.settings.mode.get").result
            yield Check(
                "CRM mode", State.OK, word(MODE, {"1": "classic", "2": "simple"}.get(str(mode), str(mode)))
            )
    except NoPortal as none:
        yield Check("portal", State.NOTE, _(none.what), _(none.todo))


def _scopes(granted: set[str]) -> Iterator[Check]:
    for scope, needed in _SCOPES.items():
        if scope in granted or (scope == "user_brief" and granted & {"user", "user_basic"}):
            yield Check("permissions", State.OK, _("Permission %(scope)s is granted.", scope=scope))
        elif needed:
            yield Check(
                "permissions",
                State.FAILED,
                _("Permission %(scope)s is missing.", scope=scope),
                _("Add it to the webhook or re-install the app."),
            )
        else:
            yield Check(
                "permissions",
                State.NOTE,
                _("Permission %(scope)s is missing: plans will say less.", scope=scope),
            )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
