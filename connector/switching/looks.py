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
    """`read` builds the list command for some ids, `owner` tells whose a row is, `many` whether one id may have several rows.

    With `in_doubt`, a joint answer may fail to say whose its rows are, and joint questions are asked only of a portal that was seen to
    understand them (`Choice.joint`).
    """

    read: Callable[[Sequence[int]], Read]
    owner: Callable[[Row], int]
    many: bool = False
    in_doubt: bool = False


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


def bound_to(entity_type: int, ids: Sequence[int]) -> Read:
    """All activities bound to any of these records, open and completed, whoever owns them (`crm.activity.list` by BINDINGS).

    That one of several pairs is enough is what the tutorial get-activity-list-by-deals.md shows; the page of the method can be read
    otherwise, and says that an activity bound to two of them comes twice. Activities may be taken off while pages are read, hence `above`.
    """
    bindings = [{"OWNER_TYPE_ID": entity_type, "OWNER_ID": id_} for id_ in ids]
    params = {"filter": {"BINDINGS": bindings}, "select": list(ACTIVITY_FIELDS), "order": {"ID": "ASC"}}
    return Read("crm.activity.list", params, whole=True, above="ID")


def owning_lead(row: Row) -> int:
    """The lead that owns an activity; 0 when something else does."""
    return int(row["OWNER_ID"]) if int(row["OWNER_TYPE_ID"]) == LEAD else 0


LOOKS: Mapping[str, LookKind] = {
    "lead": _items(LEAD),
    "deal": _items(DEAL),
    "contact": _items(CONTACT),
    "company": _items(COMPANY),
    "lead-rows": _product_rows("L"),
    "deal-rows": _product_rows("D"),
    "activity": LookKind(_activities, lambda row: int(row["ID"])),
    "lead-activities": LookKind(lambda ids: bound_to(LEAD, ids), owning_lead, many=True, in_doubt=True),
}


def activities_of(entity_type: int, entity_id: int) -> Read:
    """All activities bound to one record, open and completed, whoever owns them."""
    return bound_to(entity_type, [entity_id])


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


def spread(kind: str, ids: Sequence[int], rows: Sequence[Row]) -> dict[int, Any] | None:
    """The rows of a joint read, each to the id that asked: a list where one id may have several, else the row or None.

    None when they do not say whose they are: owned by something else, or bound to more than one of those who asked.
    """
    look = LOOKS[kind]
    if look.in_doubt and len(ids) > 1:
        strange = {look.owner(row) for row in rows} - set(ids)
        if strange or len({row["ID"] for row in rows}) < len(rows):
            return None
    if look.in_doubt and len(ids) == 1:
        return {ids[0]: list(rows)}
    if look.many:
        groups: dict[int, list[Row]] = {id_: [] for id_ in ids}
        for row in rows:
            if look.owner(row) in groups:
                groups[look.owner(row)].append(row)
        return dict(groups)
    found = {look.owner(row): row for row in rows}
    return {id_: found.get(id_) for id_ in ids}
