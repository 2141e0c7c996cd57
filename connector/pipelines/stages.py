"""The stages of a pipeline: add, rename, recolour, reorder, delete. As in `whole`: a desk in, what is so now out.

Sources: crm.status.add, update, delete, list. The code of a new stage is ours (`UC_` and six characters, as Bitrix24's own), so that one
whose answer was lost is found by it. Raises, besides what each names: `NotAllowed`, `ChangeUnderWay`, `ChangeUnknown`, `ChangeLost`,
`NotTaken`, `NoSuchPipeline`, `NoSuchStage`, `RunMakes`, and the errors of the wire.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from connector.bitrix.batch import Command
from connector.errors import ChangeIncomplete, LeadswitchError, MethodError, RecordNotFound, StageInUse
from connector.pipelines import inuse, rules, shape
from connector.pipelines.change import Change, changing, said
from connector.pipelines.desk import Desk
from connector.pipelines.model import Board, DealPipeline, DealStage, code_of, directory
from connector.portals.audit import Did

IN_WORK, FAILURE = "P", "F"
COLOURS = {IN_WORK: "#39A8EF", FAILURE: "#FF5752", "S": "#7BD500"}
"""What a stage without a chosen colour gets: those of Bitrix24's own stages."""
_LETTERS = string.ascii_uppercase + string.digits


def new_code() -> str:
    """A code that no stage has; short enough for every prefix (crm.status.add: 22 characters with it)."""
    return "UC_" + "".join(secrets.choice(_LETTERS) for _ in range(6))


def add(
    desk: Desk,
    pipeline: str | int,
    name: str,
    *,
    color: str = "",
    semantics: str = IN_WORK,
    after: str = "",
    code: Callable[[], str] = new_code,
) -> DealPipeline:
    """A new stage behind the stage `after`, else as the last of its group; `semantics` is P or F.

    Raises `NameMissing`, `NameTooLong`, `BadColour`, `StageExists`, `OneSuccess`, `StagesMixed`, `ChangeIncomplete`.
    """
    wanted = rules.name(name)
    paint = rules.colour(color) if color else COLOURS[semantics]
    with _changing(desk, Did.STAGE_ADDED, pipeline, name=wanted) as (change, one):
        rules.addable(one, semantics)
        rules.free_stage_name(one, wanted)
        place = _place(one, semantics, rules.find_stage(one, after) if after else None)
        order: list[DealStage | None] = [*one.stages[:place], None, *one.stages[place:]]
        sorts = shape.spread([s.sort if s else None for s in order])
        others = [(s, new) for s, new in zip(order, sorts, strict=True) if s is not None]
        _number(change, [s for s, _ in others], [new for _, new in others])
        status = code()
        fields = {
            "ENTITY_ID": directory(one.id),
            "STATUS_ID": status,
            "NAME": wanted,
            "SORT": sorts[place],
            "COLOR": paint,
            **({"SEMANTICS": semantics} if semantics != IN_WORK else {}),
        }
        try:
            change.send("crm.status.add", {"fields": fields})
        except LeadswitchError as error:
            if change.sent:
                raise ChangeIncomplete(said=said(error)) from None
            raise
        change.detail["code"] = status
        return _after(change, one, lambda now: any(code_of(s.id) == status for s in now.stages))


def rename(desk: Desk, pipeline: str | int, stage: str, name: str) -> DealPipeline:
    """Another name. Raises `NameMissing`, `NameTooLong`, `StageExists`."""
    return change_look(desk, pipeline, stage, name=name)


def recolour(desk: Desk, pipeline: str | int, stage: str, color: str) -> DealPipeline:
    """Another colour. Raises `BadColour`."""
    return change_look(desk, pipeline, stage, color=color)


