"""What a person changes on a record in the portal page: its stage, a comment, an activity, notifications read."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, jsonify

from connector.sandbox.crm import activities, items, stages, timeline
from connector.sandbox.errors import RestError
from connector.sandbox.portal_page.data import KINDS, Reader
from connector.sandbox.portal_page.page_request import body, page_api
from connector.sandbox.portal_page.session import Visitor, visitor
from connector.sandbox.world import World

DAY = 86_400


def blueprint(world: World) -> Blueprint:
    """Routes below /portal/api/record, /portal/api/activity and /portal/api/notifications."""
    api = page_api("portal_record_api")

    def record(kind: str, row_id: int) -> tuple[Visitor, int]:
        who = visitor(world)
        row = world.entities(KINDS[kind]).get(row_id) if kind in KINDS else None
        if row is None or not Reader(world, who.user, who.language).may_see(row):
            abort(404)
        return who, KINDS[kind]

    @api.post("/record/<kind>/<int:row_id>/stage")
    def move(kind: str, row_id: int) -> Any:
        who, type_id = record(kind, row_id)
        if type_id not in items.STAGE_FIELD:
            abort(404)
        stage = str(body().get("stage", ""))
        with world.lock:
            row = world.entities(type_id).rows[row_id]
            entity = "STATUS" if kind == "lead" else stages.stage_entity(row["CATEGORY_ID"])
            if stages.find(world, entity, stage) is None:
                abort(400)
            items.update(world, type_id, row_id, {items.STAGE_FIELD[type_id]: stage}, actor=who.actor)
        return jsonify(ok=True)

    @api.post("/record/<kind>/<int:row_id>/comment")
    def comment(kind: str, row_id: int) -> Any:
        who, type_id = record(kind, row_id)
        text = str(body().get("text", "")).strip()[:2000] or abort(400)
        with world.lock:
            timeline.add_comment(world, (type_id, row_id), text, who.actor)
        return jsonify(ok=True)

    @api.post("/record/<kind>/<int:row_id>/todo")
    def todo(kind: str, row_id: int) -> Any:
        who, type_id = record(kind, row_id)
        text = str(body().get("text", "")).strip()[:250] or abort(400)
        with world.lock:
            deadline = world.now() + DAY
            values = {"SUBJECT": text, "DEADLINE": deadline, "START_TIME": deadline, "END_TIME": deadline}
            values |= {"BINDINGS": ((type_id, row_id),)}
            activities.create(world, values, who.actor)
        return jsonify(ok=True)

    @api.post("/activity/<int:row_id>/complete")
    def complete_activity(row_id: int) -> Any:
        who = visitor(world)
        with world.lock:
            if row_id not in world.activities:
                abort(404)
            activities.update(world, row_id, {"COMPLETED": True}, who.actor)
        return jsonify(ok=True)

    @api.post("/notifications/read")
    def read_notifications() -> Any:
        who = visitor(world)
        with world.lock:
            for note_id in world.notifications.find("USER_ID", who.user.id):
                world.notifications.change(note_id, {"READ": True})
        return jsonify(ok=True)

    @api.errorhandler(RestError)
    def refused(error: RestError) -> Any:
        return jsonify(error=str(error.code), text=error.description), 409

    return api
