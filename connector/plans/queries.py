"""What pages, reports and runs ask about stored plans. Reads only; must never hold a session while its caller works."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select

from connector.errors import PlanNotFound
from connector.planning.catalogue import CATALOGUE, ORDER
from connector.planning.encode import head_from_json
from connector.planning.model import PlanHead, Severity
from connector.store.database import Database
from connector.store.models import Plan, PlanFinding, PlanLead

Json = dict[str, Any]
MOST = 500
CHUNK = 500
LARGEST = 2**63 - 1
"""What a database takes for a whole number."""


@dataclass(frozen=True, slots=True)
class Header:
    """A plan without its leads. `head` is None until the plan is ready; `progress` is `{"read", "total"}` while it is built."""

    id: str
    portal_id: int
    state: str
    direction: str
    options: Mapping[str, Any]
    progress: Mapping[str, Any]
    counts: Mapping[str, Any]
    head: PlanHead | None
    digest: str
    created_at: datetime
    ready_at: datetime | None
    created_by: Mapping[str, Any]
    error: str
    decisions: Mapping[str, Any]
    decided: str


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A lead as a list shows it."""

    id: int
    position: int
    title: str
    kind: str
    stage: str
    deal_stage: str
    severity: str
    excluded: bool


@dataclass(frozen=True, slots=True)
class LeadPage:
    """One page of leads; `after` is the cursor of the next one, empty at the end. `total` only where it costs nothing."""

    rows: tuple[LeadRow, ...]
    after: str
    total: int | None


@dataclass(frozen=True, slots=True)
class FindingCount:
    """How many leads have a finding; `leads` 0 means that it is about the plan as a whole, once or more often."""

    code: str
    severity: Severity
    scope: str
    leads: int


@dataclass(frozen=True, slots=True)
class FlowRow:
    """How many leads of a stage land in a deal stage, with the names that the plan knows."""

    stage: str
    stage_name: str
    deal_stage: str
    deal_stage_name: str
    leads: int


def header(db: Database, plan_id: str, *, portal_id: int | None = None) -> Header:
    """A plan's header; `portal_id` makes sure that it belongs to that portal. Raises `PlanNotFound`."""
    with db.read() as session:
        plan = session.get(Plan, plan_id)
        if plan is None or (portal_id is not None and plan.portal_id != portal_id):
            raise PlanNotFound(plan=plan_id)
        return _header(plan)


def recent(db: Database, portal_id: int, *, limit: int = 50, offset: int = 0) -> list[Header]:
    """The newest plans of a portal, newest first."""
    query = select(Plan).where(Plan.portal_id == portal_id).order_by(Plan.created_at.desc(), Plan.id)
    query = query.limit(limit).offset(offset)
    with db.read() as session:
        return [_header(plan) for plan in session.scalars(query)]


def page(
    db: Database, portal_id: int, *, after: Sequence[str] | None = None, limit: int = 50
) -> list[Header]:
    """Plans of a portal, newest first, from behind the plan whose `place_of` is `after`."""
    query = select(Plan).where(Plan.portal_id == portal_id)
    if after is not None:
        at, plan_id = datetime.fromisoformat(after[0]), after[1]
        query = query.where(or_(Plan.created_at < at, and_(Plan.created_at == at, Plan.id > plan_id)))
    with db.read() as session:
        rows = session.scalars(query.order_by(Plan.created_at.desc(), Plan.id).limit(limit))
        return [_header(plan) for plan in rows]


def place_of(plan: Header) -> list[str]:
    """Where a plan stands among the plans of its portal, JSON-safe."""
    return [plan.created_at.isoformat(), plan.id]


def directions(db: Database, plan_ids: Sequence[str]) -> dict[str, str]:
    """The mode that each of these plans leads to."""
    with db.read() as session:
        rows = session.execute(select(Plan.id, Plan.direction).where(Plan.id.in_(plan_ids))).all()
    return {row.id: row.direction for row in rows}


