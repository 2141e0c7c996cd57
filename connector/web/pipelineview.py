"""Pipelines as the pages show them: a strip of colours, what may be moved where, and why something may not be taken away. Asks nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connector.errors import LeadswitchError, sentences
from connector.i18n import N_, _
from connector.pipelines import DealPipeline, DealStage, Hold, rules
from connector.planning.model import Stage
from connector.web.flow import safe_color

WIDTH = 240
GROUP_NAMES: Mapping[str, str] = {"P": N_("In work"), "S": N_("Success"), "F": N_("Failure")}


@dataclass(frozen=True, slots=True)
class Band:
    """One stage in the strip of a pipeline: where it begins and how wide it is, of `WIDTH`."""

    x: float
    width: float
    color: str


@dataclass(frozen=True, slots=True)
class Line:
    """One pipeline in the list; `deals` is None where the portal did not count them."""

    id: int
    name: str
    is_default: bool
    deals: int | None
    count: int
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage on the page of its pipeline; `stays` says why it cannot be taken away, empty where it can."""

    id: str
    name: str
    color: str
    group: str
    up: bool
    down: bool
    deals: int | None
    stays: str


@dataclass(frozen=True, slots=True)
class View:
    """One pipeline on its own page."""

    id: int
    name: str
    is_default: bool
    deals: int | None
    rows: tuple[StageRow, ...]
    stays: str
    held_by: str


def bands(stages: Sequence[Stage]) -> tuple[Band, ...]:
    """The colours of the stages side by side."""
    each = WIDTH / (len(stages) or 1)
    return tuple(
        Band(round(place * each, 2), round(max(each - 2, 1), 2), safe_color(stage.color))
        for place, stage in enumerate(stages)
    )


def line(one: DealPipeline) -> Line:
    """A pipeline of the list."""
    return Line(one.id, one.name, one.is_default, one.deals, len(one.stages), bands(one.stages))


def view(one: DealPipeline, hold: Hold | None) -> View:
    """A pipeline with everything that its page offers. `hold` is the live run of the portal, if it needs a pipeline."""
    rows = tuple(_row(one, place) for place in range(len(one.stages)))
    held = hold.run_id[:8] if hold is not None and (hold.making or hold.pipeline == one.id) else ""
    return View(one.id, one.name, one.is_default, one.deals, rows, _why(lambda: rules.deletable(one)), held)


def _row(one: DealPipeline, place: int) -> StageRow:
    stage = one.stages[place]

    def beside(other: int) -> bool:
        return 0 <= other < len(one.stages) and one.stages[other].semantics == stage.semantics

    return StageRow(
        stage.id,
        stage.name,
        hex_color(stage),
        _(GROUP_NAMES.get(stage.semantics, GROUP_NAMES["P"])),
        beside(place - 1),
        beside(place + 1),
        stage.deals,
        _why(lambda: rules.stage_deletable(one, stage)),
    )


def hex_color(stage: DealStage) -> str:
    """The colour as a colour field of a form takes it: six digits."""
    try:
        return rules.colour(stage.color).lower()
    except LeadswitchError:
        return "#a8adb4"


def _why(check: Callable[[], None]) -> str:
    try:
        check()
    except LeadswitchError as error:
        return " ".join(sentences(error.told(), _)[:1])
    return ""
