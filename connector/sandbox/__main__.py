"""`python -m connector.sandbox`: start one sandbox portal, print its ready line, serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence

from connector.sandbox.server import SandboxServer


def parser() -> argparse.ArgumentParser:
    """The command line; a wrong argument is a usage error (exit code 2)."""
    cli = argparse.ArgumentParser(prog="python -m connector.sandbox", description=__doc__)
    cli.add_argument("--host", default="127.0.0.1")
    cli.add_argument("--port", type=int, default=0)
    cli.add_argument("--leads", type=int, default=300)
    cli.add_argument("--seed", type=int, default=1)
    cli.add_argument("--mode", choices=("classic", "simple"), default="classic")
    cli.add_argument("--plan", choices=("enterprise", "professional", "no-leads"), default="enterprise")
    cli.add_argument("--limits", choices=("documented", "off"), default="documented")
    cli.add_argument("--tls", action="store_true")
    cli.add_argument("--self-hosted", action="store_true")
    cli.add_argument("--mix", choices=("A", "B", "C"), default="")
    cli.add_argument("--client-id", default="")
    cli.add_argument("--client-secret", default="")
    cli.add_argument("--app-url", default="")
    cli.add_argument("--install-url", default="")
    return cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; 0 on a clean stop, 2 on wrong options, 1 when the port cannot be bound."""
    options = vars(parser().parse_args(arguments))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        server = SandboxServer(**options)
    except ValueError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 2
    try:
        server.start()
    except (OSError, SystemExit) as error:
        sys.stderr.write(f"sandbox: cannot listen on {options['host']}:{options['port']}: {error}\n")
        return 1
    sys.stdout.write(json.dumps(server.ready) + "\n")
    sys.stdout.flush()
    stop.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
