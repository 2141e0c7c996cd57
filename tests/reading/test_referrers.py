"""Which fields point at leads, and which lines create them, from what the portal says about itself."""

from __future__ import annotations

from typing import Any

from connector.bitrix.batch import Outcome, Status
from connector.errors import MethodUnknown
from connector.planning.model import Referrer, UserField
from connector.reading.leadsources import lead_sources
from connector.reading.referrers import all_of


def said(result: Any) -> Outcome:
    return Outcome("x", "m", Status.OK, result)


REFUSED = Outcome("x", "m", Status.FAILED, error=MethodUnknown(method="m"))


def crm(name: str, **settings: str) -> UserField:
    return UserField(
        f"UF_CRM_{name}", "crm", False, False, f"Label {name}", f"ufCrm_{name}", settings=settings
    )


def test_fields_that_take_leads_are_found_with_where_they_take_deals() -> None:
    customs = {
        "deal": (crm("1", LEAD="Y", DEAL="Y"), crm("2", CONTACT="Y")),
        "contact": (crm("3", LEAD="Y"), crm("4", LEAD="Y", COMPANY="Y")),
        "company": (),
    }
    smart = [{"entityTypeId": 1040, "title": "Projects"}, {"entityTypeId": 1050, "title": "Services"}]
    more = {
        "smart_1040": said(
            {
                "fields": {
                    "parentId1": {"type": "crm_lead"},
                    "parentId2": {"type": "crm_deal"},
                    "ufCrm9_1": {
                        "type": "crm",
                        "title": "From",
                        "settings": {"LEAD": "Y", "DYNAMIC_1050": "Y"},
                    },
                }
            }
        ),
        "smart_1050": REFUSED,
    }
    assert all_of(customs, smart, more) == (
        Referrer(7, "", "leadId", "dealId"),
        Referrer(2, "", "ufCrm_1", "ufCrm_1", "Label 1"),
        Referrer(3, "", "ufCrm_3", "", "Label 3", plain=True),
        Referrer(3, "", "ufCrm_4", "", "Label 4"),
        Referrer(1040, "Projects", "parentId1", "parentId2"),
        Referrer(1040, "Projects", "ufCrm9_1", "", "From"),
    )


def test_without_a_list_of_smart_processes_the_rest_is_known() -> None:
    customs = {"deal": (), "contact": (), "company": ()}
    assert all_of(customs, None, {}) == (Referrer(7, "", "leadId", "dealId"),)


def test_lines_that_create_leads_are_named_where_they_can_be_read() -> None:
    lines = said(
        [
            {"ID": "1", "LINE_NAME": "Telegram", "CRM": "Y", "CRM_CREATE": "lead"},
            {"ID": "2", "LINE_NAME": "Chat", "CRM": "Y", "CRM_CREATE": "none"},
            {"ID": "3", "LINE_NAME": "Off", "ACTIVE": "N", "CRM_CREATE": "lead"},
        ]
    )
    numbers = said(
        [
            {"NUMBER": "+48221234567", "NAME": "", "CRM_AUTO_CREATE": "Y"},
            {"NUMBER": "2", "CRM_AUTO_CREATE": "N"},
        ]
    )
    assert lead_sources(lines, numbers) == {"open_lines": ("Telegram",), "telephony": ("+48221234567",)}
    assert lead_sources(REFUSED, REFUSED) == {"open_lines": None, "telephony": None}
