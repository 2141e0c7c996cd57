"""Templates of requisites: which fields a form of this country offers. Stored rows and what a new portal has.

Never checks rights; a template in use is not deleted here either, the callers look first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.tables import Row
from connector.sandbox.world import REQUISITE, World

COUNTRIES: Mapping[int, tuple[str, str]] = {
    1: ("RU", "Russia"),
    4: ("BY", "Belarus"),
    6: ("KZ", "Kazakhstan"),
    14: ("UA", "Ukraine"),
    34: ("BR", "Brazil"),
    46: ("DE", "Germany"),
    77: ("CO", "Colombia"),
    110: ("PL", "Poland"),
    122: ("US", "United States"),
    132: ("FR", "France"),
}
"""ID → (ISO code, title), the countries of crm.requisite.preset.countries."""

_SEEDED: tuple[tuple[int, str, tuple[str, ...]], ...] = (
    (1, "Organization", ("RQ_COMPANY_NAME", "RQ_COMPANY_FULL_NAME", "RQ_VAT_ID", "RQ_DIRECTOR", "RQ_ADDR")),
    (2, "Sole Proprietorship", ("RQ_FIRST_NAME", "RQ_LAST_NAME", "RQ_VAT_ID", "RQ_ADDR")),
    (3, "Individual", ("RQ_FIRST_NAME", "RQ_LAST_NAME", "RQ_IDENT_DOC", "RQ_ADDR")),
)
SEEDED_COUNTRY = 122


def seed(world: World) -> None:
    """The three templates every portal starts with."""
    for number, name, fields in _SEEDED:
        world.presets.insert(
            {
                "ID": number,
                "COUNTRY_ID": SEEDED_COUNTRY,
                "NAME": name,
                "XML_ID": f"#CRM_REQUISITE_PRESET_DEF_US_{number}#",
                "SORT": 500 + number * 10,
                "DATE_CREATE": world.now(),
                "FIELDS": tuple(
                    (index, field, "", "N", 500 + index * 10) for index, field in enumerate(fields, start=1)
                ),
            }
        )


def create(world: World, values: Mapping[str, Any], user_id: int) -> int:
    """Store a template without fields; returns its id."""
    row_id = world.next_id("preset")
    base = {"DATE_CREATE": world.now(), "CREATED_BY_ID": user_id, "ENTITY_TYPE_ID": REQUISITE}
    world.presets.insert({**base, **values, "ID": row_id})
    return row_id


def in_use(world: World, row_id: int) -> bool:
    """Whether a requisite was made by this template."""
    return any(row["PRESET_ID"] == row_id for row in world.requisites)


def set_fields(world: World, preset: Row, fields: tuple[tuple[int, str, str, str, int], ...]) -> None:
    """Write the fields of a template: ((id, name, title, in short list, sort), …)."""
    world.presets.change(preset["ID"], {"FIELDS": fields})
