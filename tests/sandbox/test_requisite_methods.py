"""Templates, custom fields and links of requisites, over REST."""

from __future__ import annotations

from typing import Any

from connector.sandbox.crm import addresses, items
from connector.sandbox.world import COMPANY, DEAL, SYSTEM
from tests.sandbox.portal import Portal

NEW = {"ENTITY_TYPE_ID": 8, "COUNTRY_ID": 110, "NAME": "Spółka"}


def refused(portal: Portal, method: str, /, **params: Any) -> str:
    status, code, text = portal.error(method, **params)
    assert (status, code) == (400, "")
    return text


def company(portal: Portal) -> int:
    return items.create(portal.world, COMPANY, {"TITLE": "Copper Otter"}, SYSTEM)


def test_a_template_is_used_and_then_cannot_be_deleted(portal: Portal) -> None:
    preset = portal.result("crm.requisite.preset.add", fields={**NEW, "SORT": 40, "ACTIVE": "N"})
    shown = portal.result("crm.requisite.preset.get", id=preset)
    assert (shown["NAME"], shown["COUNTRY_ID"], shown["SORT"], shown["ACTIVE"]) == (
        "Spółka",
        "110",
        "40",
        "N",
    )
    fields = {"ENTITY_TYPE_ID": COMPANY, "ENTITY_ID": company(portal), "PRESET_ID": preset, "NAME": "Details"}
    requisite = portal.result("crm.requisite.add", fields=fields)
    assert "already been created" in refused(portal, "crm.requisite.preset.delete", id=preset)
    portal.result("crm.requisite.delete", id=requisite)
    assert portal.result("crm.requisite.preset.delete", id=preset) is True
    assert "is not found" in refused(portal, "crm.requisite.preset.get", id=preset)


def test_a_template_needs_the_type_requisite_and_a_known_country(portal: Portal) -> None:
    assert "ENTITY_TYPE_ID" in refused(portal, "crm.requisite.preset.add", fields={"NAME": "x"})
    unknown = {**NEW, "COUNTRY_ID": 999}
    assert "COUNTRY_ID" in refused(portal, "crm.requisite.preset.add", fields=unknown)


def test_a_field_is_in_a_template_once(portal: Portal) -> None:
    preset = {"ID": portal.result("crm.requisite.preset.add", fields=NEW)}
    free = portal.result("crm.requisite.preset.field.availabletoadd", preset=preset)
    assert "RQ_NAME" in free
    field = {"FIELD_NAME": "RQ_NAME", "FIELD_TITLE": "Full name"}
    number = portal.result("crm.requisite.preset.field.add", preset=preset, fields=field)
    assert "can not be added" in refused(
        portal, "crm.requisite.preset.field.add", preset=preset, fields=field
    )
    portal.result("crm.requisite.preset.field.update", preset=preset, ID=number, fields={"SORT": 7})
    assert portal.result("crm.requisite.preset.field.get", preset=preset, ID=number) == {
        "ID": number,
        **field,
        "IN_SHORT_LIST": "N",
        "SORT": 7,
    }
    assert portal.result("crm.requisite.preset.field.delete", preset=preset, ID=number) is True
    assert portal.result("crm.requisite.preset.field.list", preset=preset) == []


def test_a_custom_field_of_requisites_holds_values_and_goes_with_them(portal: Portal) -> None:
    fields = {"USER_TYPE_ID": "double", "FIELD_NAME": "RATE", "LABEL": "Rate"}
    number = portal.result("crm.requisite.userfield.add", fields=fields)
    fields = {"ENTITY_TYPE_ID": COMPANY, "ENTITY_ID": company(portal), "PRESET_ID": 1, "NAME": "Details"}
    requisite = portal.result("crm.requisite.add", fields={**fields, "UF_CRM_RATE": "2,5"})
    assert portal.result("crm.requisite.get", id=requisite)["UF_CRM_RATE"] == "2.5"
    assert portal.result("crm.requisite.fields")["UF_CRM_RATE"]["isDynamic"] is True
    found = portal.result("crm.requisite.list", filter={">UF_CRM_RATE": 2}, select=["ID", "UF_*"])
    assert found == [{"ID": str(requisite), "UF_CRM_RATE": "2.5"}]
    assert "UF_CRM_RATE" not in portal.result("crm.requisite.list", filter={"ID": requisite})[0]
    assert "ONCRMREQUISITEUSERFIELDADD" in {event.code for event in portal.world.event_log}
    assert portal.result("crm.requisite.userfield.delete", id=number) is True
    assert "UF_CRM_RATE" not in portal.result("crm.requisite.get", id=requisite)


def test_only_four_types_and_short_names_make_a_custom_field(portal: Portal) -> None:
    fields = {"USER_TYPE_ID": "file", "FIELD_NAME": "SCAN"}
    assert portal.error("crm.requisite.userfield.add", fields=fields)[1] == "ERROR_CORE"
    long = {"USER_TYPE_ID": "string", "FIELD_NAME": "A" * 14}
    assert "20 characters" in refused(portal, "crm.requisite.userfield.add", fields=long)


def test_a_deal_remembers_its_requisites(portal: Portal) -> None:
    owner = company(portal)
    requisite = addresses.add_requisite(portal.world, COMPANY, owner, {"NAME": "Details"}, SYSTEM)
    deal = items.create(portal.world, DEAL, {"TITLE": "Deal", "COMPANY_ID": owner}, SYSTEM)
    link = {"ENTITY_TYPE_ID": DEAL, "ENTITY_ID": deal, "REQUISITE_ID": requisite}
    assert portal.result("crm.requisite.link.register", fields=link) is True
    assert portal.result("crm.requisite.link.get", entityTypeId=DEAL, entityId=deal)["REQUISITE_ID"] == str(
        requisite
    )
    assert portal.result("crm.requisite.link.unregister", entityTypeId=DEAL, entityId=deal) is True
    assert "Not found" in refused(portal, "crm.requisite.link.get", entityTypeId=DEAL, entityId=deal)
