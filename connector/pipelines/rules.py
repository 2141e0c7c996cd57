"""What names, colours, orders and deletions must be like before anything is sent. Pure; one rule, one error that says what to do.

Sources: crm.category.add and delete (names, default pipeline, deals), crm.status.add (order of the groups, one success stage),
crm.status.delete (system stages, stages in use).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from connector.errors import (
    Ambiguous,
    BadColour,
    BadPlace,
    DefaultStays,
    LastStage,
    NameMissing,
    NameTooLong,
    NoSuchPipeline,
    NoSuchStage,
    OneSuccess,
    OrderMisses,
    OrderRepeats,
    PipelineExists,
    PipelineInUse,
    StageExists,
    StageInUse,
    StagesMixed,
    StageStays,
)
from connector.pipelines.model import BUILT_IN, Board, DealPipeline, DealStage, code_of
from connector.planning.stages import plain_name

LONGEST_NAME = 255
LARGEST_SORT = 2_147_483_647
GROUPS = "PSF"
"""In this order the groups of stages follow each other."""
_COLOUR = re.compile(r"#?([0-9A-Fa-f]{6})")
_SHORT = re.compile(r"#?([0-9A-Fa-f])([0-9A-Fa-f])([0-9A-Fa-f])")
T = TypeVar("T")


def name(given: str) -> str:
    """The name with its blanks folded. Raises `NameMissing`, `NameTooLong`."""
    clean = " ".join("".join(c for c in given if c in "\t\n\r" or unicodedata.category(c) != "Cc").split())
    # Marks and format characters alone (zero-width space, byte order mark) leave nothing to read.
    if not any(unicodedata.category(c)[0] in "LNPS" for c in clean):
        raise NameMissing()
    if len(clean) > LONGEST_NAME:
        raise NameTooLong(length=len(clean), longest=LONGEST_NAME)
    return clean


def colour(given: str) -> str:
    """A colour as Bitrix24 writes it, `#39A8EF`. Raises `BadColour`."""
    text = given.strip()
    if found := _COLOUR.fullmatch(text):
        return f"#{found[1].upper()}"
    if short := _SHORT.fullmatch(text):
        return "#" + "".join(c * 2 for c in short.groups()).upper()
    raise BadColour(given=text[:40] or "–")


def place(given: int) -> int:
    """A place in the order (`sort`). Raises `BadPlace`; Bitrix24 itself takes what is below zero for zero."""
    if not 0 <= given <= LARGEST_SORT:
        raise BadPlace(given=given, most=LARGEST_SORT)
    return given


def find(board: Board, wanted: str | int) -> DealPipeline:
    """The pipeline with this id or, failing that, this name. Raises `NoSuchPipeline` naming those that exist, `Ambiguous`."""
    text = str(wanted).strip()
    by_id = board.by_id.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else None
    if by_id is not None:
        return by_id
    named = [p for p in board.pipelines if plain_name(p.name) == plain_name(text)]
    if len(named) > 1:
        raise Ambiguous(wanted=text, known=_pipelines(named))
    if not named:
        raise NoSuchPipeline(wanted=text[:LONGEST_NAME], known=_pipelines(board.pipelines))
    return named[0]


def find_stage(pipeline: DealPipeline, wanted: str) -> DealStage:
    """The stage with this id (with or without its prefix) or, failing that, this name. Raises `NoSuchStage`, `Ambiguous`."""
    text = wanted.strip()
    by_id = pipeline.stage(text) or next((s for s in pipeline.stages if code_of(s.id) == text), None)
    if by_id is not None:
        return by_id
    named = [s for s in pipeline.stages if plain_name(s.name) == plain_name(text)]
    if len(named) > 1:
        raise Ambiguous(wanted=text, known=_stages(named))
    if not named:
        raise NoSuchStage(pipeline=pipeline.name, wanted=text[:LONGEST_NAME], known=_stages(pipeline.stages))
    return named[0]


def free_pipeline_name(board: Board, wanted: str, but: int | None = None) -> None:
    """Raises `PipelineExists` when another pipeline than `but` is called that."""
    for one in board.pipelines:
        if one.id != but and plain_name(one.name) == plain_name(wanted):
            raise PipelineExists(name=one.name, id=one.id)


def free_stage_name(pipeline: DealPipeline, wanted: str, but: str = "") -> None:
    """Raises `StageExists` when another stage than `but` is called that."""
    for one in pipeline.stages:
        if one.id != but and plain_name(one.name) == plain_name(wanted):
            raise StageExists(name=one.name)


def addable(pipeline: DealPipeline, semantics: str) -> None:
    """Raises `OneSuccess`: a second success stage is not possible."""
    if semantics == "S" and pipeline.of("S"):
        raise OneSuccess(name=pipeline.name)


def pipeline_order(board: Board, order: Sequence[DealPipeline]) -> None:
    """Raises `OrderMisses`, `OrderRepeats`."""
    _once([p.id for p in order], {p.id: f"{p.id} {p.name}" for p in board.pipelines})


def stage_order(pipeline: DealPipeline, order: Sequence[DealStage]) -> None:
    """Raises `OrderMisses`, `OrderRepeats`, `StagesMixed`."""
    _once([s.id for s in order], {s.id: f"{s.id} {s.name}" for s in pipeline.stages})
    groups_apart([s.semantics for s in order])


def groups_apart(semantics: Sequence[str]) -> None:
    """Raises `StagesMixed` unless stages in work come first, then success, then failure."""
    places = [GROUPS.index(one) for one in semantics]
    if places != sorted(places):
        raise StagesMixed()


def deletable(pipeline: DealPipeline) -> None:
    """Raises `DefaultStays`, `PipelineInUse`. What was not counted is left to the portal, which refuses by itself."""
    if pipeline.is_default or pipeline.id == BUILT_IN:
        raise DefaultStays(name=pipeline.name)
    if pipeline.deals:
        raise PipelineInUse(name=pipeline.name, deals=pipeline.deals)


def stage_deletable(pipeline: DealPipeline, stage: DealStage) -> None:
    """Raises `StageStays`, `LastStage`, `StageInUse`."""
    if stage.system or stage.semantics == "S":
        raise StageStays(name=stage.name)
    if len(pipeline.of(stage.semantics)) < 2:
        raise LastStage(name=stage.name)
    if stage.deals:
        raise StageInUse(name=stage.name, deals=stage.deals)


def _once(given: Sequence[T], known: dict[T, str]) -> None:
    twice = [known.get(one, str(one)) for one, times in Counter(given).items() if times > 1]
    if twice:
        raise OrderRepeats(twice=", ".join(twice))
    missing = [text for one, text in known.items() if one not in given]
    if missing:
        raise OrderMisses(missing=", ".join(missing))


def _pipelines(some: Sequence[DealPipeline]) -> str:
    return ", ".join(f"{p.id} {p.name}" for p in some)


def _stages(some: Sequence[DealStage]) -> str:
    return ", ".join(f"{s.id} {s.name}" for s in some)
