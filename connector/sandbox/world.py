"""The whole state of one emulated portal: who is there, what is stored, what was said and what happens next.

It holds data and the few rules every room shares (ids, clock, events). CRM behaviour is in `crm/`, wire forms in
`rest/`, tokens are issued in `oauth.py`, events are delivered in `events.py`. Every access goes through `world.lock`.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Any

from connector.sandbox.clock import Clock
from connector.sandbox.people import SYSTEM, Actor, App, Token, User, Webhook
from connector.sandbox.rows import ROW_TYPES
from connector.sandbox.settings import CLASSIC, PLANS, SIMPLE, ConverterConfig, Settings
from connector.sandbox.tables import Table

LEAD, DEAL, CONTACT, COMPANY, QUOTE, REQUISITE = 1, 2, 3, 4, 7, 8
PROJECT = 1040
"""The portal's one smart process; leads and deals may be parents of its records."""
ENTITY_NAMES: Mapping[int, str] = {
    LEAD: "lead",
    DEAL: "deal",
    CONTACT: "contact",
    COMPANY: "company",
    QUOTE: "quote",
    PROJECT: "dynamicitem",
}
SHORT_CODES: Mapping[int, str] = {
    LEAD: "L",
    DEAL: "D",
    CONTACT: "C",
    COMPANY: "CO",
    QUOTE: "Q",
    PROJECT: f"T{PROJECT:x}",
}


_TABLES: Mapping[int, str] = {
    LEAD: "leads",
    DEAL: "deals",
    CONTACT: "contacts",
    COMPANY: "companies",
    QUOTE: "quotes",
    PROJECT: "projects",
}


@dataclass(slots=True)
class Event:
    """Something that happened, as `events.py` has to deliver it. `fields` becomes `data[FIELDS]` unless `flat`."""

    code: str
    fields: dict[str, Any]
    actor: Actor
    moment: float
    flat: bool = False
    """Timeline comment events put ID directly into `data`."""


