"""The card of one record: fields, links, products, custom fields, planned activities and history. It changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.crm import addresses, products, stages, timeline, userfields
from connector.sandbox.portal_page.data import KIND_OF, KINDS, Reader, Stage, moment, money, number
from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT, DEAL, LEAD, SHORT_CODES, World

Text = Callable[..., str]
_PERSON = ("HONORIFIC", "NAME", "SECOND_NAME", "LAST_NAME", "POST")
_TAIL = (
    "COMMENTS",
    "ASSIGNED_BY_ID",
    "OBSERVERS",
    "DATE_CREATE",
    "DATE_MODIFY",
    "UTM_SOURCE",
    "UTM_CAMPAIGN",
)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "lead": (
        "OPPORTUNITY",
        *_PERSON,
        "COMPANY_TITLE",
        "FM",
        "ADDRESS",
        "SOURCE_ID",
        "SOURCE_DESCRIPTION",
        *_TAIL,
        "DATE_CLOSED",
    ),
    "deal": ("OPPORTUNITY", "CATEGORY_ID", "SOURCE_ID", "SOURCE_DESCRIPTION", "CLOSEDATE", *_TAIL),
    "contact": (*_PERSON, "FM", "ADDRESS", "SOURCE_ID", *_TAIL),
    "company": ("FM", "ADDRESS", *_TAIL),
}
_DIRECTORIES = {"SOURCE_ID": "SOURCE", "HONORIFIC": "HONORIFIC"}
_MOMENTS = ("DATE_CREATE", "DATE_MODIFY", "DATE_CLOSED")
ICONS = {1: "meeting", 2: "phone", 3: "check", 4: "mail"}
HISTORY_ROWS = 60


@dataclass(frozen=True, slots=True)
class StageButton:
    """One step of the stage bar."""

    id: str
    name: str
    semantic: str
    past: bool
    current: bool


@dataclass(slots=True)
class Entry:
    """One entry of the timeline; `moment` sorts it."""

    icon: str
    title: str
    text: str
    when: str
    who: str
    moment: float
    tone: str = ""
    id: int = 0


@dataclass(slots=True)
class Card:
    """Everything the card shows; texts are ready for the page."""

    id: int
    title: str
    pills: list[dict[str, str]]
    may_edit: bool
    fields: list[dict[str, str]]
    custom: list[dict[str, str]]
    links: list[dict[str, Any]]
    products: list[dict[str, str]]
    planned: list[Entry]
    history: list[Entry]
    stages: list[StageButton] = field(default_factory=list)


class CardReader:
    """Builds the card of a record for one visitor."""

    def __init__(self, world: World, reader: Reader, text: Text, language: str) -> None:
        self._world, self._reader, self._text, self._language = world, reader, text, language

    def read(self, kind: str, row: Row) -> Card:
        """The card; the caller has checked that the visitor may see the record."""
        with self._world.lock:
            planned, done = self._activities(kind, row["ID"])
            history = sorted(done + self._history(kind, row), key=lambda entry: -entry.moment)
            return Card(
                id=row["ID"],
                title=self._reader.title(kind, row),
                pills=self._pills(kind, row),
                may_edit=True,
                fields=self._fields(kind, row),
                custom=self._custom(kind, row),
                links=self._links(kind, row),
                products=self._products(kind, row),
                planned=planned,
                history=history[:HISTORY_ROWS],
                stages=self._stages(kind, row),
            )

    def _pills(self, kind: str, row: Row) -> list[dict[str, str]]:
        pills = []
        stage = self._reader.stage_of(kind, row)
        if stage is not None:
            tone = {"P": "info", "S": "ok", "F": "bad"}[stage.semantic]
            pills.append({"name": "stage", "text": stage.name, "tone": tone})
        if kind == "lead" and row["IS_RETURN_CUSTOMER"]:
            pills.append({"name": "repeat", "text": self._text("card.repeat_lead"), "tone": "warn"})
        return pills

    def _stages(self, kind: str, row: Row) -> list[StageButton]:
        current = self._reader.stage_of(kind, row)
        if current is None:
            return []
        all_stages: list[Stage] = self._reader.stage_list(kind, row["CATEGORY_ID"] or 0)
        at = next((index for index, stage in enumerate(all_stages) if stage.id == current.id), -1)
        return [
            StageButton(
                stage.id, stage.name, stage.semantic, index < at and current.semantic != "F", index == at
            )
            for index, stage in enumerate(all_stages)
        ]

    def _fields(self, kind: str, row: Row) -> list[dict[str, str]]:
        found = []
        for name in FIELDS[kind]:
            if name == "FM":
                for _id, type_id, _sort, value in row["FM"] or ():
                    found.append({"name": type_id, "label": self._text(f"field.{type_id}"), "value": value})
                continue
            value = self._value(kind, row, name)
            if value:
                found.append({"name": name, "label": self._text(f"field.{name}"), "value": value})
        return found

    def _value(self, kind: str, row: Row, name: str) -> str:
        if name == "OPPORTUNITY":
            return money(row[name], row["CURRENCY_ID"], self._language)
        if name == "ADDRESS":
            address = addresses.of_record(self._world, KINDS[kind], row["ID"])
            parts = ("ADDRESS_1", "ADDRESS_2", "POSTAL_CODE", "CITY", "COUNTRY")
            return ", ".join(str(address[part]) for part in parts if address[part]) if address else ""
        raw = row[name]
        if not raw and not (name == "CATEGORY_ID" and raw == 0):
            return ""
        if name in _DIRECTORIES:
            return stages.status_name(self._world, _DIRECTORIES[name], raw)
        if name in _MOMENTS:
            return moment(raw, self._language)
        if name == "CLOSEDATE":
            return moment(raw, self._language, time=False)
        if name == "ASSIGNED_BY_ID":
            return self._reader.person(raw).name
        if name == "OBSERVERS":
            return ", ".join(self._reader.person(user_id).name for user_id in raw)
        if name == "CATEGORY_ID":
            category = self._world.categories.get(raw)
            return str(category["NAME"]) if category is not None else str(raw)
        return str(raw)

    def _custom(self, kind: str, row: Row) -> list[dict[str, str]]:
        found = []
        for definition in userfields.of_entity(self._world, KINDS[kind]):
            value = row[definition["FIELD_NAME"]]
            if value in (None, ()):
                continue
            many = value if definition["MULTIPLE"] else (value,)
            text = ", ".join(self._custom_text(definition, one) for one in many)
            found.append(
                {"name": definition["FIELD_NAME"], "label": userfields.label(definition), "value": text}
            )
        return found

    def _custom_text(self, definition: Row, value: Any) -> str:
        kind = definition["USER_TYPE_ID"]
        if kind == "enumeration":
            return next(
                (str(entry["VALUE"]) for entry in definition["LIST"] if entry["ID"] == value), str(value)
            )
        if kind == "boolean":
            return self._text("common.yes" if value else "common.no")
        if kind in ("date", "datetime"):
            return moment(value, self._language, time=kind == "datetime")
        if kind == "file":
            stored = self._world.files.get(value)
            return str(stored["NAME"]) if stored is not None else f"#{value}"
        if kind == "employee":
            return self._reader.person(value).name
        if kind == "money":
            amount, _, currency = str(value).partition("|")
            return f"{amount} {currency}".strip()
        return number(value, self._language) if kind == "double" else str(value)

    def _links(self, kind: str, row: Row) -> list[dict[str, Any]]:
        world, row_id = self._world, row["ID"]
        targets: list[tuple[int, int]] = []
        if kind in ("lead", "deal"):
            targets += [(CONTACT, contact_id) for contact_id in row["CONTACT_IDS"]]
            targets += [(COMPANY, row["COMPANY_ID"])] if row["COMPANY_ID"] else []
        if kind == "lead":
            targets += [(DEAL, deal_id) for deal_id in world.deals.find("LEAD_ID", row_id)]
        elif row["LEAD_ID"]:
            targets.append((LEAD, row["LEAD_ID"]))
        if kind == "contact":
            targets += [(COMPANY, company_id) for company_id in row["COMPANY_IDS"]]
            targets += [(DEAL, deal_id) for deal_id in world.deals.find("CONTACT_IDS", row_id)]
        if kind == "company":
            targets += [(CONTACT, contact_id) for contact_id in world.contacts.find("COMPANY_IDS", row_id)]
            targets += [(DEAL, deal_id) for deal_id in world.deals.find("COMPANY_ID", row_id)]
        found = []
        for type_id, target_id in dict.fromkeys(targets):
            other = world.entities(type_id).get(target_id)
            if other is not None:
                name = KIND_OF[type_id]
                url = f"/crm/{name}/details/{target_id}/"
                found.append(
                    {"kind": name, "id": target_id, "url": url, "title": self._reader.title(name, other)}
                )
        return found

    def _products(self, kind: str, row: Row) -> list[dict[str, str]]:
        if KINDS[kind] not in (LEAD, DEAL):
            return []
        return [
            {
                "name": str(item["PRODUCT_NAME"]),
                "quantity": number(item["QUANTITY"], self._language),
                "price": money(item["PRICE"], row["CURRENCY_ID"], self._language),
            }
            for item in products.of_owner(self._world, SHORT_CODES[KINDS[kind]], row["ID"])
        ]

    def _activities(self, kind: str, row_id: int) -> tuple[list[Entry], list[Entry]]:
        planned: list[Entry] = []
        done: list[Entry] = []
        table = self._world.activities
        for activity_id in table.find("BINDINGS", (KINDS[kind], row_id)):
            row = table.rows[activity_id]
            when = (row["END_TIME"] if row["COMPLETED"] else row["DEADLINE"]) or row["CREATED"] or 0
            entry = Entry(
                icon="chat"
                if "IMOPENLINES" in str(row["PROVIDER_ID"])
                else ICONS.get(row["TYPE_ID"], "clock"),
                title=str(row["SUBJECT"] or self._text("card.activity")),
                text=str(row["DESCRIPTION"] or "")[:280],
                when=moment(when, self._language),
                who=self._reader.person(row["RESPONSIBLE_ID"]).name,
                moment=when,
                tone="done" if row["COMPLETED"] else "open",
                id=activity_id,
            )
            (done if row["COMPLETED"] else planned).append(entry)
        return sorted(planned, key=lambda entry: entry.moment), done

    def _history(self, kind: str, row: Row) -> list[Entry]:
        world, type_id = self._world, KINDS[kind]
        said = self._text("card.comment_by")
        entries = [
            self._entry("chat", said, comment["COMMENT"], comment["CREATED"], comment["AUTHOR_ID"])
            for comment in timeline.bound_to(world, type_id, row["ID"])
        ]
        entries += [
            self._entry("info", message["TITLE"], message["TEXT"], message["CREATED"], message["AUTHOR_ID"])
            for message in timeline.bound_to(world, type_id, row["ID"], world.log_messages)
        ]
        for step_id in world.stage_history.find("OWNER", (type_id, row["ID"])):
            step = world.stage_history.rows[step_id]
            if step["TYPE_ID"] == 1:
                continue
            entity = "STATUS" if kind == "lead" else stages.stage_entity(step["CATEGORY_ID"])
            name = stages.status_name(world, entity, step["STAGE"])
            entries.append(
                self._entry("flow", self._text("card.moved", stage=name), "", step["CREATED_TIME"], 0)
            )
        created = self._text("card.created")
        entries.append(self._entry("plus", created, "", row["DATE_CREATE"], row["CREATED_BY_ID"]))
        return entries

    def _entry(self, icon: str, title: Any, text: Any, when: float | None, who: int) -> Entry:
        person = self._reader.person(who).name if who else ""
        stamp = float(when or 0)
        return Entry(icon, str(title or ""), str(text or ""), moment(stamp, self._language), person, stamp)
