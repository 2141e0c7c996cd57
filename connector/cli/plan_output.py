"""Where the result of `plan` and `show` goes: the terminal, standard output in a format, or a file. Must never leave half a file behind."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import click

from connector.errors import ConfigError
from connector.i18n import N_
from connector.reports.document import Report
from connector.reports.formats import FORMATS

F = TypeVar("F", bound=Callable[..., object])


class CannotWrite(ConfigError):
    """A file cannot be written, or a terminal was about to get bytes."""

    key = "config.cannot_write"
    what = N_("%(file)s cannot be written: %(reason)s")


def format_option(*names: str) -> Callable[[F], F]:
    """`--format`, with `table` for people and the named report formats."""
    return click.option(
        "--format",
        "format_name",
        type=click.Choice(["table", *names]),
        default="table",
        show_default=True,
        help="How to show the result.",
    )


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name only when it is complete, readable by its owner alone: it holds client data."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as part:
            temporary = Path(part.name)
            try:
                yield cast(BinaryIO, part)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        temporary.replace(path)
    except OSError as wrong:
        raise CannotWrite(file=str(path), reason=wrong.strerror or str(wrong)) from None


def write_report(report: Report, format_name: str, path: Path | None = None) -> None:
    """The report in a format, to a file or to standard output."""
    row = FORMATS[format_name]
    if path is not None:
        with whole_file(path) as out:
            row.write(report, out)
        return
    if not row.text and sys.stdout.isatty():
        raise CannotWrite(file="-", reason="give a file with --out, a terminal cannot show it")
    row.write(report, sys.stdout.buffer)
    sys.stdout.buffer.flush()