class World:
    """One portal. Tables are attributes (`leads`, `deals`, …); see `rows.py` for the row defaults."""

    leads: Table
    deals: Table
    contacts: Table
    companies: Table
    quotes: Table
    projects: Table
    activities: Table
    activity_types: Table
    product_rows: Table
    statuses: Table
    categories: Table
    userfields: Table
    comments: Table
    log_messages: Table
    requisites: Table
    presets: Table
    bank_details: Table
    addresses: Table
    tasks: Table
    stage_history: Table
    notifications: Table
    blog_posts: Table
    robots: Table
    triggers: Table
    workflow_templates: Table
    workflow_instances: Table
    files: Table
    traces: Table

    def __init__(
        self, *, seed: int = 1, clock: Clock | None = None, member_id: str = "", host: str = "127.0.0.1"
    ) -> None:
        self.lock = RLock()
        self.clock = clock or Clock()
        self.member_id = member_id or f"{random.Random(f'member{seed}').getrandbits(128):032x}"  # noqa: S311
        self.host = host
        """`127.0.0.1:PORT`, the portal's domain without a scheme; set when the port is known."""
        self.scheme = "http"
        self.oauth_url = ""
        """Base of the OAuth server, without a slash at the end; `/oauth/token/` and `/rest/` are below it."""
        self.rest_link = ("", "")
        """(REST base, access token) of the call being answered, for links to files; changes only inside the lock."""
        self.apps: dict[str, App] = {}
        self.on_event: Callable[[Event], None] | None = None
        """Set by `events.py`: delivers to online handlers. Called inside the lock; must only queue."""
        self.settings = Settings()
        self.clear(seed)

    def clear(self, seed: int) -> None:
        """Forget everything stored; apps, settings, identity and clock stay."""
        self.seed = seed
        self.random = random.Random(f"world{seed}")  # noqa: S311
        self._next: dict[str, int] = {}
        self.users: dict[int, User] = {}
        self.departments: dict[int, str] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.tokens: dict[str, Token] = {}
        """Every issued pair by its access half; `refresh_tokens` finds the same pair by its refresh half."""
        self.refresh_tokens: dict[str, Token] = {}
        self.converter = ConverterConfig()
        self.app_options: dict[str, dict[str, Any]] = {}
        self.user_options: dict[tuple[str, int], dict[str, Any]] = {}
        self.event_handlers: list[dict[str, Any]] = []
        """{id, event, handler, auth_type, offline, client_id, connector, options}."""
        self.offline_queue: list[dict[str, Any]] = []
        self.placements: list[dict[str, Any]] = []
        self.automation_log: list[dict[str, Any]] = []
        """Robots, workflows and triggers that would have run: {moment, kind, entity, id, what}."""
        self.call_log: deque[dict[str, Any]] = deque(maxlen=20_000)
        self.counters: dict[str, int] = {}
        self.event_log: deque[Event] = deque(maxlen=5_000)
        self.stage_robots: list[dict[str, str]] = []
        """Robots of stages: {entity: lead|deal, stage, name}; they are only recorded."""
        self.currencies: dict[str, dict[str, Any]] = {}
        self.tables: dict[str, Table] = {
            name: Table(name, row_type, indexed) for name, (row_type, indexed) in ROW_TYPES.items()
        }
        for name, table in self.tables.items():
            setattr(self, name, table)
        self.by_communication: dict[tuple[str, str], set[tuple[int, int]]] = {}
        """("PHONE"|"EMAIL", normalised value) → {(entity type, id)}; kept by crm/multifields.py."""
        self.caches: dict[str, Any] = {}
        """What rooms keep for speed; all of it can be dropped at any time."""
        self.directory_version = 0
        """Grows when stages, pipelines or custom fields change, so that caches over them can be dropped."""

    def entities(self, entity_type: int) -> Table:
        """The table of leads (1), deals (2), contacts (3), companies (4), quotes (7) or projects; KeyError otherwise."""
        return self.tables[_TABLES[entity_type]]

    def next_id(self, kind: str) -> int:
        """The next id of this kind. Each kind starts at its own seeded place, as on a portal with a history."""
        if kind not in self._next:
            self._next[kind] = random.Random(f"{self.seed}:{kind}").randrange(11, 400)  # noqa: S311
        self._next[kind] += 1
        return self._next[kind]

    def now(self) -> int:
        """Portal time in whole seconds since the epoch."""
        return int(self.clock.now())

    def user(self, user_id: int) -> User | None:
        """The employee, or None."""
        return self.users.get(user_id)

    @property
    def leads_available(self) -> bool:
        """Whether the plan has the Classic CRM at all (native_switch.md 3)."""
        return bool(PLANS[self.settings.plan]["leads"])

    @property
    def mode(self) -> int:
        """The effective CRM mode: without leads in the plan a portal behaves as Simple whatever is set."""
        return self.settings.mode if self.leads_available else SIMPLE

    @property
    def base_url(self) -> str:
        return f"{self.scheme}://{self.host}"

    def emit(self, code: str, fields: Mapping[str, Any], actor: Actor, *, flat: bool = False) -> None:
        """Something happened: note it, queue it for offline handlers, hand it to the delivery in `events.py`."""
        from connector.sandbox import offline  # noqa: PLC0415  (offline.py needs the classes above)

        event = Event(code.upper(), dict(fields), actor, self.clock.now(), flat)
        self.event_log.append(event)
        offline.enqueue(self, event)
        if self.on_event is not None:
            self.on_event(event)

    def count(self, what: str, by: int = 1) -> None:
        """Add to a counter shown by `/control/counters`."""
        self.counters[what] = self.counters.get(what, 0) + by


__all__ = [
    "CLASSIC",
    "COMPANY",
    "CONTACT",
    "DEAL",
    "ENTITY_NAMES",
    "LEAD",
    "PLANS",
    "PROJECT",
    "QUOTE",
    "REQUISITE",
    "SHORT_CODES",
    "SIMPLE",
    "SYSTEM",
    "Actor",
    "App",
    "ConverterConfig",
    "Event",
    "Settings",
    "Token",
    "User",
    "Webhook",
    "World",
]
