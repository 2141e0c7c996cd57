"""Active leads with everything that hangs on them, streamed in the order of their IDs. Must never write, nor hand out half a lead.

Leads are read in blocks; what belongs to a block (activities and product rows by owner sets, addresses, bound clients, clients with the
same phone or e-mail) shares requests with the next leads. A block is handed out when its last read is in, so memory holds a few blocks.

Activities are read by owner: an activity that is only bound to a lead and owned by another record is found when the lead is converted
(`crm.activity.list` takes one BINDINGS pair per call). Timeline comments need one call per lead and are left to the conversion, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.bitrix.batch import Outcome
from connector.bitrix.client import BitrixClient
from connector.errors import AccessDenied, MethodUnknown, ShortList
from connector.planning import channels
from connector.planning.clients import LINKED
from connector.planning.files import without_links
from connector.planning.model import Activity, ClientMatch, LeadSnapshot, PortalFacts
from connector.planning.options import Clients, Options, Selection

from .activities import SELECT, activity_of
from .clients import Finder, Gate, Index, Rows, Search, cheaper_whole, matches, title_of
from .pool import Pool, Row, error_of
from .related import RelatedReader
from .selection import lead_filter, wanted

BLOCK = 1_000
SET = 500
"""Owners that one filter names: a longer list of IDs would not fit the variables that PHP lets into a query."""
IN_FLIGHT = 5_000
SPARE = 6_500
"""Leads in memory at once, at most about this many; beyond the first figure only where a request would leave with room."""
LEAD = 1
PAGE = 50

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class _Block:
    rows: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[int, dict[str, str]] = field(default_factory=dict)
    activities: dict[int, list[Activity]] = field(default_factory=dict)
    products: dict[int, list[Row]] = field(default_factory=dict)
    addresses: dict[int, dict[str, Any]] = field(default_factory=dict)
    links: dict[int, list[Row]] = field(default_factory=dict)
    related: dict[int, list[Row]] = field(default_factory=dict)
    ready: bool = False

    def open_(self) -> None:
        self.ready = True


def read_leads(
    client: BitrixClient,
    facts: PortalFacts,
    options: Options,
    *,
    progress: Progress | None = None,
    notes: set[str] | None = None,
) -> Iterator[LeadSnapshot]:
    """Every lead in scope, complete, by ascending ID. `progress` is told (read so far, expected in all).

    `notes` collects codes of findings about what this user or portal does not let be read and a plan can do without.

    Raises the BitrixError of a read that was refused, ShortList when a list cannot be shown to be complete.
    """
    return _Reading(client, facts, options, progress, set() if notes is None else notes).run()


class _Reading:
    def __init__(
        self,
        client: BitrixClient,
        facts: PortalFacts,
        options: Options,
        progress: Progress | None,
        notes: set[str],
    ) -> None:
        self._notes = notes
        self._portal = client.portal
        self._facts, self._options, self._progress = facts, options, progress
        self._pool = Pool(client)
        self._rows = {e: Rows(self._pool, e, client.portal) for e in ("contact", "company")}
        self._finders = self._make_finders()
        # Who wants leftovers named gets all active leads.
        self._selection = Selection() if options.names_leftovers else options.leads
        self._blocks: deque[_Block] = deque()
        self._filling = _Block()
        self._in_flight = self._handed = 0
        self._leads_done = False
        self._related = RelatedReader(self._pool, facts, notes)
        self._pool.fillers.append(self._fill)

    def _make_finders(self) -> dict[str, Finder]:
        """The cheaper way per kind of client, for the kinds that the plan may create."""
        wanted_ = {"contact": self._options.makes_contact, "company": self._options.makes_company}
        if self._options.clients is Clients.CREATE or not any(wanted_.values()):
            return {}
        many = self._facts.clients
        found: dict[str, Finder] = {}
        for entity, rows in self._rows.items():
            if not wanted_[entity] or not many.get(entity):
                continue
            if cheaper_whole(many[entity], max(self._facts.active_total, 1)):
                found[entity] = Index(self._pool, entity, rows, self._facts.country, many[entity])
            else:
                found[entity] = Search(self._pool, entity, rows, self._facts.country, self._portal)
        return found

    def run(self) -> Iterator[LeadSnapshot]:
        scan = self._pool.read_list(
            "crm.item.list",
            {"entityTypeId": LEAD, "select": ["*"], "filter": lead_filter(self._facts, self._selection)},
            self._lead,
            self._end,
            open_=lambda: self._in_flight < IN_FLIGHT,
            expected=self._facts.active_total if self._selection.everything else None,
            spare=lambda: self._in_flight < SPARE,
        )
        while True:
            going = self._pool.step()
            while self._blocks and self._blocks[0].ready:
                block = self._blocks.popleft()
                self._in_flight -= len(block.rows)
                for row in block.rows:
                    yield self._snapshot(row, block)
                self._handed += len(block.rows)
                if self._progress:
                    self._progress(self._handed, max(scan.total or 0, self._handed))
            if not going:
                break
        if self._blocks or not self._leads_done:
            raise ShortList("some reads never came to an end", portal=self._portal, method="crm.item.list")

    # ------------------------------------------------------------------------------------------------ leads

    def _lead(self, row: Row) -> None:
        if not wanted(row, self._selection):
            return
        self._filling.rows.append(without_links(row))
        self._in_flight += 1
        if len(self._filling.rows) >= BLOCK:
            self._close_block()

    def _end(self) -> None:
        self._leads_done = True
        if self._filling.rows:
            self._close_block()

    def _fill(self, idle: bool) -> None:
        """A request has room: send partly filled calls once no more leads can fill them."""
        if not (idle or self._leads_done):
            return
        for finder in self._finders.values():
            finder.flush()
        # Rows of clients only take room that nothing else wants.
        for rows in self._rows.values():
            rows.flush()
        if idle and self._filling.rows and self._in_flight >= IN_FLIGHT:
            self._close_block()

    def _close_block(self) -> None:
        block, self._filling = self._filling, _Block()
        self._blocks.append(block)
        gate = Gate(block.open_)
        ids = [int(row["id"]) for row in block.rows]
        for start in range(0, len(ids), SET):
            self._read_activities(block, ids[start : start + SET], gate)
            self._read_products(block, ids[start : start + SET], gate)
        self._read_addresses(block, ids, gate, 0)
        self._related.read(ids, block.related, gate)
        self._read_clients(block, gate)
        gate.seal()

    # ------------------------------------------------------------------------------------------------ what hangs on them

    def _read_activities(self, block: _Block, ids: list[int], gate: Gate) -> None:
        def came(row: Row) -> None:
            activity = activity_of(row)
            block.activities.setdefault(activity.owner_id, []).append(activity)

        gate.hold()
        params = {"select": list(SELECT), "filter": {"OWNER_TYPE_ID": LEAD, "OWNER_ID": ids}}
        self._pool.read_list("crm.activity.list", params, came, gate.free, settled=True)

    def _read_products(self, block: _Block, ids: list[int], gate: Gate) -> None:
        def came(row: Row) -> None:
            block.products.setdefault(int(str(row["ownerId"])), []).append(row)

        gate.hold()
        params = {"filter": {"=ownerType": "L", "=ownerId": ids}}
        self._pool.read_list("crm.item.productrow.list", params, came, gate.free, settled=True)

    def _read_addresses(self, block: _Block, ids: list[int], gate: Gate, start: int) -> None:
        """`crm.address` has no ID of its own, so its pages are counted."""

        def came(outcome: Outcome) -> None:
            if isinstance(outcome.error, MethodUnknown | AccessDenied):
                self._notes.add("addresses-unread")
                gate.free()
                return
            if not outcome.ok:
                raise error_of(outcome, self._portal)
            for row in outcome.result if isinstance(outcome.result, list) else ():
                block.addresses.setdefault(int(row["ENTITY_ID"]), dict(row))
            if outcome.next:
                self._read_addresses(block, ids, gate, outcome.next)
            gate.free()

        gate.hold()
        params = {
            "filter": {"ENTITY_TYPE_ID": LEAD, "ENTITY_ID": ids},
            "order": {"ENTITY_ID": "ASC", "TYPE_ID": "ASC"},
        }
        self._pool.ask("crm.address.list", {**params, "start": start}, came)

    def _read_clients(self, block: _Block, gate: Gate) -> None:
        for row in block.rows:
            if "contactIds" not in row and row.get("contactId"):
                self._read_links(block, row, gate)
            self._rows["contact"].want([int(i) for i in row.get("contactIds") or () if i], gate)
            if row.get("companyId"):
                self._rows["company"].want([int(row["companyId"])], gate)
            keys = block.keys[int(row["id"])] = channels.keys(row, self._facts.country)
            if row.get("isReturnCustomer") in ("Y", True):
                continue
            for finder in self._finders.values():
                finder.want(keys, gate)

    def _read_links(self, block: _Block, row: dict[str, Any], gate: Gate) -> None:
        """Contacts of a lead where the row does not name them."""

        def came(outcome: Outcome) -> None:
            if not outcome.ok:
                raise error_of(outcome, self._portal)
            links = [dict(r) for r in outcome.result] if isinstance(outcome.result, list) else []
            block.links[int(row["id"])] = links
            self._rows["contact"].want([int(str(r["CONTACT_ID"])) for r in links], gate)
            gate.free()

        gate.hold()
        self._pool.ask("crm.lead.contact.items.get", {"id": row["id"]}, came)

    # ------------------------------------------------------------------------------------------------ snapshots

    def _snapshot(self, row: dict[str, Any], block: _Block) -> LeadSnapshot:
        id_ = int(row["id"])
        links = block.links.get(id_, [])
        contacts = [int(str(r["CONTACT_ID"])) for r in links] or [
            int(i) for i in row.get("contactIds") or () if i
        ]
        bound = [("contact", i) for i in contacts] + [("company", int(row["companyId"]))] * bool(
            row.get("companyId")
        )
        found = [self._bound(entity, i) for entity, i in bound]
        if row.get("isReturnCustomer") not in ("Y", True):
            for entity, finder in self._finders.items():
                known = {i for e, i in bound if e == entity}
                found += [
                    m
                    for m in matches(entity, finder, self._rows[entity], block.keys[id_])
                    if m.id not in known
                ]
        return LeadSnapshot(
            id=id_,
            fields=row,
            products=tuple(sorted(block.products.get(id_, []), key=_place)),
            activities=tuple(sorted(block.activities.get(id_, []), key=lambda a: a.id)),
            contact_links=tuple(links),
            address=block.addresses.get(id_, {}),
            matches=tuple(found),
            related=tuple(sorted(block.related.get(id_, []), key=_related_place)),
        )

    def _bound(self, entity: str, id_: int) -> ClientMatch:
        row = self._rows[entity].found.get(id_) or {}
        return ClientMatch(entity, id_, title_of(entity, {"id": id_, **row}), LINKED, row)


def _related_place(row: Mapping[str, Any]) -> tuple[str, int, int, str]:
    return (
        str(row["entity"]),
        int(str(row.get("type") or 0)),
        int(str(row["id"])),
        str(row.get("field") or ""),
    )


def _place(row: Mapping[str, Any]) -> tuple[int, int]:
    return int(row.get("sort") or 0), int(row.get("id") or 0)
