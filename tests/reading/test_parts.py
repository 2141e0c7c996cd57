"""Small parts of reading: custom fields from two families, the country of phone numbers, filters that never widen."""

from datetime import date
from typing import Any

import pytest

from connector.planning.options import Selection
from connector.reading.country import country_of
from connector.reading.selection import lead_filter, wanted
from connector.reading.userfields import user_fields
from tests.planning.portal import facts

DESCRIBED = {
    "ufCrm_77": {
        "type": "enumeration",
        "isMultiple": True,
        "title": "Kanał",
        "upperName": "UF_CRM_77",
        "items": [{"ID": "3", "VALUE": "Sklep"}],
    },
    "title": {"type": "string", "title": "Nazwa", "upperName": "TITLE"},
}


def test_both_families_make_one_field() -> None:
    rows = [
        {
            "FIELD_NAME": "UF_CRM_77",
            "USER_TYPE_ID": "enumeration",
            "MULTIPLE": "Y",
            "MANDATORY": "Y",
            "LIST": [{"ID": "3", "VALUE": "Sklep"}, {"ID": "4", "VALUE": "Hurt"}],
            "SETTINGS": [],
        }
    ]
    (field,) = user_fields(rows, DESCRIBED)
    assert (field.key, field.label, field.multiple, field.mandatory) == ("ufCrm_77", "Kanał", True, True)
    assert field.enum == {3: "Sklep", 4: "Hurt"}
    assert field.settings == {}


def test_without_the_right_to_list_fields_the_description_is_enough() -> None:
    (field,) = user_fields([], DESCRIBED)
    assert (field.name, field.type, field.enum) == ("UF_CRM_77", "enumeration", {3: "Sklep"})


@pytest.mark.parametrize(
    ("host", "licence", "currency", "country"),
    [
        ("acme.bitrix24.pl", "", "", "PL"),
        ("acme.bitrix24.com", "", "PLN", "PL"),
        ("acme.bitrix24.eu", "de_std", "EUR", "DE"),
        ("acme.bitrix24.com.br:443", "", "", "BR"),
        ("crm.example.org", "", "EUR", ""),
    ],
)
def test_the_country_is_told_by_licence_domain_or_currency(
    host: str, licence: str, currency: str, country: str
) -> None:
    assert country_of(host, licence, currency) == country


def test_no_filter_ever_leaves_the_leads_in_work() -> None:
    semantic = facts(item_fields={"lead": {"stageSemanticId": {}}})
    assert lead_filter(semantic, Selection())["stageSemanticId"] == "P"
    assert lead_filter(semantic, Selection(stages=("JUNK",)))["stageSemanticId"] == "P"
    assert set(lead_filter(facts(), Selection())["@stageId"]) == {"NEW", "IN_PROCESS", "UC_CALL", "PROCESSED"}
    assert not wanted({"id": 1, "stageSemanticId": "S"}, Selection())


def test_many_ids_are_compared_here() -> None:
    ids = tuple(range(1, 2000))
    assert "@id" not in lead_filter(facts(), Selection(ids=ids))
    assert wanted({"id": 5, "stageSemanticId": "P"}, Selection(ids=ids))
    assert not wanted({"id": 5000, "stageSemanticId": "P"}, Selection(ids=ids))


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        ({"created_from": date(2026, 10, 1)}, True),
        ({"created_from": date(2026, 10, 2)}, False),
        ({"created_to": date(2026, 10, 1)}, True),
        ({"created_to": date(2026, 9, 30)}, False),
        ({"sources": ("WEB",)}, True),
        ({"responsible": (7,)}, False),
        ({"exclude": (1,)}, False),
    ],
)
def test_selections_take_what_they_say(selection: dict[str, Any], taken: bool) -> None:
    row = {
        "id": 1,
        "createdTime": "2026-10-01T23:59:59+02:00",
        "sourceId": "WEB",
        "assignedById": 1,
        "stageId": "NEW",
    }
    assert Selection(**selection).takes(row) is taken
