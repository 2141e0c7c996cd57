"""`leadswitch show`: reads a plan file and nothing else; needs no portal and no database."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from connector.cli.plan_output import format_option, write_report
from connector.cli.plan_view import print_lead, print_plan
from connector.cli.shell import Shell, pass_shell
from connector.errors import NotAPlan, PlanError
from connector.i18n import N_
from connector.plans import document
from connector.reports.formats import FORMATS
from connector.reports.plans import PlanSource, plan_report

Json = Mapping[str, Any]


class LeadNotInPlan(PlanError):
    """The plan has no such lead."""

    key = "plan.no_such_lead"
    what = N_("Lead %(lead)s is not in this plan.")
    todo = N_("See `leadswitch show FILE --format csv` for all leads.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--lead", "lead_id", type=int, metavar="ID", help="One lead, before and after.")
@format_option(*FORMATS)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write there instead."
)
@pass_shell
def show(shell: Shell, file: Path, lead_id: int | None, format_name: str, out: Path | None) -> None:
    """Read a plan file: totals and findings, or one lead before and after.

    The file is checked first: one that was changed or cut off is refused.
    """
    shell.json = format_name == "json"
    source = from_file(file)
    if lead_id is not None:
        lead = next((one for one in source.leads() if one["id"] == lead_id), None)
        if lead is None:
            raise LeadNotInPlan(lead=lead_id)
        if format_name == "json":
            shell.emit(lead)
        else:
            print_lead(shell, source.head, lead)
    elif format_name == "table":
        print_plan(shell, source.head)
    else:
        write_report(plan_report(source), format_name, out)


def from_file(path: Path) -> PlanSource:
    """A plan file as a source for reports, checked to its end first. Raises what `plans.document.read` raises, and `NotAPlan`."""
    try:
        with path.open("rb") as lines:
            reader = document.read(lines)
            for _lead in reader.leads():
                pass
    except OSError as wrong:
        raise NotAPlan(f"{path.name}: {wrong.strerror}") from None

    def leads() -> Iterator[Json]:
        with path.open("rb") as lines:
            yield from document.read(lines).leads()

    return PlanSource(reader.head, reader.digest, leads)
