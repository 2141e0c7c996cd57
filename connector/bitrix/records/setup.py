"""Records about how the CRM is set up: pipelines, stages and directories, field descriptions, custom fields, currencies.

Sources: doc pages crm-category-*.md, crm-status-*.md, crm-item-fields.md, *-userfield-*.md, userfieldconfig-*.md.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from connector.bitrix.records.base import (
    Amount,
    EmptyMap,
    Flag,
    Id,
    Map,
    MaybeId,
    Record,
    Rows,
    Text,
    spelled,
)


class Category(Record):
    """A pipeline (`crm.category.list`); the default one of deals has id 0."""

    id: Id
    name: Text
    sort: Id = 0
    entity_type_id: MaybeId = None
    is_default: Flag = False
    origin_id: Text = ""
    originator_id: Text = ""


Semantics = Literal["P", "S", "F"]
_PROCESS = {"process": "P", "success": "S", "failure": "F", "apology": "F"}


class StatusExtra(Record):
    """`EXTRA` of stages: the same semantics in words."""

    semantics: Text = ""
    color: Text = ""


class DictionaryValue(Record):
    """A row of `crm.status.list`: a stage of leads or deals, a source, a honorific. `system` ones cannot be deleted."""

    id: Id
    entity_id: str
    status_id: str
    name: Text = ""
    name_init: Text = ""
    sort: Id = 0
    system: Flag = False
    category_id: Annotated[int | None, Field(default=None)] = None
    color: Text = ""
    semantics: Text = ""
    extra_info: Annotated[StatusExtra | None, EmptyMap, Field(validation_alias=spelled("EXTRA", "extra"))] = (
        None
    )

    @field_validator("category_id", mode="before")
    @classmethod
    def _category(cls, value: object) -> object:
        # 0 is the default pipeline, so an empty value and zero must stay apart.
        return None if value in (None, "", False) else value

    @property
    def stage_semantics(self) -> Semantics:
        """P in work, S success, F failure. Raises ValueError for a word that is not known."""
        if self.semantics in ("S", "F"):
            return "S" if self.semantics == "S" else "F"
        word = self.extra_info.semantics if self.extra_info else ""
        if self.semantics in ("", "P") and not word:
            return "P"
        known = _PROCESS.get(word)
        if known is None:
            raise ValueError(f"unknown stage semantics {self.semantics!r} {word!r}")
        return "P" if known == "P" else "S" if known == "S" else "F"


class FieldInfo(Record):
    """One entry of `crm.item.fields` or `crm.*.fields`; its name is the key of the map."""

    type: str
    is_required: Flag = False
    is_read_only: Flag = False
    is_immutable: Flag = False
    is_multiple: Flag = False
    is_dynamic: Flag = False
    title: Text = ""
    upper_name: Text = ""
    status_type: Annotated[str | list[str], Field(default="")] = ""
    items: Annotated[list[dict[str, Any]], Rows] = Field(default_factory=list)
    settings: Map = Field(default_factory=dict)
    list_label: Text = ""
    form_label: Text = ""

    @field_validator("status_type", mode="before")
    @classmethod
    def _status_type(cls, value: object) -> object:
        return "" if value in (None, False, []) else value


def fields_of(result: object) -> dict[str, FieldInfo]:
    """The map of `crm.item.fields` (under `fields`) or of an older `crm.*.fields` (the result itself).

    Raises ValueError if it is no map of fields.
    """
    inner = result.get("fields", result) if isinstance(result, dict) else result
    if not isinstance(inner, dict):
        raise ValueError("not a map of fields")
    return {name: FieldInfo.model_validate(info) for name, info in inner.items()}


class EnumItem(Record):
    """A value of an enumeration field; its id is private to that field."""

    id: Id
    value: Text
    sort: Id = 0
    is_default: Annotated[Flag, Field(validation_alias=spelled("DEF", "def"))] = False
    xml_id: Text = ""


class UserField(Record):
    """A custom field, of `crm.*.userfield.list` or `userfieldconfig.list`. Labels are text or a map by language."""

    id: Id
    entity_id: Text = ""
    field_name: str
    user_type_id: str
    xml_id: Text = ""
    sort: Id = 0
    multiple: Flag = False
    mandatory: Flag = False
    show_filter: Text = ""
    settings: Map = Field(default_factory=dict)
    values: Annotated[
        list[EnumItem], Rows, Field(default_factory=list, validation_alias=spelled("LIST", "enum", "list"))
    ]
    edit_form_label: Annotated[dict[str, Text] | str, Field(default="")] = ""
    list_column_label: Annotated[dict[str, Text] | str, Field(default="")] = ""
    list_filter_label: Annotated[dict[str, Text] | str, Field(default="")] = ""

    @field_validator("edit_form_label", "list_column_label", "list_filter_label", mode="before")
    @classmethod
    def _label(cls, value: object) -> object:
        return "" if value in (None, False) or value == [] else value

    def label(self, language: str = "en") -> str:
        """What people call the field: form label, else column label, else its name."""
        for label in (self.edit_form_label, self.list_column_label):
            if isinstance(label, dict):
                text = label.get(language) or label.get("en") or next(filter(None, label.values()), "")
            else:
                text = label
            if text:
                return text
        return self.field_name


class Currency(Record):
    """A row of `crm.currency.list`."""

    currency: str
    full_name: Text = ""
    base: Flag = False
    amount: Amount = None
    amount_cnt: Amount = None
    sort: MaybeId = None


class DuplicateHits(Record):
    """`crm.duplicate.findbycomm`: ids by kind; no hits arrive as []."""

    lead: list[Id] = Field(default_factory=list)
    contact: list[Id] = Field(default_factory=list)
    company: list[Id] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: object) -> object:
        return {} if value == [] or value is None else value
