"""What the user chooses before a dry run: one table of options, and the checked, frozen values. Must never look at a portal.

`OPTIONS` drives the command line, the form, the JSON schema and the docs; `Options` holds the values. Whether a value exists in a
portal (a pipeline, a stage, a field) is the job of `connector.planning.checks`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from .model import CrmMode
from .words import N_

NEW = "new"
KEEP = "keep"
TIMELINE = "timeline"
"""Of `created_field`: the date goes into a timeline entry of the deal."""


class Create(StrEnum):
    """Which client records a new lead becomes, beside its deal."""

    CONTACT = "contact"
    COMPANY = "company"
    BOTH = "both"


class Activities(StrEnum):
    """What happens to open activities of a lead."""

    KEEP_OPEN = "keep-open"
    COMPLETE = "complete"


class Clients(StrEnum):
    """What happens when a contact or company with the same phone or e-mail exists already."""

    LINK = "link-duplicates"
    CREATE = "always-create"
    REPORT = "report-only"


class MissingFields(StrEnum):
    """What happens to a custom field of leads that has no counterpart."""

    DROP = "drop"
    CREATE = "create-missing"


class Related(StrEnum):
    """What happens to tasks, quotes and other records that point at a lead."""

    REPORT = "report"
    MOVE = "move"


class Automation(StrEnum):
    """Whether robots and workflows of created records run."""

    RUN = "run"
    QUIET = "quiet"


class Timeline(StrEnum):
    """Whether timeline comments of a lead are shown in its deal too."""

    BIND = "bind"
    LEAVE = "leave"


class CompanyTitle(StrEnum):
    """Where a company gets its name from when the lead names none."""

    LEAD = "lead-title"
    GIVEN = "only-when-given"


class Leftovers(StrEnum):
    """What is to happen to active leads that stay behind before the mode is changed."""

    BLOCK = "block"
    BITRIX24 = "let-bitrix24-convert"
    LEAVE = "leave"


class Variant(StrEnum):
    """Which description of Bitrix24's own dialog the native prediction follows."""

    DOCUMENTED = "documented"
    MOBILE = "mobile"
    OLDER_WEB = "older-web"


def _listed(value: Any) -> Any:
    """`"1, 2"` → `["1", "2"]`: what shells and forms send for a list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


Listed = BeforeValidator(_listed)


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_enum_values=False)


class Selection(_Frozen):
    """Which active leads are in scope; every part that is given must hold, an empty part does not narrow. Dates are inclusive."""

    stages: Annotated[tuple[str, ...], Listed] = ()
    sources: Annotated[tuple[str, ...], Listed] = ()
    responsible: Annotated[tuple[int, ...], Listed] = ()
    created_from: date | None = None
    created_to: date | None = None
    ids: Annotated[tuple[int, ...], Listed] = ()
    exclude: Annotated[tuple[int, ...], Listed] = ()

    @property
    def everything(self) -> bool:
        """True when no part narrows: all active leads."""
        return self == Selection()

    def takes(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of `crm.item.list` is chosen. Dates are compared as the portal shows them, in its own time zone."""
        day = str(row.get("createdTime") or "")[:10]
        return not (
            (self.stages and row.get("stageId") not in self.stages)
            or (self.sources and row.get("sourceId") not in self.sources)
            or (self.responsible and int(row.get("assignedById") or 0) not in self.responsible)
            or (self.created_from and day < self.created_from.isoformat())
            or (self.created_to and day > self.created_to.isoformat())
            or (self.ids and int(row.get("id") or 0) not in self.ids)
            or int(row.get("id") or 0) in self.exclude
        )

    @model_validator(mode="after")
    def _dates_in_order(self) -> "Selection":
        if self.created_from and self.created_to and self.created_from > self.created_to:
            raise ValueError("created_from is later than created_to: no lead can match")
        return self


class FieldMaps(_Frozen):
    """Custom field of leads → custom field of the target, by name; an empty target means: do not carry this field over."""

    contact: dict[str, str] = Field(default_factory=dict)
    company: dict[str, str] = Field(default_factory=dict)
    deal: dict[str, str] = Field(default_factory=dict)


