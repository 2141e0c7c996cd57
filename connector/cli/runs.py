"""`leadswitch runs`: what was and is being done, and the handles of it: pause, resume, cancel, retry, undo."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from connector.cli.exits import Exit
from connector.cli.plan_output import format_option, write_report
from connector.cli.portal import connected
from connector.cli.run_view import print_runs
from connector.cli.shell import Shell, json_option, pass_shell, portal_options
from connector.cli.working import confirm, tell, wait_option, work
from connector.i18n import _, ngettext
from connector.portals.rights import Action
from connector.reports.formats import FORMATS
from connector.reports.run_source import find_run, run_source
from connector.reports.runs import run_json, run_report_of
from connector.switching import queries, service

F = TypeVar("F", bound=Callable[..., Any])

# A run in one of these states needs no word of ours to go on: a process that worked on it is gone, or just began.
_GOES_ON = {"queued", "running", "cancelling"}


@click.group()
def runs() -> None:
    """List, show, pause, resume, cancel, retry, try and undo runs.

    RUN is the ID of a run, or its beginning.
    """


def _options(command: F) -> F:
    return portal_options(json_option(command))


@runs.command("list")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many, newest first."
)
@_options
@pass_shell
def list_(shell: Shell, limit: int) -> None:
    """The newest runs of the portal."""
    with connected(shell) as here:
        found = [run_source(here.db, run.id) for run in queries.recent(here.db, here.ref.id, limit=limit)]
    if shell.json:
        shell.emit({"runs": [run_json(run) for run in found]})
    else:
        print_runs(shell, found)


@runs.command()
@click.argument("run")
@format_option(*FORMATS)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write there instead."
)
@_options
@pass_shell
def show(shell: Shell, run: str, format_name: str, out: Path | None) -> int:
    """How a run stands and what it left behind.

    With --format all its leads.
    """
    with connected(shell) as here:
        run_id = find_run(here.db, here.ref.id, run)
        if format_name == "table":
            tell(shell, here, run_id)
        else:
            shell.json = shell.json or format_name == "json"
            write_report(run_report_of(here.db, run_id), format_name, out)
    return Exit.DONE


@runs.command()
@click.argument("run")
@_options
@pass_shell
def pause(shell: Shell, run: str) -> int:
    """Stop a run that works elsewhere.

    It stops within one batch and can be resumed.
    """
    with connected(shell) as here:
        here.require(Action.CONTROL)
        run_id = find_run(here.db, here.ref.id, run)
        service.pause(here.db, run_id, here.actor, clock=here.clock)
        tell(shell, here, run_id)
    return Exit.DONE


@runs.command()
@click.argument("run")
@wait_option
@_options
@pass_shell
def resume(shell: Shell, run: str, wait: float) -> int:
    """Go on with a run.

    After a pause, after a crash, or when the CRM mode was changed.
    """
    with connected(shell) as here:
        here.require(Action.CONTROL)
        run_id = find_run(here.db, here.ref.id, run)
        if queries.run(here.db, run_id).state not in _GOES_ON:
            service.resume(here.db, run_id, here.actor, clock=here.clock)
        return work(shell, here, run_id, wait)


@runs.command()
@click.argument("run")
@_options
@pass_shell
def cancel(shell: Shell, run: str) -> int:
    """End a run for good.

    Leads under way are brought to an end, what is converted stays converted.
    """
    with connected(shell) as here:
        here.require(Action.CONTROL)
        run_id = find_run(here.db, here.ref.id, run)
        service.cancel(here.db, run_id, here.actor, clock=here.clock)
        work(shell, here, run_id, 0)
    return Exit.DONE


@runs.command()
@click.argument("run")
@click.option(
    "--replan",
    is_flag=True,
    help="Also leads that were skipped because they had changed; they are planned anew.",
)
@wait_option
@_options
@pass_shell
def retry(shell: Shell, run: str, replan: bool, wait: float) -> int:
    """Try leads again that failed."""
    with connected(shell) as here:
        here.require(Action.CONTROL)
        run_id = find_run(here.db, here.ref.id, run)
        count = service.retry(here.db, run_id, here.actor, replan=replan, clock=here.clock)
        shell.say(ngettext("%(n)s lead is tried again.", "%(n)s leads are tried again.", count))
        return work(shell, here, run_id, wait) if count else tell(shell, here, run_id)


@runs.command("try")
@click.argument("run")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_options
@pass_shell
def try_(shell: Shell, run: str, yes: bool) -> int:
    """Try a finished switch with one test inquiry.

    Creates a lead with a clear name, looks what the portal makes of it, removes all of it again. Robots may run on it.
    """
    with connected(shell) as here:
        here.require(Action.CONTROL)
        run_id = find_run(here.db, here.ref.id, run)
        confirm(shell, _("Create a test inquiry on %(host)s and remove it again?", host=here.ref.host), yes)
        service.try_inquiry(here.db, run_id, here.actor, clock=here.clock)
        return work(shell, here, run_id, 0)


@runs.command()
@click.argument("run")
@click.option("--leads", metavar="ID,…", help="Only these leads.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@_options
@pass_shell
def undo(shell: Shell, run: str, leads: str | None, yes: bool, wait: float) -> int:
    """Take a run back.

    Leads, activities and clients become as they were; created records are deleted unless somebody used them.
    """
    with connected(shell) as here:
        here.require(Action.UNDO)
        run_id = find_run(here.db, here.ref.id, run)
        done = run_source(here.db, run_id).leads.get("done", 0)
        only = _numbers(leads)
        count = done if only is None else len(only)
        question = ngettext(
            "Undo %(n)s lead on %(host)s?", "Undo %(n)s leads on %(host)s?", count, host=here.ref.host
        )
        confirm(shell, question, yes)
        new = service.undo(here.db, run_id, here.actor, only, clock=here.clock)
        shell.say(_("Run %(id)s undoes run %(of)s. Ctrl-C pauses it.", id=new[:8], of=run_id[:8]))
        return work(shell, here, new, wait)


def _numbers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise click.BadParameter(text, param_hint="--leads") from None
