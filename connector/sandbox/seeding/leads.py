"""Leads as a real portal has them, with everything that hangs on them. Deterministic by the world's seed."""

from __future__ import annotations

from random import Random
from typing import Any

from connector.sandbox.crm import addresses, multifields
from connector.sandbox.seeding import attachments, words
from connector.sandbox.seeding.people import company_name, email, person, phone
from connector.sandbox.seeding.portal import ACTIVE_STAGES, DISMISSED
from connector.sandbox.tables import Row
from connector.sandbox.world import LEAD, SYSTEM, World

DAY = 86_400
YEAR = 365 * DAY
LONG = "Bardzo długi tytuł – очень длинное название – sehr langer Titel 🦉 "
_OWNERS = (1, 2, 3, 4, 5, DISMISSED)


def seed(world: World, count: int, random: Random) -> None:
    """Store `count` leads: two thirds in work, the rest final, one in twelve from a known client."""
    step = (YEAR - 7_200) / max(1, count)
    start = world.now() - YEAR
    values = _Values(world)
    for index in range(count):
        moment = int(start + index * step)
        row = _lead(world, index, moment, random, values)
        attachments.random_set(world, row, random)


class _Values:
    """Ids the seeding needs again and again."""

    def __init__(self, world: World) -> None:
        self.contacts = list(world.contacts.ids)
        self.companies = list(world.companies.ids)
        rows = [row for row in world.userfields if row["ENTITY_ID"] == "CRM_LEAD"]
        self.fields = {str(row["FIELD_NAME"]).rsplit("_", 1)[-1]: row for row in rows}
        self.contact_rows = world.contacts.rows


def _lead(world: World, index: int, moment: int, random: Random, known: _Values) -> Row:
    row_id = world.next_id("lead")
    owner = random.choices(_OWNERS, weights=(12, 14, 22, 22, 22, 8))[0]
    fields: dict[str, Any] = {
        "ID": row_id,
        "TITLE": random.choice(words.TOPICS),
        "DATE_CREATE": moment,
        "DATE_MODIFY": moment,
        "MOVED_TIME": moment,
        "LAST_ACTIVITY_TIME": moment,
        "ASSIGNED_BY_ID": owner,
        "CREATED_BY_ID": owner if owner != DISMISSED else 1,
        "MODIFY_BY_ID": owner,
        "MOVED_BY_ID": owner,
        "LAST_ACTIVITY_BY": owner,
        "SOURCE_ID": random.choice(
            ("CALL", "EMAIL", "WEB", "WEBFORM", "TRADE_SHOW", "CALLBACK", "RECOMMENDATION")
        ),
        "OPENED": random.random() < 0.7,
    }
    _stage(fields, index, moment, random)
    _client(world, fields, index, random, known)
    _money(fields, random)
    _details(fields, index, random)
    _custom(world, fields, random, known)
    row = world.leads.insert(fields)
    multifields.index(world, LEAD, row_id, (), row["FM"])
    if random.random() < 0.2:
        street, city, code, country = random.choice(words.CITIES)
        parts = {"ADDRESS_1": street, "CITY": city, "POSTAL_CODE": code, "COUNTRY": country}
        addresses.write(world, LEAD, row_id, parts, SYSTEM)
    if row["STATUS_SEMANTIC_ID"] == "S" and random.random() < 0.8:
        attachments.converted_deal(world, row)
    return row


def _stage(fields: dict[str, Any], index: int, moment: int, random: Random) -> None:
    place = index % 12
    if place < 8:
        stage, semantic = random.choices(ACTIVE_STAGES, weights=(30, 25, 15, 12, 10, 8))[0], "P"
    elif place < 10:
        stage, semantic = "CONVERTED", "S"
    else:
        stage, semantic = random.choice(("JUNK", "UC_NOT_TARGET")), "F"
    fields.update({"STATUS_ID": stage, "STATUS_SEMANTIC_ID": semantic, "EVER_CONVERTED": semantic == "S"})
    if semantic != "P":
        fields["DATE_CLOSED"] = moment + 3_600
    if stage in {"UC_QUALIFIED", "JUNK"}:
        fields["STATUS_DESCRIPTION"] = "Budget known" if semantic == "P" else "Wrong number"


def _client(world: World, fields: dict[str, Any], index: int, random: Random, known: _Values) -> None:
    kind = index % 24  # two twelfths each; those below 8 in their twelfth are active, see _stage
    if kind in {3, 14, 19} and known.contacts:
        _repeat(fields, kind, random, known)
        return
    _, first, last = person(random)
    entries: list[tuple[str, str, str]] = []
    if kind == 7:  # nothing but a phone
        entries.append(("PHONE", "WORK", phone(random)))
    elif kind == 6:  # only a company
        fields["COMPANY_TITLE"] = company_name(random)
        entries += [("PHONE", "WORK", phone(random)), ("EMAIL", "WORK", email(random, "office", last))]
    elif kind == 18 and known.contacts:  # the same person as an existing contact, not linked
        same = known.contact_rows[random.choice(known.contacts)]
        fields.update({"NAME": same["NAME"], "LAST_NAME": same["LAST_NAME"]})
        entries += [(multi[1], "WORK", multi[3]) for multi in same["FM"]]
    else:
        entries += _named(fields, kind, random, (first, last))
    fields["FM"] = multifields.build(world, entries)


def _repeat(fields: dict[str, Any], kind: int, random: Random, known: _Values) -> None:
    """A known client is linked; a repeat lead has no contact data of its own."""
    fields["IS_RETURN_CUSTOMER"] = True
    if kind == 19:
        fields["COMPANY_ID"] = random.choice(known.companies)
        return
    chosen = random.choice(known.contacts)
    fields["CONTACT_IDS"] = (chosen,)
    if known.contact_rows[chosen]["COMPANY_IDS"]:
        fields["COMPANY_ID"] = known.contact_rows[chosen]["COMPANY_IDS"][0]


