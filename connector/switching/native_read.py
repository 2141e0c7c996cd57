"""Reads what Bitrix24's own conversion has made of leads: deals that name them, clients, product rows, activities. Must never write."""

from collections.abc import Iterable, Mapping, Sequence

from connector.bitrix.client import BitrixClient
from connector.planning.model import LeadPlan
from connector.switching.calls import COMPANY, CONTACT, DEAL, LEAD, Row
from connector.switching.native_judge import Actual


def read_actual(client: BitrixClient, plans: Mapping[int, LeadPlan]) -> dict[int, Actual]:
    """What the portal has now of these leads, in a few requests for all of them. Raises BitrixError; never answers in part."""
    leads = _by_id(client, LEAD, list(plans))
    had = {
        id_: {int(r["id"]) for r in p.snapshot.related if r.get("entity") == "deal"}
        for id_, p in plans.items()
    }
    deals: dict[int, list[Row]] = {id_: [] for id_ in plans}
    params = {"entityTypeId": DEAL, "select": ["*"]}
    for deal in client.children("crm.item.list", list(plans), parent_filter="@leadId", params=params):
        lead_id = int(str(deal["leadId"]))
        if int(str(deal["id"])) not in had[lead_id]:
            deals[lead_id].append(deal)
    for rows in deals.values():
        rows.sort(key=lambda row: int(row["id"]))
    first = {id_: rows[0] for id_, rows in deals.items() if rows}
    contacts = _by_id(client, CONTACT, [_client_id(row, "contact") for row in first.values()])
    companies = _by_id(client, COMPANY, [_client_id(row, "company") for row in first.values()])
    deal_rows = _rows(client, "D", [int(row["id"]) for row in first.values()])
    lead_rows = _rows(client, "L", [id_ for id_ in plans if id_ in leads])
    completed = _completed(client, plans.values())
    return {
        id_: Actual(
            lead=leads.get(id_),
            deals=deals[id_],
            rows=deal_rows.get(int(first[id_]["id"]), ()) if id_ in first else (),
            contact=contacts.get(_client_id(first[id_], "contact")) if id_ in first else None,
            company=companies.get(_client_id(first[id_], "company")) if id_ in first else None,
            completed=completed,
            lead_rows=lead_rows.get(id_, ()),
        )
        for id_ in plans
    }


def _client_id(deal: Row, entity: str) -> int:
    if entity == "company":
        return int(deal.get("companyId") or 0)
    return int((deal.get("contactIds") or [deal.get("contactId") or 0])[0])


def _by_id(client: BitrixClient, entity_type: int, ids: Sequence[int]) -> dict[int, Row]:
    wanted = sorted({id_ for id_ in ids if id_})
    params = {"entityTypeId": entity_type, "select": ["*"]}
    found: Iterable[Row] = (
        client.children("crm.item.list", wanted, parent_filter="@id", params=params) if wanted else ()
    )
    return {int(str(row["id"])): row for row in found}


def _rows(client: BitrixClient, owner_type: str, owners: Sequence[int]) -> dict[int, list[Row]]:
    groups: dict[int, list[Row]] = {}
    if owners:
        params = {"filter": {"=ownerType": owner_type}}
        method = "crm.item.productrow.list"
        for row in client.children(method, owners, parent_filter="=ownerId", params=params):
            groups.setdefault(int(str(row["ownerId"])), []).append(row)
    return groups


def _completed(client: BitrixClient, plans: Iterable[LeadPlan]) -> dict[int, bool]:
    """Which of the activities that were open are completed now; one that is not there any more is in neither."""
    ids = [activity.id for plan in plans for activity in plan.snapshot.activities if not activity.completed]
    if not ids:
        return {}
    params = {"select": ["ID", "COMPLETED"]}
    found = client.children("crm.activity.list", ids, parent_filter="@ID", params=params)
    return {int(str(row["ID"])): row.get("COMPLETED") in ("Y", True) for row in found}
