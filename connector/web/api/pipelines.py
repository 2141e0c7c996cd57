"""Pipelines and stages, read and changed as in the app: one change at a time, read back, audited. The rules are `connector.pipelines`'s."""

from typing import Annotated, Literal

from flask import url_for
from pydantic import Field

from connector import pipelines as room
from connector.errors import NothingHere
from connector.pipelines import Board, DealPipeline, DealStage, Desk
from connector.pipelines.rules import LARGEST_SORT, LONGEST_NAME
from connector.planning.model import Stage
from connector.portals.api_keys import Scope
from connector.portals.rights import Viewer
from connector.web.api.caller import caller
from connector.web.api.operation import Headers, operation
from connector.web.api.shapes import LARGEST_ID, Form, Shape, plain
from connector.web.context import web

TAG = "pipelines"
PATIENCE = 60.0
"""Seconds that a change may take while a script waits."""

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=plain(LONGEST_NAME))]
Colour = Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$", description="Such as #39A8EF.")]
StageId = Annotated[str, Field(min_length=1, max_length=60, pattern=plain(60))]


class StageShape(Shape):
    """One stage of leads or of a pipeline."""

    id: str
    name: str
    sort: int
    semantics: str = Field(description="P in work, S success, F failure.")
    color: str
    deals: int | None = Field(description="Where they were counted.")


class PipelineShape(Shape):
    """One pipeline of deals."""

    id: int
    name: str
    sort: int
    is_default: bool
    deals: int | None = Field(description="Deals in all its stages.")
    stages: list[StageShape]


class Pipelines(Shape):
    """All pipelines in their order, and the stages of leads."""

    data: list[PipelineShape]
    lead_stages: list[StageShape]


class PipelineForm(Form):
    """A new pipeline."""

    name: Name
    sort: int = Field(default=500, ge=0, le=LARGEST_SORT, description="Place among the pipelines.")
    like_leads: bool = Field(default=False, description="Copy the lead stages: names, order and colours.")


class PipelineName(Form):
    """Another name."""

    name: Name


class PipelineOrder(Form):
    """Every pipeline, in its new order."""

    order: list[Annotated[int, Field(ge=0, le=LARGEST_ID)]] = Field(min_length=1, max_length=500)


class StageForm(Form):
    """A new stage."""

    name: Name
    color: Colour | None = None
    semantics: Literal["P", "F"] = Field(
        default="P", description="In work, or a failure; a pipeline has one success stage only."
    )
    after: StageId | None = Field(default=None, description="Behind this stage instead of last of its kind.")


class StageLook(Form):
    """Another name or colour; what is not given stays."""

    name: Name | None = None
    color: Colour | None = None


class StageOrder(Form):
    """Every stage of a pipeline in its new order: those in work, then success, then failure."""

    order: list[StageId] = Field(min_length=1, max_length=500)


@operation("GET", "/pipelines", tag=TAG, scope=Scope.PIPELINES_READ, answer=Pipelines, asks_portal=True)
def list_pipelines() -> Pipelines:
    """All pipelines of deals with their stages, and the stages of leads, as the portal has them now."""
    return _board(_desk().board())


@operation(
    "POST",
    "/pipelines",
    tag=TAG,
    scope=Scope.PIPELINES_WRITE,
    answer=PipelineShape,
    status=201,
    asks_portal=True,
)
def create_pipeline(json: PipelineForm) -> tuple[PipelineShape, Headers]:
    """Create a pipeline, with Bitrix24's usual stages or those of the leads. A name that exists already is refused."""
    made = room.create(_desk(), json.name, sort=json.sort, like_leads=json.like_leads)
    return _pipeline(made), {"Location": url_for("api.get_pipeline", pipeline_id=made.id)}


@operation(
    "PUT",
    "/pipelines/order",
    tag=TAG,
    scope=Scope.PIPELINES_WRITE,
    answer=Pipelines,
    asks_portal=True,
    points=True,
)
def put_pipeline_order(json: PipelineOrder) -> Pipelines:
    """Put the pipelines into another order; every one is named exactly once."""
    return _board(room.reorder(_desk(), json.order))


@operation(
    "GET",
    "/pipelines/<int:pipeline_id>",
    tag=TAG,
    scope=Scope.PIPELINES_READ,
    answer=PipelineShape,
    asks_portal=True,
)
def get_pipeline(pipeline_id: int) -> PipelineShape:
    """One pipeline, with the number of deals in each stage; the built-in one has the ID 0."""
    return _pipeline(_found(_desk().board(stages_of=pipeline_id), pipeline_id))


