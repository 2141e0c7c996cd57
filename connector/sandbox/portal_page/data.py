"""What the portal page shows, read from the world: rows of lists, lanes of a kanban. It changes nothing.

An employee sees only the records they are responsible for; administrators and CRM managers see all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.sandbox.clock import PORTAL_ZONE
from connector.sandbox.crm import items, stages
from connector.sandbox.tables import Row, Table
from connector.sandbox.world import COMPANY, CONTACT, DEAL, LEAD, User, World

KINDS: Mapping[str, int] = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}
KIND_OF: Mapping[int, str] = {number: name for name, number in KINDS.items()}
PLURAL: Mapping[str, str] = {"lead": "leads", "deal": "deals", "contact": "contacts", "company": "companies"}
PAGE_ROWS = 50
LANE_ROWS = 40
COLORS = {"P": "#5b8def", "S": "#2fa36b", "F": "#d0574e"}
_MINUS_POINT = {"en": (",", "."), "pl": ("\u00a0", ","), "de": (".", ","), "ru": ("\u00a0", ",")}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage as shown; `semantic` P, S or F."""

    id: str
    name: str
    semantic: str
    color: str


@dataclass(frozen=True, slots=True)
class Person:
    """An employee as shown next to a record."""

    id: int
    name: str
    initials: str


@dataclass(frozen=True, slots=True)
class ListRow:
    """One record in a list or on a tile; texts are ready for the page."""

    id: int
    title: str
    url: str
    stage: Stage | None
    money: str
    client: str
    responsible: Person
    created: str
    todo: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What the visitor asked for; None and "" mean everything."""

    q: str = ""
    category: int | None = None
    state: str = ""
    responsible: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `first` and `last` count from 1."""

    rows: list[ListRow]
    number: int
    total: int

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE_ROWS + 1 if self.total else 0

    @property
    def last(self) -> int:
        return (self.number - 1) * PAGE_ROWS + len(self.rows)


@dataclass(frozen=True, slots=True)
class Lane:
    """One column of the kanban; `sum` lists the amounts by currency."""

    stage: Stage
    count: int
    sum: str
    rows: list[ListRow] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


def moment(value: int | float | None, language: str, *, time: bool = True) -> str:
    """Portal time as people write it; empty for none."""
    if not value:
        return ""
    when = datetime.fromtimestamp(int(value), PORTAL_ZONE)
    form = "%Y-%m-%d" if language == "en" else "%d.%m.%Y"
    return when.strftime(f"{form} %H:%M" if time else form)


def number(value: float, language: str) -> str:
    """An amount with the language's separators; decimals only where there are any."""
    group, point = _MINUS_POINT[language]
    text = f"{value:,.2f}".removesuffix(".00")
    return text.replace(",", "\0").replace(".", point).replace("\0", group)


def money(value: float | None, currency: str | None, language: str) -> str:
    """`12 500 PLN`; empty for nothing."""
    return f"{number(value, language)}\u00a0{currency or ''}".strip() if value else ""


