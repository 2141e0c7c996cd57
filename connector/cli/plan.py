"""`leadswitch plan`: the dry run. Reads the portal, stores the plan and writes its file; must never change the portal."""

import os
from pathlib import Path
from typing import Any

import click

from connector.cli.against import print_changes
from connector.cli.exits import Exit
from connector.cli.plan_options import gather, planning_options
from connector.cli.plan_output import CannotWrite, format_option, write_report
from connector.cli.plan_view import print_plan
from connector.cli.portal import Here, connected
from connector.cli.progress import Meter
from connector.cli.shell import Shell, pass_shell, portal_options
from connector.cli.show import from_file
from connector.i18n import _
from connector.planning.model import PlanHead, Severity
from connector.planning.options import Options
from connector.plans import queries, service
from connector.reports.plans import PlanSource, plan_report


@click.command()
@planning_options
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the plan file, for `leadswitch apply`.",
)
@click.option(
    "--against",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="OLD",
    help="Show what changed since this earlier plan file.",
)
@format_option("json", "csv")
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="0 nothing to convert, 5 leads to convert, 6 the plan has errors.",
)
@portal_options
@pass_shell
def plan(
    shell: Shell,
    /,
    *,
    options_file: Path | None,
    out: Path | None,
    against: Path | None,
    format_name: str,
    detailed_exitcode: bool,
    **chosen: Any,
) -> int:
    """Dry run: what a switch would do to every lead. Changes nothing.

    Reads the portal, plans every active lead in scope and shows what would be created, moved, lost, and what Bitrix24's
    own switch would do instead.
    """
    shell.json = format_name == "json"
    options = gather(options_file, chosen)
    if out is not None:
        _refuse_unwritable(out)
    earlier = from_file(against) if against is not None else None
    with connected(shell) as here:
        source = make(shell, here, options, out)
        if out is not None:
            shell.say(_("The plan is in %(file)s. Nothing was changed on the portal.", file=out))
        if earlier is not None:
            print_changes(shell, earlier, source, format_name)
        elif format_name == "table":
            print_plan(shell, source)
        else:
            write_report(plan_report(source), format_name)
    return _detailed(source.head) if detailed_exitcode else Exit.DONE


def make(shell: Shell, here: Here, options: Options, out: Path | None) -> PlanSource:
    """Plan, with progress, and write the file. Raises `OptionsUnfit` before any lead is read."""
    plan_id = service.create(here.db, here.ref, options, here.actor, clock=here.clock)
    with Meter(shell) as meter:
        service.build(
            here.db,
            here.client,
            plan_id,
            progress=lambda done, total: meter.show(_("Planning leads"), done, total),
            clock=here.clock,
        )
    if out is not None:
        service.save_file(here.db, plan_id, out)
    return from_store(here, plan_id)


def from_store(here: Here, plan_id: str) -> PlanSource:
    """A stored plan that is ready, as a source for reports."""
    header = queries.header(here.db, plan_id)
    assert header.head is not None, "only plans that are ready come here"
    return PlanSource(
        header.head,
        header.digest,
        lambda: queries.documents(here.db, plan_id),
        int(header.decisions.get("left_out", 0)),
    )


def has_errors(head: PlanHead) -> bool:
    """Whether the plan or one of its leads has a finding of severity error."""
    return bool(head.counts.get("errors")) or any(item.severity is Severity.ERROR for item in head.findings)


def _detailed(head: PlanHead) -> Exit:
    if has_errors(head):
        return Exit.PLAN_HAS_ERRORS
    return Exit.PLAN_HAS_LEADS if head.counts.get("convertible") else Exit.DONE


def _refuse_unwritable(out: Path) -> None:
    """Said before minutes are spent on reading the portal."""
    folder = out.absolute().parent
    if not folder.is_dir():
        raise CannotWrite(file=str(out), reason="there is no such folder")
    if not os.access(folder, os.W_OK):
        raise CannotWrite(file=str(out), reason="the folder is not writable")
