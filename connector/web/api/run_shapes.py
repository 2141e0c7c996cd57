"""Runs as the API takes and shows them. Data only; what may be asked of a run is switching's to say."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from connector.reports.runs import lead_json, untold
from connector.switching.progress import RunProgress
from connector.switching.queries import JournalRow, RunLeadRow
from connector.web.api.audit import AuditLine
from connector.web.api.paging import Page
from connector.web.api.shapes import LARGEST_ID, Form, Id, Shape, Told, Who, told_of, who_of


class RunForm(Form):
    """Which plan to carry out."""

    plan_id: str = Field(pattern="^[0-9a-f]{32}$", description="A plan that is ready and was not applied.")
    digest: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="Only if the plan has this digest: the one that was looked at.",
    )
    replan_stale: bool = Field(
        default=False,
        description="Plan leads anew that have changed since the plan, instead of skipping them.",
    )
    native: bool = Field(
        default=False,
        description="Write nothing: watch Bitrix24's own switch and compare it with what the plan predicts.",
    )


class RetryForm(Form):
    """Which leads to try again."""

    replan: bool = Field(
        default=False, description="Also leads that were skipped because they had changed, planned anew."
    )


class UndoForm(Form):
    """What to take back."""

    leads: list[Id] | None = Field(
        default=None, min_length=1, max_length=10_000, description="IDs of leads; null for all of them."
    )
    mode_back: bool | None = Field(
        default=None,
        description="Change the CRM mode back first; null: when everything is undone and the run has changed it.",
    )


class LeadCounts(Shape):
    """Leads of a run. `ended` need nothing more; `done` came out as wanted."""

    total: int
    ended: int
    done: int
    skipped: int
    failed: int
    kept: int


class RunProgressShape(Shape):
    """How far a run is."""

    state: str = Field(
        description="queued, running, pausing, paused, cancelling, cancelled, waiting, done or failed."
    )
    phase: str
    leads: LeadCounts
    leads_per_minute: float | None
    seconds_left: float | None
    waiting_for: dict[str, Any] | None = Field(
        description="`what` is flip, leads, portal, rights, deviation, failures or operating."
    )


class RunShape(Shape):
    """One execution of a plan, or its undo."""

    id: str
    kind: str = Field(description="apply, undo, or native: Bitrix24's own switch, watched.")
    plan_id: str
    undo_of: str | None
    undone_by: list[str] = Field(description="Runs that have taken it back, the earliest first.")
    progress: RunProgressShape
    error: Told | None
    report: dict[str, Any] | None = Field(description="What came of it, once it has ended.")
    created_by: Who
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Runs(Page, Shape):
    """Runs, the newest first."""

    data: list[RunShape]


class RunLead(Shape):
    """What became of one lead."""

    id: int
    title: str
    state: str = Field(description="pending, running, done, skipped, failed, undone or kept.")
    reason: str | None
    deal_id: int | None
    contact_id: int | None
    company_id: int | None
    detail: dict[str, Any] | None


class RunLeads(Page, Shape):
    """Leads of a run, in the order of the plan."""

    data: list[RunLead]


class JournalLine(Shape):
    """One write to the portal: noted before it was sent, settled after."""

    id: int
    lead_id: int = Field(description="0 for the run as a whole.")
    key: str
    attempt: int
    method: str
    params: dict[str, Any]
    state: str = Field(description="intent, done, failed, unknown or not_run.")
    result: dict[str, Any]
    at: datetime
    settled_at: datetime | None


class JournalLines(Page, Shape):
    """The journal of a run, the oldest line first."""

    data: list[JournalLine]


class RunEvents(Shape):
    """What people did with a run, the oldest first."""

    data: list[AuditLine]


LeadId = Field(default=None, ge=0, le=LARGEST_ID, description="ID of a lead; 0 for the run as a whole.")


def progress_of(run: RunProgress) -> RunProgressShape:
    """How far a run is."""
    return RunProgressShape(
        state=run.state,
        phase=run.phase,
        leads=LeadCounts(
            total=run.total, ended=run.ended, done=run.done, skipped=run.skipped, failed=run.failed, kept=run.kept
        ),
        leads_per_minute=run.rate,
        seconds_left=run.seconds_left,
        waiting_for=_plain(run.waiting_for),
    )  # fmt: skip


def run_of(run: RunProgress, undone_by: list[str]) -> RunShape:
    """A stored run."""
    return RunShape(
        id=run.id,
        kind=run.kind,
        plan_id=run.plan_id,
        undo_of=run.undo_of,
        undone_by=undone_by,
        progress=progress_of(run),
        error=told_of(run.error),
        report=_plain(run.report),
        created_by=who_of(run.created_by),
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )


def lead_of(row: RunLeadRow) -> RunLead:
    """What became of a lead."""
    return RunLead(**lead_json(row))


def journal_of(row: JournalRow) -> JournalLine:
    """A line of the journal."""
    return JournalLine(
        id=row.id,
        lead_id=row.lead_id,
        key=row.key,
        attempt=row.attempt,
        method=row.method,
        params=dict(row.params),
        state=row.state,
        result=dict(row.result),
        at=row.at,
        settled_at=row.settled_at,
    )


def _plain(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return dict(untold(stored)) if stored else None
