"""`leadswitch api-keys`: keys of the JSON API for one portal. Must never print a key but the one that it has just made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from connector.cli.portal import Here, connected
from connector.cli.shell import Shell, json_option, pass_shell, portal_options, rows, table
from connector.errors import BitrixError
from connector.i18n import N_, _, moment
from connector.portals import api_keys as room
from connector.portals.api_keys import KeyCard, Scope
from connector.portals.rights import Action

READING = tuple(scope for scope in Scope if scope.endswith(":read"))
STATES: Mapping[str, str] = {"active": N_("active"), "expired": N_("expired"), "revoked": N_("revoked")}


@click.group(name="api-keys")
def api_keys() -> None:
    """Make, list and revoke keys of the JSON API.

    A key opens one portal and may do what its scopes say (docs/api.md). The keys that encrypt the database are another thing:
    `leadswitch keys`.
    """


@api_keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    help="What it may do; can be repeated. Without it: read everything.",
)
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires; without it, never.")
@portal_options
@json_option
@pass_shell
def create(shell: Shell, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a key and print it, once: it is kept as a hash and cannot be shown again. NAME says what it is for."""
    with connected(shell) as here:
        here.require(Action.API_KEYS)
        chosen = [Scope(one) for one in scopes] or list(READING)
        card, text = room.create(
            here.db, here.ref.id, here.actor, name=name, scopes=chosen, days=days, clock=here.clock
        )
    if shell.json:
        shell.emit({**key_json(card), "key": text})
        return
    click.echo(text)
    shell.say(_("This key is shown only now. Keep it where passwords are kept."))


@api_keys.command("list")
@portal_options
@json_option
@pass_shell
def list_(shell: Shell) -> None:
    """All keys of the portal, the newest first, revoked ones too."""
    with connected(shell) as here:
        found = room.listed(here.db, here.ref.id, clock=here.clock)
    if shell.json:
        shell.emit({"keys": [key_json(card) for card in found]})
        return
    if not found:
        shell.say(_("There is no API key yet."))
        return
    shown = table("ID", _("Name"), _("State"), _("Last used"), _("Expires"), _("Permissions"))
    lines = [
        (
            card.id,
            card.name,
            _(STATES[card.state]),
            _when(card.last_used_at),
            _when(card.expires_at),
            ", ".join(card.scopes),
        )
        for card in found
    ]
    shell.stdout().print(rows(shown, lines))


@api_keys.command()
@click.argument("key_id", metavar="ID")
@portal_options
@json_option
@pass_shell
def revoke(shell: Shell, key_id: str) -> None:
    """Close a key for good, from its next request on. ID is the one in the list."""
    with connected(shell) as here:
        card = room.revoke(here.db, here.ref.id, key_id, _actor(here), clock=here.clock)
    if shell.json:
        shell.emit(key_json(card))
    else:
        shell.say(_("The API key “%(name)s” is revoked.", name=card.name))


def key_json(card: KeyCard) -> dict[str, Any]:
    """A key as JSON answers show it, without its secret."""
    return {
        "id": card.id,
        "name": card.name,
        "state": card.state,
        "scopes": list(card.scopes),
        "created_by": dict(card.created_by),
        "created_at": card.created_at.isoformat(),
        "expires_at": card.expires_at.isoformat() if card.expires_at else None,
        "revoked_at": card.revoked_at.isoformat() if card.revoked_at else None,
        "last_used_at": card.last_used_at.isoformat() if card.last_used_at else None,
    }


def _actor(here: Here) -> dict[str, Any]:
    """Who revokes. A key must be revocable when the portal does not answer, too."""
    try:
        return here.actor
    except BitrixError:
        return {"user_id": None, "name": "", "via": "cli"}


def _when(at: datetime | None) -> str:
    return moment(at.astimezone()) if at is not None else "–"
