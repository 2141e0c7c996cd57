"""The CRM mode: what it is, how it changed, and the way to change it. Must never claim a change that was not read from the portal."""

from datetime import datetime

from pydantic import Field

from connector.planning.model import CrmMode
from connector.portals import mode_log
from connector.portals.api_keys import Scope
from connector.web.api.caller import caller
from connector.web.api.operation import Headers, operation
from connector.web.api.paging import Page, PageQuery, links, onward, resume
from connector.web.api.plan_shapes import PlanForm, PlanShape
from connector.web.api.plans import begin
from connector.web.api.shapes import Shape
from connector.web.context import web

TAG = "mode"


class ModeShape(Shape):
    """The CRM mode, and what stands in the way of changing it."""

    mode: CrmMode
    classic_available: str = Field(
        description="yes, no or unknown: whether the portal's plan offers Classic CRM."
    )
    can_be_set: bool = Field(
        description="Whether the portal has a method for it; else a person changes it in Bitrix24."
    )
    active_leads: int = Field(description="Leads that are in work.")
    active_leads_by_stage: dict[str, int]


class ModeChangeShape(Shape):
    """The mode was another one than before. It changed between `after` and `noticed_at`."""

    id: int
    from_mode: str
    to_mode: str
    after: datetime | None
    noticed_at: datetime
    run_id: str | None = Field(description="The run that waited for it.")
    source: str = Field(description="Which part of Leadswitch noticed it.")


class ModeChanges(Page, Shape):
    """Changes of the mode, the newest first."""

    data: list[ModeChangeShape]


@operation("GET", "/mode", tag=TAG, scope=Scope.MODE_READ, answer=ModeShape, asks_portal=True)
def get_mode() -> ModeShape:
    """The CRM mode as the portal says now; an answer may be twenty seconds old."""
    facts = web().facts.of(caller().portal.id)
    return ModeShape(
        mode=facts.mode,
        classic_available=facts.classic_available.value,
        can_be_set=facts.mode_setter,
        active_leads=sum(facts.active_leads_by_stage.values()),
        active_leads_by_stage=dict(facts.active_leads_by_stage),
    )


@operation("GET", "/mode/changes", tag=TAG, scope=Scope.MODE_READ, answer=ModeChanges)
def list_mode_changes(query: PageQuery) -> tuple[ModeChanges, Headers]:
    """Changes of the mode that were noticed."""
    found = mode_log.changes(web().db, caller().portal.id, before=resume(query), limit=query.limit + 1)
    rows = found[: query.limit]
    following = onward(query, rows[-1].id if len(found) > query.limit else None)
    data = [
        ModeChangeShape(
            id=one.id,
            from_mode=one.from_mode,
            to_mode=one.to_mode,
            after=one.after,
            noticed_at=one.noticed_at,
            run_id=one.run_id,
            source=one.source,
        )
        for one in rows
    ]
    return ModeChanges(data=data, next=following), links(query, following)


@operation("POST", "/mode", tag=TAG, scope=Scope.MODE_WRITE, answer=PlanShape, status=202, asks_portal=True)
def set_mode(json: PlanForm) -> tuple[PlanShape, Headers]:
    """Begin a change of the mode as the app begins it: with a dry run. Nothing changes before a run of it is started.

    When the plan is `ready`, `POST /runs` with its ID carries it out; where only a person can change the mode, the run waits for them.
    """
    return begin(json.options())
