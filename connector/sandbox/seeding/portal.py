"""The portal's set-up: people, directories, stages, pipelines, custom fields, currencies, workflows. No records."""

from __future__ import annotations

from typing import Any

from connector.sandbox.crm import presets, stages, userfields
from connector.sandbox.world import User, Webhook, World

USERS = (
    (1, "Alina", "Sandbox", "admin", "en", True),
    (2, "Marek", "Kierownik", "crm_manager", "pl", True),
    (3, "Nadia", "Verkauf", "employee", "ru", True),
    (4, "Oskar", "Handlowiec", "employee", "pl", True),
    (5, "Petra", "Salesworth", "employee", "en", True),
    (6, "Ruben", "Former", "employee", "en", False),
    (7, "Second", "Administrator", "admin", "pl", True),
)
DISMISSED = 6
WEBHOOK_SCOPES = (
    "crm",
    "user",
    "user_basic",
    "user_brief",
    "im",
    "bizproc",
    "task",
    "tasks",
    "log",
    "userfieldconfig",
)

LEAD_STAGES = (
    ("NEW", "Unassigned", "P", "#39A8EF", True),
    ("IN_PROCESS", "In progress", "P", "#2FC6F6", False),
    ("PROCESSED", "Processed", "P", "#55D0E0", False),
    ("UC_QUALIFIED", "Qualified", "P", "#47E4C2", False),
    ("UC_MEETING", "Meeting arranged", "P", "#FFA900", False),
    ("UC_OFFER", "Offer sent", "P", "#F7D16D", False),
    ("CONVERTED", "Good lead", "S", "#7BD500", True),
    ("JUNK", "Junk lead", "F", "#FF5752", True),
    ("UC_NOT_TARGET", "Not our customer", "F", "#A8ADB4", False),
)
ACTIVE_STAGES = tuple(code for code, _, semantic, _, _ in LEAD_STAGES if semantic == "P")
DIRECTORIES: dict[str, tuple[tuple[str, str], ...]] = {
    "SOURCE": (
        ("CALL", "Call"),
        ("EMAIL", "E-mail"),
        ("WEB", "Website"),
        ("ADVERTISING", "Advertising"),
        ("PARTNER", "Existing client"),
        ("RECOMMENDATION", "By recommendation"),
        ("TRADE_SHOW", "Show/Exhibition"),
        ("WEBFORM", "CRM form"),
        ("CALLBACK", "Callback"),
        ("OTHER", "Other"),
    ),
    "CONTACT_TYPE": (
        ("CLIENT", "Clients"),
        ("SUPPLIER", "Suppliers"),
        ("PARTNER", "Partners"),
        ("OTHER", "Other"),
    ),
    "COMPANY_TYPE": (
        ("CUSTOMER", "Client"),
        ("SUPPLIER", "Supplier"),
        ("COMPETITOR", "Competitor"),
        ("OTHER", "Other"),
    ),
    "EMPLOYEES": (("EMPLOYEES_1", "less than 50"), ("EMPLOYEES_2", "50-250"), ("EMPLOYEES_3", "250-500")),
    "INDUSTRY": (
        ("IT", "Information technology"),
        ("TELECOM", "Telecommunication"),
        ("MANUFACTURING", "Manufacturing"),
    ),
    "DEAL_TYPE": (
        ("SALE", "Sales"),
        ("COMPLEX", "Integrated sales"),
        ("GOODS", "Goods"),
        ("SERVICES", "Services"),
    ),
    "HONORIFIC": (("HNR_EN_1", "Mr."), ("HNR_EN_2", "Mrs."), ("HNR_EN_3", "Ms.")),
    "QUOTE_STATUS": (("DRAFT", "New"), ("SENT", "Sent"), ("APPROVED", "Accepted"), ("DECLAINED", "Declined")),
}
PIPELINES = (("Partners", 200), ("Renewals", 300))
CURRENCIES = (
    ("PLN", 1, "1.0000", 100, "Polish złoty"),
    ("EUR", 1, "4.3000", 200, "Euro"),
    ("USD", 1, "3.9000", 300, "US Dollar"),
)
_CHOICES = ("Small", "Medium", "Large", "Zażółć gęślą", "Крупный")


def _field(code: str, kind: str, label: str, **options: Any) -> dict[str, Any]:
    return {
        "FIELD_NAME": f"UF_CRM_{code}",
        "USER_TYPE_ID": kind,
        "EDIT_FORM_LABEL": {"en": label, "pl": label},
        "LIST_COLUMN_LABEL": {"en": label, "pl": label},
        "LIST_FILTER_LABEL": {"en": label, "pl": label},
        **options,
    }


def _choices(*values: str) -> list[dict[str, Any]]:
    return [{"VALUE": value} for value in values]


