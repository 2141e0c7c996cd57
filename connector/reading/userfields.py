"""Custom fields from what two REST families say about them. Must never call the portal.

`crm.*.userfield.list` knows whether a field is required and its enumeration; `crm.item.fields` knows its name in `crm.item.*` and its
label in the language of the user, which is what Bitrix24 compares when it matches fields.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from connector.planning.model import UserField


def user_fields(
    rows: Iterable[Mapping[str, Any]], described: Mapping[str, Mapping[str, Any]]
) -> tuple[UserField, ...]:
    """Custom fields of one entity. `rows` of userfield.list (may be empty without rights), `described` by crm.item.fields."""
    keys = {
        str(d.get("upperName")): key
        for key, d in described.items()
        if str(d.get("upperName", "")).startswith("UF_")
    }
    found = {
        str(row["FIELD_NAME"]): _of_row(row, keys.get(str(row["FIELD_NAME"]), ""), described) for row in rows
    }
    for name, key in keys.items():
        if name not in found:
            found[name] = _of_description(name, key, described[key])
    return tuple(found[name] for name in sorted(found))


def _of_row(row: Mapping[str, Any], key: str, described: Mapping[str, Mapping[str, Any]]) -> UserField:
    name = str(row["FIELD_NAME"])
    more = described.get(key, {})
    return UserField(
        name=name,
        type=str(row.get("USER_TYPE_ID") or more.get("type") or ""),
        multiple=_yes(row.get("MULTIPLE")),
        mandatory=_yes(row.get("MANDATORY")),
        label=str(more.get("title") or _label(row.get("EDIT_FORM_LABEL")) or name),
        key=key or _key(name),
        enum=_enum(row.get("LIST") or more.get("items")),
        settings=_settings(row.get("SETTINGS") or more.get("settings")),
    )


def _of_description(name: str, key: str, described: Mapping[str, Any]) -> UserField:
    return UserField(
        name=name,
        type=str(described.get("type") or ""),
        multiple=_yes(described.get("isMultiple")),
        mandatory=_yes(described.get("isRequired")),
        label=str(described.get("title") or name),
        key=key,
        enum=_enum(described.get("items")),
        settings=_settings(described.get("settings")),
    )


def _yes(value: object) -> bool:
    return value in (True, "Y", 1, "1")


def _label(value: object) -> str:
    if isinstance(value, Mapping):
        return str(next(iter(value.values()), ""))
    return str(value or "")


def _enum(value: object) -> dict[int, str]:
    rows = value if isinstance(value, list) else []
    return {
        int(row["ID"]): str(row.get("VALUE") or "")
        for row in rows
        if isinstance(row, Mapping) and row.get("ID")
    }


def _settings(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _key(name: str) -> str:
    """`UF_CRM_1720` → `ufCrm_1720`, for a field that crm.item.fields does not describe (rest_contract.md 8.0)."""
    tail = name.removeprefix("UF_CRM_")
    if tail[:1].isdigit():
        return f"ufCrm_{tail}"
    return "ufCrm" + "".join(part.capitalize() for part in tail.lower().split("_"))
