"""Tables of runs: the run, what became of each lead, and the journal of every write. The journal is only ever added to and settled."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select, text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from connector.store.base import Base, Document, JsonMap
from connector.store.models_portal import Portal


class RunState(StrEnum):
    """Life of a run; the live ones keep another run of the same portal from starting."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


LIVE_STATES = (
    RunState.QUEUED,
    RunState.RUNNING,
    RunState.PAUSING,
    RunState.PAUSED,
    RunState.CANCELLING,
    RunState.WAITING,
)
_IS_LIVE = text("state IN ({})".format(", ".join(f"'{state}'" for state in LIVE_STATES)))


def lock_key(host: str) -> str:
    """What two runs must not share while they live: the portal's host, however it is connected and written."""
    return host.lower().removesuffix(":443")


def _lock_key(context: DefaultExecutionContext) -> str:
    # In the statement's own transaction, so that no way of making a run can forget it.
    portal = context.get_current_parameters()["portal_id"]  # type: ignore[no-untyped-call]
    return lock_key(context.connection.scalar(select(Portal.host).where(Portal.id == portal)) or "")


class JournalState(StrEnum):
    """What is known of a write: `unknown` was sent and its answer lost; `not_run` is proved not to have happened."""

    INTENT = "intent"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_RUN = "not_run"


class Run(Base):
    """One execution of a plan, or its undo. `wanted` (go, pause, cancel) is what people ask, `state` what is so.

    `lock_key` keeps a portal that is connected twice (by a webhook and by the installed app) from being changed by two runs.
    `lease_*` name the process that works on it; `waiting_for` is `{"what", …}` while the state is `waiting`.
    """

    __tablename__ = "run"
    __table_args__ = (
        Index(None, "portal_id", "created_at"),
        Index(
            "uq_run_live_portal_id",
            "portal_id",
            unique=True,
            sqlite_where=_IS_LIVE,
            postgresql_where=_IS_LIVE,
        ),
        Index(
            "uq_run_live_lock_key",
            "lock_key",
            unique=True,
            sqlite_where=_IS_LIVE,
            postgresql_where=_IS_LIVE,
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    lock_key: Mapped[str] = mapped_column(default=_lock_key, server_default="")
    plan_id: Mapped[str] = mapped_column(ForeignKey("plan.id"), index=True)
    kind: Mapped[str]
    undo_of: Mapped[str | None] = mapped_column(ForeignKey("run.id"))
    state: Mapped[str] = mapped_column(default=RunState.QUEUED)
    phase: Mapped[str] = mapped_column(default="")
    counters: Mapped[JsonMap] = mapped_column(default=dict)
    wanted: Mapped[str] = mapped_column(default="go")
    attempt: Mapped[int] = mapped_column(default=1)
    lease_holder: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    waiting_for: Mapped[JsonMap | None]
    created_by: Mapped[JsonMap]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    report: Mapped[JsonMap | None] = mapped_column(Document)
    error: Mapped[str | None]


class RunLead(Base):
    """What became of one lead in one run: state pending, running, done, skipped, failed, undone or kept; `reason` is a code."""

    __tablename__ = "run_lead"
    __table_args__ = (Index(None, "run_id", "state", "position"), Index(None, "run_id", "position"))

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    lead_id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int]
    state: Mapped[str] = mapped_column(default="pending")
    reason: Mapped[str] = mapped_column(default="")
    detail: Mapped[JsonMap | None]
    deal_id: Mapped[int | None]
    contact_id: Mapped[int | None]
    company_id: Mapped[int | None]
    updated_at: Mapped[datetime | None]


class Journal(Base):
    """One write: stored before it is sent, settled after. `lead_id` 0 stands for the run as a whole (NULL would not be unique).

    `high_water` is the highest id of that type before the write, `marker` what finds the record again, `previous` what was overwritten.
    """

    __tablename__ = "journal"
    __table_args__ = (
        UniqueConstraint("run_id", "lead_id", "key", "attempt"),
        Index(None, "run_id", "state"),
        Index(None, "run_id", "seq"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    lead_id: Mapped[int] = mapped_column(default=0)
    key: Mapped[str]
    attempt: Mapped[int] = mapped_column(default=1)
    seq: Mapped[int] = mapped_column(default=0)
    method: Mapped[str]
    params: Mapped[JsonMap | None] = mapped_column(Document)
    marker: Mapped[str | None]
    high_water: Mapped[int | None]
    state: Mapped[str] = mapped_column(default=JournalState.INTENT)
    result: Mapped[JsonMap | None] = mapped_column(Document)
    previous: Mapped[JsonMap | None] = mapped_column(Document)
    at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class Worker(Base):
    """One process that works on jobs, and when it last said so; jobs of a silent one are taken over by others."""

    __tablename__ = "worker"

    id: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
