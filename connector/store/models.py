"""All tables under one name, so that callers import `from connector.store import models`. Defines none itself."""

from connector.store.base import Base
from connector.store.models_plan import Plan, PlanFinding, PlanLead, PlanState
from connector.store.models_portal import (
    Audit,
    Budget,
    BudgetOperating,
    DownloadTicket,
    EventState,
    InboundEvent,
    LoginAttempt,
    ModeChange,
    ModeReading,
    Portal,
    PortalKind,
    PortalState,
    RestLog,
)
from connector.store.models_run import (
    LIVE_STATES,
    Journal,
    JournalState,
    Run,
    RunLead,
    RunState,
    Worker,
    lock_key,
)

__all__ = [
    "LIVE_STATES",
    "Audit",
    "Base",
    "Budget",
    "BudgetOperating",
    "DownloadTicket",
    "EventState",
    "InboundEvent",
    "Journal",
    "JournalState",
    "LoginAttempt",
    "ModeChange",
    "ModeReading",
    "Plan",
    "PlanFinding",
    "PlanLead",
    "PlanState",
    "Portal",
    "PortalKind",
    "PortalState",
    "RestLog",
    "Run",
    "RunLead",
    "RunState",
    "Worker",
    "lock_key",
]
