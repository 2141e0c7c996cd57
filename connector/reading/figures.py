"""The few figures of a portal from which a mode is recommended: one batch, counts and two short lists. Must never read every record."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from connector.bitrix.batch import BatchOutcome, Command
from connector.bitrix.client import BitrixClient
from connector.errors import BitrixError
from connector.planning.model import CrmMode
from connector.planning.recommend import DAYS, ENOUGH_CONVERTED, Figures

LEAD, DEAL = 1, 2


def read_figures(client: BitrixClient, mode: CrmMode, now: datetime) -> Figures:
    """Requests of the last `DAYS` days (`crm.item.list`). Raises the BitrixError of a count that was refused."""
    since = (now - timedelta(days=DAYS)).isoformat(timespec="seconds")
    type_ = LEAD if mode is CrmMode.CLASSIC else DEAL
    recent = {">=createdTime": since}
    commands = [
        _count("all", type_, recent),
        _count("lost", type_, {**recent, "stageSemanticId": "F"}),
        Command(
            "newest",
            "crm.item.list",
            {
                "entityTypeId": type_,
                "select": ["id", "assignedById"],
                "filter": recent,
                "order": {"id": "DESC"},
            },
        ),
        Command(
            "converted",
            "crm.item.list",
            {
                "entityTypeId": LEAD,
                "select": ["id", "createdTime", "movedTime"],
                "filter": {**recent, "stageSemanticId": "S"},
                "order": {"id": "DESC"},
            },
        ),
    ]
    found = client.batch(commands)
    return Figures(
        mode=mode,
        requests=_total(found, "all", client.portal),
        lost=_total(found, "lost", client.portal),
        people=len(
            {str(row.get("assignedById")) for row in _rows(found, "newest") if row.get("assignedById")}
        ),
        days_to_deal=_days(_rows(found, "converted")) if mode is CrmMode.CLASSIC else None,
    )


def _count(label: str, type_: int, which: Mapping[str, Any]) -> Command:
    return Command(label, "crm.item.list", {"entityTypeId": type_, "select": ["id"], "filter": dict(which)})


def _total(found: BatchOutcome, label: str, portal: str) -> int:
    outcome = found[label]
    if not outcome.ok:
        raise outcome.error or BitrixError(portal=portal, method="crm.item.list")
    return outcome.total or 0


def _rows(found: BatchOutcome, label: str) -> list[Mapping[str, Any]]:
    result = found[label].result if found[label].ok else None
    items = result.get("items") if isinstance(result, Mapping) else None
    return [row for row in items if isinstance(row, Mapping)] if isinstance(items, list) else []


def _days(rows: list[Mapping[str, Any]]) -> float | None:
    """The median of days between a lead and its last stage; times that cannot be read or make no sense are left out."""
    spans = []
    for row in rows:
        try:
            span = datetime.fromisoformat(str(row["movedTime"])) - datetime.fromisoformat(
                str(row["createdTime"])
            )
        except (KeyError, ValueError, TypeError):
            continue
        if span >= timedelta():
            spans.append(span / timedelta(days=1))
    return median(spans) if len(spans) >= ENOUGH_CONVERTED else None
