"""`leadswitch keys`: the secret keys that encrypt credentials. Prints no key but a fresh one that is not in use yet."""

import click

from connector.cli.portal import database, load_settings
from connector.cli.shell import Shell, json_option, pass_shell
from connector.i18n import _, ngettext
from connector.store.keyfile import new_key
from connector.store.keyring import SETTING
from connector.store.rotation import Rotated
from connector.store.rotation import rotate as rotate_keys


@click.group()
def keys() -> None:
    """Make secret keys, and change them without losing what they encrypt.

    Keys live in a file in the data folder, or in LEADSWITCH_SECRET_KEYS when that is set.
    """


@keys.command()
def new() -> None:
    """Print a fresh key, for LEADSWITCH_SECRET_KEYS. It is used by nobody until you put it there."""
    click.echo(new_key())


@keys.command()
@click.option("--drop-old", is_flag=True, help="Then take the older keys out of the key file.")
@json_option
@pass_shell
def rotate(shell: Shell, drop_old: bool) -> None:
    """Encrypt everything in the database anew with the newest key; a key file gets a fresh key first.

    Can be repeated: what was interrupted is finished. Keys in LEADSWITCH_SECRET_KEYS are yours to change: put the new one
    in front, rotate, then take the older ones away. A running `leadswitch serve` follows the key file by itself.
    """
    settings = load_settings(shell)
    with database(settings) as db:
        done = rotate_keys(db, drop_old=drop_old)
        file, count = db.keyring.file, len(db.keyring) - done.dropped
    if shell.json:
        source = "file" if file is not None else "environment"
        shell.emit(
            {
                "source": source,
                "keys": count,
                "added": done.added,
                "dropped": done.dropped,
                "values": done.values,
                "sealed": done.sealed,
            }
        )
        return
    for line in _told(done, count, in_file="" if file is None else str(file)):
        shell.say(line)


def _told(done: Rotated, count: int, *, in_file: str) -> list[str]:
    lines = [_("A new key was added to %(file)s. Back the file up.", file=in_file)] if done.added else []
    if done.sealed or done.added:
        lines.append(
            ngettext(
                "%(n)s value was encrypted anew with the newest key.",
                "%(n)s values were encrypted anew with the newest key.",
                done.sealed,
            )
        )
    else:
        lines.append(_("Nothing to do: everything is encrypted with the newest key."))
    if done.dropped:
        lines.append(_("Older keys taken out of the file: %(count)s.", count=done.dropped))
    elif count > 1 and in_file:
        lines.append(_("The older keys are still in the file; --drop-old takes them out."))
    elif count > 1:
        lines.append(_("Every older key can be taken out of %(setting)s now.", setting=SETTING))
    elif not in_file:
        lines.append(
            _(
                "To change the key, put one from `leadswitch keys new` in front in %(setting)s, then rotate.",
                setting=SETTING,
            )
        )
    return lines
