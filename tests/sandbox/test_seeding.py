"""The seeded portal looks like a real one, and the same seed gives the same one."""

from __future__ import annotations

import pytest

from connector.sandbox.clock import Clock
from connector.sandbox.seeding import seed_world
from connector.sandbox.snapshot import take
from connector.sandbox.world import World


def seeded(seed: int, leads: int = 300, mix: str = "") -> World:
    world = World(seed=seed, clock=Clock(lambda: 1_790_000_000.0))
    seed_world(world, leads=leads, mix=mix)
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return seeded(1)


def test_the_same_seed_gives_the_same_portal() -> None:
    assert take(seeded(5, 120)) == take(seeded(5, 120))
    assert take(seeded(5, 120)) != take(seeded(6, 120))


def test_leads_are_as_messy_as_real_ones(world: World) -> None:
    leads = list(world.leads)
    active = [row for row in leads if row["STATUS_SEMANTIC_ID"] == "P"]
    assert len({row["STATUS_ID"] for row in active}) >= 6
    assert {row["STATUS_SEMANTIC_ID"] for row in leads} == {"P", "S", "F"}
    assert any(row["IS_RETURN_CUSTOMER"] for row in active)
    assert any(not row["NAME"] and row["COMPANY_TITLE"] for row in active)
    assert any(not row["NAME"] and not row["COMPANY_TITLE"] and row["FM"] for row in active)
    assert any(sum(m[1] == "PHONE" for m in row["FM"]) > 1 for row in active)
    assert any(len(row["TITLE"]) == 250 for row in leads)
    assert {row["CURRENCY_ID"] for row in active} == {"PLN", "EUR", "USD"}
    text = " ".join(str(row["TITLE"]) + str(row["NAME"]) for row in leads)
    assert any("а" <= c <= "я" for c in text) and "ł" in text and any(ord(c) > 0x1F000 for c in text)
    assert any(row["UTM_SOURCE"] for row in active) and any(row["OBSERVERS"] for row in active)
    assert any(row["ASSIGNED_BY_ID"] == 6 for row in active) and not world.users[6].active


def test_activities_of_every_kind_are_open_and_done(world: World) -> None:
    kinds = {(row["PROVIDER_ID"], row["COMPLETED"]) for row in world.activities}
    for provider in ("VOXIMPLANT_CALL", "CRM_EMAIL", "CRM_TODO", "CRM_MEETING", "IMOPENLINES_SESSION"):
        assert {(provider, True), (provider, False)} <= kinds


def test_amounts_come_with_and_without_rows(world: World) -> None:
    owners = {row["OWNER"][0][1] for row in world.product_rows}
    rich = [row for row in world.leads if row["OPPORTUNITY"]]
    assert any(row["ID"] in owners for row in rich) and any(row["ID"] not in owners for row in rich)


def test_custom_fields_of_every_common_type_with_counterparts_and_without(world: World) -> None:
    lead = {row["USER_TYPE_ID"] for row in world.userfields if row["ENTITY_ID"] == "CRM_LEAD"}
    assert {
        "string",
        "integer",
        "double",
        "boolean",
        "date",
        "datetime",
        "enumeration",
        "money",
        "url",
    } <= lead
    assert {"address", "employee", "crm", "crm_status", "file"} <= lead

    def keys(entity: str) -> set[tuple[str, bool, str]]:
        rows = [row for row in world.userfields if row["ENTITY_ID"] == entity]
        return {(row["USER_TYPE_ID"], row["MULTIPLE"], row["EDIT_FORM_LABEL"]["en"]) for row in rows}

    assert keys("CRM_LEAD") & keys("CRM_DEAL") and keys("CRM_LEAD") - keys("CRM_DEAL")
    sizes = [row["LIST"] for row in world.userfields if row["EDIT_FORM_LABEL"]["en"] == "Company size"]
    ids = [{entry["ID"] for entry in entries} for entries in sizes]
    assert not ids[0] & ids[1]


def test_some_leads_are_people_the_portal_knows_already(world: World) -> None:
    matching = [where for where in world.by_communication.values() if {kind for kind, _ in where} >= {1, 3}]
    assert matching
    assert len(world.categories) == 3


def test_phones_are_fiction_and_addresses_examples(world: World) -> None:
    for kind, value in world.by_communication:
        if kind == "EMAIL":
            assert value.split("@")[1] in {"example.com", "example.org", "example.net"}
        else:
            assert "55501" in value or value.startswith(("442079460", "447700900")), value


@pytest.mark.parametrize(
    ("mix", "acts", "rows", "comments"), [("A", 1.2, 1.2, 0.3), ("B", 0.4, 0.4, 0.1), ("C", 3, 2, 1)]
)
def test_mixes_have_exact_totals(mix: str, acts: float, rows: float, comments: float) -> None:
    world = seeded(1, 100, mix)
    assert len(world.leads.find("STATUS_SEMANTIC_ID", "P")) == 100
    assert (len(world.activities), len(world.product_rows), len(world.comments)) == (
        round(acts * 100),
        round(rows * 100),
        round(comments * 100),
    )


def test_some_things_hang_on_a_lead_in_other_ways(world: World) -> None:
    second = [row for row in world.activities if len(row["BINDINGS"]) > 1]
    assert second and all(row["BINDINGS"][0][0] == 3 and row["BINDINGS"][1][0] == 1 for row in second)
    assert any(row["LEAD_ID"] in world.leads for row in world.quotes)
    assert any(code.startswith("L_") for row in world.tasks for code in row["UF_CRM_TASK"])
    assert any(row["ENTITY_TYPE_ID"] == 1 for row in world.addresses)