LEAD_FIELDS: tuple[dict[str, Any], ...] = (
    _field("1690000000001", "string", "Promo code"),
    _field("1690000000002", "string", "Keywords", MULTIPLE=True),
    _field("1690000000003", "integer", "Head count"),
    _field("1690000000004", "double", "Square metres", SETTINGS={"PRECISION": 2}),
    _field("1690000000005", "boolean", "Wants newsletter"),
    _field("1690000000006", "date", "Wanted by"),
    _field("1690000000007", "datetime", "Call back at"),
    _field("1690000000008", "enumeration", "Company size", LIST=_choices(*_CHOICES)),
    _field(
        "1690000000009",
        "enumeration",
        "Interests",
        MULTIPLE=True,
        LIST=_choices("Chairs", "Tables", "Lamps", "Чайники"),
    ),
    _field("1690000000010", "money", "Budget"),
    _field("1690000000011", "url", "Landing page"),
    _field("1690000000012", "address", "Delivery address"),
    _field("1690000000013", "employee", "Referred by"),
    _field("1690000000014", "crm", "Related record", SETTINGS={"CONTACT": "Y", "COMPANY": "Y"}),
    _field("1690000000015", "crm_status", "Trade", SETTINGS={"ENTITY_TYPE": "INDUSTRY"}),
    _field("1690000000016", "file", "Brief"),
    _field("1690000000017", "string", "Lead only note"),
    _field("1690000000018", "enumeration", "Campaign wave", LIST=_choices("Spring", "Autumn")),
    _field("KEEP_ME_POSTED", "string", "Channel preference"),
)
# Counterparts on deals by type, multiplicity and label; ids of the choices are their own, one choice is missing,
# one label differs in case only, one has another multiplicity, one another type.
DEAL_FIELDS: tuple[dict[str, Any], ...] = (
    _field("1700000000001", "string", "Promo code"),
    _field("1700000000002", "string", "Keywords", MULTIPLE=True),
    _field("1700000000003", "integer", "Head count"),
    _field("1700000000005", "boolean", "Wants newsletter"),
    _field("1700000000006", "date", "Wanted by"),
    _field("1700000000008", "enumeration", "Company size", LIST=_choices(*reversed(_CHOICES[:4]))),
    _field("1700000000009", "enumeration", "Interests", LIST=_choices("Chairs", "Tables")),
    _field("1700000000010", "money", "Budget"),
    _field("1700000000011", "string", "Landing page"),
    _field("1700000000013", "employee", "Referred by"),
    _field("1700000000099", "string", "Delivery window"),
)
CONTACT_FIELDS: tuple[dict[str, Any], ...] = (
    _field("1710000000005", "boolean", "Wants newsletter"),
    _field("1710000000020", "string", "Loyalty card"),
)
COMPANY_FIELDS: tuple[dict[str, Any], ...] = (
    _field("1720000000008", "enumeration", "Company size", LIST=_choices(*_CHOICES)),
    _field("1720000000021", "crm", "Comes from", MULTIPLE=True, SETTINGS={"LEAD": "Y", "DEAL": "Y"}),
)
WORKFLOWS: tuple[tuple[str, str, str, int, dict[str, Any]], ...] = (
    ("Notify about a new deal", "CCrmDocumentDeal", "DEAL", 1, {}),
    ("Check contact data", "CCrmDocumentContact", "CONTACT", 1, {}),
    (
        "Lead follow-up (started by hand)",
        "CCrmDocumentLead",
        "LEAD",
        0,
        {"Deadline": {"Name": "Deadline", "Type": "date"}},
    ),
)
ROBOTS = (
    {"entity": "deal", "stage": "NEW", "name": "Plan a call for the responsible"},
    {"entity": "lead", "stage": "CONVERTED", "name": "Thank-you e-mail"},
    {"entity": "lead", "stage": "JUNK", "name": "Ask for the reason"},
)


def fill(world: World) -> None:
    """Set up an empty portal."""
    random = world.random
    world.departments = {1: "Sandbox", 2: "Sales"}
    for user_id, name, last_name, role, language, active in USERS:
        email = f"{name.lower()}.{last_name.lower()}@example.com"
        world.users[user_id] = User(
            user_id, name, last_name, email, role, active, 1 if role == "admin" else 2, language
        )
    code = "".join(random.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(16))
    world.webhooks[code] = Webhook(
        1, code, WEBHOOK_SCOPES + (("leadswitch",) if world.settings.companion else ())
    )
    for index, (stage, title, semantic, color, system) in enumerate(LEAD_STAGES):
        stages.add_entry(
            world,
            "STATUS",
            stage,
            title,
            SEMANTICS=semantic,
            SORT=(index + 1) * 10,
            COLOR=color,
            SYSTEM=system,
        )
    presets.seed(world)
    for entity_id, entries in DIRECTORIES.items():
        for index, (entry, title) in enumerate(entries):
            stages.add_entry(world, entity_id, entry, title, SORT=(index + 1) * 10, SYSTEM=index < 2)
    world.categories.insert({"ID": 0, "NAME": "General", "SORT": 100, "DATE_CREATE": world.now()})
    stages.fill_stages(world, 0)
    for title, sort in PIPELINES:
        row = world.categories.insert(
            {"ID": world.next_id("category"), "NAME": title, "SORT": sort, "DATE_CREATE": world.now()}
        )
        stages.fill_stages(world, row["ID"])
    for currency, count, amount, sort, title in CURRENCIES:
        world.currencies[currency] = {
            "CURRENCY": currency,
            "AMOUNT_CNT": str(count),
            "AMOUNT": amount,
            "SORT": str(sort),
            "BASE": "Y" if currency == world.settings.base_currency else "N",
            "FULL_NAME": title,
        }
    for entity_id, fields in (
        ("CRM_LEAD", LEAD_FIELDS),
        ("CRM_DEAL", DEAL_FIELDS),
        ("CRM_CONTACT", CONTACT_FIELDS),
        ("CRM_COMPANY", COMPANY_FIELDS),
    ):
        for index, spec in enumerate(fields):
            userfields.create(world, entity_id, {**spec, "SORT": (index + 1) * 100})
    for title, document, kind, auto, parameters in WORKFLOWS:
        world.workflow_templates.insert(
            {
                "ID": world.next_id("workflow_template"),
                "NAME": title,
                "DOCUMENT_TYPE": ("crm", document, kind),
                "AUTO_EXECUTE": auto,
                "PARAMETERS": parameters,
                "MODULE_ID": "crm",
                "MODIFIED": world.now(),
            }
        )
    world.stage_robots = [dict(robot) for robot in ROBOTS]
    world.event_log.clear()
