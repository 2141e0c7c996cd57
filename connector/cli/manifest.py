"""`leadswitch manifest check`: the app card beside our code, the addresses it names and a portal. Must never bind or unbind anything."""

from collections.abc import Iterator
from dataclasses import asdict

import click

from connector.cli import cardchecks
from connector.cli.checks import Check, State, guarded
from connector.cli.doctor import WORDS, masked
from connector.cli.exits import Exit
from connector.cli.portal import NoPortal, connected, load_settings
from connector.cli.shell import Shell, json_option, pass_shell, portal_options, rows, table
from connector.i18n import N_, _
from connector.portals.manifest import app_manifest

NAMES = {
    "card": N_("app card"),
    "scopes": N_("permissions"),
    "events": N_("events"),
    "addresses": N_("addresses"),
    "portal": N_("portal"),
}


@click.group()
def manifest() -> None:
    """The app card (app_manifest.json), as it goes into Bitrix24 and its Market."""


@manifest.command()
@portal_options
@json_option
@pass_shell
def check(shell: Shell) -> int:
    """Compare the app card with the code, with the addresses it names, and with a portal that installed the app.

    Changes nothing. Without a portal, or with one that is connected by a webhook, only code and addresses are compared.
    """
    found = [masked(shell, one) for one in _all(shell)]
    well = all(one.state is not State.FAILED for one in found)
    if shell.json:
        shell.emit({"ok": well, "checks": [asdict(one) for one in found]})
    else:
        lines = [(_(WORDS[one.state]), _(NAMES[one.name]), one.what, one.todo) for one in found]
        shell.stdout().print(rows(table("", _("Checked"), _("Found"), _("What to do")), lines))
    return Exit.DONE if well else Exit.FAILED


def _all(shell: Shell) -> Iterator[Check]:
    card = app_manifest()
    text = _("Version %(version)s, languages: %(codes)s", version=card.version, codes=", ".join(card.locales))
    yield Check("card", State.OK, text)
    yield from cardchecks.against_code(card)
    yield from cardchecks.against_addresses(card, load_settings(shell))
    yield from guarded("portal", lambda: _portal(shell))


def _portal(shell: Shell) -> Iterator[Check]:
    try:
        with connected(shell) as here:
            yield from cardchecks.against_portal(app_manifest(), here)
    except NoPortal as none:
        yield Check("portal", State.NOTE, _(none.what), _(none.todo))
