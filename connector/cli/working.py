"""Working on a run in this terminal: progress, clean pause by Ctrl-C, result and exit code. Shared by `apply` and `runs`."""

import os
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from connector.bitrix.client import BitrixClient
from connector.cli.exits import Exit
from connector.cli.portal import Here
from connector.cli.progress import Meter
from connector.cli.run_view import advice, exit_of, print_run
from connector.cli.shell import Shell
from connector.errors import ConfigError
from connector.i18n import N_, _, hours
from connector.portals import audit, open_client
from connector.reports.run_source import BEHIND, run_source
from connector.reports.runs import action_text, actions_json, lead_json, run_json
from connector.reports.waiting import limit_text
from connector.reports.words import word
from connector.switching import foreground, queries
from connector.switching.progress import RunProgress

PHASES: Mapping[str, str] = {
    "setup": N_("Preparing"),
    "leads": N_("Leads"),
    "sweep": N_("Looking for new leads"),
    "flip": N_("CRM mode"),
    "predict": N_("Predicting"),
    "watch": N_("Watching Bitrix24"),
    "compare": N_("Comparing"),
    "clients": N_("Clients"),
    "verify": N_("Checking"),
    "inquiry": N_("Trying a new inquiry"),
}
F = TypeVar("F", bound=Callable[..., Any])
MOST = 1000
"""Leads left behind that `--json` names; `runs show ID --format json` has all of them."""


class NotConfirmed(ConfigError):
    """Something that changes a portal was not confirmed."""

    key = "config.not_confirmed"
    exit_code = Exit.USAGE
    what = N_("This changes the portal and was not confirmed.")
    todo = N_("Confirm it at the keyboard, or give --yes.")


def wait_option(command: F) -> F:
    """`--wait SECONDS`: how long a run that waits for the CRM mode is waited for."""
    return click.option(
        "--wait",
        type=click.FloatRange(min=0),
        default=0,
        show_default=True,
        metavar="SECONDS",
        help="Wait so long for the CRM mode to be changed.",
    )(command)


def confirm(shell: Shell, question: str, yes: bool) -> None:
    """Ask before a portal is changed. Raises `NotConfirmed` where nobody can be asked."""
    if yes:
        return
    if shell.json or not sys.stdin.isatty():
        raise NotConfirmed()
    if not click.confirm(question, err=True):
        raise click.Abort()


def work(shell: Shell, here: Here, run_id: str, wait: float) -> int:
    """Drive the run until it rests, tell how it stands, answer the exit code."""
    told = False

    def client(portal_id: int, cancel: Callable[[], bool]) -> BitrixClient:
        return open_client(here.db, here.settings, portal_id, clock=here.clock, cancel=cancel)

    with Meter(shell) as meter:

        def show(now: RunProgress) -> None:
            nonlocal told
            phase = word(PHASES, now.phase)
            held_up = limit_text(now.waiting_for or {}, lambda at: hours(at.astimezone()))
            meter.show(
                phase, now.ended, now.total, per_minute=now.rate, left=now.seconds_left, held_up=held_up
            )
            if wait and not told and now.state == "waiting":
                told = True
                for line in advice(run_source(here.db, run_id))[:-1]:
                    shell.say(line)
                shell.say(_("Waiting up to %(n)s seconds for that. Ctrl-C ends the waiting.", n=round(wait)))

        foreground.drive(
            here.db,
            client,
            run_id,
            holder=f"cli:{socket.gethostname()}:{os.getpid()}",
            actor=here.actor,
            wait=wait,
            clock=here.clock,
            show=show,
        )
    return tell(shell, here, run_id)


def tell(shell: Shell, here: Here, run_id: str) -> int:
    """How a run stands, as text or JSON, and its exit code."""
    run = run_source(here.db, run_id)
    behind = queries.leads(here.db, run_id, states=BEHIND, limit=MOST)
    if shell.json:
        actions = actions_json(audit.of_run(here.db, here.ref.id, run_id))
        shell.emit({**run_json(run), "actions": actions, "left_behind": [lead_json(lead) for lead in behind]})
        for line in advice(run):
            shell.say(line)
    else:
        print_run(shell, run, behind)
        for entry in audit.of_run(here.db, here.ref.id, run_id):
            shell.stdout().print(action_text(entry), markup=False, style="dim")
    return exit_of(run)
