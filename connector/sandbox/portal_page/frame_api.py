"""The portal's half of the frame protocol: renewed tokens, options, the first run, and what the pickers offer.

The browser's half is `static/frame.js`; the messages are those of b24jssdk 2.2.0.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, jsonify, request

from connector.sandbox.events import EventDelivery
from connector.sandbox.launch import Apps
from connector.sandbox.oauth import ACCESS_SECONDS, OAuthError
from connector.sandbox.portal_page.data import KINDS, Reader
from connector.sandbox.portal_page.page_request import body, page_api
from connector.sandbox.portal_page.session import visitor
from connector.sandbox.world import SHORT_CODES, World

PICK_ROWS = 20


def blueprint(world: World, lifecycle: Apps, events: EventDelivery) -> Blueprint:
    """Routes below /portal/api/app/ and /portal/api/pick/."""
    api = page_api("portal_frame_api")

    @api.post("/app/<client_id>/auth")
    def refresh(client_id: str) -> Any:
        who = visitor(world)
        try:
            token = events.oauth.issue(client_id, who.user.id, request.host, request.scheme)
        except OAuthError as error:
            return jsonify(error=error.code), error.status
        return jsonify(AUTH_ID=token.access, REFRESH_ID=token.refresh, AUTH_EXPIRES=ACCESS_SECONDS)

    @api.post("/app/<client_id>/option")
    def option(client_id: str) -> Any:
        """setAppOption (administrators only) and setUserOption of the frame protocol."""
        app = world.apps.get(client_id) or abort(404)
        who, sent = visitor(world), body()
        name, scope = str(sent.get("name", "")), sent.get("scope")
        if not name or not app.present:
            abort(400)
        with world.lock:
            if scope == "user":
                world.user_options.setdefault((client_id, who.user.id), {})[name] = sent.get("value")
            elif who.user.is_admin:
                world.app_options.setdefault(client_id, {})[name] = sent.get("value")
            else:
                abort(403)
        return jsonify(ok=True)

    @api.post("/app/<client_id>/first-run")
    def first_run(client_id: str) -> Any:
        if client_id not in world.apps:
            abort(404)
        lifecycle.ran(client_id, visitor(world).user)
        return jsonify(ok=True)

    @api.get("/pick/users")
    def users() -> Any:
        who = visitor(world)
        reader = Reader(world, who.user, who.language)
        people = [reader.person(user.id) for user in world.users.values() if user.active]
        rows = [
            {"id": str(p.id), "name": p.name, "photo": "", "position": "", "sub": False, "sup": False}
            for p in people
        ]
        return jsonify(rows)

    @api.get("/pick/<kind>")
    def records(kind: str) -> Any:
        if kind not in KINDS:
            abort(404)
        who = visitor(world)
        reader = Reader(world, who.user, who.language)
        found = []
        for row_id in reversed(reader.table(kind).ids):
            row = reader.table(kind).rows[row_id]
            if reader.may_see(row):
                found.append((row_id, reader.title(kind, row)))
            if len(found) == PICK_ROWS:
                break
        prefix = SHORT_CODES[KINDS[kind]]
        rows = [
            {
                "id": f"{prefix}_{i}",
                "type": kind,
                "place": kind,
                "title": title,
                "desc": "",
                "url": f"/crm/{kind}/details/{i}/",
            }
            for i, title in found
        ]
        return jsonify(rows)

    return api
