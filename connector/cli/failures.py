"""The one place where an exception becomes a message and an exit code. Must never let a traceback or a secret reach the terminal.

The traceback of something unforeseen goes to a file, masked; `LEADSWITCH_DEBUG=1` shows it as well.
"""

import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import OperationalError

from connector.cli.exits import Exit
from connector.cli.shell import Shell
from connector.errors import LeadswitchError, sentences
from connector.i18n import _
from connector.redact import redact_text
from connector.store.trouble import trouble_of

DEBUG = "LEADSWITCH_DEBUG"


@dataclass
class Outcome:
    """Filled in while a command runs: the exit code it ends with."""

    code: int = Exit.DONE


@contextmanager
def told(shell: Shell) -> Iterator[Outcome]:
    """Run a command inside; whatever it raises is told on standard error and becomes `Outcome.code`."""
    outcome = Outcome()
    try:
        yield outcome
    except click.exceptions.Exit as stop:
        outcome.code = stop.exit_code
    except click.ClickException as error:
        error.show(file=sys.stderr)
        outcome.code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        shell.say(_("Stopped."))
        outcome.code = Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`leadswitch show FILE | head`); Python would complain again while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        outcome.code = Exit.FAILED
    except LeadswitchError as error:
        outcome.code = _foreseen(shell, error)
    except OperationalError as problem:
        outcome.code = _foreseen(shell, trouble_of(problem))
    except Exception as error:
        outcome.code = _unforeseen(shell, error)


def _foreseen(shell: Shell, error: LeadswitchError) -> int:
    said = [redact_text(one, shell.secrets) for one in sentences(error.told(), _)]
    in_english = redact_text(sentences(error.told())[0], shell.secrets)
    technical = redact_text(str(error), shell.secrets)
    # What the first sentence says already, in English, says nothing new.
    detail = technical.removeprefix(in_english).strip()
    if shell.json:
        shell.emit({"error": describe(error, said, technical)})
    shell.say(_("Error: %(what)s", what=said[0]), style="bold red")
    if detail and technical not in said:
        shell.say(f"  {detail}")
    for sentence in said[1:]:
        shell.say(f"  {sentence}")
    if os.environ.get(DEBUG):
        sys.stderr.write(redact_text(traceback.format_exc(), shell.secrets))
    return int(getattr(error, "exit_code", Exit.FAILED))


def describe(error: LeadswitchError, said: Sequence[str], technical: str) -> dict[str, Any]:
    """An error for `--json`: stable `key`, who must act, the sentences, and Bitrix24's own code and request id where it has them."""
    document = {
        "key": error.key,
        "who": str(error.who),
        "message": " ".join(said),
        "technical": technical,
    }
    for name in ("portal", "method", "code", "request_id"):
        if value := getattr(error, name, ""):
            document[name] = value
    return document


def _unforeseen(shell: Shell, error: Exception) -> int:
    text = redact_text(traceback.format_exc(), shell.secrets)
    log = _log_file()
    log.write_text(text, encoding="utf-8")
    message = redact_text(f"{type(error).__name__}: {error}", shell.secrets).splitlines()[0]
    if shell.json:
        shell.emit({"error": {"key": "unexpected", "who": "us", "message": message, "log": str(log)}})
    shell.say(
        _("Error: something unforeseen happened (%(what)s). Details are in %(file)s", what=message, file=log),
        style="bold red",
    )
    if os.environ.get(DEBUG):
        sys.stderr.write(text)
    return Exit.FAILED


def _log_file() -> Path:
    """A new private file in the temporary folder: the data folder itself may be what is broken."""
    handle, name = tempfile.mkstemp(prefix=f"leadswitch-{datetime.now(UTC):%Y%m%dT%H%M%S}-", suffix=".log")
    os.close(handle)
    return Path(name)
