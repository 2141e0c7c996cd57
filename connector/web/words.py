"""Texts of the pages as tables: steps, modes, choices, guide, states. Data only; translated where they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.i18n import N_
from connector.planning.model import CrmMode, Known, Severity
from connector.planning.options import Activities, Clients, CompanyTitle, Create, Leftovers, Timeline, Variant

MODE_NAMES: Mapping[str, str] = {CrmMode.CLASSIC: N_("Classic CRM"), CrmMode.SIMPLE: N_("Simple CRM")}

MODE_SUMMARIES: Mapping[str, str] = {
    CrmMode.CLASSIC: N_(
        "Calls, forms and messages first become leads. You sort them, and only good ones become deals with clients."
    ),
    CrmMode.SIMPLE: N_(
        "There are no leads. Every call, e-mail or form becomes a deal with its client at once."
    ),
}

MODE_POINTS: Mapping[str, tuple[str, ...]] = {
    CrmMode.CLASSIC: (
        N_("Suits larger sales teams, and teams that get many requests of mixed quality"),
        N_("Keeps possible clients apart from real ones"),
        N_("Shows which source brings the clients that buy"),
    ),
    CrmMode.SIMPLE: (
        N_("Suits small teams that answer every request"),
        N_("One list instead of two: nothing has to be converted by hand"),
        N_("Less to learn for new colleagues"),
    ),
}

STEPS: tuple[tuple[str, str], ...] = (
    ("overview", N_("Overview")),
    ("choose", N_("Mode")),
    ("options", N_("Options")),
    ("preview", N_("Preview")),
    ("confirm", N_("Confirm")),
    ("run", N_("Convert")),
    ("flip", N_("Switch")),
    ("report", N_("Report")),
)

TABS: tuple[tuple[str, str, str, str], ...] = (
    ("people", "people.show_people", N_("People"), "group"),
    ("automation", "automation.show_automation", N_("Automation"), "repeat"),
    ("audit", "auditlog.show_log", N_("Audit log"), "history"),
    ("settings", "portalsettings.show_settings", N_("Data and settings"), "box"),
    ("keys", "keys.show_keys", N_("API keys"), "lock"),
)
"""What only administrators see, as tabs: key, endpoint, label, icon."""

SEVERITY_ICONS: Mapping[str, str] = {
    Severity.ERROR: "error",
    Severity.DATA_LOSS: "data-loss",
    Severity.WARNING: "warning",
    Severity.INFO: "info",
}
SEVERITY_LABELS: Mapping[str, str] = {
    Severity.ERROR: N_("Stops a lead or the plan"),
    Severity.DATA_LOSS: N_("Data that would be lost"),
    Severity.WARNING: N_("Worth checking"),
    Severity.INFO: N_("Good to know"),
}
SEVERITY_WORDS: Mapping[str, str] = {
    Severity.ERROR: N_("Error"),
    Severity.DATA_LOSS: N_("Data loss"),
    Severity.WARNING: N_("Warning"),
    Severity.INFO: N_("Note"),
}
KNOWN_WORDS: Mapping[str, str] = {Known.YES: N_("Yes"), Known.NO: N_("No"), Known.UNKNOWN: N_("Unknown")}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an option as the form offers it."""

    value: str
    label: str
    text: str = ""


CREATE: tuple[Choice, ...] = (
    Choice(Create.CONTACT, N_("A contact"), N_("The person who asked. Fits most portals.")),
    Choice(Create.COMPANY, N_("A company"), N_("The firm behind the request, for business with companies.")),
    Choice(Create.BOTH, N_("Contact and company"), N_("Both, linked with each other and with the deal.")),
)
ACTIVITIES: tuple[Choice, ...] = (
    Choice(
        Activities.KEEP_OPEN,
        N_("Keep them open"),
        N_("They move to the deal, and work on them goes on there."),
    ),
    Choice(Activities.COMPLETE, N_("Complete them"), N_("They are closed together with the lead.")),
)


@dataclass(frozen=True, slots=True)
class Select:
    """An option that is shown among the less usual ones."""

    name: str
    label: str
    hint: str
    choices: tuple[Choice, ...]


