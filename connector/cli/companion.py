"""`leadswitch companion`: writes the PHP file for self-hosted portals out, with its instructions. Must never touch a portal."""

import re
from pathlib import Path

import click

from connector.cli.plan_output import CannotWrite, whole_file
from connector.cli.shell import Shell, json_option, pass_shell
from connector.resources import companion_guide_path, companion_path

# The web server reads the PHP file as another user; there is nothing secret in either.
READABLE = 0o644


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    default=Path(),
    help="Folder to write into, made if missing; else the current one.",
)
@json_option
@pass_shell
def companion(shell: Shell, out: Path) -> None:
    """Write the companion for a self-hosted Bitrix24: a PHP file, and how an administrator installs it.

    With it Leadswitch sets the CRM mode by itself; in the cloud a person has to. It has not been run on a real Bitrix24
    yet. An earlier version in the same folder is replaced.
    """
    written = [_write(source, out) for source in (companion_path(), companion_guide_path())]
    if shell.json:
        shell.emit({"version": _version(), "files": [str(file) for file in written]})
        return
    click.echo(companion_guide_path().read_text(encoding="utf-8"))
    for file in written:
        shell.say(str(file))


def _write(source: Path, folder: Path) -> Path:
    target = folder.absolute() / source.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise CannotWrite(file=str(target), reason=wrong.strerror or str(wrong)) from None
    with whole_file(target) as part:
        part.write(source.read_bytes())
    target.chmod(READABLE)
    return target


def _version() -> str:
    """What `leadswitch.version` answers once the file is installed."""
    found = re.search(r"const VERSION = '([^']+)'", companion_path().read_text(encoding="utf-8"))
    assert found is not None
    return found[1]
