"""Existing contacts and companies that share a phone or e-mail with leads, found the cheaper way. Must never decide which one is used.

Two ways: `crm.duplicate.findbycomm` on distinct values, twenty to a call, with `entity_type` (without it LEAD hits crowd the answer out);
it does not say which value matched, so the hits are read back. Or all contacts and companies read whole and compared here. Which one is
cheaper depends on how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.bitrix.batch import Outcome
from connector.planning import channels
from connector.planning.customfields import is_empty
from connector.planning.files import without_links
from connector.planning.model import ClientMatch
from connector.planning.records import FILLABLE

from .pool import Pool, Row, error_of

TYPES: Mapping[str, int] = {"contact": 3, "company": 4}
VALUES = 20
"""Most values of one findbycomm call; as many hits may mean that more were cut off."""
IDS = 50
VALUES_PER_LEAD = 2.2
KEEP_ROWS = 30_000
MOST_INDEXED = 400_000
_KEEP = frozenset({"id", "title", "companyId", "isMyCompany", *FILLABLE["contact"], *FILLABLE["company"]})


def slim(row: Mapping[str, Any]) -> dict[str, Any]:
    """What planning needs to know of an existing client: the filled ones of its names, custom fields, phones and e-mails."""
    kept = {
        k: v
        for k, v in without_links(row).items()
        if (k in _KEEP or k.startswith(("uf", "UF_"))) and not is_empty(v) and v != 0
    }
    entries = channels.entries(row)
    if entries:
        kept["fm"] = [{n: e.get(n) for n in ("typeId", "valueType", "value")} for e in entries]
    return kept


def title_of(entity: str, row: Mapping[str, Any]) -> str:
    """The name of a client as people read it."""
    if entity == "company":
        return str(row.get("title") or f"#{row.get('id')}")
    return " ".join(str(row[n]) for n in ("name", "lastName") if row.get(n)) or f"#{row.get('id')}"


@dataclass(slots=True)
class Gate:
    """Something that waits for reads: `open_` is called when the last of them is in."""

    open_: Callable[[], None]
    waiting: int = 0
    closed: bool = False

    def hold(self) -> None:
        """One more read to wait for."""
        self.waiting += 1

    def free(self) -> None:
        """One read is in."""
        self.waiting -= 1
        self._check()

    def seal(self) -> None:
        """No more reads will be added."""
        self.closed = True
        self._check()

    def _check(self) -> None:
        if self.closed and self.waiting == 0:
            self.open_()


class Rows:
    """Rows of clients by ID, each read once, fifty to a call. A row that does not come is not visible to this user."""

    def __init__(self, pool: Pool, entity: str, portal: str) -> None:
        self._pool, self._entity, self._portal = pool, entity, portal
        self._wanted: dict[int, list[Gate]] = {}
        self.found: dict[int, dict[str, Any]] = {}
        self._asked: dict[int, list[Gate]] = {}

    def want(self, ids: Iterable[int], gate: Gate) -> None:
        """Let `gate` wait until these rows are in."""
        for id_ in ids:
            if id_ in self.found:
                continue
            gate.hold()
            if id_ in self._asked:
                self._asked[id_].append(gate)
            else:
                self._wanted.setdefault(id_, []).append(gate)
        while len(self._wanted) >= IDS:
            self._ask()

    def flush(self) -> None:
        """Ask for what waits even if it does not fill a call."""
        if self._wanted:
            self._ask()

    def _ask(self) -> None:
        ids = list(self._wanted)[:IDS]
        for id_ in ids:
            self._asked[id_] = self._wanted.pop(id_)
        params = {"entityTypeId": TYPES[self._entity], "select": ["*"], "filter": {"@id": ids}, "start": -1}
        self._pool.ask("crm.item.list", params, lambda outcome: self._came(ids, outcome))

    def _came(self, ids: list[int], outcome: Outcome) -> None:
        if not outcome.ok:
            raise error_of(outcome, self._portal)
        for row in _items(outcome.result):
            self.found[int(row["id"])] = slim(row)
        for id_ in ids:
            self.found.setdefault(id_, {})
            for gate in self._asked.pop(id_):
                gate.free()


@dataclass(slots=True)
class _Value:
    key: str
    written: str
    gates: list[Gate] = field(default_factory=list)

    @property
    def forms(self) -> tuple[str, ...]:
        """As written, and in full where that is another number: whether the portal adds its country by itself is not documented."""
        full = self.key.startswith("+") and _digits(self.key) != _digits(self.written)
        return (self.written, self.key) if full else (self.written,)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


class Search:
    """Hits of one entity by findbycomm. `hits` answers once the gates that asked are open."""

    def __init__(self, pool: Pool, entity: str, rows: Rows, country: str, portal: str) -> None:
        self._pool, self._entity, self._rows, self._country, self._portal = (
            pool,
            entity,
            rows,
            country,
            portal,
        )
        self._waiting: dict[str, dict[str, _Value]] = {channels.PHONE: {}, channels.EMAIL: {}}
        self._asked: dict[str, _Value] = {}
        self._done: set[str] = set()
        self._hits: dict[str, list[int]] = {}

    def want(self, keys: Mapping[str, str], gate: Gate) -> None:
        """Let `gate` wait until these values (comparable → as written) were looked for."""
        for key, written in keys.items():
            if key in self._done:
                continue
            gate.hold()
            kind = channels.EMAIL if "@" in key else channels.PHONE
            known = self._asked.get(key) or self._waiting[kind].get(key)
            if known is None:
                known = self._waiting[kind][key] = _Value(key, written)
            known.gates.append(gate)
        for kind, waiting in self._waiting.items():
            while sum(len(v.forms) for v in waiting.values()) >= VALUES:
                self._ask(kind)

    def flush(self) -> None:
        """Ask for what waits even if it does not fill a call."""
        for kind, waiting in self._waiting.items():
            if waiting:
                self._ask(kind)

    def hits(self, keys: Iterable[str]) -> dict[int, list[str]]:
        """ID of a client → comparable values that it shares."""
        found: dict[int, list[str]] = {}
        for key in keys:
            for id_ in self._hits.get(key, ()):
                found.setdefault(id_, []).append(key)
        return found

    def _ask(self, kind: str) -> None:
        values: list[_Value] = []
        room = VALUES
        for value in list(self._waiting[kind].values()):
            room -= len(value.forms)
            if room < 0:
                break
            values.append(self._waiting[kind].pop(value.key))
        self._asked.update({v.key: v for v in values})
        self._send(kind, values)

    def _send(self, kind: str, values: list[_Value]) -> None:
        forms = [form for value in values for form in value.forms]
        params = {"type": kind, "values": forms, "entity_type": self._entity.upper()}
        self._pool.ask("crm.duplicate.findbycomm", params, lambda outcome: self._came(kind, values, outcome))

    def _came(self, kind: str, values: list[_Value], outcome: Outcome) -> None:
        if not outcome.ok:
            raise error_of(outcome, self._portal)
        result = outcome.result if isinstance(outcome.result, Mapping) else {}
        ids = [int(i) for i in result.get(self._entity.upper()) or ()]
        if len(ids) >= VALUES and len(values) > 1:
            half = len(values) // 2
            self._send(kind, values[:half])
            self._send(kind, values[half:])
            return
        gate = Gate(lambda: self._match(values, ids))
        self._rows.want(ids, gate)
        gate.seal()

    def _match(self, values: list[_Value], ids: list[int]) -> None:
        """All hits are read: which value is whose."""
        owners: dict[str, list[int]] = {}
        for id_ in sorted(set(ids)):
            for key in channels.keys(self._rows.found.get(id_, {}), self._country):
                owners.setdefault(key, []).append(id_)
        for value in values:
            if value.key in owners:
                self._hits[value.key] = owners[value.key]
            self._done.add(value.key)
            self._asked.pop(value.key, None)
            for gate in value.gates:
                gate.free()


class Index:
    """All contacts or companies read whole: comparable value → IDs. Rows are kept only where there are few."""

    def __init__(self, pool: Pool, entity: str, rows: Rows, country: str, total: int) -> None:
        self._rows, self._country, self._keep = rows, country, total <= KEEP_ROWS
        self._by_key: dict[str, list[int]] = {}
        self._gates: list[Gate] | None = []
        self._pending: list[tuple[list[str], Gate]] = []
        params = {"entityTypeId": TYPES[entity], "select": ["*"]}
        pool.read_list("crm.item.list", params, self._row, self._end, expected=total)

    def _row(self, row: Row) -> None:
        keys = channels.keys(row, self._country)
        id_ = int(str(row["id"]))
        for key in keys:
            self._by_key.setdefault(key, []).append(id_)
        if self._keep:
            self._rows.found[id_] = slim(row)

    def _end(self) -> None:
        gates, self._gates = self._gates or [], None
        for keys, gate in self._pending:
            self._need(keys, gate)
        self._pending.clear()
        for gate in gates:
            gate.free()

    def _need(self, keys: Iterable[str], gate: Gate) -> None:
        self._rows.want(sorted(self.hits(keys)), gate)

    def want(self, keys: Mapping[str, str], gate: Gate) -> None:
        """Let `gate` wait for the index, and for the rows of hits that are not kept."""
        if self._gates is None:
            self._need(keys, gate)
            return
        gate.hold()
        self._gates.append(gate)
        self._pending.append((list(keys), gate))

    def flush(self) -> None:
        """Nothing waits for a full call here."""

    def hits(self, keys: Iterable[str]) -> dict[int, list[str]]:
        """ID of a client → comparable values that it shares."""
        found: dict[int, list[str]] = {}
        for key in keys:
            for id_ in self._by_key.get(key, ()):
                found.setdefault(id_, []).append(key)
        return found


Finder = Search | Index


def cheaper_whole(total: int, leads: int) -> bool:
    """True when reading all clients of a kind takes fewer commands than asking for the leads' values."""
    return total <= MOST_INDEXED and total // IDS + 1 <= leads * VALUES_PER_LEAD / VALUES + 1


def matches(entity: str, finder: Finder, rows: Rows, keys: Mapping[str, str]) -> list[ClientMatch]:
    """The clients of one entity that share a value with a lead whose values are `keys`."""
    found = []
    for id_, shared in sorted(finder.hits(keys).items()):
        row = rows.found.get(id_) or {}
        if row.get("isMyCompany") in ("Y", True):
            continue
        found.append(
            ClientMatch(
                entity, id_, title_of(entity, {"id": id_, **row}), tuple(keys[k] for k in shared), row
            )
        )
    return found


def _items(result: object) -> list[dict[str, Any]]:
    rows = result.get("items") if isinstance(result, Mapping) else None
    return [dict(r) for r in rows if isinstance(r, Mapping)] if isinstance(rows, list) else []
