"""Some leads of a plan, in some order: what `show` filters, searches and sorts by. Streams; keeps at most one key per lead."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from connector.planning.catalogue import ORDER
from connector.planning.model import Severity
from connector.reports.plans import PlanSource

Json = Mapping[str, Any]


def _worst(lead: Json) -> str:
    return min((f["severity"] for f in lead["findings"]), key=lambda s: ORDER[Severity(s)], default="none")


def _weight(lead: Json) -> int:
    worst = _worst(lead)
    return len(ORDER) if worst == "none" else ORDER[Severity(worst)]


def _amount(lead: Json) -> float:
    try:
        return float(lead["snapshot"]["fields"].get("opportunity") or 0)
    except (TypeError, ValueError):
        return 0.0


# What leads can be sorted by.
SORTS: Mapping[str, Callable[[Json], Any]] = {
    "id": itemgetter("id"),
    "title": lambda lead: str(lead["title"]).casefold(),
    "stage": itemgetter("stage"),
    "deal-stage": itemgetter("deal_stage"),
    "kind": itemgetter("kind"),
    "severity": _weight,
    "amount": _amount,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which leads, and in which order. Empty parts do not narrow; `search` are words that must all occur; `-` turns a sort round."""

    search: str = ""
    stage: str = ""
    severity: str = ""
    finding: str = ""
    kind: str = ""
    sort: str = ""

    @property
    def everything(self) -> bool:
        """Whether this leaves a plan as it is."""
        return self == Choice()

    def fits(self, lead: Json) -> bool:
        """Whether a lead record is wanted."""
        return (
            self.stage in ("", lead["stage"])
            and self.kind in ("", lead["kind"])
            and (not self.severity or _worst(lead) == self.severity)
            and (not self.finding or self.finding in _codes(lead))
            and all(word in _text(lead) for word in self.search.casefold().split())
        )

    def of(self, source: PlanSource) -> PlanSource:
        """The same plan with only the leads that are wanted, in the wanted order."""
        if self.everything:
            return source
        return replace(source, leads=lambda: self._leads(source.leads))

    def _leads(self, leads: Callable[[], Iterable[Json]]) -> Iterator[Json]:
        if not self.sort:
            return (lead for lead in leads() if self.fits(lead))
        key, falling = SORTS[self.sort.removeprefix("-")], self.sort.startswith("-")
        order = sorted(((key(lead), lead["id"]) for lead in leads() if self.fits(lead)), reverse=falling)
        return _in_order([id_ for _key, id_ in order], leads)


_TOGETHER = 2_000


def _in_order(ids: list[int], leads: Callable[[], Iterable[Json]]) -> Iterator[Json]:
    """Leads by these IDs, a few thousand held at a time: one pass over the plan for each of these portions."""
    for first in range(0, len(ids), _TOGETHER):
        portion = ids[first : first + _TOGETHER]
        wanted = set(portion)
        found = {lead["id"]: lead for lead in leads() if lead["id"] in wanted}
        yield from (found[id_] for id_ in portion)


def _codes(lead: Json) -> set[str]:
    return {f["code"] for f in (*lead["findings"], *lead["native"]["differences"])}


def _text(lead: Json) -> str:
    """What a search looks in: number, title, names, phones and e-mails."""
    fields = lead["snapshot"]["fields"]
    parts = [f"#{lead['id']}", str(lead["title"])]
    parts += [str(fields.get(name) or "") for name in ("name", "secondName", "lastName", "companyTitle")]
    parts += [str(entry.get("value", "")) for entry in fields.get("fm") or () if isinstance(entry, Mapping)]
    return " ".join(parts).casefold()
