"""Bitrix24's own converter and CRM-mode switch, as `native_switch.md` describes them. The truth for our predictions."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from connector.sandbox.native.conversion import ConversionError, Converted, Scheme, convert
from connector.sandbox.native.switch import (
    VARIANTS,
    NativeSwitch,
    SwitchError,
    active_leads,
    set_mode,
)
from connector.sandbox.world import CLASSIC, SIMPLE, Actor, World

__all__ = [
    "VARIANTS",
    "ConversionError",
    "Converted",
    "NativeSwitch",
    "Scheme",
    "SwitchError",
    "active_leads",
    "convert",
    "convert_new_lead",
    "run_control",
    "scheme_from",
    "set_mode",
]

log = logging.getLogger(__name__)


def convert_new_lead(world: World, lead_id: int) -> Converted | None:
    """Simple mode: the portal converts a lead the moment it is created, as its responsible and without checks (3).

    A failure is not reported to whoever created the lead; partial records may remain. None when it failed.
    """
    with world.lock:
        config = world.converter
        contact = config.create_contact or not config.create_company
        scheme = Scheme(
            contact=contact,
            company=config.create_company,
            category_id=config.category_id,
            complete_activities=config.complete_activities,
            sync_fields=False,
            check_workflows=False,
            undo=False,
        )
        actor = Actor(user_id=int(world.leads.rows[lead_id]["ASSIGNED_BY_ID"]), kind="robot")
        try:
            return convert(world, lead_id, scheme, actor)
        except ConversionError as error:
            log.info("the new lead %s was not converted: %s", lead_id, error.code)
            return None


def scheme_from(options: Mapping[str, Any]) -> Scheme:
    """The dialog's choices: contact, company, category_id, keep_activities, sync_fields; the dialog's defaults."""
    return Scheme(
        contact=bool(options.get("contact", True)),
        company=bool(options.get("company", False)),
        category_id=int(options.get("category_id") or 0),
        complete_activities=not bool(options.get("keep_activities", True)),
        sync_fields=bool(options.get("sync_fields", True)),
    )


def run_control(world: World, request: Mapping[str, Any]) -> dict[str, Any]:
    """`POST /control/native`: {variant?, to?: simple|classic, user_id?, limit?, options?: {…}}, the whole switch at once.

    Raises ValueError for an unknown variant or direction, SwitchError when the portal refuses to begin.
    """
    to = str(request.get("to", "simple"))
    variant = str(request.get("variant") or world.settings.native_variant)
    if to not in ("simple", "classic") or variant not in VARIANTS:
        raise ValueError("to must be simple or classic, variant documented, mobile or older-web")
    if to == "classic":
        set_mode(world, CLASSIC)
        return {
            "variant": variant,
            "mode": CLASSIC,
            "total": 0,
            "converted": [],
            "failed": [],
            "flipped": True,
        }
    admin = next(user.id for user in world.users.values() if user.is_admin and user.active)
    actor = Actor(user_id=int(request.get("user_id") or admin), kind="page")
    limit = request.get("limit")
    switch = NativeSwitch(world, actor, variant, scheme_from(request.get("options") or {}))
    report = switch.run(None if limit is None else int(limit))
    return {**report, "mode": SIMPLE if switch.flipped else world.settings.mode}
