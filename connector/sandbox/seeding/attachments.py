"""What hangs on a seeded record: activities, product rows, timeline comments, stage history, tasks, earlier deals."""

from __future__ import annotations

from random import Random
from typing import Any

from connector.sandbox.crm import history, products
from connector.sandbox.crm.multifields import first
from connector.sandbox.seeding import words
from connector.sandbox.tables import Row
from connector.sandbox.world import CONTACT, DEAL, LEAD, World

KINDS: dict[str, dict[str, Any]] = {
    "call": {"TYPE_ID": 2, "PROVIDER_ID": "VOXIMPLANT_CALL", "PROVIDER_TYPE_ID": "CALL", "DIRECTION": 2},
    "email": {"TYPE_ID": 4, "PROVIDER_ID": "CRM_EMAIL", "PROVIDER_TYPE_ID": "EMAIL", "DIRECTION": 1},
    "todo": {"TYPE_ID": 6, "PROVIDER_ID": "CRM_TODO", "PROVIDER_TYPE_ID": "TODO"},
    "meeting": {
        "TYPE_ID": 1,
        "PROVIDER_ID": "CRM_MEETING",
        "PROVIDER_TYPE_ID": "MEETING",
        "LOCATION": "Showroom",
    },
    "openline": {
        "TYPE_ID": 6,
        "PROVIDER_ID": "IMOPENLINES_SESSION",
        "PROVIDER_TYPE_ID": "LIVECHAT",
        "DIRECTION": 1,
    },
}
_NAMES = tuple(KINDS)


def random_set(world: World, lead: Row, random: Random) -> None:
    """A life-like set for one lead."""
    note_history(world, lead)
    active = lead["STATUS_SEMANTIC_ID"] == "P"
    for _ in range(random.choices((0, 1, 2, 3), weights=(30, 35, 25, 10))[0]):
        add_activity(world, lead, random, completed=not active or random.random() < 0.4)
    if random.random() < 0.35:
        add_products(world, lead, random, random.choice((1, 1, 2, 3)))
    for _ in range(random.choices((0, 1, 2), weights=(70, 22, 8))[0]):
        add_comment(world, lead, random)
    if random.random() < 0.03:
        add_task(world, lead)
    _further(world, lead)


def _further(world: World, lead: Row) -> None:
    """What only some portals have: an activity that belongs to the client first, a quote made from the lead.

    Chosen by generators of their own, so that the rest of the portal does not depend on it.
    """
    random = Random(f"further{world.seed}:{lead['ID']}")  # noqa: S311
    if lead["CONTACT_IDS"] and random.random() < 0.4:
        add_activity(world, lead, random, completed=False, name="call")
        newest = world.activities.ids[-1]
        owner = (CONTACT, lead["CONTACT_IDS"][0])
        world.activities.change(newest, {"BINDINGS": (owner, (LEAD, lead["ID"]))})
    if random.random() < 0.02:
        row_id = world.next_id("quote")
        world.quotes.insert(
            {
                "ID": row_id,
                "TITLE": f"Offer for {lead['TITLE']}"[:250],
                "LEAD_ID": lead["ID"],
                "ASSIGNED_BY_ID": lead["ASSIGNED_BY_ID"],
                "DATE_CREATE": lead["DATE_CREATE"],
                "DATE_MODIFY": lead["DATE_CREATE"],
                "OPPORTUNITY": lead["OPPORTUNITY"],
                "CURRENCY_ID": lead["CURRENCY_ID"],
            }
        )
    if random.random() < 0.02:
        world.projects.insert(
            {
                "ID": world.next_id("dynamicitem"),
                "TITLE": f"Project {lead['TITLE']}"[:250],
                "PARENT_ID_1": lead["ID"],
                "ASSIGNED_BY_ID": lead["ASSIGNED_BY_ID"],
                "DATE_CREATE": lead["DATE_CREATE"],
                "DATE_MODIFY": lead["DATE_CREATE"],
            }
        )
    companies = world.companies.ids
    if companies and random.random() < 0.02:
        company = companies[lead["ID"] % len(companies)]
        before = world.companies.rows[company]["UF_CRM_1720000000021"] or ()
        world.companies.change(company, {"UF_CRM_1720000000021": (*before, f"L_{lead['ID']}")})


def note_history(world: World, lead: Row) -> None:
    """The history of a lead: where it started, and where it is."""
    started = {"ID": lead["ID"], "STATUS_ID": "NEW", "STATUS_SEMANTIC_ID": "P"}
    if lead["STATUS_ID"] == "NEW":
        history.note(world, LEAD, lead, history.CREATED, lead["DATE_CREATE"])
        return
    history.note(world, LEAD, Row(started), history.CREATED, lead["DATE_CREATE"])
    kind = history.INTERMEDIATE if lead["STATUS_SEMANTIC_ID"] == "P" else history.FINAL
    history.note(world, LEAD, lead, kind, lead["MOVED_TIME"])


