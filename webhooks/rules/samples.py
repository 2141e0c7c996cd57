"""A made-up event of every kind, for trying rules out and for the documentation. Nothing in them is of a real portal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from connector.occurrences import Data, Kind, data_of

AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
RUN, PLAN = "0f3c9d2e5b7a41c68d1e2f3a4b5c6d7e", "9a8b7c6d5e4f40312233445566778899"
_SWITCH: Mapping[str, Any] = {
    "run": RUN,
    "plan": PLAN,
    "kind": "apply",
    "undo_of": None,
    "to": "simple",
    "phase": "leads",
    "leads": 212,
    "done": 120,
    "skipped": 1,
    "failed": 0,
    "kept": 0,
    "error": None,
}
PEOPLE: Mapping[str, Any] = {"who": {"user_id": 1, "name": "Ada Example", "via": "web"}}

_SAMPLES: Mapping[Kind, Mapping[str, Any]] = MappingProxyType(
    {
        Kind.MODE_CHANGED: {
            "from": "classic",
            "to": "simple",
            "after": "2026-11-25T09:15:00Z",
            "noticed_at": "2026-11-25T09:30:00Z",
            "noticed_by": "watch",
            "run": None,
            "change": 17,
        },
        Kind.PLAN_READY: {
            "plan": PLAN,
            "to": "simple",
            "digest": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
            "leads": 212,
            "findings": {"warning": 14, "data-loss": 3},
        },
        Kind.SWITCH_STARTED: {**_SWITCH, "phase": "", "done": 0, "skipped": 0},
        Kind.SWITCH_PAUSED: _SWITCH,
        Kind.SWITCH_COMPLETED: {**_SWITCH, "phase": "verify", "done": 211},
        Kind.SWITCH_FAILED: {**_SWITCH, "phase": "setup", "done": 0, "skipped": 0, "error": "setup"},
        Kind.SWITCH_CANCELLED: _SWITCH,
        Kind.SWITCH_UNDONE: {**_SWITCH, "kind": "undo", "undo_of": RUN, "phase": "verify", "done": 211},
        Kind.LEAD_LEFT_BEHIND: {
            "cause": "run",
            "run": RUN,
            "change": None,
            "count": 2,
            "leads": [118, 131],
            "reasons": {"stale": 1, "refused": 1},
        },
        Kind.LEAD_AUTOCONVERTED: {"lead": 4711, "deals": [902], "mode": "simple"},
        Kind.PORTAL_DISCONNECTED: {"state": "payment_required"},
    }
)


def sample(kind: Kind) -> Data:
    """The made-up event."""
    return data_of(kind.value, _SAMPLES[kind])