SELECTS: tuple[Select, ...] = (
    Select(
        "clients",
        N_("When a contact or company with the same phone or e-mail exists"),
        "",
        (
            Choice(Clients.LINK, N_("Use it: add what is missing, change nothing else")),
            Choice(Clients.CREATE, N_("Create a new one in any case")),
            Choice(Clients.REPORT, N_("Create a new one and tell me about it")),
        ),
    ),
    Select(
        "company_title",
        N_("When the lead names no company"),
        N_("Only where a company is created."),
        (
            Choice(CompanyTitle.LEAD, N_("Call the company like the lead")),
            Choice(CompanyTitle.GIVEN, N_("Create no company")),
        ),
    ),
    Select(
        "timeline",
        N_("Comments in the timeline of the lead"),
        "",
        (
            Choice(Timeline.BIND, N_("Show them in the deal too")),
            Choice(Timeline.LEAVE, N_("Leave them in the lead")),
        ),
    ),
    Select(
        "leftovers",
        N_("Active leads that stay behind"),
        N_(
            "With active leads left, Bitrix24 offers to convert them by its own rules when the mode is changed."
        ),
        (
            Choice(Leftovers.BLOCK, N_("Do not change the mode before they are dealt with")),
            Choice(Leftovers.BITRIX24, N_("Let Bitrix24 convert them")),
        ),
    ),
    Select(
        "variant",
        N_("Compare with Bitrix24's own dialog as"),
        N_("Sources differ on what that dialog does; this only changes the comparison."),
        (
            Choice(Variant.DOCUMENTED, N_("the user guide describes it")),
            Choice(Variant.MOBILE, N_("the mobile app does it")),
            Choice(Variant.OLDER_WEB, N_("older web versions do it")),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One step of the guided flip; `picture` names a drawing."""

    picture: str
    text: str


GUIDE: Mapping[str, tuple[GuideStep, ...]] = {
    "web": (
        GuideStep("menu", N_("Open CRM, then Leads or Deals.")),
        GuideStep("gear", N_("Click Settings (the gear) and choose CRM mode.")),
        GuideStep("mode", N_("Choose %(mode)s and save.")),
    ),
    "mobile": (
        GuideStep("menu", N_("Open CRM, then Leads or Deals.")),
        GuideStep("gear", N_("Tap the three dots at the top right and choose CRM mode.")),
        GuideStep("mode", N_("Choose %(mode)s and save.")),
    ),
}

UNDOABLE: tuple[str, ...] = (
    N_("Every lead, with its old stage and its old clients"),
    N_("Open activities, back in their lead"),
    N_(
        "Deals, contacts and companies that were created are deleted, unless somebody has used or changed them"
    ),
    N_("Existing clients that were used, as they were before"),
)
NOT_UNDOABLE: tuple[str, ...] = (
    N_("Robots and workflows that have run, and what they sent"),
    N_("The stage history, and the dates of the changes"),
    N_("The IDs of deleted records"),
    N_("Activities of other apps that were completed"),
)
UNDOABLE_CLASSIC: tuple[str, ...] = (
    N_("The mode: the switch back to Simple CRM works the same way"),
    N_("Nothing else changes, so nothing else has to be brought back"),
)
NOT_UNDOABLE_CLASSIC: tuple[str, ...] = (
    N_("The order of the CRM menu that employees set for themselves"),
    N_("New requests that came in as leads meanwhile"),
)

COURSE: tuple[str, ...] = (
    N_("Leads are converted one after the other. You can pause, resume or cancel, and close this page."),
    N_("Then you change the mode in Bitrix24; Leadswitch shows how and waits for it."),
    N_("The result is checked and written into a report."),
)
COURSE_FLIP: tuple[str, ...] = (
    N_("You change the mode in Bitrix24; Leadswitch shows how and waits for it."),
    N_("The result is checked and written into a report."),
)
COURSE_UNDO: tuple[str, ...] = (
    N_("You change the mode back to Classic CRM in Bitrix24; Leadswitch shows how and waits for it."),
    N_("Activities go back to their leads, leads get their old stages and clients."),
    N_("Records that Leadswitch created are deleted, unless somebody has used or changed them."),
)


@dataclass(frozen=True, slots=True)
class StateWords:
    """How a state of a plan or run is shown: text, badge tone, icon."""

    text: str
    tone: str
    icon: str


RUN_STATES: Mapping[str, StateWords] = {
    "queued": StateWords(N_("Starting"), "info", "hourglass"),
    "running": StateWords(N_("Running"), "info", "play"),
    "pausing": StateWords(N_("Pausing"), "warning", "pause"),
    "paused": StateWords(N_("Paused"), "warning", "pause"),
    "cancelling": StateWords(N_("Cancelling"), "warning", "stop"),
    "cancelled": StateWords(N_("Cancelled"), "warning", "stop"),
    "waiting": StateWords(N_("Waiting for you"), "warning", "hourglass"),
    "done": StateWords(N_("Finished"), "ok", "ok"),
    "failed": StateWords(N_("Failed"), "error", "error"),
}
UNDONE = StateWords(N_("Taken back"), "info", "undo")
PLAN_STATES: Mapping[str, StateWords] = {
    "building": StateWords(N_("In progress"), "info", "hourglass"),
    "ready": StateWords(N_("Ready"), "ok", "ok"),
    "failed": StateWords(N_("Failed"), "error", "error"),
    "expired": StateWords(N_("Expired"), "warning", "clock"),
}
