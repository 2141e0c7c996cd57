"""Everything that automation can react to, as data: the contract of rules and webhooks. No names of people, no titles; decides nothing.

`docs/events.schema.json` is made from these classes. A field is only ever added; what would mean something else gets another name.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["classic", "simple"]
Count = Annotated[int, Field(ge=0)]


class Kind(StrEnum):
    """The names of events, as rules and webhooks use them."""

    MODE_CHANGED = "crm.mode.changed"
    PLAN_READY = "plan.ready"
    SWITCH_STARTED = "switch.started"
    SWITCH_PAUSED = "switch.paused"
    SWITCH_COMPLETED = "switch.completed"
    SWITCH_FAILED = "switch.failed"
    SWITCH_CANCELLED = "switch.cancelled"
    SWITCH_UNDONE = "switch.undone"
    LEAD_LEFT_BEHIND = "lead.left_behind"
    LEAD_AUTOCONVERTED = "lead.autoconverted"
    PORTAL_DISCONNECTED = "portal.disconnected"


class Level(StrEnum):
    """How much an event matters, least first."""

    INFO = "info"
    WARNING = "warning"
    DATA_LOSS = "data-loss"
    ERROR = "error"


class Data(BaseModel):
    """What is told of an event. `level` is how much it matters, `counts` what conditions may compare."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)
    names: ClassVar[tuple[Kind, ...]] = ()

    @property
    def level(self) -> Level:
        """How much it matters."""
        return Level.INFO

    @property
    def counts(self) -> Mapping[str, int]:
        """Numbers by name."""
        return {}


class ModeChanged(Data):
    """The portal answered another CRM mode than at the reading before (`crm.settings.mode.get`; Bitrix24 has no event for it)."""

    names: ClassVar = (Kind.MODE_CHANGED,)
    from_: Annotated[Mode, Field(alias="from", description="The mode of the reading before.")]
    to: Annotated[Mode, Field(description="The mode that the portal answered now.")]
    after: Annotated[
        datetime | None, Field(description="When the former mode was read last: it changed later than this.")
    ]
    noticed_at: Annotated[datetime, Field(description="When the new mode was read.")]
    noticed_by: Annotated[
        Literal["run", "watch", "event", "shell"],
        Field(
            description="A run of Leadswitch, a scheduled reading, a reading that an event asked for, or the command line."
        ),
    ]
    run: Annotated[
        str | None, Field(description="The run that waited for the change; null when it came without one.")
    ] = None
    change: Annotated[int, Field(description="Number of the record of the change.")]

    @property
    def level(self) -> Level:
        """A change that no run waited for is worth a look."""
        return Level.INFO if self.run else Level.WARNING


class PlanReady(Data):
    """A dry run is ready to be read."""

    names: ClassVar = (Kind.PLAN_READY,)
    plan: str
    to: Annotated[Mode, Field(description="The mode that the plan leads to.")]
    digest: Annotated[str, Field(description="SHA-256 of the plan file.")]
    leads: Annotated[Count, Field(description="Leads in the plan.")]
    findings: Annotated[
        Mapping[str, Count], Field(description="Findings by severity: error, data-loss, warning, info.")
    ]

    @property
    def level(self) -> Level:
        """That of the worst finding."""
        return max(
            (Level(name) for name, count in self.findings.items() if count),
            key=list(Level).index,
            default=Level.INFO,
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """Leads, and findings by severity."""
        return {"leads": self.leads, **self.findings}


class Switch(Data):
    """A run began, came to rest, or ended. `kind` tells a switch from its undo."""

    names: ClassVar = (
        Kind.SWITCH_STARTED,
        Kind.SWITCH_PAUSED,
        Kind.SWITCH_COMPLETED,
        Kind.SWITCH_FAILED,
        Kind.SWITCH_CANCELLED,
        Kind.SWITCH_UNDONE,
    )
    run: str
    plan: str
    kind: Annotated[
        Literal["apply", "undo", "native"],
        Field(description="A switch, its undo, or Bitrix24's own switch, which was only watched."),
    ]
    undo_of: Annotated[str | None, Field(description="The run that is taken back.")] = None
    to: Annotated[Mode, Field(description="The mode that the plan leads to.")]
    phase: str
    leads: Annotated[Count, Field(description="Leads of the run.")]
    done: Annotated[Count, Field(description="Leads that came out as wanted: converted, or taken back.")]
    skipped: Count
    failed: Count
    kept: Annotated[Count, Field(description="Only undo: leads of which something had to stay.")]
    error: Annotated[str | None, Field(description="Stable key of what stopped it.")] = None

    @property
    def level(self) -> Level:
        """An error that stopped it, or leads that were not done."""
        if self.error:
            return Level.ERROR
        return Level.WARNING if self.failed or self.skipped else Level.INFO

    @property
    def counts(self) -> Mapping[str, int]:
        """Leads by outcome; `left_behind` are those that were not converted."""
        by = {name: int(getattr(self, name)) for name in ("leads", "done", "skipped", "failed", "kept")}
        return {**by, "left_behind": self.failed + self.skipped}


class LeadLeftBehind(Data):
    """Leads that are still leads after a switch: of a run, or of a change of the mode that Leadswitch did not make."""

    names: ClassVar = (Kind.LEAD_LEFT_BEHIND,)
    cause: Literal["run", "mode"]
    run: str | None = None
    change: Annotated[int | None, Field(description="Number of the record of the change of the mode.")] = None
    count: Count
    leads: Annotated[tuple[int, ...], Field(description="Ids of the first 200 of them.")]
    reasons: Annotated[
        Mapping[str, Count], Field(description="Why, by code; empty when no run of ours looked at them.")
    ]

    @property
    def level(self) -> Level:
        """Somebody has to look after them."""
        return Level.WARNING

    @property
    def counts(self) -> Mapping[str, int]:
        """How many."""
        return {"left_behind": self.count}


class LeadAutoconverted(Data):
    """A lead came in and Bitrix24 itself made a deal or client of it at once, as Simple CRM does."""

    names: ClassVar = (Kind.LEAD_AUTOCONVERTED,)
    lead: int
    deals: Annotated[tuple[int, ...], Field(description="Ids of deals that name this lead as theirs.")]
    mode: Annotated[Mode, Field(description="The mode read together with it.")]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many deals."""
        return {"deals": len(self.deals)}


class PortalDisconnected(Data):
    """Leadswitch has lost its access to the portal. What needs no access, such as webhooks, goes on."""

    names: ClassVar = (Kind.PORTAL_DISCONNECTED,)
    state: Annotated[
        Literal["grant_revoked", "payment_required", "portal_gone", "uninstalled"],
        Field(description="Why there is no access any more."),
    ]

    @property
    def level(self) -> Level:
        """Nothing can be switched any more."""
        return Level.ERROR


DATA: Mapping[Kind, type[Data]] = MappingProxyType(
    {
        kind: data
        for data in (ModeChanged, PlanReady, Switch, LeadLeftBehind, LeadAutoconverted, PortalDisconnected)
        for kind in data.names
    }
)


def data_of(kind: str, stored: Mapping[str, object]) -> Data:
    """The data of an occurrence as it was stored. Raises ValueError for a kind that this version does not know."""
    return DATA[Kind(kind)].model_validate(stored)
