"""`leadswitch listen`: a receiver for webhooks on this machine, to see what arrives. Prints only what a signature proves."""

import base64
import binascii
import json
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

import click
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from connector.cli.children import is_free
from connector.cli.demo import PortTaken
from connector.cli.shell import Shell, json_option, pass_shell
from connector.errors import ConfigError
from connector.i18n import N_, _

LARGEST = 64 * 1024
PREFIX, LEAST_KEY = "whsec_", 24
"""Standard Webhooks: 24 to 64 bytes."""
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")
SECRET = "LEADSWITCH_LISTEN_SECRET"  # noqa: S105  (the name of the variable)


class NoSecret(ConfigError):
    """Without a secret nothing can be verified."""

    key = "config.no_listen_secret"
    what = N_("The signing secret of the endpoint is missing or is none.")
    todo = N_("Set LEADSWITCH_LISTEN_SECRET to what `leadswitch hooks add` printed (whsec_…).")


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Deliveries are told by the receiver, nothing else is."""


class Receiver:
    """A WSGI application: 204 for a verified delivery, 401 for one that is not, 413 for one that is too large."""

    def __init__(self, secret: str, shell: Shell, count: int | None) -> None:
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except ValueError:
            key = b""
        if not secret.startswith(PREFIX) or len(key) < LEAST_KEY:
            raise NoSecret()
        self._verifier = Webhook(secret)
        self._shell, self._left = shell, count
        self._seen: set[str] = set()
        self._guard = threading.Lock()
        self.enough = threading.Event()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        request.max_content_length = LARGEST
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return Response("", 405)
        try:
            body = request.get_data()
        except RequestEntityTooLarge:
            return Response("", 413)
        signed = {name: request.headers.get(name, "") for name in SIGNED}
        try:
            self._verifier.verify(body, signed)
            document = json.loads(body)
        except (WebhookVerificationError, ValueError, binascii.Error, KeyError):
            self._shell.say(_("Refused: the signature does not fit."))
            return Response("", 401)
        self._tell(signed["webhook-id"], document)
        return Response("", 204)

    def _tell(self, id_: str, document: Any) -> None:
        with self._guard:
            again = id_ in self._seen
            self._seen.add(id_)
            if self._shell.json:
                click.echo(json.dumps({"id": id_, "again": again, "event": document}, ensure_ascii=False))
            else:
                kind = document.get("type", "") if isinstance(document, dict) else ""
                click.echo(f"{id_}  {kind}{'  ' + _('again') if again else ''}")
                click.echo(json.dumps(document, ensure_ascii=False, indent=2))
            sys.stdout.flush()
            if self._left is not None and not again:
                self._left -= 1
                if self._left <= 0:
                    self.enough.set()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9000, show_default=True, help="0 takes a free one."
)
@click.option("--count", type=click.IntRange(1), help="End after so many deliveries.")
@click.option(
    "--secret", metavar="WHSEC", help="Better: LEADSWITCH_LISTEN_SECRET, which no process list shows."
)
@json_option
@pass_shell
def listen(shell: Shell, host: str, port: int, count: int | None, secret: str | None) -> None:
    """Receive webhooks here, verify and print them; Ctrl-C ends it. With --json one object per line.

    An address on this machine is one that Leadswitch sends to only with LEADSWITCH_WEBHOOK_PRIVATE_NETWORKS=true.
    """

    given = SecretStr(secret or os.environ.get(SECRET, "")).get_secret_value()
    if not given:
        raise NoSecret()
    shell.keep_secret(given)
    receiver = Receiver(given, shell, count)
    if port and not is_free(port, host):
        raise PortTaken(port=port)
    server = make_server(host, port, receiver, threaded=True, request_handler=_Quiet)
    signal.signal(signal.SIGTERM, _stop)
    shell.say(_("Listening on http://%(host)s:%(port)s. Press Ctrl-C to stop.", host=host, port=server.port))
    threading.Thread(target=server.serve_forever, name="listen", daemon=True).start()
    try:
        receiver.enough.wait()
    finally:
        server.shutdown()


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