class Reader:
    """Reads for one visitor: their rights, their language."""

    def __init__(self, world: World, user: User, language: str) -> None:
        self._world, self._user, self._language = world, user, language

    def person(self, user_id: int) -> Person:
        """An employee, also a dismissed or unknown one."""
        user = self._world.user(user_id)
        if user is None:
            return Person(user_id, f"#{user_id}", "?")
        return Person(user.id, f"{user.name} {user.last_name}", (user.name[:1] + user.last_name[:1]).upper())

    def may_see(self, row: Row) -> bool:
        """Whether this visitor may open the record."""
        return self._user.role != "employee" or row["ASSIGNED_BY_ID"] == self._user.id

    def table(self, kind: str) -> Table:
        return self._world.entities(KINDS[kind])

    def stage_list(self, kind: str, category: int = 0) -> list[Stage]:
        """The stages of leads, or of deals in one pipeline, in their order."""
        entity = "STATUS" if kind == "lead" else stages.stage_entity(category)
        return [
            Stage(
                row["STATUS_ID"],
                row["NAME"],
                row["SEMANTICS"] or "P",
                row["COLOR"] or COLORS[row["SEMANTICS"] or "P"],
            )
            for row in stages.entries(self._world, entity)
        ]

    def stage_of(self, kind: str, row: Row) -> Stage | None:
        """The stage a lead or deal is in; None for clients."""
        name = items.STAGE_FIELD.get(KINDS[kind])
        if name is None:
            return None
        entity = "STATUS" if kind == "lead" else stages.stage_entity(row["CATEGORY_ID"])
        found = stages.find(self._world, entity, row[name])
        semantic = row[items.SEMANTIC_FIELD[KINDS[kind]]] or "P"
        color = (found["COLOR"] if found is not None else None) or COLORS[semantic]
        return Stage(row[name], found["NAME"] if found is not None else row[name], semantic, color)

    def count(self, kind: str, state: str = "") -> int:
        """How many records the visitor sees; *state* P, S or F for leads and deals."""
        table, semantic = self.table(kind), items.SEMANTIC_FIELD.get(KINDS[kind])
        if self._user.role != "employee":
            if not state or semantic is None:
                return len(table)
            if semantic in table.indexes:
                return len(table.find(semantic, state))
        return sum(1 for row in table if self.may_see(row) and (not state or row[semantic or ""] == state))

    def rows(self, kind: str, filters: Filters) -> list[Row]:
        """The matching records, newest first."""
        test = self._test(kind, filters)
        return [row for row in self._newest(kind) if test(row)]

    def page(self, kind: str, filters: Filters, number: int) -> Page:
        """One page of 50."""
        with self._world.lock:
            found = self.rows(kind, filters)
            start = (number - 1) * PAGE_ROWS
            return Page(
                [self.list_row(kind, row) for row in found[start : start + PAGE_ROWS]], number, len(found)
            )

    def lanes(self, kind: str, filters: Filters) -> list[Lane]:
        """The kanban: every stage of the pipeline with its newest records."""
        with self._world.lock:
            by_stage: dict[str, list[Row]] = {}
            for row in self.rows(kind, filters):
                by_stage.setdefault(row[items.STAGE_FIELD[KINDS[kind]]], []).append(row)
            lanes = []
            for stage in self.stage_list(kind, filters.category or 0):
                found = by_stage.get(stage.id, [])
                shown = [self.list_row(kind, row) for row in found[:LANE_ROWS]]
                lanes.append(Lane(stage, len(found), self._sum(found), shown))
            return lanes

    def list_row(self, kind: str, row: Row) -> ListRow:
        """One record as a list shows it."""
        is_item = kind in ("lead", "deal")
        return ListRow(
            id=row["ID"],
            title=self.title(kind, row),
            url=f"/crm/{kind}/details/{row['ID']}/",
            stage=self.stage_of(kind, row),
            money=money(row["OPPORTUNITY"], row["CURRENCY_ID"], self._language) if is_item else "",
            client=self._client(kind, row),
            responsible=self.person(row["ASSIGNED_BY_ID"]),
            created=moment(row["DATE_CREATE"], self._language, time=False),
            todo=sum(1 for _ in self._open_activities(kind, row["ID"])),
        )

    def title(self, kind: str, row: Row) -> str:
        """What people call the record."""
        return items.display_name(self._world, KINDS[kind], row["ID"])

    def _newest(self, kind: str) -> Iterator[Row]:
        table = self.table(kind)
        return (table.rows[row_id] for row_id in reversed(table.ids))

    def _test(self, kind: str, filters: Filters) -> Callable[[Row], bool]:
        needle = filters.q.strip().casefold()
        semantic = items.SEMANTIC_FIELD.get(KINDS[kind], "")

        def matches(row: Row) -> bool:
            if not self.may_see(row) or (
                filters.responsible and row["ASSIGNED_BY_ID"] != filters.responsible
            ):
                return False
            if kind == "deal" and filters.category is not None and row["CATEGORY_ID"] != filters.category:
                return False
            if semantic and filters.state and row[semantic] != filters.state:
                return False
            return not needle or needle in self._haystack(row)

        return matches

    @staticmethod
    def _haystack(row: Row) -> str:
        parts = [row["ID"], row["TITLE"], row["NAME"], row["LAST_NAME"], row["COMPANY_TITLE"]]
        parts += [value for _id, _kind, _sort, value in row["FM"] or ()]
        return " ".join(str(part) for part in parts if part).casefold()

    def _client(self, kind: str, row: Row) -> str:
        if kind in ("contact", "company"):
            return next(
                (value for _id, type_id, _sort, value in row["FM"] or () if type_id in ("PHONE", "EMAIL")), ""
            )
        names = [items.display_name(self._world, CONTACT, i) for i in row["CONTACT_IDS"][:1]]
        names += [items.display_name(self._world, COMPANY, row["COMPANY_ID"])] if row["COMPANY_ID"] else []
        if not any(names):
            names = [
                " ".join(str(row[part]) for part in ("NAME", "LAST_NAME") if row[part]),
                row["COMPANY_TITLE"] or "",
            ]
        return ", ".join(name for name in names if name)

    def _open_activities(self, kind: str, row_id: int) -> Iterator[Row]:
        table = self._world.activities
        for activity_id in table.find("BINDINGS", (KINDS[kind], row_id)):
            if not table.rows[activity_id]["COMPLETED"]:
                yield table.rows[activity_id]

    def _sum(self, rows: list[Row]) -> str:
        totals: dict[str, float] = {}
        for row in rows:
            if row["OPPORTUNITY"]:
                totals[row["CURRENCY_ID"]] = totals.get(row["CURRENCY_ID"], 0.0) + row["OPPORTUNITY"]
        return " · ".join(
            money(value, currency, self._language) for currency, value in sorted(totals.items())
        )


def category_list(world: World) -> list[dict[str, Any]]:
    """The deal pipelines: {id, name}."""
    return [{"id": row["ID"], "name": row["NAME"]} for row in stages.categories(world)]
