"""The methods that our companion adds to a self-hosted portal (`OnRestServiceBuildDescription`): present only there.

No cloud portal has them. Each checks the caller's right to change CRM settings itself, in a scope of its own. Setting
Simple refuses while leads are in work unless their exact number is passed; nothing is converted. It answers what the
companion promises, not what Bitrix24 documents.
"""

from __future__ import annotations

from typing import Any

from connector.sandbox import native
from connector.sandbox.errors import RestError
from connector.sandbox.rest.access import require_settings
from connector.sandbox.rest.call import Call, method, yes
from connector.sandbox.world import CLASSIC, SIMPLE, ConverterConfig

SCOPE = "leadswitch"
VERSION = "1.0.0"
MODES = {"1": CLASSIC, "classic": CLASSIC, "2": SIMPLE, "simple": SIMPLE}


def _allowed(call: Call, *, write: bool) -> None:
    require_settings(call, RestError("ACCESS_DENIED", "You may not change CRM settings.", 403))
    if write and not call.world.settings.companion_writable:
        raise RestError("ACCESS_DENIED", "The companion is installed read-only.", 403)


@method("leadswitch.version", scope=SCOPE, switch="companion")
def version(_call: Call) -> Any:
    return {
        "version": VERSION,
        "methods": [
            "leadswitch.crm.mode.set",
            "leadswitch.crm.converter.get",
            "leadswitch.crm.converter.set",
        ],
    }


@method("leadswitch.crm.mode.set", scope=SCOPE, switch="companion")
def set_mode(call: Call) -> Any:
    """`mode` 1 or 2; `leftovers`: how many leads in work the caller knows of, when there are any."""
    _allowed(call, write=True)
    world = call.world
    mode = MODES.get(str(call.get("mode") or "").lower())
    if mode is None:
        raise RestError("LEADSWITCH_WRONG_MODE", "The mode must be 1 (classic) or 2 (simple).")
    previous, active = world.mode, len(native.active_leads(world))
    if mode == CLASSIC and not world.leads_available:
        raise RestError("LEADSWITCH_LEADS_UNAVAILABLE", "Leads are not available in the plan of this portal.")
    if mode == SIMPLE and active and call.integer("leftovers", -1) != active:
        text = f"{active} leads are in work. Pass leftovers={active} to leave them behind."
        raise RestError("LEADSWITCH_LEADS_IN_WORK", text)
    if mode != previous:
        native.set_mode(world, mode)
    return {"mode": world.mode, "previous": previous, "leftovers": active if mode == SIMPLE else 0}


def _config(config: ConverterConfig) -> dict[str, Any]:
    return {
        "contact": config.create_contact,
        "company": config.create_company,
        "categoryId": config.category_id,
        "completeActivities": config.complete_activities,
    }


@method("leadswitch.crm.converter.get", scope=SCOPE, switch="companion")
def converter_get(call: Call) -> Any:
    _allowed(call, write=False)
    return _config(call.world.converter)


@method("leadswitch.crm.converter.set", scope=SCOPE, switch="companion")
def converter_set(call: Call) -> Any:
    """What becomes of new inquiries in Simple mode; with neither contact nor company a contact is made."""
    _allowed(call, write=True)
    old = call.world.converter
    contact = yes(call.get("contact", old.create_contact))
    company = yes(call.get("company", old.create_company))
    category = call.integer("categoryId", old.category_id)
    if category not in call.world.categories:
        raise RestError("LEADSWITCH_WRONG_PIPELINE", f"There is no pipeline {category}.")
    complete = yes(call.get("completeActivities", old.complete_activities))
    call.world.converter = ConverterConfig(contact or not company, company, category, complete)
    return _config(call.world.converter)