class Options(_Frozen):
    """All choices of one plan. Stored with the plan; unknown names and contradicting values raise `pydantic.ValidationError`."""

    to: CrmMode = CrmMode.SIMPLE
    create: Create = Create.CONTACT
    pipeline: Annotated[int, Field(ge=0)] | Literal["new"] = 0
    pipeline_name: Annotated[str, Field(max_length=255)] = ""
    stages: dict[str, str] = Field(default_factory=dict)
    activities: Activities = Activities.KEEP_OPEN
    leads: Selection = Field(default_factory=Selection)
    clients: Clients = Clients.LINK
    missing_fields: MissingFields = MissingFields.DROP
    fields: FieldMaps = Field(default_factory=FieldMaps)
    responsible: Annotated[int, Field(gt=0)] | Literal["keep"] = "keep"
    related: Related = Related.REPORT
    automation: Automation = Automation.RUN
    timeline: Timeline = Timeline.BIND
    contact_name: Annotated[str, Field(min_length=1, max_length=50)] = "No name"
    company_title: CompanyTitle = CompanyTitle.LEAD
    leftovers: Leftovers = Leftovers.BLOCK
    variant: Variant = Variant.DOCUMENTED
    created_field: str = ""

    @property
    def names_leftovers(self) -> bool:
        """True when leads that are not chosen are read, too, and named with their native prediction."""
        return self.leftovers is Leftovers.BITRIX24

    @property
    def makes_contact(self) -> bool:
        """True when a contact is asked for."""
        return self.create is not Create.COMPANY

    @property
    def makes_company(self) -> bool:
        """True when a company is asked for."""
        return self.create is not Create.CONTACT

    @model_validator(mode="after")
    def _pipeline_name_needs_new(self) -> "Options":
        if self.pipeline_name and self.pipeline != NEW:
            raise ValueError("pipeline_name names a new pipeline: it needs pipeline=new")
        return self


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table: `values` are the allowed words, empty where a free value is expected (`form` says which)."""

    name: str
    values: tuple[str, ...]
    default: str
    form: str
    help: str


def _row(
    name: str, help_: str, kind: type[StrEnum] | None = None, form: str = "", values: tuple[str, ...] = ()
) -> Option:
    default = Options.model_fields[name].get_default(call_default_factory=True)
    shown = str(default) if isinstance(default, str | int) else ""
    return Option(name, tuple(kind) if kind else values, shown, form, help_)


OPTIONS: tuple[Option, ...] = (
    _row("to", N_("CRM mode to switch to"), CrmMode),
    _row("create", N_("Client records that a new lead becomes: a contact, a company or both"), Create),
    _row("pipeline", N_("Pipeline for the deals: its ID, or new"), form="id|new", values=(NEW,)),
    _row("pipeline_name", N_("Name of the new pipeline"), form="text"),
    _row(
        "stages",
        N_("Lead stage to deal stage; the rest follows by equal name, then by position"),
        form="LEAD_STAGE=DEAL_STAGE",
    ),
    _row(
        "activities", N_("Keep open activities open and move them to the deal, or complete them"), Activities
    ),
    _row(
        "leads",
        N_("Which active leads: all, or by stage, source, responsible, creation date, IDs"),
        form="selection",
    ),
    _row("clients", N_("When a contact or company with the same phone or e-mail exists"), Clients),
    _row(
        "missing_fields",
        N_("Custom fields without a counterpart: drop their values or create the fields"),
        MissingFields,
    ),
    _row(
        "fields",
        N_("Custom field of leads to custom field of the contact, company or deal"),
        form="ENTITY.FROM=TO",
    ),
    _row(
        "responsible",
        N_("Keep the responsible person, or put this employee in place of dismissed ones"),
        form="keep|id",
    ),
    _row("related", N_("Tasks, quotes and other records that point at a lead"), Related),
    _row(
        "automation",
        N_("Run robots and workflows of the created records, or create them quietly"),
        Automation,
    ),
    _row("timeline", N_("Show timeline comments of the lead in its deal too"), Timeline),
    _row("contact_name", N_("Name of a contact whose lead has no name"), form="text"),
    _row("company_title", N_("Name of a company whose lead names none"), CompanyTitle),
    _row("leftovers", N_("Active leads that stay behind before the mode is changed"), Leftovers),
    _row("variant", N_("Description of Bitrix24's own dialog that the comparison follows"), Variant),
    _row(
        "created_field",
        N_("Where deals keep the lead's creation date: a custom field of deals, or a timeline entry"),
        form="UF_CRM_…|timeline",
        values=(TIMELINE,),
    ),
)
