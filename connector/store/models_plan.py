"""Tables of plans: the header, one row per lead, one row per finding. A plan is never changed once it is `ready`; what people decide
about it stands beside it.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from connector.store.base import Base, Document, JsonMap


class PlanState(StrEnum):
    """Life of a plan."""

    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


class Plan(Base):
    """Header of a plan. `direction` is the CRM mode it leads to; `created_by` is `{"user_id", "name", "via"}`; `digest` SHA-256 as hex.

    `decisions` are as `connector.plans.decisions` writes them, and `decided` is their digest; both empty until somebody decides.
    """

    __tablename__ = "plan"
    __table_args__ = (Index(None, "portal_id", "created_at"), Index(None, "portal_id", "digest"))

    id: Mapped[str] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    direction: Mapped[str]
    options: Mapped[JsonMap] = mapped_column(Document)
    state: Mapped[str] = mapped_column(default=PlanState.BUILDING)
    progress: Mapped[JsonMap] = mapped_column(default=dict)
    facts: Mapped[JsonMap] = mapped_column(Document, default=dict)
    counts: Mapped[JsonMap] = mapped_column(Document, default=dict)
    digest: Mapped[str | None]
    created_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    created_by: Mapped[JsonMap]
    error: Mapped[str | None]
    decisions: Mapped[JsonMap | None]
    decided: Mapped[str] = mapped_column(default="", server_default="")


class PlanLead(Base):
    """One lead of a plan. `position` counts from 0; `search` is lower-case text to look in; `document` is the record of the file.

    `excluded`: left out by the options of the plan or by a decision about it.
    """

    __tablename__ = "plan_lead"
    __table_args__ = (
        Index(None, "plan_id", "position"),
        Index(None, "plan_id", "stage", "position"),
        Index(None, "plan_id", "severity", "position"),
        Index(None, "plan_id", "kind", "position"),
    )

    plan_id: Mapped[str] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True)
    lead_id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(default="")
    search: Mapped[str] = mapped_column(default="")
    stage: Mapped[str] = mapped_column(default="")
    deal_stage: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(default="")
    severity: Mapped[str] = mapped_column(default="")
    excluded: Mapped[bool] = mapped_column(default=False, server_default=false())
    document: Mapped[JsonMap] = mapped_column(Document)


class PlanFinding(Base):
    """One finding; `lead_id` is None when it is about the plan as a whole. `params` fill the message of `code`."""

    __tablename__ = "plan_finding"
    __table_args__ = (Index(None, "plan_id", "code", "lead_id"), Index(None, "plan_id", "lead_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    lead_id: Mapped[int | None]
    code: Mapped[str]
    severity: Mapped[str]
    params: Mapped[JsonMap] = mapped_column(default=dict)
