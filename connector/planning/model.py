"""The nouns of a dry run: what was seen of a portal, what would be done, what is worth saying. Holds data only, decides nothing.

Everything here is JSON-shaped after `dataclasses.asdict`: strings, numbers, booleans, None, lists and maps, so that a plan can be
stored, exported and hashed. Names inside `fields` maps are Bitrix24's own camelCase of `crm.item.*`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Fields = Mapping[str, Any]


class CrmMode(StrEnum):
    """CRM mode of a portal; `crm.settings.mode.get` answers 1 for classic and 2 for simple."""

    CLASSIC = "classic"
    SIMPLE = "simple"


class Known(StrEnum):
    """An answer that may honestly be missing, as for `is Classic CRM in this portal's plan`."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class LeadKind(StrEnum):
    """`repeat` is a lead with `IS_RETURN_CUSTOMER = Y`: it becomes a deal only."""

    NEW = "new"
    REPEAT = "repeat"


class Severity(StrEnum):
    """How much a finding matters; `error` keeps its lead from being converted."""

    ERROR = "error"
    DATA_LOSS = "data-loss"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of leads or of a pipeline (`crm.status.list`); `semantics` is P (in work), S (success) or F (failure)."""

    id: str
    name: str
    sort: int
    semantics: str
    color: str = ""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One deal pipeline (`crm.category.list`, entityTypeId 2); the built-in one has id 0."""

    id: int
    name: str
    sort: int
    is_default: bool
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class UserField:
    """One custom field of leads, deals, contacts or companies (`crm.*.userfield.list`); `name` is `UF_CRM_…` as Bitrix24 spells it.

    `key` is its name in `crm.item.*` (`ufCrm_…`, from `upperName` of `crm.item.fields`).
    """

    name: str
    type: str
    multiple: bool
    mandatory: bool
    label: str
    key: str = ""
    enum: Mapping[int, str] = field(default_factory=dict)
    settings: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """A Bitrix24 user as far as plans need one; `active` is None where the rights to know it are missing."""

    id: int
    name: str
    active: bool | None


@dataclass(frozen=True, slots=True)
class Referrer:
    """A field through which records of other types point at leads, and where they would point at deals.

    `field` is its name in `crm.item.*`, `target` the field that takes a deal (the same one for custom fields of type crm, empty where
    there is none), `plain`: values are bare ids because the field takes leads only, else `L_5`. `title` is what people call the type.
    """

    entity_type: int
    title: str
    field: str
    target: str
    label: str = ""
    plain: bool = False

    @property
    def by_relation(self) -> bool:
        """True when leads and deals have fields of their own (quotes, smart processes)."""
        return self.target != self.field and not self.label


