"""Pipelines and stages, read from the portal. Must never write to it."""

from pydantic import Field

from connector.errors import NothingHere
from connector.planning.model import Pipeline, PortalFacts, Stage
from connector.portals.api_keys import Scope
from connector.web.api.caller import caller
from connector.web.api.operation import operation
from connector.web.api.shapes import Shape
from connector.web.context import web


class StageShape(Shape):
    """One stage of leads or of a pipeline."""

    id: str
    name: str
    sort: int
    semantics: str = Field(description="P in work, S success, F failure.")
    color: str


class PipelineShape(Shape):
    """One pipeline of deals."""

    id: int
    name: str
    sort: int
    is_default: bool
    stages: list[StageShape]


class Pipelines(Shape):
    """All pipelines, and the stages of leads."""

    data: list[PipelineShape]
    lead_stages: list[StageShape]


@operation(
    "GET", "/pipelines", tag="pipelines", scope=Scope.PIPELINES_READ, answer=Pipelines, asks_portal=True
)
def list_pipelines() -> Pipelines:
    """All pipelines of deals with their stages, and the stages of leads.

    As the portal says now; an answer may be twenty seconds old.
    """
    facts = _facts()
    return Pipelines(
        data=[_pipeline(one) for one in facts.pipelines], lead_stages=[stage_of(s) for s in facts.lead_stages]
    )


@operation(
    "GET",
    "/pipelines/<int:pipeline_id>",
    tag="pipelines",
    scope=Scope.PIPELINES_READ,
    answer=PipelineShape,
    asks_portal=True,
)
def get_pipeline(pipeline_id: int) -> PipelineShape:
    """One pipeline; the built-in one has the ID 0."""
    found = _facts().pipeline(pipeline_id)
    if found is None:
        raise NothingHere
    return _pipeline(found)


def _facts() -> PortalFacts:
    return web().facts.of(caller().portal.id)


def _pipeline(one: Pipeline) -> PipelineShape:
    return PipelineShape(
        id=one.id,
        name=one.name,
        sort=one.sort,
        is_default=one.is_default,
        stages=[stage_of(s) for s in one.stages],
    )


def stage_of(stage: Stage) -> StageShape:
    """A stage as the API shows it."""
    return StageShape(
        id=stage.id, name=stage.name, sort=stage.sort, semantics=stage.semantics, color=stage.color
    )
