"""A small portal built by hand for the tests of native conversion, events, launch and pages: nothing random in it."""

from __future__ import annotations

from typing import Any

from connector.sandbox.crm import items, products, stages, userfields
from connector.sandbox.world import COMPANY, CONTACT, LEAD, Actor, App, User, World

ADMIN, MANAGER, EMPLOYEE, DISMISSED = 1, 7, 12, 15
ACTOR = Actor(user_id=ADMIN, kind="page")
CLIENT_ID = "local.test.app"
LEAD_STAGES = (
    ("NEW", "New", "P"),
    ("IN_PROCESS", "In progress", "P"),
    ("PROCESSED", "Processed", "P"),
    ("CONVERTED", "Good lead", "S"),
    ("JUNK", "Bad lead", "F"),
)


def small_world() -> World:
    """Four employees, lead stages, two pipelines, one app that is not installed, no records."""
    world = World(seed=5)
    world.host, world.oauth_url = "127.0.0.1:8000", "http://127.0.0.1:8001"
    for user_id, name, last_name, role in (
        (ADMIN, "Anna", "Wiśniewska", "admin"),
        (MANAGER, "Marek", "Lis", "crm_manager"),
        (EMPLOYEE, "Olga", "Petrova", "employee"),
        (DISMISSED, "Jan", "Nowak", "employee"),
    ):
        email = f"user{user_id}@example.com"
        world.users[user_id] = User(user_id, name, last_name, email, role, active=user_id != DISMISSED)
    for index, (code, name, semantic) in enumerate(LEAD_STAGES):
        stages.add_entry(world, "STATUS", code, name, SEMANTICS=semantic, SORT=(index + 1) * 10)
    for code, name in (("SALE", "Sale"), ("SERVICE", "Service")):
        stages.add_entry(world, "DEAL_TYPE", code, name)
    stages.add_entry(world, "SOURCE", "WEB", "Website")
    world.categories.insert({"ID": 0, "NAME": "General", "SORT": 100})
    stages.fill_stages(world, 0)
    stages.add_category(world, "Wholesale")
    world.apps[CLIENT_ID] = App(
        id=1,
        client_id=CLIENT_ID,
        client_secret="not-a-secret",
        code=CLIENT_ID,
        app_url="http://127.0.0.1:9000/",
        install_url="http://127.0.0.1:9000/install",
        scopes=("crm", "placement"),
    )
    return world


def second_pipeline(world: World) -> int:
    """The id of the pipeline that is not the default one."""
    return int(max(world.categories.ids))


def add_lead(world: World, **fields: Any) -> int:
    """A lead with a name unless the fields say otherwise; created by the administrator."""
    values = {"TITLE": "Request", "NAME": "Ewa", "LAST_NAME": "Zielińska", **fields}
    return items.create(world, LEAD, values, ACTOR)


def add_contact(world: World, **fields: Any) -> int:
    return items.create(world, CONTACT, {"NAME": "Adam", "LAST_NAME": "Known", **fields}, ACTOR)


def add_company(world: World, **fields: Any) -> int:
    return items.create(world, COMPANY, {"TITLE": "Known GmbH", **fields}, ACTOR)


def add_field(world: World, entity: str, label: str, **spec: Any) -> str:
    """A custom field; returns its FIELD_NAME."""
    name = spec.pop("FIELD_NAME", f"UF_CRM_{len(world.userfields) + 1:04d}")
    base = {"USER_TYPE_ID": "string", "FIELD_NAME": name, "EDIT_FORM_LABEL": {"en": label}}
    userfields.create(world, f"CRM_{entity}", {**base, **spec}, ACTOR)
    return str(name)


def add_rows(world: World, lead_id: int, *rows: tuple[str, float, float]) -> None:
    """Product rows (name, price, quantity) on a lead."""
    wire = [{"PRODUCT_NAME": name, "PRICE": price, "QUANTITY": quantity} for name, price, quantity in rows]
    products.replace(world, "L", lead_id, wire, ACTOR)