@operation(
    "PATCH",
    "/pipelines/<int:pipeline_id>",
    tag=TAG,
    scope=Scope.PIPELINES_WRITE,
    answer=PipelineShape,
    asks_portal=True,
)
def rename_pipeline(pipeline_id: int, json: PipelineName) -> PipelineShape:
    """Give a pipeline another name, the built-in one too."""
    return _pipeline(room.rename(_desk(), _id(pipeline_id), json.name))


@operation(
    "DELETE",
    "/pipelines/<int:pipeline_id>",
    tag=TAG,
    scope=Scope.PIPELINES_WRITE,
    status=204,
    asks_portal=True,
)
def delete_pipeline(pipeline_id: int) -> None:
    """Delete a pipeline with its stages; refused while deals are in it, and for the default one."""
    room.delete(_desk(), _id(pipeline_id))


@operation(
    "POST",
    "/pipelines/<int:pipeline_id>/stages",
    tag=TAG,
    scope=Scope.PIPELINES_WRITE,
    answer=PipelineShape,
    status=201,
    asks_portal=True,
)
def add_stage(pipeline_id: int, json: StageForm) -> PipelineShape:
    """Add a stage. A name that the pipeline has already is refused."""
    return _pipeline(
        room.stages.add(
            _desk(),
            _id(pipeline_id),
            json.name,
            color=json.color or "",
            semantics=json.semantics,
            after=json.after or "",
        )
    )


@operation(
    "PUT",
    "/pipelines/<int:pipeline_id>/stage-order",
    tag=TAG,
    scope=Scope.PIPELINES_WRITE,
    answer=PipelineShape,
    asks_portal=True,
)
def put_stage_order(pipeline_id: int, json: StageOrder) -> PipelineShape:
    """Put the stages of a pipeline into another order; every one is named exactly once."""
    return _pipeline(room.stages.reorder(_desk(), _id(pipeline_id), json.order))


@operation(
    "PATCH",
    "/pipelines/<int:pipeline_id>/stages/<stage_id>",
    tag=TAG,
    scope=Scope.PIPELINES_WRITE,
    answer=PipelineShape,
    asks_portal=True,
)
def change_stage(pipeline_id: int, stage_id: str, json: StageLook) -> PipelineShape:
    """Give a stage another name or colour."""
    return _pipeline(
        room.stages.change_look(_desk(), _id(pipeline_id), stage_id, name=json.name, color=json.color)
    )


@operation(
    "DELETE",
    "/pipelines/<int:pipeline_id>/stages/<stage_id>",
    tag=TAG,
    scope=Scope.PIPELINES_WRITE,
    status=204,
    asks_portal=True,
)
def delete_stage(pipeline_id: int, stage_id: str) -> None:
    """Delete a stage; refused while deals are in it, and for the stages that Bitrix24 needs."""
    room.stages.delete(_desk(), _id(pipeline_id), stage_id)


def _desk() -> Desk:
    """The key at work: an administrator gave it the scope, and its name stands in the audit log."""
    actor = caller().actor
    user_id = actor["user_id"]
    viewer = Viewer(int(user_id) if user_id is not None else 0, str(actor["name"]), is_admin=True)
    return room.open_desk(
        web().db,
        web().settings,
        caller().portal,
        viewer=viewer,
        via="api",
        clock=web().clock,
        patience=PATIENCE,
    )


def _id(pipeline_id: int) -> int:
    """What is no id of any portal is not asked for."""
    if pipeline_id > LARGEST_ID:
        raise NothingHere
    return pipeline_id


def _found(board: Board, pipeline_id: int) -> DealPipeline:
    found = board.by_id.get(pipeline_id)
    if found is None:
        raise NothingHere
    return found


def _board(board: Board) -> Pipelines:
    return Pipelines(
        data=[_pipeline(p) for p in board.pipelines], lead_stages=[_stage(s) for s in board.lead_stages]
    )


def _pipeline(one: DealPipeline) -> PipelineShape:
    return PipelineShape(
        id=one.id,
        name=one.name,
        sort=one.sort,
        is_default=one.is_default,
        deals=one.deals,
        stages=[_stage(s) for s in one.stages],
    )


def _stage(stage: Stage) -> StageShape:
    return StageShape(
        id=stage.id,
        name=stage.name,
        sort=stage.sort,
        semantics=stage.semantics,
        color=stage.color,
        deals=stage.deals if isinstance(stage, DealStage) else None,
    )
