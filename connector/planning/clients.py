"""Which contact and which company a lead gets: bound already, found by phone or e-mail, made by an earlier lead of the plan, or new.

Decides only; the fields are put together elsewhere. `InPlan` remembers what earlier leads of the same plan create, in the order of lead
IDs, so the lead with the lowest ID creates a client and the later ones use it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from .catalogue import finding
from .model import ClientMatch, Finding, LeadSnapshot
from .options import Clients, Options

LINKED = ("linked",)


class Planned:
    """A client that a lead of this plan creates: enough of it to tell what a later lead would add. There is one for most leads of a
    plan, and later leads rarely ask for it, so it is kept packed."""

    __slots__ = ("_packed", "lead")

    def __init__(self, lead: int, fields: Mapping[str, Any], known: Iterable[str]) -> None:
        self.lead = lead
        self._pack(fields, known)

    def _pack(self, fields: Mapping[str, Any], known: Iterable[str]) -> None:
        self._packed = json.dumps((fields, sorted(known)), ensure_ascii=False, separators=(",", ":")).encode(
            errors="surrogatepass"
        )

    def read(self) -> tuple[dict[str, Any], frozenset[str]]:
        """Its fields (as in `crm.item.add`), and its phones and e-mails as `channels.known` gives them."""
        fields, known = json.loads(self._packed)
        return fields, frozenset(known)

    def fill(self, fields: Mapping[str, Any], known: Iterable[str]) -> None:
        """Remember what a later lead adds."""
        have, reached = self.read()
        self._pack({**have, **fields}, reached.union(known))


def _digest(key: str) -> bytes:
    """A comparable phone or e-mail (with the company's name, where that counts) in 16 bytes, enough to keep any two apart."""
    return blake2b(key.encode(errors="surrogatepass"), digest_size=16).digest()


@dataclass(slots=True)
class InPlan:
    """What the leads so far bring: comparable phone or e-mail → the client of this plan that has it, per entity; and what is added to
    existing clients. Grows as the plan is made."""

    _known: dict[str, dict[bytes, Planned]] = field(default_factory=lambda: {"contact": {}, "company": {}})
    _added: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)

    def find(self, entity: str, keys: Iterable[str]) -> Planned | None:
        """The client with any of these keys that the lead with the lowest ID creates."""
        known = self._known[entity]
        hits = (known.get(_digest(key)) for key in keys)
        return min((hit for hit in hits if hit is not None), key=lambda p: p.lead, default=None)

    def add(self, entity: str, keys: Iterable[str], planned: Planned) -> None:
        """Remember which keys lead to this client."""
        for key in keys:
            self._known[entity].setdefault(_digest(key), planned)

    def after(self, match: ClientMatch) -> Mapping[str, Any]:
        """The fields of an existing client as the earlier leads of the plan will leave it; empty when it could not be read."""
        added = self._added.get((match.entity, match.id))
        if not added or not match.fields:
            return match.fields
        return {**match.fields, **added, "fm": [*(match.fields.get("fm") or ()), *added.get("fm", ())]}

    def fill(
        self, match: ClientMatch, fields: Mapping[str, Any], channels: Iterable[Mapping[str, Any]]
    ) -> None:
        """Remember what a lead adds to an existing client."""
        added = self._added.setdefault((match.entity, match.id), {})
        added.update(fields)
        added["fm"] = [*added.get("fm", ()), *channels]


@dataclass(frozen=True, slots=True)
class Decision:
    """`how` is none, linked (bound to the lead already), found, planned (by an earlier lead) or new."""

    how: str
    match: ClientMatch | None = None
    planned: Planned | None = None
    findings: tuple[Finding, ...] = ()


NONE = Decision("none")


def bound_ids(entity: str, lead: LeadSnapshot) -> tuple[int, ...]:
    """IDs of the clients that the lead is bound to, the primary one first."""
    if entity == "company":
        company = int(lead.fields.get("companyId") or 0)
        return (company,) if company else ()
    links = sorted(
        lead.contact_links,
        key=lambda r: (r.get("IS_PRIMARY") != "Y", int(r.get("SORT") or 0), int(r.get("CONTACT_ID") or 0)),
    )
    ids = [int(r["CONTACT_ID"]) for r in links if r.get("CONTACT_ID")]
    ids += [int(i) for i in lead.fields.get("contactIds") or () if i]
    if not ids and lead.fields.get("contactId"):
        ids.append(int(lead.fields["contactId"]))
    return tuple(dict.fromkeys(ids))


def decide(
    entity: str, lead: LeadSnapshot, options: Options, keys: Mapping[str, str], in_plan: InPlan
) -> Decision:
    """Which client of `entity` this lead gets, given that one is wanted. `keys` are its comparable phones and e-mails."""
    bound = bound_ids(entity, lead)
    if bound:
        row = next((m for m in lead.matches if m.entity == entity and m.id == bound[0]), None)
        return Decision("linked", row or ClientMatch(entity, bound[0], "", LINKED))
    found = sorted(
        (m for m in lead.matches if m.entity == entity and m.by != LINKED), key=lambda m: (-len(m.by), m.id)
    )
    link = options.clients is Clients.LINK
    said: list[Finding] = []
    if found:
        best = found[0]
        code = "client-exists" if link else "client-exists-not-used"
        if options.clients is not Clients.CREATE:
            said.append(finding(code, entity=entity, id=best.id, title=best.title, by=list(best.by)))
        if link and len(found) > 1:
            said.append(
                finding("client-several", entity=entity, ids=sorted(m.id for m in found), used=best.id)
            )
        if link:
            return Decision("found", best, None, tuple(said))
    planned = in_plan.find(entity, keys)
    if planned is not None:
        if link:
            said.append(finding("client-in-plan", entity=entity, lead=planned.lead))
            return Decision("planned", None, planned, tuple(said))
        same = [written for key, written in keys.items() if in_plan.find(entity, (key,)) is not None]
        said.append(finding("client-in-plan-twice", entity=entity, lead=planned.lead, by=same))
    return Decision("new", None, None, tuple(said))
