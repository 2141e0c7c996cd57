"""Whole pipelines: create, rename, reorder, delete. Every function takes a desk, changes one thing and answers with what is so now.

Sources: crm.category.add, update, delete, list. Raises, besides what each names: `NotAllowed`, `ChangeUnderWay`, `ChangeUnknown`,
`ChangeLost`, `NotTaken`, and the errors of the wire.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.bitrix.batch import Command, Status
from connector.errors import (
    ChangeDoubtful,
    LeadswitchError,
    MethodError,
    PipelineHalfMade,
    PipelineInUse,
    PipelineRefused,
    PlanRestriction,
    RecordNotFound,
    StagesNotCopied,
)
from connector.pipelines import inuse, reading, rules, shape
from connector.pipelines.change import Change, changing, said
from connector.pipelines.desk import Desk
from connector.pipelines.model import BUILT_IN, DEAL, Board, DealPipeline, code_of, directory
from connector.pipelines.stages import new_code
from connector.planning.stages import copied_stages
from connector.portals.audit import Did

LONGEST_CODE = 22
USUAL_SORT = 500
"""What crm.category.add gives by itself."""


def create(desk: Desk, name: str, *, sort: int | None = None, like_leads: bool = False) -> DealPipeline:
    """A new pipeline, with Bitrix24's usual stages or, `like_leads`, with the names, order and colours of the lead stages in work and
    the success and failure stages of the default pipeline.

    Raises `NameMissing`, `NameTooLong`, `BadPlace`, `PipelineExists`, `RunMakes`, `PipelineRefused` (the limit of the plan),
    `StagesNotCopied`, `PipelineHalfMade`.
    """
    wanted = rules.name(name)
    place = rules.place(USUAL_SORT if sort is None else sort)
    with changing(desk, Did.PIPELINE_CREATED, name=wanted, like_leads=like_leads) as change:
        before = desk.look()
        rules.free_pipeline_name(before, wanted)
        inuse.nothing_made(inuse.hold(desk.db, desk.portal.id))
        made = _add(change, before, wanted, place)
        change.detail["id"] = made.id
        if like_leads:
            default = before.by_id.get(BUILT_IN)
            rows = [
                {**row, "code": fitting(made.id, str(row["code"]))}
                for row in copied_stages(before.lead_stages, default.stages if default else ())
            ]
            made = _copy(change, made, rows)
        return made


def fitting(pipeline_id: int, code: str) -> str:
    """A lead stage's code, or another one where it is too long with the prefix (crm.status.add: 21 for leads, 22 for deals with it)."""
    return code if len(f"C{pipeline_id}:{code}") <= LONGEST_CODE else new_code()


def _add(change: Change, before: Board, name: str, sort: int) -> DealPipeline:
    params = {"entityTypeId": DEAL, "fields": {"name": name, "sort": sort}}
    try:
        change.send("crm.category.add", params)
    except (MethodError, PlanRestriction) as error:
        count = len(before.pipelines)
        raise PipelineRefused(name=name, said=said(error), count=count) from None

    def found(board: Board) -> DealPipeline | None:
        # Whether a pipeline keeps a marker of ours is not documented; its name on one that was not there before is as good.
        return next((p for p in board.pipelines if p.name == name and not before.has(p.id)), None)

    try:
        made = found(change.settled(lambda board: found(board) is not None))
    except ChangeDoubtful as error:
        raise PipelineRefused(name=name, said=error.details["said"], count=len(before.pipelines)) from None
    assert made is not None
    return made


def _copy(change: Change, made: DealPipeline, wanted: Sequence[Mapping[str, Any]]) -> DealPipeline:
    """Turn the usual stages of a new pipeline into the wanted ones; if that cannot be done, take the pipeline away again."""
    entity_id = directory(made.id)
    have = reading.raw_stages(change.desk.client, entity_id)
    todo = shape.steps(entity_id, have, wanted)
    outcomes = change.send_all([Command(f"s{i}", step.method, step.params) for i, step in enumerate(todo)])
    failed = outcomes.having(Status.FAILED, Status.NOT_RUN) if outcomes is not None else []
    if failed:
        raise _not_copied(change, made, said(failed[0].error))
    order = [str(stage["code"]) for stage in wanted]

    def copied(board: Board) -> bool:
        now = board.by_id.get(made.id)
        return now is not None and [code_of(s.id) for s in now.stages] == order

    return change.settled(copied).by_id[made.id]


