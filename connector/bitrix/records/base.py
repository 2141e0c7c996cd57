"""What Bitrix24 answers look like underneath: one field, several spellings and types. Shared by all records.

Tolerant where the platform is (ids as numbers or strings, "" and false for null, [] for an empty map, camelCase of
crm.item.* beside UPPER_CASE of the older families), strict where a guess would lose data: a value of the wrong kind is
refused, and unknown keys are kept in `model_extra`, never dropped.

Source: doc pages api-reference/data-types.md, settings/how-to-call-rest-api/general-principles.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AliasChoices, AliasGenerator, BaseModel, BeforeValidator, ConfigDict


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _spellings(name: str) -> AliasChoices:
    return AliasChoices(_camel(name), name.upper(), name)


class Record(BaseModel):
    """One object of an answer. Immutable; keys without a field stay in `model_extra` as they were sent."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        populate_by_name=True,
        alias_generator=AliasGenerator(validation_alias=_spellings),
    )

    @property
    def custom(self) -> dict[str, Any]:
        """Custom fields (UF_CRM_…, ufCrm_…) by the name as sent."""
        return {
            name: value
            for name, value in (self.model_extra or {}).items()
            if name.upper().startswith(("UF_", "UFCRM"))
        }

    @property
    def parents(self) -> dict[int, int]:
        """Links to smart processes: entity type id → item id, from parentId1220 / PARENT_ID_1220. Empty ones left out."""
        links: dict[int, int] = {}
        for name, value in (self.model_extra or {}).items():
            key = name.upper().replace("_", "")
            if key.startswith("PARENTID") and key[8:].isdigit() and value not in (None, "", 0, "0", False):
                links[int(key[8:])] = int(value)
        return links


def spelled(*names: str) -> AliasChoices:
    """The spellings of a field whose names differ between the families."""
    return AliasChoices(*names)


def _id(value: object) -> object:
    if isinstance(value, str) and value.strip().lstrip("-").isdigit():
        return int(value)
    if isinstance(value, bool):
        raise ValueError("an id is not a boolean")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _maybe_id(value: object) -> object:
    return None if value in (None, "", "0", 0, False) else _id(value)


def _flag(value: object) -> object:
    table = {"y": True, "n": False, "1": True, "0": False, "true": True, "false": False, "": False}
    if isinstance(value, str):
        known = table.get(value.strip().lower())
        if known is None:
            raise ValueError("not Y or N")
        return known
    if value is None:
        return False
    return bool(value) if value in (0, 1) else value


def _text(value: object) -> object:
    if value in (None, [], {}) or value is False:
        return ""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    return value


def _amount(value: object) -> object:
    if value in (None, "", False):
        return None
    if isinstance(value, bool):
        raise ValueError("an amount is not a boolean")
    try:
        # By way of the decimal text: 999.9 must not become 999.899999…
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError("not an amount") from None


def _when(value: object) -> object:
    if value in (None, "", False, {}, []):
        return None
    return value


def _map(value: object) -> object:
    return {} if value in (None, "", False) or value == [] else value


def _rows(value: object) -> object:
    if value in (None, "", False) or value == {}:
        return []
    # PHP turns a list with gaps in its numbers into a map.
    if isinstance(value, Mapping):
        return list(value.values())
    return value


def _scopes(value: object) -> object:
    # The documentation writes commas in one place and spaces in another.
    if isinstance(value, str):
        return tuple(part for part in value.replace(",", " ").split() if part)
    return value or ()


Id = Annotated[int, BeforeValidator(_id)]
MaybeId = Annotated[int | None, BeforeValidator(_maybe_id)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Text = Annotated[str, BeforeValidator(_text)]
Amount = Annotated[Decimal | None, BeforeValidator(_amount)]
When = Annotated[datetime | None, BeforeValidator(_when)]
Ids = Annotated[list[Id], BeforeValidator(_rows)]
Map = Annotated[dict[str, Any], BeforeValidator(_map)]
Scopes = Annotated[tuple[str, ...], BeforeValidator(_scopes)]
Rows = BeforeValidator(_rows)
EmptyMap = BeforeValidator(_map)
