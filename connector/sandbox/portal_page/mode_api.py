"""The server half of the CRM-mode dialog: what it needs to know, the conversion lead by lead, the flip.

One lead per request, so that the person can stop in the middle (native_switch.md 1.2). The rules are in `native/`.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, abort, jsonify

from connector.sandbox import native
from connector.sandbox.native import NativeSwitch, SwitchError, mapping
from connector.sandbox.portal_page.context import MODE_CODES
from connector.sandbox.portal_page.data import category_list
from connector.sandbox.portal_page.page_request import body, page_api
from connector.sandbox.portal_page.session import Visitor, visitor
from connector.sandbox.world import CLASSIC, SIMPLE, World

DIALOG_VARIANTS = ("documented", "older-web")


def _variant(world: World, who: Visitor) -> str:
    return "mobile" if who.device == "mobile" else world.settings.native_variant


def blueprint(world: World) -> Blueprint:
    """Routes below /portal/api/mode, and /portal/api/settings."""
    api = page_api("portal_mode_api")
    runs: dict[str, NativeSwitch] = {}

    @api.get("/mode")
    def mode() -> Any:
        who = visitor(world)
        variant = native.VARIANTS[_variant(world, who)]
        with world.lock:
            active = native.active_leads(world, None if variant.all_leads else who.actor)
            targets = native.Scheme(contact=True, company=True).targets()
            absent = mapping.missing(world, targets)
            config = world.converter
        return jsonify(
            mode=MODE_CODES[world.mode],
            available=world.leads_available,
            may_change=who.may_configure,
            variant=variant.name,
            active=len(active),
            categories=category_list(world),
            missing_fields=sum(len(fields) for fields in absent.values()),
            contact=config.create_contact,
            company=config.create_company,
            category_id=config.category_id,
        )

    @api.post("/mode/set")
    def set_mode() -> Any:
        who, wanted = visitor(world), body().get("mode")
        if not who.may_configure:
            abort(403)
        if wanted == "classic":
            if not world.leads_available:
                return jsonify(error="mode.unavailable"), 409
            native.set_mode(world, CLASSIC)
        elif wanted == "simple":
            if native.active_leads(world, who.actor):
                return jsonify(error="mode.active"), 409
            native.set_mode(world, SIMPLE)
        else:
            abort(400)
        return jsonify(mode=MODE_CODES[world.mode])

    @api.post("/mode/prepare")
    def prepare() -> Any:
        who = visitor(world)
        if not who.may_configure:
            abort(403)
        switch = NativeSwitch(world, who.actor, _variant(world, who), native.scheme_from(body()))
        try:
            switch.prepare()
        except SwitchError as error:
            return jsonify(error=error.code, text=error.text), 409
        run_id = secrets.token_hex(8)
        runs[run_id] = switch
        return jsonify(run=run_id, total=switch.total)

    @api.post("/mode/process/<run_id>")
    def process(run_id: str) -> Any:
        switch = runs.get(run_id) or abort(404)
        more = switch.step()
        return jsonify(more=more, done=len(switch.converted), failed=len(switch.failed), total=switch.total)

    @api.post("/mode/stop/<run_id>")
    def stop(run_id: str) -> Any:
        switch = runs.pop(run_id, None) or abort(404)
        switch.cancel()
        return jsonify(switch.report())

    @api.post("/mode/complete/<run_id>")
    def complete(run_id: str) -> Any:
        switch = runs.pop(run_id, None) or abort(404)
        switch.finish()
        return jsonify(switch.report())

    @api.post("/settings")
    def settings() -> Any:
        chosen = str(body().get("variant", ""))
        if chosen not in DIALOG_VARIANTS:
            abort(400)
        world.settings.native_variant = chosen
        return jsonify(variant=chosen)

    return api