def _not_copied(change: Change, made: DealPipeline, words: str) -> LeadswitchError:
    kept = PipelineHalfMade(said=words, name=made.name, id=made.id)
    try:
        change.send("crm.category.delete", {"entityTypeId": DEAL, "id": made.id})
        change.settled(lambda board: not board.has(made.id))
    except LeadswitchError:
        return kept
    change.detail["removed"] = True
    return StagesNotCopied(said=words)


def rename(desk: Desk, pipeline: str | int, name: str) -> DealPipeline:
    """Another name, for the built-in pipeline too. Raises `NoSuchPipeline`, `NameMissing`, `NameTooLong`, `PipelineExists`, `RunMakes`."""
    wanted = rules.name(name)
    with changing(desk, Did.PIPELINE_RENAMED, name=wanted) as change:
        board = desk.look()
        one = rules.find(board, pipeline)
        change.detail.update(id=one.id, was=one.name)
        if one.name == wanted:
            return one
        rules.free_pipeline_name(board, wanted, but=one.id)
        inuse.nothing_made(inuse.hold(desk.db, desk.portal.id))
        _update(change, one, {"name": wanted})
        board = change.settled(
            lambda now: now.has(one.id) and now.by_id[one.id].name == wanted, stages_of=one.id
        )
        return board.by_id[one.id]


def reorder(desk: Desk, order: Sequence[str | int]) -> Board:
    """Another order of all pipelines. Raises `NoSuchPipeline`, `OrderMisses`, `OrderRepeats`, `ChangeIncomplete`."""
    with changing(desk, Did.PIPELINES_REORDERED) as change:
        board = desk.look()
        chosen = [rules.find(board, one) for one in order]
        rules.pipeline_order(board, chosen)
        ids = [p.id for p in chosen]
        change.detail.update(order=ids, before=[p.id for p in board.pipelines])
        if ids == [p.id for p in board.pipelines]:
            return board
        sorts = shape.spread([p.sort for p in chosen])
        commands = [
            Command(
                f"p{p.id}", "crm.category.update", {"entityTypeId": DEAL, "id": p.id, "fields": {"sort": new}}
            )
            for p, new in zip(chosen, sorts, strict=True)
            if p.sort != new
        ]
        change.demand(change.send_all(commands))
        return change.settled(lambda now: [p.id for p in now.pipelines if p.id in ids] == ids)


def delete(desk: Desk, pipeline: str | int) -> DealPipeline:
    """Take an empty pipeline away; answers what it was.

    Raises `NoSuchPipeline`, `DefaultStays`, `PipelineInUse`, `RunHolds`, `RunMakes`.
    """
    with changing(desk, Did.PIPELINE_DELETED) as change:
        one = rules.find(desk.look(), pipeline)
        change.detail.update(id=one.id, name=one.name)
        rules.deletable(one)
        running = inuse.hold(desk.db, desk.portal.id)
        inuse.nothing_made(running)
        inuse.free(running, one)
        try:
            change.send("crm.category.delete", {"entityTypeId": DEAL, "id": one.id})
        except RecordNotFound:
            pass
        except MethodError:
            # A deal that came meanwhile, or one that our credential may not see.
            now = desk.look().by_id.get(one.id, one)
            if now.deals:
                raise PipelineInUse(name=now.name, deals=now.deals) from None
            raise
        change.settled(lambda now: not now.has(one.id))
        return one


def _update(change: Change, one: DealPipeline, fields: Mapping[str, Any]) -> None:
    change.send("crm.category.update", {"entityTypeId": DEAL, "id": one.id, "fields": fields})
