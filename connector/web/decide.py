"""Buttons of the preview: accept a finding, leave leads out, take either back. Each leads back to the page it was pressed on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort

from connector.plans import decisions, queries
from connector.plans.samples import sample_findings
from connector.portals.rights import Action
from connector.web.context import web
from connector.web.guard import actor, portal, signed_in
from connector.web.plans import onward
from connector.web.todo import todo

decide = Blueprint("decide", __name__, url_prefix="/app/plans/<plan_id>/decide")


@decide.route("/<verb>/<code>", methods=["POST", "GET"])
@signed_in(Action.APPLY)
def finding(plan_id: str, verb: str, code: str) -> Any:
    """About all leads with a finding, or about the finding itself."""
    _mine(plan_id)
    db, clock = web().db, web().clock
    if verb == "accept":
        decisions.accept(db, plan_id, [code], actor(), clock=clock)
    elif verb == "leave-out":
        decisions.leave_out_finding(db, plan_id, code, actor(), clock=clock)
    elif verb == "take-in":
        decisions.take_back(db, plan_id, decisions.CODES, code, actor(), clock=clock)
    elif verb == "reopen":
        decisions.take_back(db, plan_id, decisions.ACCEPTED, code, actor(), clock=clock)
    else:
        abort(404)
    return onward("plans.show", plan_id=plan_id)


@decide.route("/all", methods=["POST", "GET"])
@signed_in(Action.APPLY)
def everything(plan_id: str) -> Any:
    """Accept all findings that are still open and can be accepted."""
    plan, db = _mine(plan_id), web().db
    codes = todo(plan, queries.findings(db, plan_id), sample_findings(db, plan_id)).open_codes
    decisions.accept(db, plan_id, codes, actor(), clock=web().clock)
    return onward("plans.show", plan_id=plan_id)


@decide.route("/lead/<verb>/<int:lead_id>", methods=["POST", "GET"])
@signed_in(Action.APPLY)
def lead(plan_id: str, verb: str, lead_id: int) -> Any:
    """About one lead, on its page."""
    _mine(plan_id)
    if verb == "leave-out":
        decisions.leave_out_lead(web().db, plan_id, lead_id, actor(), clock=web().clock)
    elif verb == "take-in":
        decisions.take_back(web().db, plan_id, decisions.LEADS, str(lead_id), actor(), clock=web().clock)
    else:
        abort(404)
    return onward("plans.lead", plan_id=plan_id, lead_id=lead_id)


def _mine(plan_id: str) -> queries.Header:
    """Raises `PlanNotFound` for a plan of another portal."""
    return queries.header(web().db, plan_id, portal_id=portal().id)
