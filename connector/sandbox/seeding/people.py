"""Existing clients: companies with contacts, phones and e-mails, some with requisites and an address."""

from __future__ import annotations

from random import Random

from connector.sandbox.crm import addresses, multifields
from connector.sandbox.seeding import words
from connector.sandbox.world import COMPANY, CONTACT, REQUISITE, SYSTEM, World

Entry = tuple[str, str, str]
_US_AREAS = tuple(area for area in range(212, 980) if area % 100 != 11)


def phone(random: Random) -> str:
    """A number from a range kept free for films and books (Ofcom 020 7946 0xxx and 07700 900xxx, NANP 555-01xx)."""
    choice = random.random()
    if choice < 0.15:
        return f"+44 20 7946 0{random.randrange(1000):03d}"
    if choice < 0.3:
        return f"+44 7700 900{random.randrange(1000):03d}"
    return f"+1 ({random.choice(_US_AREAS)}) 555-01{random.randrange(100):02d}"


def person(random: Random) -> tuple[str, str, str]:
    """(language, first name, last name)."""
    language, firsts, lasts = random.choices(words.PEOPLE, weights=(45, 30, 15, 10))[0]
    return language, random.choice(firsts), random.choice(lasts)


_LATIN = str.maketrans(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяąćęłńóśźżäöüß", "abvgdeegziiklmnoprstufhccssxyxeuyacelnoszzaous"
)


def email(random: Random, first: str, last: str) -> str:
    """An address at a domain kept for examples."""
    name = f"{first}.{last}".lower().translate(_LATIN)
    clean = "".join(c for c in name if c.isascii() and (c.isalnum() or c == "."))
    return f"{clean}{random.randrange(10_000)}@{random.choice(words.DOMAINS)}"


def company_name(random: Random) -> str:
    """A company that does not exist."""
    return f"{random.choice(words.COMPANIES)} {random.choice(words.COMPANY_FORMS)}"


def seed(world: World, count: int, random: Random) -> None:
    """Store about `count` contacts and a third as many companies, created in the past year."""
    start = world.now() - 400 * 86_400
    companies = [_company(world, random, start + index * 60) for index in range(max(1, count // 3))]
    for index in range(count):
        own = (random.choice(companies),) if random.random() < 0.5 else ()
        _contact(world, random, start + 20_000 + index * 60, own)


def _company(world: World, random: Random, moment: int) -> int:
    row_id = world.next_id("company")
    name = company_name(random)
    fm = multifields.build(
        world,
        [
            ("PHONE", "WORK", phone(random)),
            ("EMAIL", "WORK", f"office{row_id}@{random.choice(words.DOMAINS)}"),
        ],
    )
    owner = random.choice((1, 2, 3, 4, 5))
    row = world.companies.insert(
        {
            "ID": row_id,
            "TITLE": name,
            "FM": fm,
            "INDUSTRY": random.choice(("IT", "TELECOM", "MANUFACTURING")),
            **_times(moment, owner),
        }
    )
    multifields.index(world, COMPANY, row_id, (), row["FM"])
    if random.random() < 0.3:
        requisite = addresses.add_requisite(world, COMPANY, row_id, {"NAME": name}, SYSTEM)
        street, city, code, country = random.choice(words.CITIES)
        parts = {"ADDRESS_1": street, "CITY": city, "POSTAL_CODE": code, "COUNTRY": country}
        addresses.write(world, REQUISITE, requisite, parts, SYSTEM, type_id=6)
    return row_id


def _contact(world: World, random: Random, moment: int, own: tuple[int, ...]) -> int:
    row_id = world.next_id("contact")
    _, first, last = person(random)
    entries: list[Entry] = [("PHONE", "MOBILE", phone(random)), ("EMAIL", "WORK", email(random, first, last))]
    row = world.contacts.insert(
        {
            "ID": row_id,
            "NAME": first,
            "LAST_NAME": last,
            "FM": multifields.build(world, entries[: 1 + (random.random() < 0.8)]),
            "COMPANY_IDS": own,
            "SOURCE_ID": "PARTNER",
            **_times(moment, random.choice((1, 2, 3, 4, 5))),
        }
    )
    multifields.index(world, CONTACT, row_id, (), row["FM"])
    return row_id


def _times(moment: int, owner: int) -> dict[str, int]:
    return {
        "DATE_CREATE": moment,
        "DATE_MODIFY": moment,
        "LAST_ACTIVITY_TIME": moment,
        "ASSIGNED_BY_ID": owner,
        "CREATED_BY_ID": owner,
        "MODIFY_BY_ID": owner,
    }
