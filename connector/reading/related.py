"""What else points at leads: deals, quotes, tasks, smart-process records, custom fields of other records. Must never write.

What a user may not read is a note and not an error: a plan can be made without it, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connector.errors import LeadswitchError
from connector.planning.model import PortalFacts, Referrer
from connector.planning.products import IDENTITY

from .clients import Gate
from .pool import Pool, Row

SET = 500
Found = dict[int, list[Row]]
_UNREAD = {7: "quotes-unread"}


class RelatedReader:
    """Reads for one block of leads after the other; `notes` collects codes of findings about what could not be read."""

    def __init__(self, pool: Pool, facts: PortalFacts, notes: set[str]) -> None:
        self._pool, self._notes = pool, notes
        self._referrers = facts.referrers
        self._tasks = True

    def read(self, ids: list[int], found: Found, gate: Gate) -> None:
        """Ask for everything that points at `ids`; `found` is filled by lead before `gate` opens."""
        self._deals(ids, found, gate)
        for start in range(0, len(ids), SET):
            some = ids[start : start + SET]
            for referrer in self._referrers:
                self._records(referrer, some, found, gate)
            if self._tasks:
                self._read_tasks(some, found, gate)

    def _deals(self, ids: list[int], found: Found, gate: Gate) -> None:
        """Deals that leads have already, from robots or earlier conversions, with their product rows."""
        deals: dict[int, Row] = {}

        def came(row: Row) -> None:
            deal: Row = {"entity": "deal", "id": int(str(row["ID"])), "title": str(row.get("TITLE") or "")}
            deals[int(str(row["ID"]))] = deal
            found.setdefault(int(str(row["LEAD_ID"])), []).append(deal)

        def row_came(row: Row) -> None:
            rows = deals[int(str(row["ownerId"]))].setdefault("rows", [])
            assert isinstance(rows, list)
            rows.append({name: row.get(name) for name in IDENTITY})

        def end() -> None:
            if deals:
                gate.hold()
                params = {"filter": {"=ownerType": "D", "=ownerId": list(deals)}}
                self._pool.read_list("crm.item.productrow.list", params, row_came, gate.free)
            gate.free()

        gate.hold()
        params = {"select": ["ID", "TITLE", "LEAD_ID"], "filter": {"@LEAD_ID": ids}}
        self._pool.read_list(
            "crm.deal.list", params, came, end, on_refused=self._unread("deals-unread", gate)
        )

    def _records(self, referrer: Referrer, ids: list[int], found: Found, gate: Gate) -> None:
        field, target = referrer.field, referrer.target
        wanted = {_value(referrer, id_): id_ for id_ in ids}

        def came(row: Row) -> None:
            record: Row = {
                "entity": "record",
                "type": referrer.entity_type,
                "id": int(str(row["id"])),
                "title": str(row.get("title") or ""),
                "field": field,
                "taken": bool(referrer.by_relation and target and int(str(row.get(target) or 0))),
            }
            for lead in _leads_in(row.get(field), wanted):
                found.setdefault(lead, []).append(dict(record))

        gate.hold()
        params = {
            "entityTypeId": referrer.entity_type,
            "select": list(dict.fromkeys(["id", "title", field, *([target] if target else [])])),
            "filter": {f"@{field}": list(wanted)},
        }
        code = _UNREAD.get(referrer.entity_type, "records-unread")
        self._pool.read_list("crm.item.list", params, came, gate.free, on_refused=self._unread(code, gate))

    def _read_tasks(self, ids: list[int], found: Found, gate: Gate) -> None:
        """Tasks by their CRM records. Whether a filter takes several is not documented: a row counts only for the leads that it names."""
        wanted = {f"L_{id_}": id_ for id_ in ids}

        def came(row: Row) -> None:
            task: Row = {"entity": "task", "id": int(str(row["id"])), "title": str(row.get("title") or "")}
            for lead in _leads_in(row.get("ufCrmTask"), wanted):
                found.setdefault(lead, []).append(dict(task))

        def refused(error: LeadswitchError) -> None:
            self._tasks = False
            self._unread("tasks-unread", gate)(error)

        gate.hold()
        params = {"select": ["ID", "TITLE", "UF_CRM_TASK"], "filter": {"UF_CRM_TASK": list(wanted)}}
        self._pool.read_list("tasks.task.list", params, came, gate.free, on_refused=refused)

    def _unread(self, code: str, gate: Gate) -> Callable[[LeadswitchError], None]:
        def refused(_error: LeadswitchError) -> None:
            self._notes.add(code)
            gate.free()

        return refused


def _value(referrer: Referrer, lead: int) -> Any:
    """What a field holds that points at this lead."""
    return lead if referrer.plain or (referrer.by_relation or not referrer.label) else f"L_{lead}"


def _leads_in(value: object, wanted: dict[Any, int]) -> list[int]:
    held = value if isinstance(value, list) else [value]
    texts = {str(key): lead for key, lead in wanted.items()}
    return [texts[str(one)] for one in held if str(one) in texts]
