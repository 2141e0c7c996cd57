"""`leadswitch sandbox`: the emulated portal in this terminal. Another program of this package: only ever started, never imported."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

MODULE = "connector.sandbox"
F = TypeVar("F", bound=Callable[..., Any])


def world_options(command: F) -> F:
    """`--leads` and `--seed`, shared with `leadswitch demo`."""
    leads = click.option(
        "--leads", type=click.IntRange(0), default=300, show_default=True, help="How many leads."
    )
    seed = click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same portal.")
    return leads(seed(command))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free one."
)
@world_options
@click.option("--mode", type=click.Choice(["classic", "simple"]), default="classic", show_default=True)
@click.option(
    "--plan",
    type=click.Choice(["enterprise", "professional", "no-leads"]),
    default="enterprise",
    show_default=True,
    help="The Bitrix24 plan: its limits, and whether Classic CRM is part of it.",
)
@click.option("--limits", type=click.Choice(["documented", "off"]), default="documented", show_default=True)
@click.option("--tls", is_flag=True, help="Also HTTPS, with a throw-away authority.")
@click.option("--self-hosted", is_flag=True, help="A self-hosted portal with the companion installed.")
def sandbox(tls: bool, self_hosted: bool, **values: object) -> None:
    """Only the sandbox portal.

    When ready it prints one JSON line with its addresses and keys (docs/cli.md), then serves until SIGTERM or Ctrl-C.
    """
    arguments = [part for name, value in values.items() for part in (f"--{name}", str(value))]
    arguments += ["--tls"] * tls + ["--self-hosted"] * self_hosted
    command = [sys.executable, "-m", MODULE, *arguments]
    if os.name == "posix":
        os.execv(sys.executable, command)  # noqa: S606  (signals reach the sandbox itself)
    sys.exit(subprocess.call(command))  # noqa: S603
