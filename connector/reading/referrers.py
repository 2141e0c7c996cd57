"""Through which fields other records point at leads, from what `crm.item.fields` and `crm.type.list` say. Sends nothing itself.

Custom fields of type crm name in their settings which types they take; one that takes a single type holds bare ids (rest_contract.md 8.0).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from connector.bitrix.batch import Command, Outcome
from connector.planning.model import Referrer, UserField

DEAL, CONTACT, COMPANY, QUOTE = 2, 3, 4, 7
_TAKES = ("LEAD", "CONTACT", "COMPANY", "DEAL", "QUOTE")


def smart_fields(smart: Iterable[Mapping[str, Any]] | None) -> list[Command]:
    """What to ask about the smart processes of `crm.type.list`."""
    ids = [int(str(kind.get("entityTypeId") or 0)) for kind in smart or ()]
    return [Command(f"smart_{id_}", "crm.item.fields", {"entityTypeId": id_}) for id_ in ids if id_]


def all_of(
    customs: Mapping[str, tuple[UserField, ...]],
    smart: Iterable[Mapping[str, Any]] | None,
    answers: Mapping[str, Outcome],
) -> tuple[Referrer, ...]:
    """All of them, by the answers to `smart_fields`; `smart` is None where smart processes could not be listed."""
    found = [of_quotes()]
    for entity, id_ in (("deal", DEAL), ("contact", CONTACT), ("company", COMPANY)):
        found += of_custom(id_, customs[entity])
    for kind in smart or ():
        id_ = int(str(kind.get("entityTypeId") or 0))
        outcome = answers.get(f"smart_{id_}")
        if outcome is not None and outcome.ok and isinstance(outcome.result, Mapping):
            fields = outcome.result.get("fields")
            if isinstance(fields, Mapping):
                found += of_smart(id_, str(kind.get("title") or id_), fields)
    return tuple(found)


def of_quotes() -> Referrer:
    """Quotes have a lead and a deal (`crm.item.*`, entityTypeId 7)."""
    return Referrer(QUOTE, "", "leadId", "dealId")


def of_smart(entity_type: int, title: str, fields: Mapping[str, Mapping[str, Any]]) -> list[Referrer]:
    """Those of one smart process, from its `crm.item.fields`: its relation to leads, and its custom fields."""
    found = []
    if "parentId1" in fields:
        found.append(Referrer(entity_type, title, "parentId1", "parentId2" if "parentId2" in fields else ""))
    for key, row in fields.items():
        if row.get("type") == "crm":
            field = _of_field(entity_type, title, key, str(row.get("title") or key), row.get("settings"))
            found += [field] if field else []
    return found


def of_custom(entity_type: int, fields: Iterable[UserField]) -> list[Referrer]:
    """Custom fields of deals, contacts or companies that take leads."""
    found = (
        _of_field(entity_type, "", f.key or f.name, f.label, f.settings) for f in fields if f.type == "crm"
    )
    return [field for field in found if field]


def _of_field(entity_type: int, title: str, key: str, label: str, settings: object) -> Referrer | None:
    given: Mapping[str, Any] = settings if isinstance(settings, Mapping) else {}
    takes = [name for name in _TAKES if given.get(name) in ("Y", True, "1", 1)]
    takes += [name for name, value in given.items() if name.startswith("DYNAMIC_") and value in ("Y", True)]
    if "LEAD" not in takes:
        return None
    return Referrer(entity_type, title, key, key if "DEAL" in takes else "", label, plain=takes == ["LEAD"])
