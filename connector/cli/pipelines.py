"""`leadswitch pipelines`: deal pipelines and their stages, read and changed over REST. The rules are those of `connector.pipelines`."""

import click

from connector import pipelines as room
from connector.cli.portal import Here, connected
from connector.cli.shell import Shell, json_option, pass_shell, portal_options, rows, table
from connector.cli.status import print_pipelines
from connector.cli.working import confirm
from connector.i18n import _
from connector.pipelines.turn import SETTLE_SECONDS
from connector.portals.rights import Action

MEANINGS = {"work": "P", "failure": "F", "success": "S"}
YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def pipelines() -> None:
    """List, show, create, rename, reorder and delete deal pipelines and their stages.

    PIPELINE is an ID or a name, STAGE an ID (with or without its C7: prefix) or a name. Which pipeline is the default one cannot be
    changed from outside Bitrix24. `leadswitch plan --pipeline new` copies the lead stages into a new pipeline, as part of a switch.
    """


@pipelines.command("list")
@portal_options
@json_option
@pass_shell
def list_(shell: Shell) -> None:
    """All pipelines with their stages."""
    with connected(shell) as here:
        _tell_all(shell, _desk(here).board())


@pipelines.command()
@click.argument("pipeline")
@portal_options
@json_option
@pass_shell
def show(shell: Shell, pipeline: str) -> None:
    """One pipeline: its stages with IDs, order, meaning, colour and deals."""
    with connected(shell) as here:
        found = _counted(_desk(here), pipeline)
    _tell(shell, found)


@pipelines.command()
@click.argument("name")
@click.option("--sort", type=int, default=500, show_default=True, help="Place among the pipelines.")
@click.option("--from-leads", is_flag=True, help="Copy the lead stages: names, order and colours.")
@portal_options
@json_option
@pass_shell
def create(shell: Shell, name: str, sort: int, from_leads: bool) -> None:
    """Create a pipeline, with Bitrix24's usual stages or those of the leads. A name that exists already is refused."""
    with connected(shell) as here:
        made = room.create(_desk(here), name, sort=sort, like_leads=from_leads)
    _tell(shell, made)


@pipelines.command()
@click.argument("pipeline")
@click.argument("name")
@portal_options
@json_option
@pass_shell
def rename(shell: Shell, pipeline: str, name: str) -> None:
    """Give a pipeline another name, the built-in one (ID 0) too."""
    with connected(shell) as here:
        renamed = room.rename(_desk(here), pipeline, name)
    _tell(shell, renamed)


@pipelines.command()
@click.argument("order", nargs=-1, required=True, metavar="PIPELINE…")
@portal_options
@json_option
@pass_shell
def reorder(shell: Shell, order: tuple[str, ...]) -> None:
    """Put the pipelines into this order; every one is named exactly once."""
    with connected(shell) as here:
        _tell_all(shell, room.reorder(_desk(here), order))


@pipelines.command()
@click.argument("pipeline")
@YES
@portal_options
@json_option
@pass_shell
def delete(shell: Shell, pipeline: str, yes: bool) -> None:
    """Delete a pipeline with its stages; refused while deals are in it, and for the default one."""
    with connected(shell) as here:
        here.require(Action.PIPELINES)
        desk = _desk(here)
        found = room.find(desk.board(), pipeline)
        confirm(shell, _("Delete the pipeline %(name)s with its stages?", name=found.name), yes)
        gone = room.delete(desk, found.id)
    if shell.json:
        shell.emit({"deleted": room.pipeline_json(gone)})
    else:
        shell.say(_("The pipeline %(name)s was deleted.", name=gone.name))


@pipelines.group()
def stages() -> None:
    """List, add, rename, recolour, reorder and delete the stages of a pipeline."""


@stages.command("list")
@click.argument("pipeline")
@portal_options
@json_option
@pass_shell
def list_stages(shell: Shell, pipeline: str) -> None:
    """The stages of a pipeline, in their order."""
    with connected(shell) as here:
        found = _counted(_desk(here), pipeline)
    if shell.json:
        shell.emit({"pipeline": found.id, "stages": [room.stage_json(s) for s in found.stages]})
    else:
        _tell(shell, found)


