"""The portal's settings and behaviour switches, what its plan allows, and its own converter's settings. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CLASSIC, SIMPLE = 1, 2

PLANS: Mapping[str, dict[str, Any]] = {
    "enterprise": {"license": "eu_ent250", "bucket": 250, "leak": 5.0, "leads": True, "categories": 100},
    "professional": {"license": "eu_pro100", "bucket": 50, "leak": 2.0, "leads": True, "categories": 20},
    "no-leads": {"license": "eu_basic", "bucket": 50, "leak": 2.0, "leads": False, "categories": 2},
}


@dataclass(slots=True)
class ConverterConfig:
    """What the portal's own converter makes of a new lead in Simple mode (native_switch.md 1.3)."""

    create_contact: bool = True
    create_company: bool = False
    category_id: int = 0
    complete_activities: bool = False


@dataclass(slots=True)
class Settings:
    """Portal settings and behaviour switches; all may be set through `/control/settings`."""

    mode: int = CLASSIC
    plan: str = "enterprise"
    self_hosted: bool = False
    limits: bool = True
    native_variant: str = "documented"
    autocreation: bool = True
    complete_activities_on_close: bool = True
    complete_activities_on_deal_close: bool = False
    """The same for a deal; no documentation says so."""
    strict_required: bool = False
    """Required fields refuse in the old families too."""
    unresolved_reference: str = "text"
    """`$result[..]` of a failed command: left as `text`, or `empty`."""
    batch_billing: str = "inner"
    """Operating time of a batch is counted per `inner` method or for `outer` batch (peers.md 3)."""
    bindings_filter: str = "any"
    """Several BINDINGS pairs of crm.activity.list: `any` of them is enough (get-activity-list-by-deals.md), or `all` must fit."""
    crm_feature: bool = False
    """feature.get also answers `crm_leads`, which no documentation promises."""
    companion: bool = False
    """The self-hosted companion methods answer."""
    operating_limit: float = 480.0
    """Seconds per method in ten minutes; 420 on self-hosted portals."""
    operating_default_cost: float = 0.02
    operating_costs: dict[str, float] = field(default_factory=dict)
    request_cap: float = 60.0
    base_currency: str = "PLN"
    language: str = "en"
    event_delay: float = 0.0
    events_lose: int = 0
    events_repeat: int = 0
    companion_writable: bool = True

    def bucket(self) -> tuple[int, float]:
        """(burst, leak per second) of the plan (limits.md)."""
        plan = PLANS[self.plan]
        return int(plan["bucket"]), float(plan["leak"])
