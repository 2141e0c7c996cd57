"""`leadswitch watch`: reads the CRM mode again and again, tells each change, and lets the portal's rules act. Changes nothing by itself."""

import json
import os
import shlex
import subprocess
from collections.abc import Sequence
from typing import Any

import click

from connector.cli.hooks import deliver
from connector.cli.portal import Here, connected
from connector.cli.shell import Shell, json_option, pass_shell, portal_options
from connector.errors import ConfigError
from connector.i18n import N_, _, moment
from connector.planning.model import CrmMode
from connector.portals import modes
from connector.portals.modes import Change
from connector.reports.words import MODE, word
from connector.switching.modes import read_mode
from webhooks.actions.tools import tools
from webhooks.rules.dispatch import dispatch
from webhooks.watch import aftermath, reader


class NoCommand(ConfigError):
    """What `--exec` names cannot be run."""

    key = "config.no_command"
    what = N_("The command cannot be run: %(reason)s")


@click.command()
@click.option(
    "--every", type=click.FloatRange(min=1), default=60, show_default=True, help="Seconds between readings."
)
@click.option("--count", type=click.IntRange(1), help="End after so many changes.")
@click.option("--for", "seconds", type=click.FloatRange(min=0), help="End after so many seconds.")
@click.option(
    "--exec", "command", metavar="CMD", help="Run this for each change; it gets the change as JSON."
)
@portal_options
@json_option
@pass_shell
def watch(shell: Shell, every: float, count: int | None, seconds: float | None, command: str | None) -> None:
    """Tell when the CRM mode changes. Ctrl-C ends it.

    One line per change; with --json one JSON object per line. CMD runs without a shell, with the change on its standard input and
    LEADSWITCH_FROM and LEADSWITCH_TO in its environment. The rules of this portal act while it runs (`leadswitch rules`).
    """
    words = _words(command)
    with connected(shell) as here:
        # The first reading may fail loudly; later ones are waited out.
        mode = read_mode(here.client)
        known = max((change.id for change in modes.changes(here.db, here.ref.id, limit=1)), default=0)
        shell.say(
            _("%(host)s is in %(mode)s. Watching; Ctrl-C ends it.", host=here.ref.host, mode=_name(mode))
        )
        until = None if seconds is None else here.clock.monotonic() + seconds
        told = 0
        while True:
            for change in _look(shell, here, known):
                known, told = change.id, told + 1
                _tell(shell, change)
                _run(shell, words, change)
                if count is not None and told >= count:
                    return
            left = every if until is None else min(every, until - here.clock.monotonic())
            if left <= 0:
                return
            here.clock.sleep(left)


def _look(shell: Shell, here: Here, known: int) -> Sequence[Change]:
    """One reading, what rules make of it, and the changes that are new, oldest first, whoever noticed them."""
    kit = tools(here.db, here.settings, here.clock)
    read = reader.read(kit, here.ref.id, "shell")
    if read.error:
        shell.say(_("The mode could not be read just now (%(error)s); it is read again.", error=read.error))
    for due in aftermath.due(here.db, here.clock.now(), portal_id=here.ref.id):
        aftermath.report(kit, due)
    dispatch(here.db, clock=here.clock, portal_id=here.ref.id)
    deliver(here)
    return [change for change in reversed(modes.changes(here.db, here.ref.id)) if change.id > known]


def _tell(shell: Shell, change: Change) -> None:
    if shell.json:
        click.echo(json.dumps(change_json(change), ensure_ascii=False))
        return
    line = f"{moment(change.noticed_at)}  {_name(change.from_mode)} → {_name(change.to_mode)}"
    if change.report:
        line += " · " + _(
            "converted: %(converted)s, deals: %(deals)s, still in work: %(left)s",
            converted=change.report["converted"],
            deals=change.report["deals"],
            left=change.report["left"],
        )
    click.echo(line)


def _name(mode: str | CrmMode) -> str:
    return word(MODE, str(mode))


def _words(command: str | None) -> list[str]:
    if command is None:
        return []
    try:
        words = shlex.split(command)
    except ValueError as problem:
        raise NoCommand(reason=str(problem)) from None
    if not words:
        raise NoCommand(reason=_("it is empty"))
    return words


def _run(shell: Shell, words: Sequence[str], change: Change) -> None:
    if not words:
        return

    names = {"LEADSWITCH_FROM": change.from_mode, "LEADSWITCH_TO": change.to_mode}
    try:
        done = subprocess.run(  # noqa: S603  (what the person at the keyboard asked for, without a shell)
            words,
            input=json.dumps(change_json(change), ensure_ascii=False) + "\n",
            text=True,
            env={**os.environ, **names},
            stdout=2 if shell.json else None,
            check=False,
        )
    except OSError as problem:
        raise NoCommand(reason=problem.strerror or type(problem).__name__) from None
    if done.returncode:
        shell.say(_("%(command)s ended with exit code %(code)s.", command=words[0], code=done.returncode))


def change_json(change: Change) -> dict[str, Any]:
    """A change of the mode as JSON answers show it; `report` says what became of the leads when no run of ours waited for it."""
    return {
        "id": change.id,
        "from": change.from_mode,
        "to": change.to_mode,
        "after": change.after.isoformat() if change.after else None,
        "noticed_at": change.noticed_at.isoformat(),
        "noticed_by": change.noticed_by,
        "run": change.run,
        "report": dict(change.report) if change.report else None,
    }
