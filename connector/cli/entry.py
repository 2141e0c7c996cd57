"""The entry point `leadswitch` and its table of commands. A command's module is imported only when that command is asked for."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import NamedTuple, NoReturn

import click

from connector import i18n
from connector.cli import failures
from connector.cli.shell import Shell, portal_options

LANGUAGE = "LEADSWITCH_LANGUAGE"


class _Command(NamedTuple):
    module: str
    help: str


# Order is the order of `leadswitch --help`. Each module holds a click command named like the row.
COMMANDS: dict[str, _Command] = {
    "demo": _Command("demo", "A sandbox portal with the app inside, on this machine, in your browser."),
    "sandbox": _Command("sandbox", "Only the sandbox portal: an emulated Bitrix24 for tests and scripts."),
    "status": _Command("status", "CRM mode, pipelines and active leads of a portal."),
    "pipelines": _Command("pipelines", "List, show and change deal pipelines and their stages."),
    "plan": _Command("plan", "Dry run: what a switch would do to every lead. Changes nothing."),
    "show": _Command("show", "Read a plan file: totals, findings, one lead before and after."),
    "apply": _Command("apply", "Carry out a plan file, resumable and reversible."),
    "runs": _Command("runs", "List, show, pause, resume, cancel, retry and undo runs."),
    "watch": _Command("watch", "Tell when the CRM mode changes; run a command then."),
    "rules": _Command("rules", "What is to happen when something happens: list, add, try out, switch."),
    "hooks": _Command("hooks", "Outgoing webhooks: endpoints, tests, deliveries."),
    "listen": _Command("listen", "Receive webhooks on this machine, verify and print them."),
    "serve": _Command("serve", "The app for real portals."),
    "companion": _Command(
        "companion", "A PHP file with which a self-hosted Bitrix24 lets its CRM mode be set."
    ),
    "keys": _Command("keys", "Make and change the keys that encrypt credentials."),
    "api-keys": _Command("api_keys", "Make, list and revoke keys of the JSON API."),
    "manifest": _Command("manifest", "Compare the app card with code, addresses and portal."),
    "doctor": _Command("doctor", "Check configuration, database, portal and permissions; says what to do."),
}


class _Commands(click.Group):
    """A group whose commands come from the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        command = getattr(import_module(f"connector.cli.{row.module}"), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.help) for name, row in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("leadswitch"), prog_name="leadswitch")
@portal_options
def cli() -> None:
    """Change a Bitrix24 portal's CRM mode safely: see what happens to every lead, do it, undo it.

    The portal is given by LEADSWITCH_WEBHOOK in the environment (an incoming webhook URL), by --webhook, or by
    --portal DOMAIN for one that installed the app. Start with `leadswitch demo`.
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command line and answer its exit code; never raises, never lets a traceback out."""
    shell = Shell()
    # Before settings are read, because what is wrong with them has to be said in some language, too.
    i18n.set_default(os.environ.get(LANGUAGE) or i18n.system_language())
    with failures.told(shell) as outcome:
        result = cli.main(args=list(arguments), prog_name="leadswitch", standalone_mode=False, obj=shell)
        outcome.code = int(result) if isinstance(result, int) else 0
    return outcome.code


def main() -> NoReturn:
    """What the console script and `python -m connector.cli` call."""
    sys.exit(run(sys.argv[1:]))
