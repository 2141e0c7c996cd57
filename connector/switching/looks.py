"""Records that many leads need at once, read together: one list command for up to fifty ids. Data and pure functions; sends nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.switching.calls import COMPANY, CONTACT, DEAL, LEAD, Read, Row

PAGE = 50
"""Rows on one page of any Bitrix24 list (settings/how-to-call-rest-api/list-methods-pecularities.md)."""

ACTIVITY_FIELDS = (
    "ID",
    "OWNER_ID",
    "OWNER_TYPE_ID",
    "TYPE_ID",
    "PROVIDER_ID",
    "PROVIDER_TYPE_ID",
    "SUBJECT",
    "COMPLETED",
)


@dataclass(frozen=True, slots=True)
class LookKind:
    """`read` builds the list command for some ids, `owner` tells whose a row is, `many` whether one id may have several rows."""

    read: Callable[[Sequence[int]], Read]
    owner: Callable[[Row], int]
    many: bool = False


def _items(entity_type: int) -> LookKind:
    def read(ids: Sequence[int]) -> Read:
        params = {
            "entityTypeId": entity_type,
            "select": ["*"],
            "filter": {"@id": list(ids)},
            "order": {"id": "ASC"},
        }
        return Read("crm.item.list", params, whole=True, rows="items")

    return LookKind(read, lambda row: int(row["id"]))


def _product_rows(owner_type: str) -> LookKind:
    def read(ids: Sequence[int]) -> Read:
        params = {"filter": {"=ownerType": owner_type, "=ownerId": list(ids)}, "order": {"id": "ASC"}}
        return Read("crm.item.productrow.list", params, whole=True, rows="productRows")

    return LookKind(read, lambda row: int(row["ownerId"]), many=True)


def _activities(ids: Sequence[int]) -> Read:
    params = {"filter": {"@ID": list(ids)}, "select": list(ACTIVITY_FIELDS), "order": {"ID": "ASC"}}
    return Read("crm.activity.list", params, whole=True)


LOOKS: Mapping[str, LookKind] = {
    "lead": _items(LEAD),
    "deal": _items(DEAL),
    "contact": _items(CONTACT),
    "company": _items(COMPANY),
    "lead-rows": _product_rows("L"),
    "deal-rows": _product_rows("D"),
    "activity": LookKind(_activities, lambda row: int(row["ID"])),
}


def activities_of(entity_type: int, entity_id: int) -> Read:
    """All activities bound to one record, open and completed, whoever owns them (`crm.activity.list` by one BINDINGS pair)."""
    bindings = [{"OWNER_TYPE_ID": entity_type, "OWNER_ID": entity_id}]
    params = {"filter": {"BINDINGS": bindings}, "select": list(ACTIVITY_FIELDS), "order": {"ID": "ASC"}}
    return Read("crm.activity.list", params, whole=True)


def comments_of(entity: str, entity_id: int) -> Read:
    """All timeline comments shown with one record (`crm.timeline.comment.list`); `entity` is `lead`, `deal`, `contact` or `company`."""
    params = {
        "filter": {"ENTITY_ID": entity_id, "ENTITY_TYPE": entity},
        "select": ["ID"],
        "order": {"ID": "ASC"},
    }
    return Read("crm.timeline.comment.list", params, whole=True)


def pointing_at(entity_type: int, field: str, id_: int) -> Read:
    """Records of one type that point at a contact (`contactIds`) or company (`companyId`)."""
    params = {
        "entityTypeId": entity_type,
        "select": ["id"],
        "filter": {f"={field}": id_},
        "order": {"id": "ASC"},
    }
    return Read("crm.item.list", params, whole=True, rows="items")


def spread(kind: str, ids: Sequence[int], rows: Sequence[Row]) -> dict[int, Any]:
    """The rows of a joint read, each to the id that asked: a list where one id may have several, else the row or None."""
    look = LOOKS[kind]
    if look.many:
        groups: dict[int, list[Row]] = {id_: [] for id_ in ids}
        for row in rows:
            if look.owner(row) in groups:
                groups[look.owner(row)].append(row)
        return dict(groups)
    found = {look.owner(row): row for row in rows}
    return {id_: found.get(id_) for id_ in ids}
