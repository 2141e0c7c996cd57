"""Reads the pipelines of a portal with their stages and deal counts: one request for the list, one batch for the rest. Writes nothing.

Sources: crm.category.list, crm.status.list, crm.item.list (totals).
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from connector.bitrix.batch import BatchOutcome, Command
from connector.bitrix.client import BitrixClient
from connector.bitrix.records.setup import Category, DictionaryValue
from connector.errors import BadAnswer, BitrixError, ShortList
from connector.pipelines.model import DEAL, Board, DealPipeline, DealStage, directory
from connector.planning.model import Stage

LEADS = "STATUS"


def read(client: BitrixClient, *, stages_of: int | None = None) -> Board:
    """Everything, with deals counted per pipeline, and per stage of the pipeline `stages_of`.

    Counts that the portal refuses are None. Raises the errors of the wire, also where stages cannot be read: a list is never short.
    """
    categories = [_category(client, row) for row in _categories(client)]
    commands = [_stages_command(f"stages_{c.id}", directory(c.id)) for c in categories]
    commands.append(_stages_command("leads", LEADS))
    commands += [_count(f"deals_{c.id}", {"categoryId": c.id}) for c in categories]
    outcomes = client.batch(commands)
    rows = {c.id: stage_rows(client, directory(c.id), outcomes, f"stages_{c.id}") for c in categories}
    counted = _count_stages(client, rows.get(stages_of, ()), stages_of) if stages_of is not None else {}
    totals = {c.id: _total(outcomes, f"deals_{c.id}") for c in categories}
    pipelines = [
        DealPipeline(
            c.id,
            c.name,
            c.sort,
            c.is_default,
            # An empty pipeline needs no counting of its stages.
            tuple(_stage(row, counted, totals[c.id] == 0) for row in rows[c.id]),
            totals[c.id],
        )
        for c in categories
    ]
    leads = tuple(
        Stage(row.status_id, row.name, row.sort, row.stage_semantics, _colour(row))
        for row in stage_rows(client, LEADS, outcomes, "leads")
    )
    return Board(tuple(sorted(pipelines, key=lambda p: (p.sort, p.id))), leads)


def raw_stages(client: BitrixClient, entity_id: str) -> list[dict[str, Any]]:
    """The rows of one directory as the portal has them, for `shape.steps`."""
    return client.list_offset("crm.status.list", _of(entity_id))


def stage_rows(
    client: BitrixClient, entity_id: str, outcomes: BatchOutcome, label: str
) -> tuple[DictionaryValue, ...]:
    """The rows of one directory in order: those of the batch, or all pages where there are more."""
    outcome = outcomes[label]
    if not outcome.ok:
        if isinstance(outcome.error, BitrixError):
            raise outcome.error
        raise ShortList(portal=client.portal, method="crm.status.list")
    rows: Any = outcome.result
    if outcome.next:
        rows = raw_stages(client, entity_id)
    try:
        found = [DictionaryValue.model_validate(row) for row in rows]
        for row in found:
            row.stage_semantics  # noqa: B018  (an unknown word raises here)
    except (ValidationError, ValueError, TypeError):
        raise BadAnswer(portal=client.portal, method="crm.status.list") from None
    return tuple(sorted(found, key=lambda row: (row.sort, row.id)))


def _categories(client: BitrixClient) -> list[dict[str, Any]]:
    for _ in range(2):
        rows = client.list_offset("crm.category.list", {"entityTypeId": DEAL})
        # Every portal has the built-in pipeline: an empty answer is no answer.
        if rows:
            return rows
    raise ShortList(portal=client.portal, method="crm.category.list")


def _category(client: BitrixClient, row: dict[str, Any]) -> Category:
    try:
        return Category.model_validate(row)
    except ValidationError:
        raise BadAnswer(portal=client.portal, method="crm.category.list") from None


def _stages_command(label: str, entity_id: str) -> Command:
    return Command(label, "crm.status.list", _of(entity_id))


def _of(entity_id: str) -> dict[str, Any]:
    return {"filter": {"ENTITY_ID": entity_id}, "order": {"SORT": "ASC"}}


def _count(label: str, condition: dict[str, Any]) -> Command:
    return Command(label, "crm.item.list", {"entityTypeId": DEAL, "select": ["id"], "filter": condition})


def _count_stages(
    client: BitrixClient, rows: tuple[DictionaryValue, ...], pipeline: int
) -> dict[str, int | None]:
    commands = [_count(f"n_{row.id}", {"categoryId": pipeline, "stageId": row.status_id}) for row in rows]
    outcomes = client.batch(commands) if commands else None
    return {row.status_id: _total(outcomes, f"n_{row.id}") for row in rows} if outcomes else {}


def _total(outcomes: BatchOutcome, label: str) -> int | None:
    return outcomes[label].total if outcomes[label].ok else None


def _stage(row: DictionaryValue, counted: dict[str, int | None], empty: bool) -> DealStage:
    return DealStage(
        row.status_id,
        row.name,
        row.sort,
        row.stage_semantics,
        _colour(row),
        row.id,
        row.system,
        0 if empty else counted.get(row.status_id),
    )


def _colour(row: DictionaryValue) -> str:
    return row.color or (row.extra_info.color if row.extra_info else "")
