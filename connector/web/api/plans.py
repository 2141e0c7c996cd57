"""Plans: start a dry run, read what it says of every lead, take it home as a file. Must never write to a portal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

from flask import Response, url_for
from pydantic import Field
from werkzeug.http import generate_etag

from connector.errors import NothingHere, OptionsUnfit, joined
from connector.i18n import language
from connector.planning.catalogue import CATALOGUE, Kind, said
from connector.planning.checks import check_options
from connector.planning.encode import finding_from_json
from connector.planning.model import Finding, LeadKind, Severity
from connector.planning.options import Options
from connector.plans import decisions, queries, service
from connector.plans.samples import sample_findings
from connector.portals.api_keys import Scope
from connector.reports import plans as report
from connector.switching import service as switching
from connector.web import downloads
from connector.web.api.caller import caller
from connector.web.api.etags import require_seen
from connector.web.api.files import FILES, sent
from connector.web.api.fitting import OneOf, Query, Text
from connector.web.api.operation import Headers, operation
from connector.web.api.paging import PageQuery, links, onward, resume
from connector.web.api.plan_shapes import (
    DecisionsForm,
    ExcludeForm,
    FindingCountShape,
    Findings,
    LeadLine,
    LeadLines,
    LeadRecord,
    PlanForm,
    Plans,
    PlanShape,
    plan_of,
)
from connector.web.api.shapes import LARGEST_ID, finding_of
from connector.web.context import web

TAG = "plans"
SORTS = tuple(name for one in queries.SORTS for name in (one, f"-{one}"))


class LeadQuery(PageQuery):
    """Which leads of a plan."""

    search: Text = Field(
        default="", max_length=200, description="Words in ID, title, names, phone or e-mail."
    )
    stage: Text = Field(default="", max_length=255, description="ID of a lead stage.")
    severity: Annotated[str, OneOf((*Severity, "none"))] | None = Field(
        default=None, description="Its weightiest finding."
    )
    finding: Text = Field(default="", max_length=100, description="Code of a finding.")
    kind: LeadKind | None = None
    sort: Annotated[str, OneOf(SORTS)] = Field(default="position", description="`-` turns the order round.")


class ExportQuery(Query):
    """What to take home."""

    format: Annotated[str, OneOf(FILES)] = Field(
        description="`plan` is the plan file that `leadswitch apply` takes."
    )


@operation("GET", "/plans", tag=TAG, scope=Scope.PLANS_READ, answer=Plans)
def list_plans(query: PageQuery) -> tuple[Plans, Headers]:
    """Plans of the portal, the newest first."""
    after = resume(query)
    found = queries.page(web().db, caller().portal.id, after=after, limit=query.limit + 1)
    rows = found[: query.limit]
    following = onward(query, queries.place_of(rows[-1]) if len(found) > query.limit else None)
    return Plans(data=[_shape(one) for one in rows], next=following), links(query, following)


@operation("POST", "/plans", tag=TAG, scope=Scope.PLANS_WRITE, answer=PlanShape, status=202, asks_portal=True)
def create_plan(json: PlanForm) -> tuple[PlanShape, Headers]:
    """Start a dry run. It reads the portal and changes nothing there.

    The plan is `building` until its leads are read; ask for it again until it is `ready` or `failed`.
    """
    return begin(json.options())


@operation("GET", "/plans/<plan_id>", tag=TAG, scope=Scope.PLANS_READ, answer=PlanShape)
def get_plan(plan_id: str) -> PlanShape:
    """One plan: its state, options, counts and findings."""
    return shape(plan_id)


@operation(
    "POST",
    "/plans/<plan_id>/exclude",
    tag=TAG,
    scope=Scope.PLANS_WRITE,
    answer=PlanShape,
    takes_match=True,
)
def exclude_leads(plan_id: str, json: ExcludeForm) -> PlanShape:
    """Leave leads out of a plan that is ready: one by one, or all that have a finding. They stay leads.

    The plan and its digest stay as they are; what was decided stands beside it.
    """
    return _decided(
        plan_id, {decisions.CODES: json.findings, decisions.LEADS: [str(one) for one in json.leads]}
    )


@operation(
    "PUT",
    "/plans/<plan_id>/decisions",
    tag=TAG,
    scope=Scope.PLANS_WRITE,
    answer=PlanShape,
    takes_match=True,
)
def put_decisions(plan_id: str, json: DecisionsForm) -> PlanShape:
    """Decide about a plan that is ready, whole: findings that are accepted, leads that are left out; anything else is taken back."""
    wanted = {
        decisions.ACCEPTED: json.accepted,
        decisions.CODES: json.findings,
        decisions.LEADS: [str(one) for one in json.leads],
    }
    return _decided(plan_id, wanted, exactly=True)


@operation("GET", "/plans/<plan_id>/leads", tag=TAG, scope=Scope.PLANS_READ, answer=LeadLines)
def list_plan_leads(plan_id: str, query: LeadQuery) -> tuple[LeadLines, Headers]:
    """Leads of a plan, filtered, sorted, a page at a time."""
    plan = _header(plan_id)
    found = queries.leads(
        web().db,
        plan.id,
        search=query.search,
        stage=query.stage,
        severity=query.severity or "",
        code=query.finding,
        kind=query.kind or "",
        sort=query.sort,
        after=resume(query) or "",
        limit=query.limit,
    )
    following = onward(query, found.after or None)
    rows = [LeadLine(**asdict(row)) for row in found.rows]
    return LeadLines(data=rows, total=found.total, next=following), links(query, following)


@operation("GET", "/plans/<plan_id>/leads/<int:lead_id>", tag=TAG, scope=Scope.PLANS_READ, answer=LeadRecord)
def get_plan_lead(plan_id: str, lead_id: int) -> LeadRecord:
    """One lead of a plan, whole: as it was read, what would be done, what Bitrix24's own switch would do."""
    plan = _header(plan_id)
    if lead_id > LARGEST_ID:
        raise NothingHere
    found = queries.lead(web().db, plan.id, lead_id)
    return LeadRecord(
        **{name: found[name] for name in ("id", "title", "kind", "stage", "deal_stage", "snapshot", "managed", "native")},
        findings=[finding_of(finding_from_json(one)) for one in found["findings"]],
    )  # fmt: skip


