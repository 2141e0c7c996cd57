"""Plans as the API takes and shows them. Data only; what fits a portal is planning's to say."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from connector.planning.options import Options, Selection
from connector.plans import decisions
from connector.plans.decisions import MOST_LEADS
from connector.plans.queries import Header
from connector.web.api.paging import Page
from connector.web.api.shapes import (
    LARGEST_ID,
    FindingShape,
    Form,
    Id,
    Shape,
    Told,
    Who,
    told_of,
    who_of,
)

Code = Annotated[str, Field(min_length=1, max_length=255)]


class ChosenLeads(Selection):
    """Which active leads are in scope; every part that is given must hold, an empty part does not narrow. Dates are inclusive."""

    stages: tuple[Code, ...] = ()
    sources: tuple[Code, ...] = ()
    responsible: tuple[Id, ...] = ()
    ids: tuple[Id, ...] = ()
    exclude: tuple[Id, ...] = ()


class PlanForm(Options):
    """The options of a dry run, as docs/cli.md describes them; `{}` takes the usual ones."""

    pipeline: Annotated[int, Field(ge=0, le=LARGEST_ID)] | Literal["new"] = 0
    leads: ChosenLeads = Field(default_factory=ChosenLeads)
    responsible: Id | Literal["keep"] = "keep"

    def options(self) -> Options:
        """The same for planning."""
        return Options.model_validate(self.model_dump())


LeadIds = Annotated[list[Id], Field(max_length=MOST_LEADS, description="IDs of leads of this plan.")]
Codes = Annotated[list[Code], Field(max_length=200)]


class ExcludeForm(Form):
    """Leads to leave out: they stay leads."""

    leads: LeadIds = Field(default_factory=list)
    findings: Codes = Field(
        default_factory=list, description="Codes of findings: all leads that have one of them."
    )


class DecisionsForm(ExcludeForm):
    """What is decided about a plan, whole: what is not named is taken back."""

    accepted: Codes = Field(
        default_factory=list, description="Codes of findings that were seen; an error cannot be accepted."
    )


class DecisionsShape(Shape):
    """What people have decided about a plan, beside it: the plan itself never changes."""

    accepted: list[str]
    findings: list[str] = Field(description="Codes; leads that have one of them are left out.")
    leads: list[int] = Field(description="IDs of leads that are left out.")
    left_out: int = Field(description="Leads that would have been converted and are not.")
    digest: str | None = Field(
        description="SHA-256 over the plan's digest and the decisions; null without any."
    )


class StageLinkShape(Shape):
    """Where the leads of one stage go."""

    lead_stage: str
    lead_name: str
    deal_stage: str
    deal_name: str
    how: str = Field(description="given, by equal name, or by position.")


class PlanProgress(Shape):
    """How far a dry run is; both are 0 before the leads are counted."""

    read: int
    total: int


class PlanShape(Shape):
    """A plan without its leads. It never changes once it is ready."""

    id: str
    state: str = Field(description="building, ready, failed or expired.")
    direction: str = Field(description="The CRM mode that it leads to.")
    options: dict[str, Any]
    progress: PlanProgress
    counts: dict[str, Any] = Field(
        description="As in the plan file (docs/plan-format.md), without leads that were left out since."
    )
    stage_map: list[StageLinkShape]
    findings: list[FindingShape] = Field(
        description="About the plan as a whole; an error keeps it from being applied."
    )
    decisions: DecisionsShape
    digest: str | None = Field(description="SHA-256 of the plan file; null until the plan is ready.")
    run_id: str | None = Field(description="The run that has applied it; a plan is applied once.")
    error: Told | None
    created_by: Who
    created_at: datetime
    ready_at: datetime | None


class Plans(Page, Shape):
    """Plans, the newest first."""

    data: list[PlanShape]


class LeadLine(Shape):
    """A lead in a list."""

    id: int
    position: int
    title: str
    kind: str = Field(description="new or repeat.")
    stage: str
    deal_stage: str
    severity: str = Field(description="Its weightiest finding; none without findings.")
    excluded: bool


class LeadLines(Page, Shape):
    """Leads of a plan."""

    data: list[LeadLine]
    total: int | None = Field(description="How many there are, where that costs nothing to know.")


class LeadRecord(Shape):
    """Everything that a plan says of one lead: its line in the plan file (docs/plan-format.md), findings in words."""

    id: int
    title: str
    kind: str
    stage: str
    deal_stage: str
    snapshot: dict[str, Any] = Field(description="The lead as it was read.")
    managed: list[dict[str, Any]] = Field(description="What Leadswitch would do, in order.")
    native: dict[str, Any] = Field(description="What Bitrix24's own switch is predicted to do.")
    findings: list[FindingShape]


class FindingCountShape(Shape):
    """How many leads have a finding."""

    code: str
    severity: str
    scope: str = Field(description="plan, lead or native.")
    leads: int = Field(description="0 where it is about the plan as a whole.")
    message: str
    advice: str


class Findings(Shape):
    """All findings of a plan, the weightiest first, then the most frequent."""

    data: list[FindingCountShape]


def plan_of(plan: Header, run_id: str | None, findings: list[FindingShape]) -> PlanShape:
    """A stored plan."""
    links = plan.head.stage_map if plan.head else ()
    return PlanShape(
        id=plan.id,
        state=plan.state,
        direction=plan.direction,
        options=dict(plan.options),
        progress=PlanProgress(
            read=int(plan.progress.get("read", 0)), total=int(plan.progress.get("total", 0))
        ),
        counts=dict(decisions.counts(plan)),
        decisions=_decisions_of(plan),
        stage_map=[
            StageLinkShape(
                lead_stage=one.lead_stage,
                lead_name=one.lead_name,
                deal_stage=one.deal_stage,
                deal_name=one.deal_name,
                how=one.how,
            )
            for one in links
        ],
        findings=findings,
        digest=plan.digest or None,
        run_id=run_id,
        error=told_of(plan.error),
        created_by=who_of(plan.created_by),
        created_at=plan.created_at,
        ready_at=plan.ready_at,
    )


def _decisions_of(plan: Header) -> DecisionsShape:
    made = plan.decisions
    return DecisionsShape(
        accepted=sorted(made.get(decisions.ACCEPTED, ())),
        findings=sorted(made.get(decisions.CODES, ())),
        leads=sorted(int(one) for one in made.get(decisions.LEADS, ())),
        left_out=int(made.get("left_out", 0)),
        digest=plan.decided or None,
    )
