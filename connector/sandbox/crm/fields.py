"""The standard fields of leads, deals, contacts and companies, as data (crm.*.fields, crm.item.fields, object-fields.md).

Canonical names are those of the old families; `camel` is the name in crm.item.*. Only describes, never reads a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from connector.sandbox.world import COMPANY, CONTACT, DEAL, LEAD, PROJECT, QUOTE, REQUISITE

MULTIFIELD_TYPES = ("PHONE", "EMAIL", "WEB", "IM", "LINK")


@dataclass(frozen=True, slots=True)
class Field:
    """One standard field. `flags`: ro (read-only everywhere), ro_old (only in the old family), imm (immutable in the
    old family), req, multi, old (old family only), item (crm.item only), disabled (crm.item only, always null),
    dep (deprecated)."""

    name: str
    type: str
    title: str = ""
    flags: frozenset[str] = frozenset()
    status: str = ""
    camel: str = ""

    def has(self, flag: str) -> bool:
        return flag in self.flags

    @property
    def item_name(self) -> str:
        return self.camel or camel(self.name)


def camel(name: str) -> str:
    """`ASSIGNED_BY_ID` → `assignedById`; `UF_CRM_17200` → `ufCrm_17200`; `UF_CRM_3_DIGIT10` → `ufCrm_3_DIGIT10`."""
    if name.startswith("UF_CRM_"):
        tail = name[len("UF_CRM_") :]
        first, _, rest = tail.partition("_")
        if first.isdigit():
            return "ufCrm_" + tail
        if tail.isalpha() or not any(c.isdigit() for c in tail):
            head, *others = tail.lower().split("_")
            return "ufCrm" + head.capitalize() + "".join(part.capitalize() for part in others)
        return "ufCrm_" + (first + ("_" + rest if rest else ""))
    head, *others = name.lower().split("_")
    return head + "".join(part.capitalize() for part in others)


def _f(name: str, kind: str, title: str, flags: str = "", *, status: str = "", camel_name: str = "") -> Field:
    return Field(name, kind, title, frozenset(flags.split()), status, camel_name)


_ADDRESS = tuple(
    _f(name, kind, title, "old")
    for name, kind, title in (
        ("ADDRESS", "string", "Address"),
        ("ADDRESS_2", "string", "Address (line 2)"),
        ("ADDRESS_CITY", "string", "City"),
        ("ADDRESS_POSTAL_CODE", "string", "Postal code"),
        ("ADDRESS_REGION", "string", "Region"),
        ("ADDRESS_PROVINCE", "string", "Province"),
        ("ADDRESS_COUNTRY", "string", "Country"),
        ("ADDRESS_COUNTRY_CODE", "string", "Country code"),
        ("ADDRESS_LOC_ADDR_ID", "integer", "Location address ID"),
    )
)
_REG_ADDRESS = tuple(_f("REG_" + f.name, f.type, "Legal " + f.title.lower(), "old") for f in _ADDRESS)
_MULTI = tuple(_f(name, "crm_multifield", name.capitalize(), "multi old") for name in MULTIFIELD_TYPES)
_UTM = tuple(
    _f("UTM_" + code, "string", title)
    for code, title in (
        ("SOURCE", "Advertising system"),
        ("MEDIUM", "Traffic type"),
        ("CAMPAIGN", "Campaign"),
        ("CONTENT", "Campaign content"),
        ("TERM", "Campaign search term"),
    )
)
_HAS = (
    _f("HAS_PHONE", "char", "Phone set", "ro"),
    _f("HAS_EMAIL", "char", "E-mail set", "ro"),
    _f("HAS_IMOL", "char", "Open channel set", "ro"),
)
_LAST = (
    _f("LAST_ACTIVITY_BY", "user", "Last activity by", "ro"),
    _f("LAST_ACTIVITY_TIME", "datetime", "Last activity", "ro"),
)
_AUDIT = (
    _f("ASSIGNED_BY_ID", "user", "Responsible"),
    _f("CREATED_BY_ID", "user", "Created by", "ro", camel_name="createdBy"),
    _f("MODIFY_BY_ID", "user", "Modified by", "ro", camel_name="updatedBy"),
    _f("DATE_CREATE", "datetime", "Created on", "ro", camel_name="createdTime"),
    _f("DATE_MODIFY", "datetime", "Modified on", "ro", camel_name="updatedTime"),
)
_MOVED = (
    _f("MOVED_BY_ID", "user", "Stage changed by", "ro", camel_name="movedBy"),
    _f("MOVED_TIME", "datetime", "Stage changed on", "ro"),
)
_ORIGIN = (
    _f("ORIGINATOR_ID", "string", "External source"),
    _f("ORIGIN_ID", "string", "ID in the external source"),
)
_OBSERVERS = (_f("OBSERVERS", "user", "Observers", "multi item"),)
_PERSON = (
    _f("HONORIFIC", "crm_status", "Salutation", status="HONORIFIC"),
    _f("NAME", "string", "First name"),
    _f("SECOND_NAME", "string", "Second name"),
    _f("LAST_NAME", "string", "Last name"),
    _f("BIRTHDATE", "date", "Birth date"),
)
_SOURCE = (
    _f("SOURCE_ID", "crm_status", "Source", status="SOURCE"),
    _f("SOURCE_DESCRIPTION", "string", "Source information"),
)
_MONEY = (
    _f("CURRENCY_ID", "crm_currency", "Currency"),
    _f("OPPORTUNITY", "double", "Amount"),
    _f("IS_MANUAL_OPPORTUNITY", "char", "Amount entered by hand"),
)


def _disabled(*names: str) -> tuple[Field, ...]:
    return tuple(_f(name, "string", name, "ro item disabled") for name in names)


_LEAD = (
    _f("ID", "integer", "ID", "ro"),
    _f("TITLE", "string", "Lead name"),
    *_PERSON,
    _f("COMPANY_TITLE", "string", "Company name"),
    *_SOURCE,
    _f("STATUS_ID", "crm_status", "Stage", status="STATUS", camel_name="stageId"),
    _f("STATUS_DESCRIPTION", "string", "Stage information"),
    _f("STATUS_SEMANTIC_ID", "string", "Stage group", "ro", camel_name="stageSemanticId"),
    _f("POST", "string", "Position"),
    *_ADDRESS,
    *_MONEY,
    _f("OPENED", "char", "Available to everyone"),
    _f("COMMENTS", "string", "Comment"),
    *_HAS,
    *_AUDIT,
    *_MOVED,
    _f("COMPANY_ID", "crm_company", "Company"),
    _f("CONTACT_ID", "crm_contact", "Contact", "dep"),
    _f("CONTACT_IDS", "crm_contact", "Contacts", "multi"),
    _f("IS_RETURN_CUSTOMER", "char", "Repeat lead", "ro"),
    _f("DATE_CLOSED", "datetime", "Closed on", "ro"),
    *_ORIGIN,
    _f("WEBFORM_ID", "integer", "Created by CRM form", "item"),
    *_UTM,
    *_LAST,
    *_OBSERVERS,
    *_MULTI,
    *_disabled(
        "DATE_CREATE_SHORT",
        "DATE_MODIFY_SHORT",
        "IS_CONVERT",
        "PRODUCT_ID",
        "SHORT_NAME",
        "ADDRESS_TEXT",
        "LOGIN",
    ),
    _f("SEARCH_CONTENT", "string", "Search content", "ro item"),
)
_DEAL = (
    _f("ID", "integer", "ID", "ro"),
    _f("TITLE", "string", "Deal name"),
    _f("TYPE_ID", "crm_status", "Type", status="DEAL_TYPE"),
    _f("CATEGORY_ID", "crm_category", "Pipeline", "imm"),
    _f("STAGE_ID", "crm_status", "Stage", status="DEAL_STAGE"),
    _f("STAGE_SEMANTIC_ID", "string", "Stage group", "ro"),
    _f("IS_NEW", "char", "New deal", "ro"),
    _f("IS_RECURRING", "char", "Recurring deal"),
    _f("IS_RETURN_CUSTOMER", "char", "Repeat deal"),
    _f("IS_REPEATED_APPROACH", "char", "Repeated approach"),
    _f("PROBABILITY", "integer", "Probability, %"),
    *_MONEY,
    _f("TAX_VALUE", "double", "Tax"),
    _f("COMPANY_ID", "crm_company", "Company"),
    _f("CONTACT_ID", "crm_contact", "Contact", "dep"),
    _f("CONTACT_IDS", "crm_contact", "Contacts", "multi"),
    _f("QUOTE_ID", "crm_quote", "Estimate", "ro_old"),
    _f("BEGINDATE", "date", "Start date"),
    _f("CLOSEDATE", "date", "End date"),
    _f("OPENED", "char", "Available to everyone"),
    _f("CLOSED", "char", "Closed"),
    _f("COMMENTS", "string", "Comment"),
    *_AUDIT,
    *_MOVED,
    *_SOURCE,
    _f("LEAD_ID", "crm_lead", "Lead", "ro_old"),
    _f("ADDITIONAL_INFO", "string", "Additional information"),
    _f("LOCATION_ID", "location", "Location"),
    *_ORIGIN,
    *_UTM,
    *_LAST,
    *_OBSERVERS,
    _f("WEBFORM_ID", "integer", "Created by CRM form", "item ro"),
    *_disabled("DATE_CREATE_SHORT", "DATE_MODIFY_SHORT", "PRODUCT_ID", "BEGINDATE_SHORT", "CLOSEDATE_SHORT"),
    *_disabled("EVENT_DATE", "EVENT_DATE_SHORT", "EVENT_ID", "EVENT_DESCRIPTION", "ORDER_STAGE"),
    *_disabled("IS_WORK", "IS_WON", "IS_LOSE", "RECEIVED_AMOUNT", "LOST_AMOUNT", "HAS_PRODUCTS"),
    _f("SEARCH_CONTENT", "string", "Search content", "ro item"),
)
_CONTACT = (
    _f("ID", "integer", "ID", "ro"),
    *_PERSON,
    _f("PHOTO", "file", "Photo"),
    _f("TYPE_ID", "crm_status", "Contact type", status="CONTACT_TYPE"),
    *_SOURCE,
    _f("POST", "string", "Position"),
    *_ADDRESS,
    _f("COMMENTS", "string", "Comment"),
    _f("OPENED", "char", "Available to everyone"),
    _f("EXPORT", "char", "Included in export"),
    *_HAS,
    *_AUDIT,
    _f("COMPANY_ID", "crm_company", "Company", "dep"),
    _f("COMPANY_IDS", "crm_company", "Companies", "multi"),
    _f("LEAD_ID", "crm_lead", "Lead", "ro_old"),
    _f("FACE_ID", "integer", "Face tracker", "ro"),
    *_ORIGIN,
    _f("ORIGIN_VERSION", "string", "Original version"),
    *_UTM,
    *_LAST,
    _f("LAST_COMMUNICATION_TIME", "string", "Last communication", "ro"),
    *_OBSERVERS,
    *_MULTI,
    _f("CATEGORY_ID", "crm_category", "Category", "ro item"),
    _f("WEBFORM_ID", "integer", "Created by CRM form", "item ro"),
    *_disabled("SHORT_NAME", "ADDRESS_TEXT", "LOGIN"),
    _f("SEARCH_CONTENT", "string", "Search content", "ro item"),
)
_COMPANY = (
    _f("ID", "integer", "ID", "ro"),
    _f("TITLE", "string", "Company name", "req"),
    _f("COMPANY_TYPE", "crm_status", "Company type", status="COMPANY_TYPE", camel_name="typeId"),
    _f("LOGO", "file", "Logo"),
    *_ADDRESS,
    _f("ADDRESS_LEGAL", "string", "Legal address", "old"),
    *_REG_ADDRESS,
    _f("BANKING_DETAILS", "string", "Payment details"),
    _f("INDUSTRY", "crm_status", "Industry", status="INDUSTRY"),
    _f("EMPLOYEES", "crm_status", "Employees", status="EMPLOYEES"),
    _f("CURRENCY_ID", "crm_currency", "Currency"),
    _f("REVENUE", "double", "Annual revenue"),
    _f("OPENED", "char", "Available to everyone"),
    _f("COMMENTS", "string", "Comment"),
    *_HAS,
    _f("IS_MY_COMPANY", "char", "My company"),
    *_AUDIT,
    _f("CONTACT_ID", "crm_contact", "Contacts", "multi old"),
    _f("CONTACT_IDS", "crm_contact", "Contacts", "multi item"),
    _f("LEAD_ID", "crm_lead", "Lead", "ro_old"),
    *_ORIGIN,
    _f("ORIGIN_VERSION", "string", "Original version"),
    *_UTM,
    *_LAST,
    _f("LAST_COMMUNICATION_TIME", "string", "Last communication", "ro"),
    *_OBSERVERS,
    *_MULTI,
    _f("CATEGORY_ID", "crm_category", "Category", "ro item"),
    _f("WEBFORM_ID", "integer", "Created by CRM form", "item ro"),
    *_disabled("ADDRESS_LEGAL_TEXT"),
    _f("SEARCH_CONTENT", "string", "Search content", "ro item"),
)
_QUOTE = (
    _f("ID", "integer", "ID", "ro"),
    _f("TITLE", "string", "Title"),
    _f("STAGE_ID", "crm_status", "Stage", status="QUOTE_STATUS"),
    *_MONEY,
    _f("TAX_VALUE", "double", "Tax"),
    _f("LEAD_ID", "crm_lead", "Lead"),
    _f("DEAL_ID", "crm_deal", "Deal"),
    _f("COMPANY_ID", "crm_company", "Company"),
    _f("CONTACT_IDS", "crm_contact", "Contacts", "multi"),
    _f("OPENED", "char", "Available to everyone"),
    _f("CLOSED", "char", "Closed"),
    _f("COMMENTS", "string", "Comment"),
    *_AUDIT,
    *_UTM,
    *_LAST,
)
_PROJECT = (
    _f("ID", "integer", "ID", "ro"),
    _f("TITLE", "string", "Name"),
    _f("PARENT_ID_1", "crm_lead", "Lead", camel_name="parentId1"),
    _f("PARENT_ID_2", "crm_deal", "Deal", camel_name="parentId2"),
    _f("OPENED", "char", "Available to everyone"),
    *_AUDIT,
    *_LAST,
)

STANDARD: Mapping[int, Mapping[str, Field]] = {
    kind: {field.name: field for field in table}
    for kind, table in (
        (LEAD, _LEAD),
        (DEAL, _DEAL),
        (CONTACT, _CONTACT),
        (COMPANY, _COMPANY),
        (QUOTE, _QUOTE),
        (PROJECT, _PROJECT),
    )
}
_RENAMED = {"ADDRESS_TEXT": "address", "ADDRESS_LEGAL_TEXT": "addressLegal"}


@cache
def item_names(entity_type: int) -> Mapping[str, str]:
    """crm.item name → canonical name, of the standard fields that crm.item.* knows."""
    names = {}
    for field in STANDARD[entity_type].values():
        if not field.has("old"):
            names[_RENAMED.get(field.name, field.item_name)] = field.name
    return names


@cache
def canonical_names(entity_type: int) -> Mapping[str, str]:
    """Canonical name → crm.item name; the reverse of `item_names`."""
    return {canonical: item for item, canonical in item_names(entity_type).items()}


PARENT_TYPES: Mapping[str, int] = {
    "crm_lead": LEAD,
    "crm_company": COMPANY,
    "crm_contact": CONTACT,
    "crm_quote": QUOTE,
}
UF_ENTITY: Mapping[int, str] = {
    LEAD: "CRM_LEAD",
    DEAL: "CRM_DEAL",
    CONTACT: "CRM_CONTACT",
    COMPANY: "CRM_COMPANY",
    REQUISITE: "CRM_REQUISITE",
}
