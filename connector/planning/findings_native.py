"""The rows of the catalogue about what Bitrix24's own switch would do differently. Data only; all of it is prediction."""

from .model import Severity
from .words import N_

E, D, W, I = Severity.ERROR, Severity.DATA_LOSS, Severity.WARNING, Severity.INFO  # noqa: E741

NATIVE_ROWS: tuple[tuple[str, Severity, str, str], ...] = (
    # code, severity, message, what to do
    (
        "native-left-behind",
        W,
        N_("Bitrix24's own switch would fail on this lead (%(why)s) and leave it in a hidden section."),
        "",
    ),
    (
        "native-stage",
        W,
        N_("Bitrix24's own switch puts the deal into the first stage “%(native)s”, not “%(managed)s”."),
        "",
    ),
    (
        "native-pipeline",
        W,
        N_("Bitrix24's own switch puts the deal into pipeline “%(native)s”, not “%(managed)s”."),
        "",
    ),
    ("native-contact-too", W, N_("Bitrix24's own switch also creates a contact “%(name)s”."), ""),
    ("native-company-too", W, N_("Bitrix24's own switch also creates a company “%(title)s”."), ""),
    (
        "native-company-from-title",
        W,
        N_("Bitrix24's own switch names the company after the lead: “%(title)s”."),
        "",
    ),
    (
        "native-duplicate",
        W,
        N_("Bitrix24's own switch does not look for duplicates: %(entity)s #%(id)s would get a double."),
        "",
    ),
    (
        "native-duplicate-in-plan",
        W,
        N_("Bitrix24's own switch does not look for duplicates: lead #%(lead)s makes the same %(entity)s."),
        "",
    ),
    (
        "native-activities-completed",
        W,
        N_("Open activities that Bitrix24's own switch completes: %(count)s."),
        "",
    ),
    (
        "native-activities-open",
        I,
        N_("Activities that Bitrix24's own switch leaves open, bound to lead and deal: %(count)s."),
        "",
    ),
    (
        "native-manual-amount",
        D,
        N_(
            "Bitrix24's own switch loses the manual amount %(amount)s; the deal gets %(rows)s from its products."
        ),
        "",
    ),
    ("native-observers", D, N_("Bitrix24's own switch does not carry observers over."), ""),
    ("native-note", D, N_("Bitrix24's own switch does not carry “%(field)s” over."), ""),
    (
        "native-fields",
        I,
        N_(
            "Bitrix24's own switch offers to create missing custom fields (%(fields)s); otherwise their values are lost."
        ),
        "",
    ),
    (
        "native-products",
        I,
        N_(
            "Products that Bitrix24's own switch leaves out, because a deal of this lead has them already: %(count)s."
        ),
        "",
    ),
)
