"""Makes a plan because a rule wants one. The job engine builds it; its end is the event `plan.ready`. Changes nothing on the portal."""

from hashlib import sha256

from connector.errors import LeadswitchError
from connector.planning.options import Options
from connector.plans import service as plans
from connector.portals.refs import portal_ref
from connector.store.models import Delivery
from webhooks.actions.tools import Tools, failed
from webhooks.outbound.queue import Tried

WHO = {"user_id": None, "name": "", "via": "rule"}


def dry_run(tools: Tools, row: Delivery) -> Tried:
    """One plan per delivery, also when it is tried twice."""
    plan_id = sha256(row.id.encode()).hexdigest()[:32]
    try:
        options = Options.model_validate(row.action.get("options") or {})
        plans.create(
            tools.db, portal_ref(tools.db, row.portal_id), options, WHO, clock=tools.clock, plan_id=plan_id
        )
    except LeadswitchError as error:
        return failed(error)
    return Tried(True, "ok", detail={"plan": plan_id})
