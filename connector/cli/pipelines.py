"""`leadswitch pipelines`: deal pipelines and their stages, read and created over REST."""

import click

from connector.cli.portal import connected
from connector.cli.shell import Shell, json_option, pass_shell, portal_options, rows, table
from connector.cli.status import pipeline_json, print_pipelines
from connector.errors import ConfigError
from connector.i18n import N_, _
from connector.planning.model import Pipeline, PortalFacts
from connector.portals import audit
from connector.reading import read_facts

DEAL = 2


class NoSuchPipeline(ConfigError):
    """The portal has no pipeline of that id or name."""

    key = "config.no_such_pipeline"
    what = N_("There is no pipeline %(wanted)s. There are: %(known)s")


class PipelineExists(ConfigError):
    """A pipeline of that name is there already."""

    key = "config.pipeline_exists"
    what = N_("There is a pipeline %(name)s already, with ID %(id)s.")


@click.group()
def pipelines() -> None:
    """List, show and create deal pipelines.

    `leadswitch plan --pipeline new` copies the lead stages into a new pipeline, as part of a switch.
    """


@pipelines.command("list")
@portal_options
@json_option
@pass_shell
def list_(shell: Shell) -> None:
    """All pipelines with their stages."""
    with connected(shell) as here:
        found = read_facts(here.client, key=here.ref.key).pipelines
    if shell.json:
        shell.emit({"pipelines": [pipeline_json(one) for one in found]})
    else:
        print_pipelines(shell, found)


@pipelines.command()
@click.argument("pipeline")
@portal_options
@json_option
@pass_shell
def show(shell: Shell, pipeline: str) -> None:
    """One pipeline, by ID or name: its stages with codes, order and meaning."""
    with connected(shell) as here:
        found = pick(read_facts(here.client, key=here.ref.key), pipeline)
    if shell.json:
        shell.emit(pipeline_json(found))
    else:
        _print_one(shell, found)


@pipelines.command()
@click.argument("name")
@click.option("--sort", type=int, default=500, show_default=True, help="Place among the pipelines.")
@portal_options
@json_option
@pass_shell
def create(shell: Shell, name: str, sort: int) -> None:
    """Create a pipeline; Bitrix24 gives it its usual stages. A name that exists already is refused."""
    with connected(shell) as here:
        twin = next(
            (
                p
                for p in read_facts(here.client, key=here.ref.key).pipelines
                if p.name.casefold() == name.casefold()
            ),
            None,
        )
        if twin is not None:
            raise PipelineExists(name=twin.name, id=twin.id)
        fields = {"name": name, "sort": sort}
        here.client.call("crm.category.add", {"entityTypeId": DEAL, "fields": fields})
        made = pick(read_facts(here.client, key=here.ref.key), name)
        with here.db.begin() as session:
            audit.record(
                session,
                here.ref.id,
                at=here.clock.now(),
                who=here.actor,
                action=audit.Did.PIPELINE_CREATED,
                detail={"id": made.id, "name": made.name},
            )
    if shell.json:
        shell.emit(pipeline_json(made))
    else:
        _print_one(shell, made)


def pick(facts: PortalFacts, wanted: str) -> Pipeline:
    """The pipeline with this ID or, failing that, this name. Raises `NoSuchPipeline` naming those that exist."""
    by_id = facts.pipeline(int(wanted)) if wanted.isdigit() else None
    found = by_id or next((p for p in facts.pipelines if p.name.casefold() == wanted.casefold()), None)
    if found is None:
        known = ", ".join(f"{p.id} {p.name}" for p in facts.pipelines)
        raise NoSuchPipeline(wanted=wanted, known=known)
    return found


def _print_one(shell: Shell, pipeline: Pipeline) -> None:
    out = shell.stdout()
    out.print(f"{pipeline.id}  {pipeline.name}", markup=False, style="bold")
    meaning = {"P": _("in work"), "S": _("success"), "F": _("failure")}
    lines = [(s.id, s.name, s.sort, meaning.get(s.semantics, s.semantics), s.color) for s in pipeline.stages]
    out.print(rows(table("ID", _("Stage"), _("Order"), _("Meaning"), _("Colour"), right=(2,)), lines))
