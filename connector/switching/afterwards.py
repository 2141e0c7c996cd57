"""What is looked at once more when all is done: records that must stay are counted, records that were created are sampled. Reads only.

Before the mode is changed to Classic CRM everything is counted; afterwards only what was there then is counted again (up to the highest
id of then): new records are nobody's fault.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.bitrix.batch import Command
from connector.bitrix.client import BitrixClient
from connector.errors import BitrixError
from connector.switching.calls import COMPANY, CONTACT, DEAL, LEAD, Row
from connector.switching.probes import same

KINDS: Mapping[str, int] = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}


def count(client: BitrixClient) -> Row:
    """`{entity: {"highest": id, "count": n}}` of all records that our user may see. Raises BitrixError."""
    newest = {"select": ["id"], "order": {"id": "DESC"}}
    found = client.batch(
        Command(name, "crm.item.list", {"entityTypeId": kind, **newest}) for name, kind in KINDS.items()
    )
    answer: Row = {}
    for name in KINDS:
        if not found[name].ok:
            raise found[name].error or BitrixError(portal=client.portal, method=found[name].method)
        rows: Any = found[name].result
        highest = max((int(row["id"]) for row in rows["items"]), default=0)
        answer[name] = {"highest": highest, "count": found[name].total or 0}
    return answer


def compare(client: BitrixClient, before: Mapping[str, Any]) -> Row:
    """`{entity: {"before": n, "now": n}}` for the records of then; `before` is what `count` has told. Raises BitrixError."""
    found = client.batch(
        Command(
            name,
            "crm.item.list",
            {"entityTypeId": KINDS[name], "select": ["id"], "filter": {"<=id": before[name]["highest"]}},
        )
        for name in before
    )
    answer: Row = {}
    for name in before:
        if not found[name].ok:
            raise found[name].error or BitrixError(portal=client.portal, method=found[name].method)
        answer[name] = {"before": before[name]["count"], "now": found[name].total or 0}
    return answer


SAMPLE = 50
"""How many converted leads are looked at once more; spread over the run."""


def spread(items: Sequence[Row]) -> list[Row]:
    """At most `SAMPLE` of them, at even distances, the first and the last among them."""
    if len(items) <= SAMPLE:
        return list(items)
    return [items[round(place * (len(items) - 1) / (SAMPLE - 1))] for place in range(SAMPLE)]


def sample(client: BitrixClient, leads: Sequence[Row]) -> Row:
    """Whether what was created for `leads` (`{"id", "deal", "contact", "company"}`, ids or None) is there.

    `{"leads": n, "deal": {"asked": n, "found": n}, …, "missing": [{"entity", "id", "lead"}]}`; a deal that names another lead counts as
    missing. Raises BitrixError.
    """
    chosen = spread(leads)
    answer: Row = {"leads": len(chosen), "missing": []}
    for name, kind in KINDS.items():
        wanted = {int(lead[name]): int(lead["id"]) for lead in chosen if lead.get(name)}
        if not wanted:
            continue
        params = {"entityTypeId": kind, "select": ["id", "leadId"]}
        rows = client.children("crm.item.list", sorted(wanted), parent_filter="@id", params=params)
        found = {
            int(str(row["id"]))
            for row in rows
            if name != "deal" or same(row.get("leadId"), wanted[int(str(row["id"]))])
        }
        answer[name] = {"asked": len(wanted), "found": len(found)}
        answer["missing"] += [
            {"entity": name, "id": id_, "lead": lead} for id_, lead in wanted.items() if id_ not in found
        ]
    return answer


def further(client: BitrixClient, leads: Sequence[Row]) -> list[Row]:
    """Deals of converted leads that are not ours and came while the run was at work: somebody converted the same lead in the same moment,
    which no look before the close can rule out, or a robot copied a deal. `[{"lead", "deals"}]`. Raises BitrixError.
    """
    ours = {int(lead["id"]): int(lead["deal"]) for lead in leads if lead.get("deal")}
    if not ours:
        return []
    first, found = min(ours.values()), dict[int, list[int]]()
    params = {"entityTypeId": DEAL, "select": ["id", "leadId"]}
    for row in client.children("crm.item.list", sorted(ours), parent_filter="@leadId", params=params):
        id_, lead_id = int(str(row["id"])), int(str(row["leadId"]))
        if id_ > first and id_ != ours[lead_id]:
            found.setdefault(lead_id, []).append(id_)
    return [{"lead": lead_id, "deals": sorted(ids)} for lead_id, ids in sorted(found.items())]
