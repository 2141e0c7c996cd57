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
    "occurred",
]