@operation("GET", "/plans/<plan_id>/findings", tag=TAG, scope=Scope.PLANS_READ, answer=Findings)
def list_findings(plan_id: str) -> Findings:
    """What a plan has to say, by code, with the number of leads. The message of a code is told by the example of one lead."""
    plan = _header(plan_id)
    shown: Mapping[str, Finding] = sample_findings(web().db, plan.id) if plan.head else {}
    shown = {**shown, **{one.code: one for one in (plan.head.findings if plan.head else ())}}
    return Findings(data=[_count(one, shown.get(one.code)) for one in queries.findings(web().db, plan.id)])


@operation("GET", "/plans/<plan_id>/export", tag=TAG, scope=Scope.PLANS_READ, files=FILES)
def export_plan(plan_id: str, query: ExportQuery) -> Response:
    """A plan as a file: csv, xlsx, json, html, or the plan file itself. Reports are in the language of the request."""
    plan = _header(plan_id)
    what = {"kind": "plan", "id": plan.id, "format": query.format}
    made = downloads.plan_file(web().db, what, caller().portal.id)
    mark = generate_etag(f"{plan.digest} {query.format} {language()}".encode())
    return sent(made, what, mark)


def begin(options: Options) -> tuple[PlanShape, Headers]:
    """A dry run with options that fit the portal. Raises `OptionsUnfit`."""
    facts = web().facts.of(caller().portal.id)
    wrong = [one for f in check_options(options, facts) if f.severity is Severity.ERROR for one in said(f)]
    if wrong:
        raise OptionsUnfit(problems=joined(wrong))
    plan_id = service.create(web().db, caller().portal, options, caller().actor, clock=web().clock)
    web().engine.enqueue("plan", plan_id, caller().portal.key)
    return shape(plan_id), {"Location": url_for("api.get_plan", plan_id=plan_id)}


def shape(plan_id: str) -> PlanShape:
    """A plan of the caller's portal as GET shows it. Raises `PlanNotFound`."""
    return _shape(_header(plan_id))


def _decided(plan_id: str, wanted: Mapping[str, Sequence[str]], *, exactly: bool = False) -> PlanShape:
    require_seen(shape(plan_id))
    decisions.decide(web().db, plan_id, wanted, caller().actor, exactly=exactly, clock=web().clock)
    return shape(plan_id)


def _header(plan_id: str) -> queries.Header:
    return queries.header(web().db, plan_id, portal_id=caller().portal.id)


def _shape(plan: queries.Header) -> PlanShape:
    found = [finding_of(one) for one in (plan.head.findings if plan.head else ())]
    return plan_of(plan, switching.run_of_plan(web().db, plan.id), found)


def _count(one: queries.FindingCount, sample: Finding | None) -> FindingCountShape:
    kind = CATALOGUE.get(one.code) or Kind(one.code, one.severity, one.scope, one.code, "")
    return FindingCountShape(
        code=one.code,
        severity=one.severity.value,
        scope=one.scope,
        leads=one.leads,
        message=report.text(kind, sample)
        if one.scope != "plan" or sample is None
        else finding_of(sample).message,
        advice=report.what_to_do(kind, sample),
    )
