"""The rows of the catalogue about the way to Classic CRM, and what each is about: what appears, what changes, what stays. Data only.

Facts: native_switch.md 3 and 4 (section Leads, new inquiries, the switch that allows conversions to create records, the menu order).
"""

from collections.abc import Mapping

from .model import Severity
from .words import N_

E, D, W, I = Severity.ERROR, Severity.DATA_LOSS, Severity.WARNING, Severity.INFO  # noqa: E741

CLASSIC_ROWS: tuple[tuple[str, Severity, str, str], ...] = (
    # code, severity, message, what to do
    (
        "classic-none",
        E,
        N_("Classic CRM is not in the portal's plan."),
        N_("Choose a Bitrix24 plan with leads."),
    ),
    (
        "classic-unknown",
        W,
        N_(
            "Whether the portal's plan has Classic CRM is not documented for REST and could not be found out."
        ),
        N_("Check the plan in Bitrix24 before the switch."),
    ),
    (
        "classic-leads-back",
        I,
        N_("The leads section comes back; leads that are still in work appear in it as they are: %(count)s."),
        "",
    ),
    ("classic-stages", I, N_("The lead stages are worked with again: %(names)s."), ""),
    ("classic-new-requests", I, N_("New inquiries become leads again instead of deals."), ""),
    (
        "classic-workflows",
        W,
        N_("Workflows of leads that start by themselves run again: %(names)s."),
        N_("Check whether they are still wanted."),
    ),
    (
        "classic-robots",
        I,
        N_("Robots and triggers of the lead stages work again. Bitrix24 does not list robots over REST."),
        N_("Look at the automation rules of leads."),
    ),
    (
        "classic-open-lines",
        I,
        N_("Open channels that create CRM records go over to leads: %(names)s."),
        N_("Check in each of them who becomes responsible."),
    ),
    (
        "classic-telephony",
        I,
        N_("Telephone lines that create CRM records go over to leads: %(names)s."),
        N_("Check what each line creates for an unknown number."),
    ),
    (
        "classic-forms",
        I,
        N_("What CRM forms, mail boxes and integrations create could not be read."),
        N_("Check that they create leads where you want leads."),
    ),
    ("classic-autocreate", I, N_("Bitrix24 allows automatic creation of records in conversions again."), ""),
    (
        "classic-nothing-converted",
        I,
        N_("No deal, contact or company changes and nothing is converted back to leads."),
        "",
    ),
    (
        "classic-records",
        I,
        N_(
            "Deals (%(deals)s), contacts (%(contacts)s) and companies (%(companies)s) are counted afterwards."
        ),
        "",
    ),
)

APPEARS, CHANGES, STAYS = "appears", "changes", "stays"
CLASSIC_GROUPS: Mapping[str, str] = {
    "classic-leads-back": APPEARS,
    "classic-stages": APPEARS,
    "classic-workflows": APPEARS,
    "classic-robots": APPEARS,
    "classic-new-requests": CHANGES,
    "classic-open-lines": CHANGES,
    "classic-telephony": CHANGES,
    "classic-forms": CHANGES,
    "classic-autocreate": CHANGES,
    "menu-reset": CHANGES,
    "classic-nothing-converted": STAYS,
    "classic-records": STAYS,
}
"""What each finding of such a plan is about; findings that are not here are about the plan itself."""
