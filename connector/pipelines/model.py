"""Pipelines and stages as this room hands them out, and their JSON. Data only; reads nothing.

They are the nouns of planning with what a change needs besides: the row of a stage, whether it is a system one, how many deals it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.planning.model import Pipeline, Stage

DEAL = 2
BUILT_IN = 0
"""Id of the pipeline that every portal has; its stages carry no prefix and stand in `DEAL_STAGE` (status/crm-status-entity-types.md)."""


@dataclass(frozen=True, slots=True)
class DealStage(Stage):
    """A stage of a pipeline. `row` is its ID in `crm.status`; `system` ones cannot be deleted; `deals` is None where not counted."""

    row: int = 0
    system: bool = False
    deals: int | None = None


@dataclass(frozen=True, slots=True)
class DealPipeline(Pipeline):
    """A pipeline with its stages in order; `deals` counts those in all stages, None where not counted."""

    stages: tuple[DealStage, ...]
    deals: int | None = None

    def stage(self, id_: str) -> DealStage | None:
        """The stage with this id, or None."""
        return next((s for s in self.stages if s.id == id_), None)

    def of(self, semantics: str) -> tuple[DealStage, ...]:
        """The stages of one group: P in work, S success, F failure."""
        return tuple(s for s in self.stages if s.semantics == semantics)


def directory(pipeline_id: int) -> str:
    """ENTITY_ID of its stages: `DEAL_STAGE` of the built-in one, never `DEAL_STAGE_0`."""
    return f"DEAL_STAGE_{pipeline_id}" if pipeline_id else "DEAL_STAGE"


def code_of(stage_id: str) -> str:
    """A stage's code without the `C7:` of its pipeline."""
    return stage_id.rpartition(":")[2]


def stage_json(stage: DealStage) -> dict[str, Any]:
    """One stage as JSON answers show it; the first five names are those of `status --json`."""
    return {
        "id": stage.id,
        "name": stage.name,
        "sort": stage.sort,
        "semantics": stage.semantics,
        "color": stage.color,
        "system": stage.system,
        "deals": stage.deals,
    }


def pipeline_json(pipeline: DealPipeline) -> dict[str, Any]:
    """One pipeline as JSON answers show it."""
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "sort": pipeline.sort,
        "is_default": pipeline.is_default,
        "deals": pipeline.deals,
        "stages": [stage_json(s) for s in pipeline.stages],
    }


@dataclass(frozen=True, slots=True)
class Board:
    """All pipelines of a portal at one moment, in their order, and its lead stages."""

    pipelines: tuple[DealPipeline, ...]
    lead_stages: tuple[Stage, ...] = ()

    @property
    def by_id(self) -> Mapping[int, DealPipeline]:
        """Pipelines by id."""
        return {p.id: p for p in self.pipelines}

    def has(self, id_: int) -> bool:
        """Whether there is such a pipeline."""
        return id_ in self.by_id
