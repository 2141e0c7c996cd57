"""What each kind of record holds when nobody set it. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.sandbox.tables import Row

_UTM: dict[str, Any] = dict.fromkeys(("UTM_SOURCE", "UTM_MEDIUM", "UTM_CAMPAIGN", "UTM_CONTENT", "UTM_TERM"))
_COMMON: dict[str, Any] = {
    "OPENED": False,
    "ASSIGNED_BY_ID": 1,
    "CREATED_BY_ID": 1,
    "MODIFY_BY_ID": 1,
    "LAST_ACTIVITY_BY": 1,
    "OBSERVERS": (),
    "FM": (),
    "CONTACT_IDS": (),
    **_UTM,
}
_MONEY: dict[str, Any] = {
    "OPPORTUNITY": 0.0,
    "CURRENCY_ID": "PLN",
    "IS_MANUAL_OPPORTUNITY": False,
    "TAX_VALUE": 0.0,
}


class LeadRow(Row):
    """A lead. FM: ((id, TYPE_ID, VALUE_TYPE, value), …). CONTACT_IDS in binding order, the first is primary."""

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {
        **_COMMON,
        **_MONEY,
        "STATUS_ID": "NEW",
        "STATUS_SEMANTIC_ID": "P",
        "COMPANY_ID": 0,
        "IS_RETURN_CUSTOMER": False,
        "WEBFORM_ID": 0,
        "EVER_CONVERTED": False,
    }


class DealRow(Row):
    """A deal; LEAD_ID points to the lead it came from."""

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {
        **_COMMON,
        **_MONEY,
        "OPENED": True,
        "TYPE_ID": "SALE",
        "CATEGORY_ID": 0,
        "STAGE_ID": "NEW",
        "STAGE_SEMANTIC_ID": "P",
        "CLOSED": False,
        "IS_NEW": True,
        "IS_RECURRING": False,
        "IS_RETURN_CUSTOMER": False,
        "IS_REPEATED_APPROACH": False,
        "COMPANY_ID": 0,
        "LEAD_ID": 0,
        "QUOTE_ID": 0,
    }


class ContactRow(Row):
    """A contact. COMPANY_IDS in binding order, the first is primary."""

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {
        **_COMMON,
        "OPENED": True,
        "EXPORT": True,
        "TYPE_ID": "CLIENT",
        "COMPANY_IDS": (),
        "LEAD_ID": 0,
    }


class CompanyRow(Row):
    """A company; its contacts are those whose COMPANY_IDS name it."""

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {
        **_COMMON,
        "OPENED": True,
        "COMPANY_TYPE": "CUSTOMER",
        "REVENUE": 0.0,
        "CURRENCY_ID": "PLN",
        "IS_MY_COMPANY": False,
        "LEAD_ID": 0,
    }


class QuoteRow(Row):
    """A quote, kept only so that what hangs on a lead can be seen and moved."""

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {
        **_COMMON,
        **_MONEY,
        "STAGE_ID": "DRAFT",
        "LEAD_ID": 0,
        "DEAL_ID": 0,
        "COMPANY_ID": 0,
        "CLOSED": False,
    }


class ProjectRow(Row):
    """A record of the smart process; PARENT_ID_1 is its lead, PARENT_ID_2 its deal."""

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {**_COMMON, "PARENT_ID_1": 0, "PARENT_ID_2": 0}


class ActivityRow(Row):
    """An activity. BINDINGS: ((entity type, id), …), the first is its OWNER.

    TYPE_ID 1 meeting, 2 call, 3 task, 4 e-mail, 6 provider; STATUS 1 waiting, 2 completed, 3 completed by itself.
    """

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {
        "TYPE_ID": 6,
        "PROVIDER_ID": "CRM_TODO",
        "PROVIDER_TYPE_ID": "TODO",
        "STATUS": 1,
        "COMPLETED": False,
        "RESPONSIBLE_ID": 1,
        "AUTHOR_ID": 1,
        "EDITOR_ID": 1,
        "PRIORITY": 2,
        "NOTIFY_TYPE": 0,
        "NOTIFY_VALUE": 0,
        "DESCRIPTION": "",
        "DESCRIPTION_TYPE": 1,
        "DIRECTION": 0,
        "LOCATION": "",
        "BINDINGS": (),
        "COMMUNICATIONS": (),
        "IS_INCOMING_CHANNEL": False,
        "AUTOCOMPLETE_RULE": 0,
        "RESULT_STATUS": 0,
        "RESULT_STREAM": 0,
        "RESULT_MARK": 0,
        "ASSOCIATED_ENTITY_ID": 0,
        "PARENT_ID": 0,
    }


class ProductRow(Row):
    """A product row; OWNER is ("L"|"D"|"Q", id)."""

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {
        "PRODUCT_ID": 0,
        "PRICE": 0.0,
        "QUANTITY": 1.0,
        "DISCOUNT_TYPE_ID": 2,
        "DISCOUNT_RATE": 0.0,
        "DISCOUNT_SUM": 0.0,
        "TAX_RATE": None,
        "TAX_INCLUDED": False,
        "CUSTOMIZED": True,
        "MEASURE_CODE": 796,
        "MEASURE_NAME": "pcs",
        "SORT": 10,
        "XML_ID": "",
        "TYPE": 4,
        "STORE_ID": None,
    }


class StatusRow(Row):
    """An entry of a directory (`crm.status`); SEMANTICS of stages: "P", "S", "F" (apology: F, not the first)."""

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {"SYSTEM": False, "SORT": 10, "CATEGORY_ID": None, "COLOR": None}


class UserfieldRow(Row):
    """A custom field. LIST of an enumeration: [{ID, SORT, VALUE, DEF, XML_ID}], ids private to the field."""

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {
        "MULTIPLE": False,
        "MANDATORY": False,
        "SHOW_FILTER": "E",
        "SHOW_IN_LIST": True,
        "EDIT_IN_LIST": True,
        "IS_SEARCHABLE": False,
        "SORT": 100,
        "XML_ID": None,
        "SETTINGS": {},
        "LIST": (),
        "STAGES": (),
    }


class PresetRow(Row):
    """A template of requisites. FIELDS: ((id, name, title, in short list, sort), …)."""

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {
        "ENTITY_TYPE_ID": 8,
        "CREATED_BY_ID": 1,
        "ACTIVE": True,
        "SORT": 500,
        "FIELDS": (),
    }


class CommentRow(Row):
    """A timeline comment. BINDINGS: ((entity type, id), …)."""

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {"AUTHOR_ID": 1, "FILES": (), "BINDINGS": ()}


class TaskRow(Row):
    """A task; UF_CRM_TASK: ("L_12", "D_5", …). STATUS 2 waiting, 3 in progress, 5 completed."""

    __slots__ = ()
    defaults: ClassVar[Mapping[str, Any]] = {
        "STATUS": 2,
        "PRIORITY": 1,
        "DESCRIPTION": "",
        "CREATED_BY": 1,
        "RESPONSIBLE_ID": 1,
        "UF_CRM_TASK": (),
        "GROUP_ID": 0,
    }


ROW_TYPES: Mapping[str, tuple[type[Row], tuple[str, ...]]] = {
    "leads": (LeadRow, ("STATUS_ID", "STATUS_SEMANTIC_ID", "CONTACT_IDS", "COMPANY_ID", "ORIGIN_ID")),
    "deals": (DealRow, ("CATEGORY_ID", "STAGE_ID", "LEAD_ID", "CONTACT_IDS", "COMPANY_ID", "ORIGIN_ID")),
    "contacts": (ContactRow, ("LEAD_ID", "COMPANY_IDS", "ORIGIN_ID")),
    "companies": (CompanyRow, ("LEAD_ID", "ORIGIN_ID")),
    "quotes": (QuoteRow, ("LEAD_ID", "DEAL_ID")),
    "projects": (ProjectRow, ("PARENT_ID_1", "PARENT_ID_2")),
    "activities": (ActivityRow, ("BINDINGS",)),
    "activity_types": (Row, ()),
    "product_rows": (ProductRow, ("OWNER",)),
    "statuses": (StatusRow, ("ENTITY_ID",)),
    "categories": (Row, ()),
    "userfields": (UserfieldRow, ("ENTITY_ID",)),
    "comments": (CommentRow, ("BINDINGS",)),
    "log_messages": (CommentRow, ("BINDINGS",)),
    "requisites": (Row, ("OWNER", "XML_ID")),
    "presets": (PresetRow, ()),
    "bank_details": (Row, ("ENTITY_ID",)),
    "addresses": (Row, ("OWNER",)),
    "tasks": (TaskRow, ("UF_CRM_TASK",)),
    "stage_history": (Row, ("OWNER",)),
    "notifications": (Row, ("USER_ID",)),
    "blog_posts": (Row, ()),
    "robots": (Row, ()),
    "triggers": (Row, ()),
    "workflow_templates": (Row, ()),
    "workflow_instances": (Row, ()),
    "files": (Row, ()),
    "traces": (Row, ()),
}