def _header(plan: Plan) -> Header:
    head = plan.facts.get("head") if plan.facts else None
    return Header(
        id=plan.id,
        portal_id=plan.portal_id,
        state=str(plan.state),
        direction=plan.direction,
        options=plan.options,
        progress=plan.progress or {},
        counts=plan.counts or {},
        head=head_from_json(head) if head else None,
        digest=plan.digest or "",
        created_at=plan.created_at,
        ready_at=plan.ready_at,
        created_by=plan.created_by,
        error=plan.error or "",
        decisions=plan.decisions or {},
        decided=plan.decided,
    )


_WEIGHT = {severity.value: place for severity, place in ORDER.items()}
_SORTS: Mapping[str, Any] = {
    "position": PlanLead.position,
    "title": PlanLead.title,
    "stage": PlanLead.stage,
    "deal_stage": PlanLead.deal_stage,
    "kind": PlanLead.kind,
    "severity": case(_WEIGHT, value=PlanLead.severity, else_=len(_WEIGHT)),
}
SORTS = tuple(_SORTS)
_BY_ID = "id"
_IDS: Any = PlanFinding.lead_id
_COLUMNS = (
    PlanLead.lead_id,
    PlanLead.position,
    PlanLead.title,
    PlanLead.kind,
    PlanLead.stage,
    PlanLead.deal_stage,
    PlanLead.severity,
    PlanLead.excluded,
)


def leads(
    db: Database,
    plan_id: str,
    *,
    search: str = "",
    stage: str = "",
    severity: str = "",
    code: str = "",
    kind: str = "",
    excluded: bool | None = None,
    sort: str = "position",
    after: str = "",
    limit: int = 50,
) -> LeadPage:
    """One page of leads. `sort` is one of `SORTS`, `-` before it turns the order round; `after` is `LeadPage.after` of the page before.

    `severity` means the worst finding of a lead (`none`: without findings); `code` a finding of the lead or a difference of the native
    switch; `excluded` whether it is left out. A cursor that is not ours starts from the beginning.
    """
    falling, name = sort.startswith("-"), sort.removeprefix("-")
    if name not in _SORTS:
        name = "position"
    # One finding: its index gives the leads in the order of their ids, however few of the plan's they are.
    by_finding = bool(code) and name == "position"
    name, column = (_BY_ID, _IDS) if by_finding else (name, _SORTS[name])
    equal = {PlanLead.stage: stage, PlanLead.severity: severity, PlanLead.kind: kind}
    conditions = [PlanLead.plan_id == plan_id, *(c == value for c, value in equal.items() if value)]
    conditions += [PlanLead.search.contains(word, autoescape=True) for word in search.lower().split()]
    if excluded is not None:
        conditions.append(PlanLead.excluded.is_(excluded))
    having = and_(PlanFinding.plan_id == plan_id, PlanFinding.code == code)
    if by_finding:
        conditions += [having, PlanFinding.lead_id == PlanLead.lead_id]
    elif code:
        conditions.append(PlanLead.lead_id.in_(select(PlanFinding.lead_id).where(having)))
    place = _place(after, name)
    if place is not None:
        conditions.append(_beyond(column, place, falling))
    order = (column.desc(), PlanLead.position.desc()) if falling else (column, PlanLead.position)
    size = max(1, min(limit, MOST))
    with db.read() as session:
        found = session.execute(select(*_COLUMNS).where(*conditions).order_by(*order).limit(size + 1)).all()
    rows = tuple(LeadRow(*row) for row in found[:size])
    following = _cursor(rows[-1], name) if len(found) > size else ""
    narrowed = any((search, stage, severity, kind, excluded is not None))
    return LeadPage(rows, following, None if narrowed else _total(db, plan_id, code))


def _beyond(column: ColumnElement[Any], place: tuple[Any, int], falling: bool) -> ColumnElement[bool]:
    value, position = place
    if falling:
        return or_(column < value, and_(column == value, PlanLead.position < position))
    return or_(column > value, and_(column == value, PlanLead.position > position))


