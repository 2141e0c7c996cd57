"""Registers our automation rule and our trigger, at install and again with every version; what a portal refuses is noted, not fatal.

Needs an administrator's token in application context (bizproc-robot-add.md, crm-automation-trigger-add.md): a webhook cannot have them.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from connector.bitrix.client import BitrixClient
from connector.clock import Clock
from connector.errors import AccessDenied, BitrixError, DeadCredential, LimitError, TransportError
from connector.occurrences import Kind
from connector.portals.manifest import app_manifest
from connector.store.database import Database
from connector.store.models import Portal
from webhooks.native.names import ROBOT, TRIGGER, TRIGGER_NAME, in_language, robot
from webhooks.rules import service as rules
from webhooks.rules.model import Conditions, RuleForm, TriggerAction

NATIVE = "native"
"""Key in the portal's settings: `{"robot", "trigger"}`, each `ready` or the code of what was answered."""
READY = "ready"
OFFERED = "own_rule_offered"
WHO = {"user_id": None, "name": "", "via": "leadswitch"}

log = structlog.get_logger(__name__)


def register(
    db: Database, client: BitrixClient, portal_id: int, base_url: str, *, clock: Clock | None = None
) -> Mapping[str, str]:
    """Both, as far as the portal's plan and our scopes allow. Raises when the portal cannot be asked at all."""
    state = {
        "robot": _tried(lambda: _robot(client, base_url.rstrip("/") + app_manifest().urls.robot)),
        "trigger": _tried(lambda: _trigger(db, client, portal_id)),
    }
    with db.begin() as session:
        portal = session.get(Portal, portal_id, with_for_update=True)
        if portal is None:
            return state
        first = OFFERED not in portal.settings and state["trigger"] == READY
        portal.settings = {**portal.settings, NATIVE: state, **({OFFERED: True} if first else {})}
        language = portal.language
    if first:
        rules.create_rule(db, portal_id, _own_rule(language), WHO, clock=clock)
    return state


def _own_rule(language: str) -> RuleForm:
    """Fires the trigger on the deals of each switch. Offered once; who deletes it or switches it off is not asked again."""
    return RuleForm(
        name=in_language(TRIGGER_NAME, language),
        on=(Kind.SWITCH_COMPLETED, Kind.SWITCH_CANCELLED, Kind.SWITCH_FAILED),
        when=Conditions(kind="apply"),
        do=(TriggerAction(),),
    )


def state_of(db: Database, portal_id: int) -> Mapping[str, str]:
    """What became of the registration: `{"robot", "trigger"}`, empty before it was tried."""
    with db.read() as session:
        portal = session.get(Portal, portal_id)
        return dict(portal.settings.get(NATIVE, {})) if portal is not None else {}


def ensure_trigger(db: Database, client: BitrixClient, portal_id: int) -> None:
    """Register the trigger unless it is there. Raises what the portal answers."""
    if state_of(db, portal_id).get("trigger") != READY:
        _trigger(db, client, portal_id)
        with db.begin() as session:
            portal = session.get_one(Portal, portal_id, with_for_update=True)
            portal.settings = {
                **portal.settings,
                NATIVE: {**portal.settings.get(NATIVE, {}), "trigger": READY},
            }


def _tried(register: Any) -> str:
    try:
        register()
    except (DeadCredential, TransportError, LimitError):
        raise
    except BitrixError as error:
        log.info("not registered", code=error.code, kind=type(error).__name__)
        return "scope" if isinstance(error, AccessDenied) else (error.code or type(error).__name__)
    return READY


def _robot(client: BitrixClient, handler: str) -> None:
    known = client.call("bizproc.robot.list").result
    params = robot(handler)
    if isinstance(known, list) and ROBOT in known:
        fields = {name: value for name, value in params.items() if name != "CODE"}
        client.call("bizproc.robot.update", {"CODE": ROBOT, "FIELDS": fields})
    else:
        client.call("bizproc.robot.add", params)


def _trigger(db: Database, client: BitrixClient, portal_id: int) -> None:
    """A known code only gets its name anew."""
    with db.read() as session:
        portal = session.get(Portal, portal_id)
        language = portal.language if portal is not None else ""
    client.call("crm.automation.trigger.add", {"CODE": TRIGGER, "NAME": in_language(TRIGGER_NAME, language)})
