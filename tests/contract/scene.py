"""A sandbox with one of everything, for the documented examples to run on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from connector.sandbox.crm import activities, addresses, items, products, stages, timeline, userfields
from connector.sandbox.server import SandboxServer
from connector.sandbox.world import COMPANY, CONTACT, DEAL, LEAD, REQUISITE, Actor, World

ACTOR = Actor(1)
FM = (
    (1, "PHONE", "WORK", "+44 20 7946 0001"),
    (2, "EMAIL", "WORK", "a@example.com"),
    (3, "IM", "OPENLINE", "imol|x"),
)


class Scene:
    """Fresh records for one call; ids by what they are."""

    def __init__(self, server: SandboxServer) -> None:
        self.world: World = server.world
        world = self.world
        person = {"NAME": "Ada", "LAST_NAME": "Appleyard", "FM": FM}
        self.company = items.create(world, COMPANY, {"TITLE": "Imaginary Anvils", "FM": FM}, ACTOR)
        self.company2 = items.create(world, COMPANY, {"TITLE": "Copper Otter"}, ACTOR)
        self.contact = items.create(world, CONTACT, {**person, "COMPANY_IDS": (self.company,)}, ACTOR)
        self.contact2 = items.create(world, CONTACT, {"NAME": "Basil"}, ACTOR)
        clients = {"CONTACT_IDS": (self.contact,), "COMPANY_ID": self.company}
        self.lead = items.create(world, LEAD, {"TITLE": "Lead", "FM": FM, "BIRTHDATE": 0}, ACTOR)
        self.deal = items.create(world, DEAL, {"TITLE": "Deal", "PROBABILITY": 9, **clients}, ACTOR)
        row = {"PRODUCT_NAME": "Kettle", "PRICE": 10.0, "TAX_RATE": 23.0}
        self.rows = [products.replace(world, code, owner, [row], ACTOR) for code, owner in self.owners]
        call = {"TYPE_ID": 2, "PROVIDER_ID": "VOXIMPLANT_CALL", "PROVIDER_TYPE_ID": "CALL", "SUBJECT": "Call"}
        files = (userfields.store_file(world, "1.gif", "R0lG"),)
        self.activity = activities.create(
            world,
            {
                **call,
                "BINDINGS": ((LEAD, self.lead),),
                "COMMUNICATIONS": (("PHONE", "+44", CONTACT, self.contact),),
                "FILES": files,
                "START_TIME": world.now(),
                "END_TIME": world.now(),
                "DEADLINE": world.now(),
            },
            ACTOR,
        )
        self.todo = activities.create(world, {"SUBJECT": "To-do", "BINDINGS": ((DEAL, self.deal),)}, ACTOR)
        self.comment = timeline.add_comment(world, (DEAL, self.deal), "Hello", ACTOR, files)
        self.requisite = addresses.add_requisite(world, COMPANY, self.company, {"NAME": "Details"}, ACTOR)
        text = {"ADDRESS_1": "Fiction Street 221", "CITY": "London"}
        text.update(dict.fromkeys(("ADDRESS_2", "POSTAL_CODE", "REGION", "PROVINCE", "COUNTRY"), "x"))
        addresses.write(world, REQUISITE, self.requisite, text, ACTOR)
        self.bank = world.next_id("bank_detail")
        bank = {
            "ID": self.bank,
            "ENTITY_ID": self.requisite,
            "NAME": "Bank",
            "CREATED_BY_ID": 1,
            "COUNTRY_ID": 1,
        }
        texts = (
            "RQ_BANK_NAME",
            "RQ_BANK_ADDR",
            "RQ_BIK",
            "RQ_ACC_NUM",
            "RQ_ACC_CURRENCY",
            "RQ_COR_ACC_NUM",
            "XML_ID",
        )
        world.bank_details.insert(
            {**bank, **dict.fromkeys(texts, "x"), "DATE_CREATE": 1, "SORT": 1, "ACTIVE": True}
        )
        link = dict.fromkeys(("REQUISITE_ID", "BANK_DETAIL_ID", "MC_REQUISITE_ID", "MC_BANK_DETAIL_ID"), 1)
        world.deals.change(self.deal, {"REQUISITE_LINK": link})
        for row in [row for row in world.categories if row["NAME"] != "General"]:
            if not world.deals.find("CATEGORY_ID", row["ID"]):
                stages.delete_category(world, row["ID"])
        self.category = stages.add_category(world, "Fresh", 200)["ID"]
        code = f"UF_CRM_{world.next_id('contract')}"
        names = ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL")
        labels = {name: {"en": "Size", "de": "Größe"} for name in names}
        spec = {"FIELD_NAME": code, "USER_TYPE_ID": "string", **labels}
        self.fields = {
            kind: userfields.create(world, f"CRM_{kind.upper()}", spec)
            for kind in ("lead", "deal", "contact", "company", "requisite")
        }
        self.choice = userfields.create(
            world,
            "CRM_DEAL",
            {**spec, "FIELD_NAME": code + "E", "USER_TYPE_ID": "enumeration", "LIST": [{"VALUE": "a"}]},
        )
        self.stage = stages.add_entry(
            world, "STATUS", f"S{world.next_id('contract')}", "Odd", SORT=15, COLOR="#fff"
        )["ID"]
        self.server = server

    @property
    def owners(self) -> tuple[tuple[str, int], tuple[str, int]]:
        return ("L", self.lead), ("D", self.deal)


def app_caller(server: SandboxServer) -> Callable[[str, Any], requests.Response]:
    """Calls methods as an installed application with the administrator's token and every scope."""
    world = server.world
    app = next(iter(world.apps.values()))
    app.scopes = (*app.scopes, "tasks", "department")
    base = server.ready["control"]
    requests.post(base + "app/install", json={"finish": True}, timeout=10).raise_for_status()
    token = server.events.oauth.issue(app.client_id, 1)

    def call(method: str, params: Any) -> requests.Response:
        body = {**params, "auth": token.access}
        return requests.post(f"{server.ready['portal']}/rest/{method}", json=body, timeout=20)

    return call
