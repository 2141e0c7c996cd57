"""Leads, deals, contacts, companies and what hangs on them. One record for both families of methods.

The names are those of crm.item.* in Python spelling; where the older family calls a field differently, both are read.
Sources: doc pages api-reference/crm/universal/{crm-item-get,object-fields}.md, crm/{leads,deals,contacts,companies}/*.md,
product-rows/*.md, requisites/**.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from connector.bitrix.records.base import Amount, Flag, Id, Ids, MaybeId, Record, Rows, Text, When, spelled

_MULTIFIELDS = ("PHONE", "EMAIL", "WEB", "IM", "LINK")


class Multifield(Record):
    """One phone, e-mail, site or messenger. An open-line address is an IM with value type OPENLINE."""

    id: MaybeId = None
    type_id: Text
    value_type: Text = ""
    value: Text = ""


def _gathered(value: Any) -> Any:
    """The older family keeps each kind under its own key; crm.item.* has one list `fm`."""
    if not isinstance(value, Mapping) or "fm" in value:
        return value
    gathered = []
    for kind in _MULTIFIELDS:
        rows = value.get(kind)
        if isinstance(rows, list):
            gathered += [{"TYPE_ID": kind, **row} for row in rows if isinstance(row, Mapping)]
    return {**value, "fm": gathered} if gathered else value


class _Entity(Record):
    id: Id
    title: Text = ""
    assigned_by_id: MaybeId = None
    opened: Flag = False
    comments: Text = ""
    source_id: Text = ""
    source_description: Text = ""
    originator_id: Text = ""
    origin_id: Text = ""
    created_by: Annotated[MaybeId, Field(validation_alias=spelled("createdBy", "CREATED_BY_ID"))] = None
    updated_by: Annotated[MaybeId, Field(validation_alias=spelled("updatedBy", "MODIFY_BY_ID"))] = None
    created_time: Annotated[When, Field(validation_alias=spelled("createdTime", "DATE_CREATE"))] = None
    updated_time: Annotated[When, Field(validation_alias=spelled("updatedTime", "DATE_MODIFY"))] = None
    last_activity_time: When = None
    last_activity_by: MaybeId = None
    observers: Ids = Field(default_factory=list)
    utm_source: Text = ""
    utm_medium: Text = ""
    utm_campaign: Text = ""
    utm_content: Text = ""
    utm_term: Text = ""


class _Staged(_Entity):
    moved_by: Annotated[MaybeId, Field(validation_alias=spelled("movedBy", "MOVED_BY_ID"))] = None
    moved_time: When = None
    opportunity: Amount = None
    currency_id: Text = ""
    is_manual_opportunity: Flag = False
    company_id: MaybeId = None
    contact_id: MaybeId = None
    contact_ids: Ids = Field(default_factory=list)
    webform_id: MaybeId = None


class Lead(_Staged):
    """A lead (entity type 1). `stage_semantic_id` P = active, S = converted, F = lost; nothing else is accepted."""

    stage_id: Annotated[str, Field(min_length=1, validation_alias=spelled("stageId", "STATUS_ID"))]
    stage_semantic_id: Annotated[
        Literal["P", "S", "F"], Field(validation_alias=spelled("stageSemanticId", "STATUS_SEMANTIC_ID"))
    ]
    status_description: Text = ""
    is_return_customer: Flag = False
    honorific: Text = ""
    name: Text = ""
    second_name: Text = ""
    last_name: Text = ""
    birthdate: When = None
    post: Text = ""
    company_title: Text = ""
    date_closed: When = None
    has_phone: Flag = False
    has_email: Flag = False
    has_imol: Flag = False
    fm: Annotated[list[Multifield], Rows] = Field(default_factory=list)

    _fm = model_validator(mode="before")(_gathered)


class Deal(_Staged):
    """A deal (entity type 2). `category_id` 0 is the default pipeline."""

    category_id: Id = 0
    stage_id: Annotated[str, Field(min_length=1)]
    stage_semantic_id: Annotated[Literal["P", "S", "F"] | None, Field(default=None)] = None
    lead_id: MaybeId = None
    quote_id: MaybeId = None
    type_id: Text = ""
    probability: Amount = None
    tax_value: Amount = None
    begindate: When = None
    closedate: When = None
    closed: Flag = False
    is_recurring: Flag = False
    is_return_customer: Flag = False
    is_repeated_approach: Flag = False
    additional_info: Text = ""
    location_id: Text = ""


class Contact(_Entity):
    """A contact (entity type 3)."""

    honorific: Text = ""
    name: Text = ""
    second_name: Text = ""
    last_name: Text = ""
    birthdate: When = None
    post: Text = ""
    type_id: Text = ""
    company_id: MaybeId = None
    company_ids: Ids = Field(default_factory=list)
    lead_id: MaybeId = None
    origin_version: Text = ""
    export: Flag = False
    has_phone: Flag = False
    has_email: Flag = False
    fm: Annotated[list[Multifield], Rows] = Field(default_factory=list)

    _fm = model_validator(mode="before")(_gathered)


class Company(_Entity):
    """A company (entity type 4)."""

    type_id: Annotated[Text, Field(validation_alias=spelled("typeId", "COMPANY_TYPE"))] = ""
    industry: Text = ""
    employees: Text = ""
    revenue: Amount = None
    currency_id: Text = ""
    banking_details: Text = ""
    is_my_company: Flag = False
    contact_ids: Ids = Field(default_factory=list)
    lead_id: MaybeId = None
    origin_version: Text = ""
    has_phone: Flag = False
    has_email: Flag = False
    fm: Annotated[list[Multifield], Rows] = Field(default_factory=list)

    _fm = model_validator(mode="before")(_gathered)


class ContactLink(Record):
    """A row of `crm.{lead,deal,company}.contact.items.get`."""

    contact_id: Id
    sort: Id = 0
    role_id: Id = 0
    is_primary: Flag = False


class CompanyLink(Record):
    """A row of `crm.contact.company.items.get`."""

    company_id: Id
    sort: Id = 0
    role_id: Id = 0
    is_primary: Flag = False


class ProductRow(Record):
    """A product row; `owner_type` L lead, D deal. Amounts are exact decimals."""

    id: MaybeId = None
    owner_id: MaybeId = None
    owner_type: Text = ""
    product_id: MaybeId = None
    product_name: Text = ""
    price: Amount
    quantity: Amount
    price_exclusive: Amount = None
    price_netto: Amount = None
    price_brutto: Amount = None
    price_account: Amount = None
    discount_type_id: MaybeId = None
    discount_rate: Amount = None
    discount_sum: Amount = None
    tax_rate: Amount = None
    tax_included: Flag = False
    customized: Flag = False
    measure_code: MaybeId = None
    measure_name: Text = ""
    sort: Id = 0
    xml_id: Text = ""
    type: MaybeId = None
    store_id: MaybeId = None


class Requisite(Record):
    """A requisite of a contact (3) or company (4); its RQ_* fields stay in `model_extra`."""

    id: Id
    entity_type_id: Id
    entity_id: Id
    preset_id: MaybeId = None
    name: Text = ""
    code: Text = ""
    xml_id: Text = ""
    active: Flag = True
    address_only: Flag = False
    sort: MaybeId = None


class Address(Record):
    """An address; its key is type, owner type and owner. Owner type 8 is a requisite, 1 a lead."""

    type_id: Id
    entity_type_id: Id
    entity_id: Id
    address_1: Annotated[Text, Field(validation_alias=spelled("ADDRESS_1", "address1"))] = ""
    address_2: Annotated[Text, Field(validation_alias=spelled("ADDRESS_2", "address2"))] = ""
    city: Text = ""
    postal_code: Text = ""
    region: Text = ""
    province: Text = ""
    country: Text = ""
    country_code: Text = ""
    loc_addr_id: MaybeId = None
    anchor_type_id: MaybeId = None
    anchor_id: MaybeId = None


class StageStep(Record):
    """A row of `crm.stagehistory.list`; `type_id` 1 created, 2 intermediate, 3 final, 5 pipeline changed."""

    id: Id
    type_id: Id
    owner_id: Id
    created_time: When = None
    stage_id: Annotated[Text, Field(validation_alias=spelled("STAGE_ID", "STATUS_ID"))] = ""
    stage_semantic_id: Annotated[
        Text, Field(validation_alias=spelled("STAGE_SEMANTIC_ID", "STATUS_SEMANTIC_ID"))
    ] = ""
    category_id: Annotated[int | None, Field(default=None)] = None