def _named(
    fields: dict[str, Any], kind: int, random: Random, name: tuple[str, str]
) -> list[tuple[str, str, str]]:
    """A person with most of what people leave behind; returns the communications."""
    first, last = name
    entries: list[tuple[str, str, str]] = []
    fields["NAME"] = first
    if random.random() < 0.85:
        fields["LAST_NAME"] = last
    if random.random() < 0.1:
        fields["SECOND_NAME"] = first[0] + "."
    if random.random() < 0.3:
        fields["COMPANY_TITLE"] = company_name(random)
    if random.random() < 0.9:
        entries.append(("PHONE", "MOBILE", phone(random)))
    if random.random() < 0.75:
        entries.append(("EMAIL", random.choice(("WORK", "HOME")), email(random, first, last)))
    if kind in {1, 13}:  # several of each
        entries += [("PHONE", "WORK", phone(random)), ("PHONE", "OTHER", phone(random))]
        entries += [("EMAIL", "OTHER", email(random, last, first)), ("WEB", "WORK", "https://example.org/")]
    if kind == 16:
        entries.append(("IM", "TELEGRAM", f"@{first.lower()}_fiction"))
    if kind == 17:
        entries.append(("IM", "OPENLINE", f"imol|livechat|1|{fields['ID']}|3"))
    if kind == 5:
        fields.update(
            {"HONORIFIC": "HNR_EN_1", "POST": "Kierownik zakupów", "BIRTHDATE": 500_000_000 // DAY * DAY}
        )
    return entries


def _money(fields: dict[str, Any], random: Random) -> None:
    fields["CURRENCY_ID"] = random.choices(("PLN", "EUR", "USD"), weights=(60, 25, 15))[0]
    if random.random() < 0.6:
        fields["OPPORTUNITY"] = float(random.randrange(100, 90_000)) + random.choice((0.0, 0.5, 0.99))
        fields["IS_MANUAL_OPPORTUNITY"] = random.random() < 0.4


def _details(fields: dict[str, Any], index: int, random: Random) -> None:
    if index % 37 == 5:
        fields["TITLE"] = (LONG * 5)[:250]
    if random.random() < 0.25:
        fields["COMMENTS"] = random.choice(words.COMMENTS)
    if random.random() < 0.3:
        source, medium, campaign, content, term = random.choice(words.UTM)
        codes = {
            "UTM_SOURCE": source,
            "UTM_MEDIUM": medium,
            "UTM_CAMPAIGN": campaign,
            "UTM_CONTENT": content,
            "UTM_TERM": term,
        }
        fields.update({name: value for name, value in codes.items() if value})
    if random.random() < 0.15:
        fields["SOURCE_DESCRIPTION"] = "Stand 12, hall B"
    if random.random() < 0.15:
        fields["OBSERVERS"] = tuple(sorted(random.sample((1, 2, 3, 4), k=random.choice((1, 2)))))
    if random.random() < 0.08:
        fields["ORIGINATOR_ID"] = "WEBSHOP"
        fields["ORIGIN_ID"] = f"ws-{fields['ID']}"


def _custom(world: World, fields: dict[str, Any], random: Random, known: _Values) -> None:
    if random.random() < 0.45 or not known.fields:
        return

    def set_field(code: str, value: Any) -> None:
        fields[known.fields[code]["FIELD_NAME"]] = value

    def choice(code: str) -> int:
        return int(random.choice(known.fields[code]["LIST"])["ID"])

    makers: dict[str, Any] = {
        "1690000000001": lambda: f"PROMO-{random.randrange(100):02d}",
        "1690000000002": lambda: ("oak", "дуб", "dąb")[: random.choice((1, 2, 3))],
        "1690000000003": lambda: random.randrange(1, 400),
        "1690000000004": lambda: round(random.uniform(10, 900), 2),
        "1690000000005": lambda: random.random() < 0.5,
        "1690000000006": lambda: (world.now() // 86_400 + random.randrange(60)) * 86_400 - 10_800,
        "1690000000007": lambda: world.now() // 3_600 * 3_600 + random.randrange(20) * 86_400,
        "1690000000008": lambda: choice("1690000000008"),
        "1690000000009": lambda: tuple(dict.fromkeys(choice("1690000000009") for _ in range(2))),
        "1690000000010": lambda: f"{random.randrange(1, 90) * 1000}|{fields['CURRENCY_ID']}",
        "1690000000011": lambda: "https://example.com/landing?utm=1",
        "1690000000012": lambda: "Fiction Street 221, London|51.5;-0.1|7",
        "1690000000013": lambda: random.choice((1, 2, 3)),
        "1690000000014": lambda: f"C_{random.choice(known.contacts)}" if known.contacts else None,
        "1690000000015": lambda: random.choice(("IT", "TELECOM")),
        "1690000000017": lambda: "Nie zgubić tej notatki",
        "1690000000018": lambda: choice("1690000000018"),
        "POSTED": lambda: random.choice(("phone", "e-mail")),
    }
    for code in random.sample(sorted(makers), k=random.randrange(1, 7)):
        value = makers[code]()
        if value not in (None, ""):
            set_field(code, value)
    if random.random() < 0.04:
        file_id = world.next_id("file")
        world.files.insert({"ID": file_id, "NAME": "brief.txt", "SIZE": 11, "CONTENT": "c2FuZGJveCBvbmx5"})
        set_field("1690000000016", file_id)
