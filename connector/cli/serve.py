"""`leadswitch serve`: the app for real portals, until SIGTERM or Ctrl-C. All its settings come from the environment."""

import signal
import sys
from types import FrameType

import click

from connector.cli.children import is_free
from connector.cli.demo import PortTaken
from connector.cli.portal import load_settings
from connector.cli.shell import Shell, pass_shell
from connector.i18n import N_, _
from connector.web.serve import run


class ServerPortTaken(PortTaken):
    """`LEADSWITCH_PORT` is in use."""

    todo = N_("Stop what uses it, or set LEADSWITCH_PORT to another one.")


@click.command()
@pass_shell
def serve(shell: Shell) -> None:
    """The app for real portals.

    Settings: see README, or `leadswitch doctor`. Put an HTTPS proxy in front and set LEADSWITCH_BASE_URL to its address.
    """
    settings = load_settings(shell)
    if settings.port and not is_free(settings.port, settings.host):
        raise ServerPortTaken(port=settings.port)
    signal.signal(signal.SIGTERM, _stop)
    shell.say(
        _(
            "Listening on http://%(host)s:%(port)s. Press Ctrl-C to stop.",
            host=settings.host,
            port=settings.port,
        )
    )
    run(settings)


def _stop(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends the server as Ctrl-C does: runs are left at a safe point and go on at the next start."""
    sys.exit(0)
