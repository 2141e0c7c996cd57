"""What happens on portals, as automation may learn of it. Imports nothing that it tells about."""

from connector.occurrences.kinds import (
    DATA,
    Data,
    Kind,
    LeadAutoconverted,
    LeadLeftBehind,
    Level,
    Mode,
    ModeChanged,
    PlanReady,
    PortalDisconnected,
    Switch,
    data_of,
)
from connector.occurrences.log import MOST_NAMED, occurred
from connector.occurrences.plans import plan_ready
from connector.occurrences.portals import disconnected
from connector.occurrences.runs import run_changed

__all__ = [
    "DATA",
    "MOST_NAMED",
    "Data",
    "Kind",
    "LeadAutoconverted",
    "LeadLeftBehind",
    "Level",
    "Mode",
    "ModeChanged",
    "PlanReady",
    "PortalDisconnected",
    "Switch",
    "data_of",
    "disconnected",
    "occurred",
    "plan_ready",
    "run_changed",
]
