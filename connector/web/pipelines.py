"""The pages on which pipelines and their stages are read and changed by hand. Every rule of them is in `connector.pipelines`; here is only
what was pressed, and what is so afterwards.

What is refused is told on the page where it was asked for, with what was typed still there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from flask import Blueprint, Response, make_response, request

from connector import pipelines as room
from connector.errors import BitrixError, ConfigError, LeadswitchError, NoSuchPipeline, NoSuchStage, sentences
from connector.i18n import N_, _
from connector.pipelines import DealPipeline, DealStage, Desk
from connector.pipelines.stages import change_look
from connector.planning.stages import in_work
from connector.portals.rights import Action
from connector.web.context import page, web
from connector.web.failures import status_of
from connector.web.guard import me, portal, signed_in
from connector.web.pipelineview import Line, View, line, view
from connector.web.plans import onward

pipelines = Blueprint("pipelines", __name__, url_prefix="/app/pipelines")
T = TypeVar("T")

DONE: Mapping[str, str] = {
    "created": N_("The pipeline is there now."),
    "saved": N_("Saved; Bitrix24 shows it like this now."),
    "added": N_("The stage is there now."),
    "deleted": N_("It is gone."),
}

LOOKING = 12.0
CHANGING = 40.0
"""How long somebody waits for the page, in seconds; a change that takes longer is told to be unknown and can be looked up here."""


@pipelines.route("", methods=["POST", "GET"])
@signed_in(Action.PIPELINES)
def show_all() -> Response:
    """All pipelines in their order."""
    return _all()


@pipelines.route("/create", methods=["POST", "GET"])
@signed_in(Action.PIPELINES)
def create() -> Response:
    """A new one, with the usual stages or those of the leads."""
    like_leads = request.form.get("stages") == "leads"

    def work(desk: Desk) -> Response:
        made = room.create(desk, request.form.get("name", ""), like_leads=like_leads)
        return onward("pipelines.show_one", pipeline_id=made.id)

    return _changed(work, _all)


@pipelines.route("/<int:pipeline_id>/move", methods=["POST", "GET"])
@signed_in(Action.PIPELINES)
def move(pipeline_id: int) -> Response:
    """One place up or down."""

    def work(desk: Desk) -> Response:
        ids = [one.id for one in desk.board().pipelines]
        if pipeline_id in ids:
            room.reorder(desk, _moved(ids, pipeline_id))
        return onward("pipelines.show_all")

    return _changed(work, _all)


@pipelines.route("/<int:pipeline_id>", methods=["POST", "GET"])
@signed_in(Action.PIPELINES)
def show_one(pipeline_id: int) -> Response:
    """One pipeline with its stages."""
    return _one(pipeline_id)


@pipelines.route("/<int:pipeline_id>/rename", methods=["POST", "GET"])
@signed_in(Action.PIPELINES)
def rename(pipeline_id: int) -> Response:
    """Another name."""

    def work(desk: Desk) -> Response:
        room.rename(desk, pipeline_id, request.form.get("name", ""))
        return onward("pipelines.show_one", pipeline_id=pipeline_id)

    return _changed(work, lambda error: _one(pipeline_id, error))


@pipelines.route("/<int:pipeline_id>/ask", methods=["POST", "GET"])
@signed_in(Action.PIPELINES)
def ask(pipeline_id: int) -> Response:
    """What goes with it, before it is taken away."""
    one = _found(_desk(LOOKING), pipeline_id)
    return make_response(page("pipelines_ask", nav="pipelines", one=one, stage=None))


@pipelines.route("/<int:pipeline_id>/delete", methods=["POST", "GET"])
@signed_in(Action.PIPELINES)
def delete(pipeline_id: int) -> Response:
    """Take an empty pipeline away. A second click finds it gone, which is what was wanted."""

    def work(desk: Desk) -> Response:
        if desk.board().has(pipeline_id):
            room.delete(desk, pipeline_id)
        return onward("pipelines.show_all")

    return _changed(work, lambda error: _one(pipeline_id, error))


@pipelines.route("/<int:pipeline_id>/stages/add", methods=["POST", "GET"])
@signed_in(Action.PIPELINES)
def add_stage(pipeline_id: int) -> Response:
    """A new stage, as the last of its group."""
    kind = request.form.get("semantics", "P")

    def work(desk: Desk) -> Response:
        room.stages.add(
            desk,
            pipeline_id,
            request.form.get("stage_name", ""),
            color=request.form.get("stage_color", ""),
            semantics=kind if kind in "PF" and kind else "P",
        )
        return onward("pipelines.show_one", pipeline_id=pipeline_id)

    return _changed(work, lambda error: _one(pipeline_id, error))


@pipelines.route("/<int:pipeline_id>/stages/look", methods=["POST", "GET"])
@signed_in(Action.PIPELINES)
def change_stage(pipeline_id: int) -> Response:
    """Another name, another colour."""

    def work(desk: Desk) -> Response:
        change_look(
            desk,
            pipeline_id,
            request.form.get("stage", ""),
            name=request.form.get("stage_name"),
            color=request.form.get("stage_color") or None,
        )
        return onward("pipelines.show_one", pipeline_id=pipeline_id)

    return _changed(work, lambda error: _one(pipeline_id, error))


@pipelines.route("/<int:pipeline_id>/stages/move", methods=["POST", "GET"])
@signed_in(Action.PIPELINES)
def move_stage(pipeline_id: int) -> Response:
    """One place up or down."""
    stage = request.form.get("stage", "")

    def work(desk: Desk) -> Response:
        one = _found(desk, pipeline_id)
        ids = [s.id for s in one.stages]
        if stage in ids:
            room.stages.reorder(desk, pipeline_id, _moved(ids, stage))
        return onward("pipelines.show_one", pipeline_id=pipeline_id)

    return _changed(work, lambda error: _one(pipeline_id, error))


@pipelines.route("/<int:pipeline_id>/stages/ask", methods=["POST", "GET"])
@signed_in(Action.PIPELINES)
def ask_stage(pipeline_id: int) -> Response:
    """Before a stage is taken away."""
    one = _found(_desk(LOOKING), pipeline_id)
    stage = _stage(one)
    return make_response(page("pipelines_ask", nav="pipelines", one=one, stage=stage))


@pipelines.route("/<int:pipeline_id>/stages/delete", methods=["POST", "GET"])
@signed_in(Action.PIPELINES)
def delete_stage(pipeline_id: int) -> Response:
    """Take an empty stage away."""

    def work(desk: Desk) -> Response:
        one = _found(desk, pipeline_id)
        if one.stage(request.form.get("stage", "")) is not None:
            room.stages.delete(desk, pipeline_id, request.form["stage"])
        return onward("pipelines.show_one", pipeline_id=pipeline_id)

    return _changed(work, lambda error: _one(pipeline_id, error))


# ------------------------------------------------------------------------------------------------------------ pages


def _all(error: LeadswitchError | None = None) -> Response:
    board = _desk(LOOKING).board()
    lines: list[Line] = [line(one) for one in board.pipelines]
    typed = request.form.get("name", "") if error else ""
    return _answer("pipelines", error, lines=lines, lead_stages=in_work(board.lead_stages), typed=typed)


def _one(pipeline_id: int, error: LeadswitchError | None = None) -> Response:
    desk = _desk(LOOKING)
    shown: View = view(_found(desk, pipeline_id), room.hold(desk.db, desk.portal.id))
    typed = request.form if error else {}
    return _answer("pipeline", error, one=shown, typed=typed)


def _answer(template: str, error: LeadswitchError | None, **values: Any) -> Response:
    told = sentences(error.told(), _) if error else ()
    # A change goes on to its page with the fields that were posted: they say what to confirm and where the focus was.
    said = DONE.get(request.form.get("did", "")) if error is None else None
    shown: dict[str, Any] = {
        "done": _(said) if said else "",
        "moved": request.form.get("moved"),
        "way": request.form.get("way"),
    }
    answer = make_response(page(template, nav="pipelines", told=told, **shown, **values))
    if error:
        answer.status_code = status_of(error)
    return answer


def _changed(
    work: Callable[[Desk], Response], again: Callable[[LeadswitchError | None], Response]
) -> Response:
    """Do it and go on; what was refused is told on the page, unless the portal will not even show that."""
    try:
        return work(_desk(CHANGING))
    except (NoSuchPipeline, ConfigError):
        raise
    except LeadswitchError as error:
        try:
            return again(error)
        except BitrixError:
            raise error from None
    finally:
        # The options of the next plan are to offer what there is now.
        web().facts.forget(portal().id)


def _desk(patience: float) -> Desk:
    parts = web()
    return room.open_desk(
        parts.db, parts.settings, portal(), viewer=me(), via="web", clock=parts.clock, patience=patience
    )


def _found(desk: Desk, pipeline_id: int) -> DealPipeline:
    return room.find(desk.board(stages_of=pipeline_id), pipeline_id)


def _stage(one: DealPipeline) -> DealStage:
    wanted = request.form.get("stage", "")
    found = one.stage(wanted)
    if found is None:
        known = ", ".join(s.name for s in one.stages)
        raise NoSuchStage(pipeline=one.name, wanted=wanted[:60], known=known)
    return found


def _moved(order: Sequence[T], which: T) -> list[T]:
    """The order with `which` one place up or down, as was pressed; at the end it stays, and where it had been moved already."""
    moved = list(order)
    place = moved.index(which)
    if request.form.get("place", str(place)) != str(place):
        return moved
    other = place + (1 if request.form.get("way") == "down" else -1)
    if 0 <= other < len(moved):
        moved[place], moved[other] = moved[other], moved[place]
    return moved
