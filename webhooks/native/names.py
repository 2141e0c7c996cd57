"""What our automation rule and our trigger are called in Bitrix24, in each of our languages. Codes never change: portals keep them."""

from collections.abc import Mapping
from typing import Any

from connector import i18n
from connector.i18n import N_, _

ROBOT = "leadswitch_mode"
TRIGGER = "leadswitch_created"

ROBOT_NAME = N_("Read the CRM mode")
ROBOT_TEXT = N_("Gives the CRM mode of this Bitrix24 and the time of its last change to the next steps.")
MODE_NAME = N_("CRM mode (classic or simple)")
CHANGED_NAME = N_("Last change of the CRM mode")
TRIGGER_NAME = N_("Created by Leadswitch")


def everywhere(text: str) -> dict[str, str]:
    """A text by Bitrix24's own names of our languages."""
    said: dict[str, str] = {}
    for language in i18n.available():
        with i18n.speaking(language.code):
            said |= dict.fromkeys(language.bitrix, _(text))
    return said


def in_language(text: str, code: str) -> str:
    """A text in the language of a portal."""
    with i18n.speaking(i18n.pick(code)):
        return _(text)


def robot(handler: str) -> Mapping[str, Any]:
    """Parameters of `bizproc.robot.add`: for leads and deals, and it waits for our answer."""
    return {
        "CODE": ROBOT,
        "HANDLER": handler,
        "USE_SUBSCRIPTION": "Y",
        "NAME": everywhere(ROBOT_NAME),
        "DESCRIPTION": everywhere(ROBOT_TEXT),
        "PROPERTIES": {},
        "RETURN_PROPERTIES": {
            "mode": {"Name": everywhere(MODE_NAME), "Type": "string", "Multiple": "N"},
            "changed_at": {"Name": everywhere(CHANGED_NAME), "Type": "datetime", "Multiple": "N"},
        },
        "FILTER": {"INCLUDE": [["crm", "CCrmDocumentDeal"], ["crm", "CCrmDocumentLead"]]},
    }