@dataclass(frozen=True, slots=True)
class PortalFacts:
    """What planning needs to know of a portal besides its leads; read by `connector.reading`.

    `item_fields` is `crm.item.fields` per entity (`lead`, `deal`, `contact`, `company`), by camelCase name. `country` is an ISO code
    such as `PL`, for phone numbers without a country prefix. `active_total` is what the portal counts, before any choice of leads;
    `clients` how many deals, contacts and companies there are. `lead_sources`: names of `open_lines` and `telephony` lines that create
    leads, None (or missing) where they could not be read.
    `workflows` are rows of `crm` templates of `bizproc.workflow.template.list`; None where they could not be read.
    `mode_setter`: the portal has a method that sets its CRM mode (our companion on self-hosted ones); elsewhere a person must do it.
    `referrers`: fields of other records that point at leads; `smart_listed`: those of smart processes are among them.
    `imports`: whether the portal has the import methods (`method.get`); whether a user may use them cannot be read.
    """

    key: str
    host: str
    mode: CrmMode
    plan: str
    classic_available: Known
    me: Person
    i_am_admin: bool
    lead_stages: tuple[Stage, ...]
    pipelines: tuple[Pipeline, ...]
    user_fields: Mapping[str, tuple[UserField, ...]]
    currencies: tuple[str, ...]
    base_currency: str
    deal_types: tuple[str, ...]
    people: Mapping[int, Person]
    active_leads_by_stage: Mapping[str, int]
    workflows: tuple[Fields, ...] | None = None
    taken_at: str = ""
    country: str = ""
    item_fields: Mapping[str, Mapping[str, Fields]] = field(default_factory=dict)
    active_total: int = 0
    sources: Mapping[str, str] = field(default_factory=dict)
    clients: Mapping[str, int] = field(default_factory=dict)
    lead_sources: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    via: str = ""
    mode_setter: bool = False
    imports: Known = Known.UNKNOWN
    referrers: tuple[Referrer, ...] = ()
    smart_listed: bool = False

    def pipeline(self, id_: int) -> Pipeline | None:
        """The pipeline with this id, or None."""
        return next((p for p in self.pipelines if p.id == id_), None)


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity bound to a lead (`crm.activity.list` by BINDINGS); `bindings` are (entityTypeId, entityId) pairs when known."""

    id: int
    type_id: int
    provider_id: str
    provider_type_id: str
    subject: str
    completed: bool
    deadline: str
    responsible_id: int
    owner_type_id: int
    owner_id: int
    bindings: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ClientMatch:
    """An existing contact or company that shares a phone or e-mail with a lead; `by` says which values matched.

    `by` is `("linked",)` for a client that the lead is bound to already. `fields` is its row of `crm.item.list`, `fm` inside.
    """

    entity: str
    id: int
    title: str
    by: tuple[str, ...]
    fields: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeadSnapshot:
    """One lead as it was read: `fields` is the row of `crm.item.list` (entityTypeId 1, camelCase, `fm` inside) as it
    came, but for the addresses of files, which hold secrets.

    `related` are records that point at it, by `entity`: `deal` (with `rows`), `task`, and `record` with `type` (entityTypeId), `field`
    of the referrer and `taken` (it points at a deal already); each with `id` and `title`.
    """

    id: int
    fields: Fields
    products: tuple[Fields, ...] = ()
    activities: tuple[Activity, ...] = ()
    contact_links: tuple[Fields, ...] = ()
    address: Fields = field(default_factory=dict)
    matches: tuple[ClientMatch, ...] = ()
    related: tuple[Fields, ...] = ()


class Do(StrEnum):
    """What an action does; the value is what plan files say. Order of the members is the order of execution."""

    CREATE_PIPELINE = "create-pipeline"
    CREATE_FIELD = "create-field"
    CREATE_COMPANY = "create-company"
    CREATE_CONTACT = "create-contact"
    LINK_COMPANY = "link-company"
    LINK_CONTACT = "link-contact"
    REUSE_COMPANY = "reuse-company"
    REUSE_CONTACT = "reuse-contact"
    ADD_ADDRESS = "add-address"
    CREATE_DEAL = "create-deal"
    COPY_FILES = "copy-files"
    SET_PRODUCTS = "set-products"
    BIND_ACTIVITY = "bind-activity"
    UNBIND_ACTIVITY = "unbind-activity"
    COMPLETE_ACTIVITY = "complete-activity"
    MOVE_RELATED = "move-related"
    BIND_COMMENTS = "bind-comments"
    NOTE_HISTORY = "note-history"
    RESTORE_ORIGIN = "restore-origin"
    CLOSE_LEAD = "close-lead"
    LINK_LEAD = "link-lead"


@dataclass(frozen=True, slots=True)
class Action:
    """One step for one lead. `key` is unique within the lead and names its journal line.

    `params` by `do` (ids are ints; `{"ref": "contact"}` stands for the id that the action with that key yields at run time):
    - create-company, create-contact, create-deal: `fields` for `crm.item.add`, or `crm.item.import` with automation=quiet; key
      `company`, `contact`, `deal`.
    - link-company, link-contact: `id` of the existing record, `fill` (empty fields to fill), `add_fm` (phones and e-mails to add).
    - reuse-company, reuse-contact: `lead` whose plan creates the record in this same run; `fill` and `add_fm` as for link-*;
      `fields` to create it after all when that lead stayed behind.
    - all six have key `company` or `contact`, so that `{"ref": "contact"}` works whichever it is. `fill` may hold a ref too.
    - add-address: `entity` (`contact` | `company`), `address` fields of `crm.address.add`.
    - copy-files: `entity` (`deal`, or a client that this lead creates), `field` of the lead, `target`, `files` (ids), `multiple`.
    - set-products: `rows` for `crm.item.productrow.set` on the deal.
    - bind-activity, unbind-activity, complete-activity: `activity` id (bind to the deal, unbind from the lead, complete).
    - move-related: `type` (entityTypeId of the record, or `task`), `id`, and for records `field`, `target`, `plain` of their `Referrer`.
    - bind-comments: {} (comments are found when the lead is converted).
    - note-history: `title` and `text` of an entry in the deal's timeline.
    - restore-origin: `originatorId`, `originId` that the lead carried, written to the deal after our marker served.
    - close-lead: `stage`.
    - create-pipeline (only in `PlanHead.setup`, before all leads; key `pipeline`): `name`, `stages` in order, each with `code` (STATUS_ID
      without the `C<id>:` prefix), `name`, `sort`, `color`, `semantics`. Deals of this plan carry `categoryId: {"ref": "pipeline"}` and
      `stageId: {"ref": "pipeline", "stage": code}`. Success and failure stages are part of `stages`.
    - create-field (only in `PlanHead.setup`; key `field:<entity>:<NAME>`): `entity`, `fields` for `crm.<entity>.userfield.add`.
    - link-lead: `contacts` and `company`, linked to the closed lead by `crm.lead.contact.items.set`.
    """

    key: str
    do: Do
    params: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth knowing: `code` is a row of `connector.planning.catalogue`, `params` fill its message."""

    code: str
    severity: Severity
    params: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NativeOutcome:
    """What Bitrix24's own switch is predicted to do to the lead in one `variant`; never seen on a live portal.

    `deal`, `contact`, `company` are the fields of the record it would create, or None; `fails` names why it would leave the lead.
    """

    variant: str
    deal: Fields | None
    contact: Fields | None
    company: Fields | None
    completes_activities: tuple[int, ...]
    fails: str = ""
    differences: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class LeadPlan:
    """Everything that is planned and predicted for one lead. A lead with an error finding has no actions."""

    id: int
    title: str
    kind: LeadKind
    stage: str
    deal_stage: str
    snapshot: LeadSnapshot
    managed: tuple[Action, ...]
    native: NativeOutcome
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class StageLink:
    """One line of the stage map: deals of leads in `lead_stage` land in `deal_stage`; `how` is chosen, name, position, new or none."""

    lead_stage: str
    lead_name: str
    deal_stage: str
    deal_name: str
    how: str


@dataclass(frozen=True, slots=True)
class PlanHead:
    """Everything about a plan that is not about one lead: what its file says first and its page says on top.

    `options` is `Options.model_dump(mode="json")`; `setup` is done once before the first lead; `created` is an ISO time.
    """

    portal: str
    host: str
    to: CrmMode
    options: Fields
    created: str
    stage_map: tuple[StageLink, ...] = ()
    setup: tuple[Action, ...] = ()
    findings: tuple[Finding, ...] = ()
    counts: Fields = field(default_factory=dict)
