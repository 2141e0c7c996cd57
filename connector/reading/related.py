"""What else points at leads: deals, quotes, tasks, smart-process records, custom fields of other records. Must never write.

What a user may not read is a note and not an error: a plan can be made without it, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connector.bitrix.batch import Outcome
from connector.errors import LeadswitchError
from connector.planning.model import PortalFacts, Referrer
from connector.planning.products import IDENTITY

from .clients import Gate
from .pool import Pool, Row

Found = dict[int, list[Row]]
_UNREAD = {7: "quotes-unread"}


class RelatedReader:
    """Reads for one block of leads after the other; `notes` collects codes of findings about what could not be read.

    Few quotes and smart-process records point at leads at all on most portals: those of one page are read once instead of per block.
    """

    def __init__(self, pool: Pool, facts: PortalFacts, notes: set[str]) -> None:
        self._pool, self._notes = pool, notes
        self._referrers = facts.referrers
        self._tasks = True
        self._whole: dict[Referrer, list[Row] | None] = {}
        self._waiting: list[tuple[Referrer, list[int], Found, Gate]] = []
        for referrer in self._referrers:
            if referrer.by_relation:
                self._ask_whole(referrer)

    def read(self, ids: list[int], found: Found, gate: Gate) -> None:
        """Ask for everything that points at `ids`; `found` is filled by lead before `gate` opens."""
        self._deals(ids, found, gate)
        for referrer in self._referrers:
            gate.hold()
            if referrer.by_relation and referrer not in self._whole:
                self._waiting.append((referrer, ids, found, gate))
            else:
                self._records(referrer, ids, found, gate)
        if self._tasks:
            self._read_tasks(ids, found, gate)

    def _ask_whole(self, referrer: Referrer) -> None:
        def came(outcome: Outcome) -> None:
            rows = outcome.result.get("items") if isinstance(outcome.result, Mapping) else None
            known = outcome.ok and isinstance(rows, list) and outcome.total == len(rows)
            self._whole[referrer] = rows if known and isinstance(rows, list) else None
            ready = [work for work in self._waiting if work[0] == referrer]
            self._waiting = [work for work in self._waiting if work[0] != referrer]
            for work in ready:
                self._records(*work)

        params = {**_select(referrer), "filter": {f">{referrer.field}": 0}, "order": {"id": "ASC"}}
        self._pool.ask("crm.item.list", params, came)

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
        """Records of one kind; the gate is held already."""
        field, target = referrer.field, referrer.target
        wanted = {str(value): (value, id_) for id_ in ids for value in (_value(referrer, id_),)}

        def came(row: Mapping[str, Any]) -> None:
            record: Row = {
                "entity": "record",
                "type": referrer.entity_type,
                "id": int(str(row["id"])),
                "title": str(row.get("title") or ""),
                "field": field,
                "taken": bool(referrer.by_relation and target and int(str(row.get(target) or 0))),
            }
            for text in _texts(row.get(field)):
                if text in wanted:
                    found.setdefault(wanted[text][1], []).append(dict(record))

        whole = self._whole.get(referrer)
        if whole is not None:
            for row in whole:
                came(row)
            gate.free()
            return
        params = {**_select(referrer), "filter": {f"@{field}": [value for value, _ in wanted.values()]}}
        code = _UNREAD.get(referrer.entity_type, "records-unread")
        self._pool.read_list("crm.item.list", params, came, gate.free, on_refused=self._unread(code, gate))

    def _read_tasks(self, ids: list[int], found: Found, gate: Gate) -> None:
        """Tasks by their CRM records. Whether a filter takes several is not documented: a row counts only for the leads that it names."""
        wanted = {f"L_{id_}": id_ for id_ in ids}

        def came(row: Row) -> None:
            task: Row = {"entity": "task", "id": int(str(row["id"])), "title": str(row.get("title") or "")}
            for text in _texts(row.get("ufCrmTask")):
                if text in wanted:
                    found.setdefault(wanted[text], []).append(dict(task))

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


def _select(referrer: Referrer) -> dict[str, Any]:
    names = ["id", "title", referrer.field, *([referrer.target] if referrer.target else [])]
    return {"entityTypeId": referrer.entity_type, "select": list(dict.fromkeys(names))}


def _value(referrer: Referrer, lead: int) -> Any:
    """What a field holds that points at this lead."""
    return lead if referrer.plain or referrer.by_relation or not referrer.label else f"L_{lead}"


def _texts(value: object) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value])]