@stages.command()
@click.argument("pipeline")
@click.argument("name")
@click.option("--color", "--colour", metavar="#RRGGBB", default="", help="Its colour.")
@click.option(
    "--meaning",
    type=click.Choice(list(MEANINGS)),
    default="work",
    show_default=True,
    help="In work, or a failure; a pipeline has one success stage only.",
)
@click.option("--after", metavar="STAGE", default="", help="Behind this stage instead of last of its kind.")
@portal_options
@json_option
@pass_shell
def add(shell: Shell, pipeline: str, name: str, *, color: str, meaning: str, after: str) -> None:
    """Add a stage. A name that the pipeline has already is refused."""
    with connected(shell) as here:
        now = room.stages.add(
            _desk(here), pipeline, name, color=color, semantics=MEANINGS[meaning], after=after
        )
    _tell(shell, now)


@stages.command("rename")
@click.argument("pipeline")
@click.argument("stage")
@click.argument("name")
@portal_options
@json_option
@pass_shell
def rename_stage(shell: Shell, pipeline: str, stage: str, name: str) -> None:
    """Give a stage another name."""
    with connected(shell) as here:
        now = room.stages.rename(_desk(here), pipeline, stage, name)
    _tell(shell, now)


@stages.command()
@click.argument("pipeline")
@click.argument("stage")
@click.argument("color", metavar="#RRGGBB")
@portal_options
@json_option
@pass_shell
def recolour(shell: Shell, pipeline: str, stage: str, color: str) -> None:
    """Give a stage another colour."""
    with connected(shell) as here:
        now = room.stages.recolour(_desk(here), pipeline, stage, color)
    _tell(shell, now)


@stages.command("reorder")
@click.argument("pipeline")
@click.argument("order", nargs=-1, required=True, metavar="STAGE…")
@portal_options
@json_option
@pass_shell
def reorder_stages(shell: Shell, pipeline: str, order: tuple[str, ...]) -> None:
    """Put the stages into this order; every one is named once: those in work, then success, then failure."""
    with connected(shell) as here:
        now = room.stages.reorder(_desk(here), pipeline, order)
    _tell(shell, now)


@stages.command("delete")
@click.argument("pipeline")
@click.argument("stage")
@YES
@portal_options
@json_option
@pass_shell
def delete_stage(shell: Shell, pipeline: str, stage: str, yes: bool) -> None:
    """Delete a stage; refused while deals are in it, and for system stages."""
    with connected(shell) as here:
        here.require(Action.PIPELINES)
        desk = _desk(here)
        found = room.find(desk.board(), pipeline)
        gone = room.find_stage(found, stage)
        confirm(shell, _("Delete the stage %(name)s?", name=gone.name), yes)
        now = room.stages.delete(desk, found.id, gone.id)
    _tell(shell, now)


def _desk(here: Here) -> room.Desk:
    # A keyboard has the time to wait until what was sent can no longer take effect.
    return room.open_desk(
        here.db,
        here.settings,
        here.ref,
        viewer=here.viewer,
        via="cli",
        clock=here.clock,
        look_seconds=SETTLE_SECONDS + 1,
    )


def _counted(desk: room.Desk, wanted: str) -> room.DealPipeline:
    found = room.find(desk.board(), wanted)
    return desk.board(stages_of=found.id).by_id.get(found.id, found)


def _tell_all(shell: Shell, board: room.Board) -> None:
    if shell.json:
        shell.emit({"pipelines": [room.pipeline_json(one) for one in board.pipelines]})
    else:
        print_pipelines(shell, board.pipelines)


def _tell(shell: Shell, pipeline: room.DealPipeline) -> None:
    if shell.json:
        shell.emit(room.pipeline_json(pipeline))
        return
    out = shell.stdout()
    out.print(f"{pipeline.id}  {pipeline.name}", markup=False, style="bold")
    meaning = {"P": _("in work"), "S": _("success"), "F": _("failure")}
    lines = [(s.id, s.name, s.sort, meaning[s.semantics], s.color, s.deals) for s in pipeline.stages]
    columns = table("ID", _("Stage"), _("Order"), _("Meaning"), _("Colour"), _("Deals"), right=(2, 5))
    out.print(rows(columns, lines))
