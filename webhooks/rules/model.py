"""The JSON form of a rule: `on` what, `when` which conditions hold, `do` what. Data only; every part is checked when it is read.

{"name": "Tell the sales chief", "on": ["crm.mode.changed"], "when": {"to": "simple"}, "do": [{"type": "notify", "users": [5]}]}
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connector.occurrences import Kind, Level, Mode
from connector.planning.options import Options

MOST_USERS = 20
UserId = Annotated[int, Field(gt=0)]
Text = Annotated[str, Field(max_length=500)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Counted(StrEnum):
    """Numbers that conditions can compare; which ones an event has is in `docs/automation.md`."""

    LEADS = "leads"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    KEPT = "kept"
    LEFT_BEHIND = "left_behind"
    DEALS = "deals"
    ERROR = "error"
    DATA_LOSS = "data-loss"
    WARNING = "warning"
    INFO = "info"


class Bounds(_Part):
    """Between which numbers; an open end is no limit."""

    at_least: Annotated[int | None, Field(ge=0)] = None
    at_most: Annotated[int | None, Field(ge=0)] = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is more than at_most")
        return self


class Conditions(_Part):
    """All of them must hold; one that an event knows nothing about does not hold."""

    from_: Annotated[Mode | None, Field(alias="from", description="The CRM mode before.")] = None
    to: Annotated[
        Mode | None, Field(description="The CRM mode after, or the one that a plan or run leads to.")
    ] = None
    severity: Annotated[Level | None, Field(description="The event matters at least so much.")] = None
    ours: Annotated[
        bool | None,
        Field(
            description="Only changes of the mode that a run waited for (true), or that came without one (false)."
        ),
    ] = None
    kind: Annotated[
        Literal["apply", "undo", "native"] | None,
        Field(description="Only switches, only undos, or only watched native switches."),
    ] = None
    counts: Annotated[Mapping[Counted, Bounds], Field(description="Limits for numbers of the event.")] = (
        Field(default_factory=dict)
    )


class WebhookAction(_Part):
    """A signed webhook to an endpoint. As `text` it is `{"text": "…"}`, which chats such as Slack and Mattermost understand."""

    type: Literal["webhook"] = "webhook"
    endpoint: Annotated[str, Field(min_length=1, max_length=64, description="Id of the endpoint.")]
    body: Literal["event", "text"] = "event"


class NotifyAction(_Part):
    """A notification of employees in Bitrix24 (`im.notify.system.add`). Without `text` it says what happened in the portal's language."""

    type: Literal["notify"] = "notify"
    users: Annotated[
        tuple[UserId, ...], Field(min_length=1, max_length=MOST_USERS, description="Ids of employees.")
    ]
    text: Text = ""


class WorkflowAction(_Part):
    """Start a workflow template on each deal that the run has created, once per deal (`bizproc.workflow.start`)."""

    type: Literal["workflow"] = "workflow"
    template: Annotated[int, Field(gt=0, description="Id of the template, for deals.")]


class TriggerAction(_Part):
    """Fire our trigger "Created by Leadswitch" on each deal that the run has created, once per deal (`crm.automation.trigger.execute`)."""

    type: Literal["trigger"] = "trigger"


class DryRunAction(_Part):
    """Make a plan; changes nothing. Its end is the event `plan.ready`."""

    type: Literal["dry_run"] = "dry_run"
    options: Options = Field(default_factory=Options)


Action = Annotated[
    WebhookAction | NotifyAction | WorkflowAction | TriggerAction | DryRunAction, Field(discriminator="type")
]
WITH_DEALS = frozenset(
    {
        Kind.SWITCH_STARTED,
        Kind.SWITCH_PAUSED,
        Kind.SWITCH_COMPLETED,
        Kind.SWITCH_FAILED,
        Kind.SWITCH_CANCELLED,
    }
)
"""Events of a run whose created deals can be acted on."""


class RuleForm(_Part):
    """A rule as people write it."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    enabled: bool = True
    on: Annotated[tuple[Kind, ...], Field(min_length=1, max_length=len(Kind))]
    when: Conditions = Field(default_factory=Conditions)
    do: Annotated[tuple[Action, ...], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        on_deals = any(isinstance(action, WorkflowAction | TriggerAction) for action in self.do)
        if on_deals and not set(self.on) <= WITH_DEALS:
            raise ValueError("workflows and the trigger work on the deals of a run: use switch events only")
        dry = any(isinstance(action, DryRunAction) for action in self.do)
        if dry and Kind.PLAN_READY in self.on:
            raise ValueError("a dry run after each dry run would never end")
        return self