def add_activity(world: World, lead: Row, random: Random, *, completed: bool, name: str = "") -> None:
    """One activity bound to the lead and to the clients it has."""
    name = name or random.choices(_NAMES, weights=(28, 22, 30, 12, 8))[0]
    created = min(world.now() - 600, lead["DATE_CREATE"] + random.randrange(600, 20 * 86_400))
    deadline = created + 86_400 if completed else world.now() + random.randrange(-5, 20) * 86_400
    owner = lead["ASSIGNED_BY_ID"]
    values: dict[str, Any] = {
        **KINDS[name],
        "ID": world.next_id("activity"),
        "SUBJECT": random.choice(words.SUBJECTS[name]),
        "CREATED": created,
        "LAST_UPDATED": created,
        "START_TIME": created,
        "DEADLINE": deadline,
        "RESPONSIBLE_ID": owner,
        "AUTHOR_ID": owner,
        "EDITOR_ID": owner,
        "BINDINGS": ((LEAD, lead["ID"]),),
    }
    if completed:
        values.update({"COMPLETED": True, "STATUS": 2, "END_TIME": created + 900})
    kind = "EMAIL" if name == "email" else "PHONE"
    address = first(lead, kind)
    if address and name in {"call", "email"}:
        values["COMMUNICATIONS"] = ((kind, address, LEAD, lead["ID"]),)
    if name == "openline":
        values["ASSOCIATED_ENTITY_ID"] = values["ID"]
    world.activities.insert(values)


def add_products(world: World, owner: Row, random: Random, count: int, short: str = "L") -> None:
    """Product rows; without a manual amount the owner's amount follows them."""
    rows = []
    for index in range(count):
        name, price = random.choice(words.PRODUCTS)
        values: dict[str, Any] = {
            "PRODUCT_NAME": name,
            "PRICE": price,
            "QUANTITY": float(random.choice((1, 1, 2, 5, 12))),
            "SORT": (index + 1) * 10,
        }
        if random.random() < 0.4:
            values["TAX_RATE"] = 23.0
            values["TAX_INCLUDED"] = True
        rows.append(products.insert(world, short, owner["ID"], values))
    if not owner["IS_MANUAL_OPPORTUNITY"]:
        amount, tax = products.total(rows)
        table = world.leads if short == "L" else world.deals
        table.change(owner["ID"], {"OPPORTUNITY": amount, "TAX_VALUE": tax})


def add_comment(world: World, lead: Row, random: Random) -> None:
    """A comment in the lead's timeline."""
    created = min(world.now() - 300, lead["DATE_CREATE"] + random.randrange(600, 10 * 86_400))
    world.comments.insert(
        {
            "ID": world.next_id("timeline"),
            "COMMENT": random.choice(words.TIMELINE),
            "CREATED": created,
            "AUTHOR_ID": lead["ASSIGNED_BY_ID"],
            "BINDINGS": ((LEAD, lead["ID"]),),
        }
    )


def add_task(world: World, lead: Row) -> None:
    """A task that points to the lead."""
    world.tasks.insert(
        {
            "ID": world.next_id("task"),
            "TITLE": f"Prepare documents for {lead['TITLE']}"[:250],
            "CREATED_BY": 1,
            "RESPONSIBLE_ID": lead["ASSIGNED_BY_ID"],
            "CREATED_DATE": lead["DATE_CREATE"],
            "CHANGED_DATE": lead["DATE_CREATE"],
            "UF_CRM_TASK": (f"L_{lead['ID']}",),
        }
    )


def converted_deal(world: World, lead: Row) -> None:
    """The deal of a lead that was converted earlier."""
    row_id = world.next_id("deal")
    moment = lead["DATE_CLOSED"]
    row = world.deals.insert(
        {
            "ID": row_id,
            "TITLE": lead["TITLE"],
            "LEAD_ID": lead["ID"],
            "DATE_CREATE": moment,
            "DATE_MODIFY": moment,
            "MOVED_TIME": moment,
            "MOVED_BY_ID": lead["MOVED_BY_ID"],
            "LAST_ACTIVITY_TIME": moment,
            "ASSIGNED_BY_ID": lead["ASSIGNED_BY_ID"],
            "OPPORTUNITY": lead["OPPORTUNITY"],
            "CURRENCY_ID": lead["CURRENCY_ID"],
            "SOURCE_ID": lead["SOURCE_ID"],
            "CONTACT_IDS": lead["CONTACT_IDS"],
            "COMPANY_ID": lead["COMPANY_ID"],
            "BEGINDATE": moment // 86_400 * 86_400,
            "CLOSEDATE": moment // 86_400 * 86_400 + 7 * 86_400,
        }
    )
    history.note(world, DEAL, row, history.CREATED, moment)
