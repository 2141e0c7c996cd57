"""`leadswitch demo`: the sandbox portal and the app, together, on this machine, gone without a trace when it ends.

It must never read or change the configuration, data or portals of a real installation: both processes get a folder and
an environment of their own. The portal is opened as 127.0.0.1 and the app as localhost, so that the app's frame is
cross-site for the browser, as it is inside a real Bitrix24.
"""

import json
import os
import sys
import tempfile
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import click
import requests

from connector.cli.children import Child, free_port, is_free, stop_signals
from connector.cli.sandbox import MODULE as SANDBOX
from connector.cli.sandbox import world_options
from connector.cli.shell import Shell, pass_shell
from connector.clock import Clock, SystemClock
from connector.errors import ConfigError
from connector.i18n import N_, _
from connector.portals.manifest import app_manifest
from connector.settings import PREFIX

USUAL_PORT = 8080
START_SECONDS = 60.0
WATCH_SECONDS = 0.5
LOOPBACK = "127.0.0.1"


class PortTaken(ConfigError):
    """The port asked for is in use."""

    key = "config.port_taken"
    what = N_("Port %(port)s is in use.")
    todo = N_("Give another one with --port; 0 takes a free one.")


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=None,
    help=f"Port of the portal page; 0 takes a free one.  [default: {USUAL_PORT}, or a free one when it is in use]",
)
@world_options
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option(
    "--self-hosted", is_flag=True, help="A self-hosted portal with the companion: its mode is set over REST."
)
@pass_shell
def demo(
    shell: Shell, *, port: int | None, leads: int, seed: int, no_browser: bool, self_hosted: bool
) -> None:
    """A sandbox portal with the app inside, in your browser.

    Prints one address: the page of an emulated Bitrix24 portal with messy leads and Leadswitch installed. Nothing leaves
    this machine, and everything is removed when you press Ctrl-C.
    """
    with stop_signals() as stop, tempfile.TemporaryDirectory(prefix="leadswitch-demo-") as folder:
        shell.say(_("Starting a sandbox portal with %(n)s leads and the app …", n=leads))
        arguments = ["--port", str(_portal_port(port)), "--leads", str(leads), "--seed", str(seed)]
        arguments += ["--self-hosted"] * self_hosted
        with _running(Path(folder), arguments, SystemClock()) as (children, address):
            click.echo(address)
            shell.say(_("Open this address in your browser. Press Ctrl-C here to stop."))
            if not no_browser and _has_browser():
                webbrowser.open(address)
            _watch(children, stop)
        shell.say(_("Stopped; nothing is left behind."))


@contextmanager
def _running(folder: Path, world: Sequence[str], clock: Clock) -> Iterator[tuple[tuple[Child, ...], str]]:
    """Both processes, ready; yields them and the address of the portal page; stopped at the end. `world`: the sandbox's options."""
    started: list[Child] = []
    env = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    app_port = free_port()
    app_url = f"http://localhost:{app_port}"
    try:
        paths = app_manifest().urls
        pages = ["--app-url", app_url + paths.handler, "--install-url", app_url + paths.installer]
        arguments = ["--host", LOOPBACK, *world, *pages]
        portal = Child(_("The sandbox portal"), SANDBOX, arguments, log=folder / "sandbox.log", env=env)
        started.append(portal)
        ready = json.loads(portal.first_line(START_SECONDS))
        app = Child(
            _("The app"),
            "connector.cli",
            ["serve"],
            log=folder / "app.log",
            env=env | _app_settings(folder, app_port, app_url, ready),
        )
        started.append(app)
        app.wait_ready(lambda: _answers(f"http://{LOOPBACK}:{app_port}/readyz"), clock, START_SECONDS)
        yield (portal, app), f"{ready['portal']}/"
    finally:
        for child in reversed(started):
            child.stop()


def _app_settings(folder: Path, port: int, url: str, ready: Mapping[str, str]) -> dict[str, str]:
    values = {
        "DATA_DIR": str(folder / "data"),
        "BASE_URL": url,
        "HOST": LOOPBACK,
        "PORT": str(port),
        "CLIENT_ID": ready["client_id"],
        "CLIENT_SECRET": ready["client_secret"],
        "OAUTH_SERVERS": ready["oauth"],
        "LOG_LEVEL": "warning",
        # Receivers of the demo are on this machine, too.
        "WEBHOOK_PRIVATE_NETWORKS": "true",
    }
    return {PREFIX + name: value for name, value in values.items()}


def _portal_port(asked: int | None) -> int:
    """The port asked for, which must be free; else the usual one or any free one."""
    if asked is None:
        return USUAL_PORT if is_free(USUAL_PORT) else 0
    if asked and not is_free(asked):
        raise PortTaken(port=asked)
    return asked


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _has_browser() -> bool:
    """Whether there is a screen to open a browser on."""
    if sys.platform.startswith(("win", "darwin")):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _watch(children: tuple[Child, ...], stop: Event) -> None:
    """Until somebody asks to stop. Raises ChildFailed when a process ends by itself."""
    while not stop.wait(WATCH_SECONDS):
        for child in children:
            if not child.alive:
                raise child.failure(_("ended"))
