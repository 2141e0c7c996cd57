"""The mixes A, B and C of the request arithmetic: active leads whose totals per lead are exact."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from connector.sandbox.crm import multifields
from connector.sandbox.seeding import attachments, words
from connector.sandbox.seeding.people import company_name, email, person, phone
from connector.sandbox.seeding.portal import ACTIVE_STAGES
from connector.sandbox.world import LEAD, World

# Per lead: with a company, share with product rows, activities, comments.
MIXES: Mapping[str, tuple[int, float, float, float]] = {
    "A": (0, 0.6, 1.2, 0.3),
    "B": (0, 0.2, 0.4, 0.1),
    "C": (1, 1.0, 3.0, 1.0),
}
ROWS_PER_OWNER = 2
LINKED = 0.25
_DAY = 86_400


def seed(world: World, count: int, name: str, random: Random) -> None:
    """Store `count` active leads of this mix."""
    company, with_rows, acts, comments = MIXES[name]
    activities = _spread(round(acts * count), count, random)
    notes = _spread(round(comments * count), count, random)
    having = set(random.sample(range(count), round(with_rows * count)))
    contacts = list(world.contacts.ids)
    start = world.now() - 200 * _DAY
    for index in range(count):
        moment = start + index * 150 * _DAY // max(1, count)
        _, first, last = person(random)
        row_id = world.next_id("lead")
        entries = [("PHONE", "MOBILE", phone(random))]
        entries += [("PHONE", "WORK", phone(random))] * (random.random() < 0.3)
        entries += [("EMAIL", "WORK", email(random, first, last))] * (random.random() < 0.9)
        fields: dict[str, Any] = {
            "ID": row_id,
            "TITLE": random.choice(words.TOPICS),
            "NAME": first,
            "LAST_NAME": last,
            "STATUS_ID": random.choice(ACTIVE_STAGES),
            "CURRENCY_ID": "PLN",
            "SOURCE_ID": "WEB",
            "ASSIGNED_BY_ID": random.choice((1, 2, 3, 4, 5)),
            "DATE_CREATE": moment,
            "DATE_MODIFY": moment,
            "MOVED_TIME": moment,
            "LAST_ACTIVITY_TIME": moment,
            "FM": multifields.build(world, entries),
        }
        if company:
            fields["COMPANY_TITLE"] = company_name(random)
        if contacts and random.random() < LINKED:
            # Linked by crm.lead.contact.*, which leaves the repeat mark alone.
            fields["CONTACT_IDS"] = (random.choice(contacts),)
        row = world.leads.insert(fields)
        multifields.index(world, LEAD, row_id, (), row["FM"])
        attachments.note_history(world, row)
        for _ in range(activities[index]):
            attachments.add_activity(world, row, random, completed=False)
        if index in having:
            attachments.add_products(world, row, random, ROWS_PER_OWNER)
        for _ in range(notes[index]):
            attachments.add_comment(world, row, random)


def _spread(total: int, count: int, random: Random) -> list[int]:
    spread = [0] * count
    for _ in range(total):
        spread[random.randrange(count)] += 1
    return spread
