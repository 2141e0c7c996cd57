"""`leadswitch show`: reads a plan file and nothing else; needs no portal and no database."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from connector.cli.plan_output import format_option, write_report
from connector.cli.plan_view import print_lead, print_leads, print_plan
from connector.cli.shell import Shell, pass_shell
from connector.errors import NotAPlan, PlanError
from connector.i18n import N_
from connector.planning.model import LeadKind, Severity
from connector.plans import document
from connector.reports.choice import SORTS, Choice
from connector.reports.formats import FORMATS
from connector.reports.plans import PlanSource, plan_report

Json = Mapping[str, Any]
F = TypeVar("F", bound=Callable[..., Any])


class LeadNotInPlan(PlanError):
    """The plan has no such lead."""

    key = "plan.no_such_lead"
    what = N_("Lead %(lead)s is not in this plan.")
    todo = N_("See `leadswitch show FILE --format csv` for all leads.")


def choice_options(command: F) -> F:
    """Which leads to list, and in which order; one option per part of `reports.choice.Choice`."""
    for decorate in (
        click.option(
            "--sort",
            type=click.Choice([*SORTS, *(f"-{name}" for name in SORTS)]),
            help="Order; - turns it round.",
        ),
        click.option(
            "--kind",
            type=click.Choice([kind.value for kind in LeadKind]),
            help="Only new or only repeat leads.",
        ),
        click.option("--finding", metavar="CODE", help="Only leads with this finding or difference."),
        click.option(
            "--severity",
            type=click.Choice([*(one.value for one in Severity), "none"]),
            help="Only leads whose worst finding is this.",
        ),
        click.option("--stage", metavar="ID", help="Only leads in this stage."),
        click.option(
            "--search",
            metavar="WORDS",
            help="Only leads with these words in title, names, phones or e-mails.",
        ),
    ):
        command = decorate(command)
    return command


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--lead", "lead_id", type=int, metavar="ID", help="One lead, before and after.")
@choice_options
@format_option(*FORMATS)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write there instead."
)
@pass_shell
def show(
    shell: Shell, /, file: Path, lead_id: int | None, format_name: str, out: Path | None, **chosen: str
) -> None:
    """Read a plan file: totals and findings, a list of leads, or one lead before and after.

    The file is checked first: one that was changed or cut off is refused. With --search and the like the leads that fit are
    listed; totals are always those of the whole plan.
    """
    choice = Choice(**{name: value or "" for name, value in chosen.items()})
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
    elif format_name != "table":
        write_report(plan_report(choice.of(source)), format_name, out)
    elif choice.everything:
        print_plan(shell, source)
    else:
        print_leads(shell, choice.of(source))


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