def change_look(
    desk: Desk, pipeline: str | int, stage: str, *, name: str | None = None, color: str | None = None
) -> DealPipeline:
    """Name and colour, whichever is given. Raises `NameMissing`, `NameTooLong`, `StageExists`, `BadColour`."""
    called = None if name is None else rules.name(name)
    paint = None if color is None else rules.colour(color)
    did = Did.STAGE_RENAMED if called is not None else Did.STAGE_RECOLOURED
    with _changing(desk, did, pipeline) as (change, one):
        found = rules.find_stage(one, stage)
        fields = {}
        if called is not None and called != found.name:
            rules.free_stage_name(one, called, but=found.id)
            fields["NAME"] = called
        if paint is not None and paint != found.color.upper():
            fields["COLOR"] = paint
        change.detail.update(stage=found.id, name=fields.get("NAME", found.name))
        change.detail.update({"was": found.name} if "NAME" in fields else {})
        change.detail.update({"color": paint} if "COLOR" in fields else {})
        if not fields:
            return one
        change.send("crm.status.update", {"id": found.row, "fields": fields})

        def taken(now: DealPipeline) -> bool:
            shown = now.stage(found.id)
            return shown is not None and all(
                (shown.name if field == "NAME" else shown.color.upper()) == value
                for field, value in fields.items()
            )

        return _after(change, one, taken)


def reorder(desk: Desk, pipeline: str | int, order: Sequence[str]) -> DealPipeline:
    """Another order of all stages. Raises `OrderMisses`, `OrderRepeats`, `StagesMixed`, `ChangeIncomplete`."""
    with _changing(desk, Did.STAGES_REORDERED, pipeline) as (change, one):
        chosen = [rules.find_stage(one, stage) for stage in order]
        rules.stage_order(one, chosen)
        ids = [s.id for s in chosen]
        change.detail.update(order=ids, before=[s.id for s in one.stages])
        if ids == [s.id for s in one.stages]:
            return one
        _number(change, chosen, shape.spread([s.sort for s in chosen]))
        return _after(change, one, lambda now: [s.id for s in now.stages if s.id in ids] == ids)


def delete(desk: Desk, pipeline: str | int, stage: str) -> DealPipeline:
    """Take an empty stage away. Raises `StageStays`, `LastStage`, `StageInUse`, `RunHolds`."""
    with _changing(desk, Did.STAGE_DELETED, pipeline, deals=True) as (change, one):
        found = rules.find_stage(one, stage)
        change.detail.update(stage=found.id, name=found.name)
        rules.stage_deletable(one, found)
        inuse.free(inuse.hold(desk.db, desk.portal.id), one)
        try:
            change.send("crm.status.delete", {"id": found.row})
        except RecordNotFound:
            pass
        except MethodError:
            # A deal that came meanwhile, or one that our credential may not see.
            shown = desk.look(one.id).by_id.get(one.id, one).stage(found.id)
            if shown is not None and shown.deals:
                raise StageInUse(name=found.name, deals=shown.deals) from None
            raise
        return _after(change, one, lambda now: now.stage(found.id) is None)


@contextmanager
def _changing(
    desk: Desk, did: Did, pipeline: str | int, *, deals: bool = False, **detail: str
) -> Iterator[tuple[Change, DealPipeline]]:
    """A change of this pipeline as it is now; with `deals` those of its stages are counted."""
    with changing(desk, did, **detail) as change:
        board = desk.look()
        one = rules.find(board, pipeline)
        change.detail["pipeline"] = one.id
        inuse.nothing_made(inuse.hold(desk.db, desk.portal.id))
        yield change, desk.look(one.id).by_id.get(one.id, one) if deals else one


def _place(pipeline: DealPipeline, semantics: str, after: DealStage | None) -> int:
    if after is not None:
        place = next(i for i, s in enumerate(pipeline.stages) if s.id == after.id) + 1
        groups = [s.semantics for s in pipeline.stages]
        rules.groups_apart([*groups[:place], semantics, *groups[place:]])
        return place
    last = [
        i
        for i, s in enumerate(pipeline.stages)
        if rules.GROUPS.index(s.semantics) <= rules.GROUPS.index(semantics)
    ]
    return max(last, default=-1) + 1


def _number(change: Change, stages: Sequence[DealStage], sorts: Sequence[int]) -> None:
    commands = [
        Command(f"s{stage.row}", "crm.status.update", {"id": stage.row, "fields": {"SORT": new}})
        for stage, new in shape.moves(stages, sorts)
    ]
    if commands:
        change.demand(change.send_all(commands))


def _after(change: Change, one: DealPipeline, fits: Callable[[DealPipeline], bool]) -> DealPipeline:
    """The pipeline once it shows the change."""

    def shown(board: Board) -> bool:
        now = board.by_id.get(one.id)
        return now is not None and fits(now)

    return change.settled(shown, stages_of=one.id).by_id[one.id]
