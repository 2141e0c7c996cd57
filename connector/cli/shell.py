"""What every command shares: which portal is meant, where results and progress go. Must never write a secret anywhere.

Results go to standard output, everything else to standard error, so that `leadswitch … --json | jq` always works.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from rich.text import Text

F = TypeVar("F", bound=Callable[..., Any])

# What a table may take when standard output is a file or a pipe: nothing is cut there.
WIDE = 240


@dataclass
class Shell:
    """One command line while it runs. `secrets` are masked in every message."""

    json: bool = False
    webhook: SecretStr | None = None
    domain: str = ""
    secrets: list[str] = field(default_factory=list)

    def stderr(self) -> Console:
        """Where progress and messages go; plain text when it is not a terminal."""
        return Console(stderr=True, highlight=False, soft_wrap=True)

    def stdout(self) -> Console:
        """Where tables for people go; as wide as the terminal, or wide enough in a pipe."""
        width = None if sys.stdout.isatty() else WIDE
        return Console(highlight=False, width=width)

    def say(self, message: str, *, style: str | None = None) -> None:
        """A line for the person at the keyboard, never part of a result."""
        self.stderr().print(Text(message, style=style or ""))

    def emit(self, document: Any) -> None:
        """The one JSON result of a command with `--json`."""
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")
        sys.stdout.flush()

    def keep_secret(self, secret: str) -> None:
        """Remember a secret, and the key inside it when it is a webhook URL, so that no message can carry it."""
        parts = [part for part in urlsplit(secret).path.split("/") if len(part) >= 4 and part != "rest"]
        self.secrets += [secret, *parts]


def table(*columns: str, right: Sequence[int] = ()) -> Table:
    """An unboxed table as all commands print them; the columns with these places are flush right."""
    result = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for place, column in enumerate(columns):
        result.add_column(Text(column), justify="right" if place in right else "left", overflow="fold")
    return result


def rows(into: Table, lines: Sequence[Sequence[object]]) -> Table:
    """Add lines to a table; every cell is shown as it is."""
    for line in lines:
        into.add_row(*(Text("" if cell is None else str(cell)) for cell in line))
    return into


def _store_webhook(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    shell = ctx.ensure_object(Shell)
    if value:
        shell.webhook = SecretStr(value)
        shell.keep_secret(value)


def _store_portal(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value:
        ctx.ensure_object(Shell).domain = value


def _store_json(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Shell).json = True


def portal_options(command: F) -> F:
    """`--webhook URL` and `--portal DOMAIN`, understood before and after the command's name."""
    for decorate in (
        click.option(
            "--portal",
            metavar="DOMAIN",
            expose_value=False,
            callback=_store_portal,
            help="A portal that installed the app, by its domain.",
        ),
        click.option(
            "--webhook",
            metavar="URL",
            expose_value=False,
            callback=_store_webhook,
            help="An incoming webhook. Better: LEADSWITCH_WEBHOOK, which no process list shows.",
        ),
    ):
        command = decorate(command)
    return command


def json_option(command: F) -> F:
    """`--json`: the result as one JSON document on standard output and nothing else there."""
    return click.option(
        "--json",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_store_json,
        help="The result as one JSON document (docs/cli.md), nothing else on standard output.",
    )(command)


pass_shell = click.make_pass_decorator(Shell, ensure=True)