def _cursor(row: LeadRow, name: str) -> str:
    value = _WEIGHT.get(row.severity, len(_WEIGHT)) if name == "severity" else getattr(row, name)
    text = json.dumps([name, value, row.position], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(after: str, name: str) -> tuple[Any, int] | None:
    if not after:
        return None
    try:
        sort, value, position = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (ValueError, TypeError, RecursionError):
        return None
    counted = name in ("position", "severity", _BY_ID)
    fits = _is_number(value) if counted else isinstance(value, str) and "\0" not in value
    return (value, position) if sort == name and fits and _is_number(position) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int) and abs(value) <= LARGEST


def _total(db: Database, plan_id: str, code: str) -> int | None:
    counts = header(db, plan_id).counts
    value = counts.get("findings", {}).get(code, 0) if code else counts.get("leads")
    return int(value) if value is not None else None


def lead(db: Database, plan_id: str, lead_id: int) -> Json:
    """The whole record of one lead (shape of `encode.lead_to_json`). Raises `PlanNotFound`."""
    found = None
    if lead_id <= LARGEST:
        with db.read() as session:
            found = session.scalar(
                select(PlanLead.document).where(PlanLead.plan_id == plan_id, PlanLead.lead_id == lead_id)
            )
    if found is None:
        raise PlanNotFound(plan=f"{plan_id}/{lead_id}")
    return found


def is_excluded(db: Database, plan_id: str, lead_id: int) -> bool:
    """Whether a lead of a plan is left out, by the options or by a decision."""
    query = select(PlanLead.excluded).where(PlanLead.plan_id == plan_id, PlanLead.lead_id == lead_id)
    with db.read() as session:
        return bool(session.scalar(query))


def documents(db: Database, plan_id: str, lead_ids: Sequence[int] | None = None) -> Iterator[Json]:
    """Lead records in the order of the plan, streamed; all of them, or those of `lead_ids`."""
    position = -1
    wanted = None if lead_ids is None else set(lead_ids)
    while True:
        query = select(PlanLead.position, PlanLead.lead_id, PlanLead.document).where(
            PlanLead.plan_id == plan_id, PlanLead.position > position
        )
        with db.read() as session:
            rows = session.execute(query.order_by(PlanLead.position).limit(CHUNK)).all()
        if not rows:
            return
        position = rows[-1].position
        for row in rows:
            if wanted is None or row.lead_id in wanted:
                yield row.document


def findings(db: Database, plan_id: str) -> list[FindingCount]:
    """All findings of a plan by code, the weightiest first, then the most frequent. Taken from the plan's counts, so as quick for a
    hundred thousand leads as for one; a code of a newer version, in a plan file from elsewhere, counts as information."""
    plan = header(db, plan_id)
    found = {
        f.code: FindingCount(f.code, f.severity, "plan", 0) for f in (plan.head.findings if plan.head else ())
    }
    for code, count in plan.counts.get("findings", {}).items():
        kind = CATALOGUE.get(code)
        found[code] = FindingCount(
            code, kind.severity if kind else Severity.INFO, kind.scope if kind else "lead", int(count)
        )
    return sorted(found.values(), key=lambda f: (ORDER[f.severity], -f.leads, f.code))


def flow(db: Database, plan_id: str) -> list[FlowRow]:
    """How the convertible leads move from lead stages to deal stages, in the order of the stage map."""
    plan = header(db, plan_id)
    links = plan.head.stage_map if plan.head else ()
    names = {link.lead_stage: (place, link) for place, link in enumerate(links)}
    found = []
    for row in plan.counts.get("flow", ()):
        place, link = names.get(row["stage"], (len(names), None))
        lead_name, deal_name = (link.lead_name, link.deal_name) if link else (row["stage"], row["deal_stage"])
        found.append((place, FlowRow(row["stage"], lead_name, row["deal_stage"], deal_name, row["leads"])))
    return [item for _, item in sorted(found, key=lambda pair: pair[0])]
